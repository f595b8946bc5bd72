import { parseArgs } from "node:util";
import type { Environment, SnapshotRef } from "../runtime/providers/provider";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { attach, faultText, noEnvironment } from "./live";

/** A large environment takes a while to save. Milliseconds. */
const SNAPSHOT_MS = 600_000;

/** `snapshot NAME [AS]`: saves an environment and prints what `from` takes to restore it. */
export async function snapshot(args: string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [name, as, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name an environment, and perhaps the snapshot");
  try {
    const environment = await attach(createRegistry(io.env), name);
    if (!environment) throw noEnvironment(name);
    const { ref } = await save(environment, as);
    io.stdout.write(`${ref}\n`);
    return EXIT.ok;
  } catch (error) {
    io.stderr.write(`mlld-env snapshot: ${faultText(error)}\n`);
    return EXIT.failed;
  }
}

/** Saves an environment under a name, by default its own with the time. Lets go of it, also when that fails. */
export async function save(environment: Environment, as?: string): Promise<SnapshotRef> {
  const { name } = environment;
  try {
    if (!environment.snapshot) throw new Error(`the provider of '${name}' makes no snapshots`);
    return await environment.snapshot(as ?? `${name}-${stamp(new Date())}`, AbortSignal.timeout(SNAPSHOT_MS));
  } finally {
    await environment.detach();
  }
}

/** `20260131-143005`: sorts by time, and is allowed in the names of every backend. */
function stamp(date: Date): string {
  return date.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
}
