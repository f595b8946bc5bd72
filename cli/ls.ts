import { parseArgs } from "node:util";
import type { EnvironmentInfo } from "../runtime/providers/provider";
import { createRegistry } from "./backends";
import { EXIT, type Io } from "./io";
import { faultText, liveEnvironments } from "./live";
import { localTime } from "./local-time";
import { shortPath } from "./paths";
import { table } from "./table";

const FIELDS = ["name", "provider", "state", "image", "engine", "workspace", "file", "createdAt"] as const;

/** `ls [--json]`: the live environments of every backend. */
export async function ls(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false } } });
  const { environments, faults } = await liveEnvironments(createRegistry(io.env));
  const rows = environments.map(({ info }) => Object.fromEntries(FIELDS.map(field => [field, info[field]])) as Row);
  io.stdout.write(values.json ? `${JSON.stringify(rows)}\n` : rowsTable(rows, io.cwd));
  for (const fault of faults) io.stderr.write(`mlld-env ls: ${faultText(fault)}\n`);
  return faults.length > 0 ? EXIT.failed : EXIT.ok;
}

type Row = Pick<EnvironmentInfo, (typeof FIELDS)[number]>;

function rowsTable(rows: Row[], cwd: string): string {
  if (rows.length === 0) return "No live environments.\n";
  return table([
    ["NAME", "PROVIDER", "STATE", "IMAGE", "FILE", "CREATED"],
    ...rows.map(row => [
      row.name,
      row.provider,
      row.state,
      row.image,
      shortPath(row.file, cwd),
      localTime(row.createdAt),
    ]),
  ]);
}
