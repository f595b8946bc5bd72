import type { Analysis } from "../semantics";
import { decode, folderOf } from "../semantics/uri";
import type { Span } from "./span";

/** A file or folder that gets another URI. */
export interface Move {
  from: string;
  to: string;
}

/** The URI after the moves. */
export function moved(uri: string, moves: Move[]): string {
  for (const { from, to } of moves) if (uri === from || uri.startsWith(`${from}/`)) return to + uri.slice(from.length);
  return uri;
}

/** Changes of the import paths of a file, when files move, itself perhaps among them. */
export function importChanges(analysis: Analysis, root: string, moves: Move[]): (Span & { newText: string })[] {
  const changes: (Span & { newText: string })[] = [];
  const from = folderOf(analysis.uri);
  const to = folderOf(moved(analysis.uri, moves));
  for (const { statement, kind, uri, specifier } of analysis.imports) {
    if (kind !== "file" || !uri || !specifier) continue;
    const target = moved(uri, moves);
    if (target === uri && from === to) continue;
    const { source } = statement;
    const written = analysis.file.text.slice(source.start, source.end);
    const rooted = /@(?:base|root)\//.exec(written);
    if (rooted && !target.startsWith(`${root}/`)) continue;
    const path = rooted ? rooted[0] + decode(target.slice(root.length + 1)) : relativePath(to, target);
    const quote = /^["'<]/.exec(written)?.[0] ?? "";
    const newText = quote + path + (quote === "<" ? ">" : quote);
    if (newText !== written) changes.push({ start: source.start, end: source.end, newText });
  }
  return changes;
}

/** From a folder to a file, as imports are written: `./b.mld`, `../lib/c.mld`. */
export function relativePath(folder: string, uri: string): string {
  const base = folder.split("/");
  const target = uri.split("/");
  let common = 0;
  while (common < base.length && common < target.length - 1 && base[common] === target[common]) common++;
  const up = "../".repeat(base.length - common);
  return (up || "./") + target.slice(common).map(decode).join("/");
}
