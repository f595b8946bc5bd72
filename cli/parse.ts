import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { LineMap, modeOf, parse } from "../language/syntax";
import { EXIT, type Io, UnreadableError, UsageError } from "./io";

/** `parse --json FILE`: the tree, each error with its range in lines and characters (zero-based, UTF-16). */
export async function parseFile(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { json: { type: "boolean" } }, allowPositionals: true });
  const [path, ...rest] = positionals;
  if (!values.json || path === undefined || rest.length > 0) throw new UsageError("pass --json and one file");
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, path), "utf8");
  } catch (error) {
    throw new UnreadableError(path, error);
  }
  const { text: _text, errors, ...tree } = parse(text, modeOf(path));
  const lines = new LineMap(text);
  const located = errors.map(error => ({
    ...error,
    severity: "error",
    range: { start: lines.positionAt(error.start), end: lines.positionAt(error.end) },
  }));
  io.stdout.write(`${JSON.stringify({ ...tree, errors: located })}\n`);
  return errors.length > 0 ? EXIT.failed : EXIT.ok;
}
