import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ProviderError } from "../runtime/providers/provider";
import { diffArchives } from "../runtime/specs/diff";
import { EXIT, type Io, UnreadableError, UsageError } from "./io";

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
    const lines = [...created.map(path => `A ${path}\n`), ...deleted.map(path => `D ${path}\n`)];
    for (const { path, diff } of modified) lines.push(`M ${path}\n`, diff ?? "");
    io.stdout.write(lines.join(""));
    return EXIT.ok;
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && path !== undefined) throw new UnreadableError(path, error);
    const cause =
      error instanceof ProviderError ? error.message : `the archives cannot be read: ${(error as Error).message}`;
    io.stderr.write(`mlld-env diff: ${cause}\n`);
    return EXIT.failed;
  }
}
