import type { Environment, EnvironmentSpec, OutputSink, Provider } from "../provider";
import { LocalEnvironment, type LocalProviderOptions } from "./environment";

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
