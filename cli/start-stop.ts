import { parseArgs } from "node:util";
import type { ProviderRegistry } from "../runtime/environments/registry";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { faultText, start as startOne, stop as stopOne } from "./live";

/** `stop [--json] NAME…`: ends the processes of environments and keeps their files. */
export const stop = each("stop", "stopped", stopOne);

/** `start [--json] NAME…`: starts stopped environments. */
export const start = each("start", "running", startOne);

function each(
  command: string,
  state: "stopped" | "running",
  act: (registry: ProviderRegistry, name: string) => Promise<void>,
) {
  return async (args: string[], io: Io): Promise<number> => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: "boolean", default: false } },
    });
    if (positionals.length === 0) throw new UsageError("name environments");
    const registry = createRegistry(io.env);
    const done: { name: string; state: string }[] = [];
    let failed = false;
    for (const name of positionals) {
      try {
        await act(registry, name);
        done.push({ name, state });
        if (!values.json) io.stdout.write(`${state} ${name}\n`);
      } catch (error) {
        failed = true;
        io.stderr.write(`mlld-env ${command}: ${faultText(error)}\n`);
      }
    }
    if (values.json) io.stdout.write(`${JSON.stringify(done)}\n`);
    return failed ? EXIT.failed : EXIT.ok;
  };
}
