import { parseArgs } from "node:util";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { faultText, snapshots as listOf, removeSnapshot, restore as restoreOne } from "./live";
import { localTime } from "./local-time";
import { table } from "./table";

/** `snapshots [--json] [NAME]` lists snapshots, of one environment or of all; `snapshots --delete REF…` removes some. */
export async function snapshots(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, delete: { type: "boolean", default: false } },
  });
  const said = (error: unknown) => void io.stderr.write(`mlld-env snapshots: ${faultText(error)}\n`);
  const registry = createRegistry(io.env);
  if (values.delete) {
    if (positionals.length === 0) throw new UsageError("name the snapshots to delete");
    let failed = false;
    for (const ref of positionals) {
      try {
        if (!(await removeSnapshot(registry, ref)))
          throw new Error(`There is no snapshot '${ref}'; 'mlld-env snapshots' lists those that are there.`);
        io.stdout.write(`deleted ${ref}\n`);
      } catch (error) {
        failed = true;
        said(error);
      }
    }
    return failed ? EXIT.failed : EXIT.ok;
  }
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError("name one environment, or none");
  try {
    const found = await listOf(registry, name);
    const rows = found.map(({ ref, environment, createdAt, sizeBytes }) => [
      ref,
      environment,
      localTime(createdAt),
      sizeBytes === undefined ? "" : `${(sizeBytes / 2 ** 20).toFixed(1)} MB`,
    ]);
    const text = rows.length ? table([["SNAPSHOT", "ENVIRONMENT", "CREATED", "SIZE"], ...rows]) : "No snapshots.\n";
    io.stdout.write(values.json ? `${JSON.stringify(found)}\n` : text);
    return EXIT.ok;
  } catch (error) {
    said(error);
    return EXIT.failed;
  }
}

/** `restore NAME SNAPSHOT`: puts an environment back to a snapshot, with the grants that it has. */
export async function restore(args: string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [name, ref, ...more] = positionals;
  if (name === undefined || ref === undefined || more.length > 0)
    throw new UsageError("name an environment and a snapshot");
  try {
    await restoreOne(createRegistry(io.env), name, ref);
    io.stdout.write(`restored ${name} from ${ref}\n`);
    return EXIT.ok;
  } catch (error) {
    io.stderr.write(`mlld-env restore: ${faultText(error)}\n`);
    return EXIT.failed;
  }
}
