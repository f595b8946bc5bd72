import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { modeOf } from "../../../language/syntax";
import type { Mode } from "../../../language/syntax/tree";
import { CORPUS } from "../../support/corpus";

export interface Verdict {
  path: string;
  mode: Mode;
  text: string;
  /** True when mlld accepts the text. */
  ok: boolean;
  /** The line of mlld's error, from 1; 0 when it gives none. */
  line: number;
}

function rows(file: string): string[][] {
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(1)
    .filter(line => line !== "")
    .map(line => line.split("\t"));
}

/** Every file of the corpus with the verdict of mlld's own parser; files for 2.0.5 count as accepted. */
export function corpusVerdicts(): Verdict[] {
  const folder = CORPUS!;
  const read = (path: string) => readFileSync(join(folder, path), "utf8");
  const listed = rows(join(folder, "manifest.tsv")).map(([path, mode, ok, line]) => ({
    path: path!,
    mode: mode === "strict" || mode === "markdown" ? (mode as Mode) : modeOf(path!),
    text: read(path!),
    ok: ok === "1" || path!.startsWith("head-only/"),
    line: Number(line) || 0,
  }));
  const mutations = rows(join(folder, "mutations/manifest.tsv")).map(([name, ok, line]) => {
    const path = `mutations/${ok === "1" ? "valid" : "invalid"}/${name}`;
    return { path, mode: "strict" as const, text: read(path), ok: ok === "1", line: Number(line) || 0 };
  });
  const derived = readdirSync(join(folder, "strict-derived/valid")).map(name => {
    const path = `strict-derived/valid/${name}`;
    return { path, mode: "strict" as const, text: read(path), ok: true, line: 0 };
  });
  return [...listed, ...mutations, ...derived];
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

/** The file of one-line programs with verdicts, beside the corpus. */
export const PROGRAMS =
  CORPUS === null
    ? null
    : ([join(CORPUS, "../reference/mlld-syntax-verdicts.txt")].find(path => existsSync(path)) ?? null);

/** The one-line programs; lines that the file cuts off (120 characters) are left out. */
export function programVerdicts(): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const line of readFileSync(PROGRAMS!, "utf8").split("\n")) {
    const match = /^(ok|ERR)\s+(?:(\d+|-):(?:\d+|-))?/.exec(line);
    if (match === null) continue;
    const ok = match[1] === "ok";
    const source = ok ? line.slice(10).replace(/ $/, "") : line.slice(10).split("    -- ")[0]!;
    if (source.length >= 120) continue;
    const text = source.replace(/\\([\\ntr])/g, (_, c: string) => ESCAPES[c] ?? "\\");
    verdicts.push({ path: source, mode: "strict", text, ok, line: Number(match[2]) || 0 });
  }
  return verdicts;
}
