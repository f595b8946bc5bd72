import type { Environment, EnvironmentSpec, OutputSink, Provider } from "../provider";
import { LocalEnvironment } from "./environment";

export interface LocalProviderOptions {
  /** Identifies the run in the mark of its processes. */
  runId: string;
  /** Variables that commands inherit. */
  variables: NodeJS.ProcessEnv;
  /** Called right after a process group was started, and once no member of it is left. */
  groups: { started(group: number): void; ended(group: number): void };
}

/** Commands as processes of this machine. Nothing is isolated: `tools`, `mcps`, `auth` and the time-out are what narrows them. */
export function createLocalProvider(options: LocalProviderOptions): Provider {
  let count = 0;
  return {
    ref: "local",
    async open(spec: EnvironmentSpec, _sink: OutputSink, signal: AbortSignal): Promise<Environment> {
      signal.throwIfAborted();
      return new LocalEnvironment(spec.name ?? spec.generatedName, `${options.runId}/${++count}/`, spec, options);
    },
  };
}
