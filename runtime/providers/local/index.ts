export { endProcesses, MARK, WATCHDOG_MARK } from "./processes";
export { createLocalProvider, type LocalProviderOptions } from "./provider";
