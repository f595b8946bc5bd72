export { WATCHDOG_MARK } from "./processes";
export { createLocalProvider } from "./provider";
