import type { Analysis } from "../../semantics";
import { type CursorContext, startOfLine, wordEnd } from "./context";
import { type CompletionEntry, wordEntry } from "./entry";
import type { CompletionWorld } from "./world";

/** Between the braces of `export { … }`: what the file defines. */
export function exportSpecifiers(analysis: Analysis, offset: number, context: CursorContext): CompletionEntry[] | null {
  const { text } = analysis.file;
  const frame = context.frames.at(-1);
  if (context.frames.length !== 1 || frame?.open !== "{" || !/^\s*\/?export\s*$/.test(frame.head)) return null;
  if (/\bas\s+@?$/.test(context.before)) return [];
  const written = new Set(text.slice(frame.start, context.word.start).match(/[\w-]+/g));
  const start = text[context.word.start - 1] === "@" ? context.word.start - 1 : context.word.start;
  const replace = { start, end: wordEnd(text, offset) };
  return [...analysis.scope.symbols.values()]
    .filter(({ kind, name }) => (kind === "var" || kind === "exe" || kind === "policy") && !written.has(name))
    .map(({ kind, name }) => ({
      ...wordEntry(`@${name}`, kind === "exe" ? "function" : "variable", replace),
      detail: kind,
    }));
}

/** Between the braces of `import { … } from "…"`: what the module exports. */
export function importSpecifiers(
  text: string,
  offset: number,
  context: CursorContext,
  world: CompletionWorld,
): CompletionEntry[] | null {
  const frame = context.frames.at(-1);
  if (context.frames.length !== 1 || frame?.open !== "{") return null;
  if (!/^\s*\/?import\b/.test(text.slice(context.statement.start, frame.start))) return null;
  if (/\bas\s+@?$/.test(context.before)) return [];
  const rest = text.slice(offset, offset + 2000);
  const source = /^[^}]*\}\s*from\s+(?:"([^"\n]*)"|'([^'\n]*)'|<([^>\n]*)>|(@[\w./@-]+))/.exec(rest);
  const names = source ? world.exportsOf(source[1] ?? source[2] ?? source[3] ?? source[4]!) : null;
  const written = new Set(text.slice(frame.start, offset).match(/[\w-]+/g));
  const start = text[context.word.start - 1] === "@" ? context.word.start - 1 : context.word.start;
  return (names ?? [])
    .filter(({ name }) => !written.has(name))
    .map(({ name, kind }) => ({
      label: `@${name}`,
      kind: kind === "exe" ? "function" : "variable",
      detail: kind,
      insert: `@${name}`,
      replace: { start, end: wordEnd(text, offset) },
      rank: 0,
    }));
}

/** What an import comes from: modules of a registry that the workspace imports already, or a path. */
export function moduleEntries(text: string, offset: number, { modules }: CompletionWorld): CompletionEntry[] | null {
  const line = text.slice(startOfLine(text, offset), offset);
  const found = /^[ \t]*\/?import\b(?:.*\bfrom|[ \t]+[a-z]+)?[ \t]+(@[\w/.-]*)?$/.exec(line);
  if (!found || (found[1] === undefined && !/\bfrom[ \t]+$/.test(line))) return null;
  const typed = found[1] ?? "";
  const start = offset - typed.length;
  const end = offset + /^[\w/.-]*/.exec(text.slice(offset, offset + 200))![0].length;
  const written = text.slice(start, end);
  const known = [...modules].filter(name => name !== written).map(name => wordEntry(name, "module", { start, end }));
  const path: CompletionEntry = {
    ...wordEntry('"…"', "file", { start, end }),
    doc: "The path of a file.",
    insert: '"./$1"',
    snippet: true,
  };
  return typed === "" ? [path, ...known] : known;
}
