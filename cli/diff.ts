import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { diffArchives } from "../runtime/specs/diff";
import { EXIT, type Io, UnreadableError, UsageError } from "./io";
import { oneLine } from "./one-line";
import { OutputStream } from "./run/output-stream";

/** `diff [--json] BEFORE AFTER`: what changed between two archives that `archive_save_dir` got. Exit 0 also where something did. */
export async function diff(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const [before, after, ...more] = positionals.map(path => resolve(io.cwd, path));
  if (before === undefined || after === undefined || more.length > 0) throw new UsageError("name two archives");
  try {
    const { created, deleted, modified } = await diffArchives(before, after);
    if (values.json) {
      io.stdout.write(`${JSON.stringify({ created, deleted, modified })}\n`);
      return EXIT.ok;
    }
    const lines = [...created.map(path => `A ${oneLine(path)}\n`), ...deleted.map(path => `D ${oneLine(path)}\n`)];
    for (const { path, diff } of modified) lines.push(`M ${oneLine(path)}\n`, diff ?? "");
    await new OutputStream(io.stdout, () => {}).writeOwn(lines.join(""));
    return EXIT.ok;
  } catch (error) {
    const { path, message } = error as NodeJS.ErrnoException;
    if (path !== undefined) throw new UnreadableError(path, error);
    io.stderr.write(`mlld-env diff: ${message}\n`);
    return EXIT.failed;
  }
}
