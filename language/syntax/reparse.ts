import { NEWLINE } from "./characters";
import { difference } from "./difference";
import { parseFrontmatter, skipMark } from "./frontmatter";
import { parseMarkdown } from "./markdown";
import { forEachChild } from "./nodes";
import { Parser } from "./parser";
import { parseStrict } from "./strict";
import type { Comment, File, Node, Statement } from "./tree";

/** Files in which a close was looked for in vain, so that statements may depend on text far behind them, and files that were not read. */
const OPEN = new WeakSet<File>();

/** Notes that every edit of the file needs a parse of its whole text. */
export function noteOpen(file: File): void {
  OPEN.add(file);
}

/**
 * The tree of a file after an edit, made from the tree before: statements far enough from the edit are taken over. null where
 * they cannot be, and then nothing is changed. **The tree before is used up**: its nodes get the offsets of the new text.
 */
export function reparse(before: File, text: string): File | null {
  const { mode } = before;
  if ((mode !== "strict" && mode !== "markdown") || OPEN.has(before)) return null;
  const edit = difference(before.text, text);
  const from = firstAnew(before, edit.start);
  const { statements } = before;
  const start = from === 0 ? 0 : statements[from]!.start;
  // An error before the edit, or of what is kept at the first place behind it, may have had consequences.
  if (from > 0 && before.errors.some(error => error.start <= start)) return null;
  const later = new Map<number, number>();
  for (let index = statements.length - 1; index > from; index--) {
    const statement = statements[index]!;
    if (statement.start <= edit.oldEnd || statement.kind === "ErrorStatement") break;
    if (mayBegin(before, statement)) later.set(statement.start + edit.shift, index);
  }
  const lastError = before.errors.at(-1)?.start ?? -1;
  const p = new Parser(text, mode);
  p.pos = start;
  let { frontmatter } = before;
  if (from === 0) {
    skipMark(p);
    frontmatter = parseFrontmatter(p);
  }
  let to = statements.length;
  const stop = (at: number): boolean => {
    const index = later.get(at);
    if (index === undefined || statements[index]!.start <= lastError) return false;
    to = index;
    return true;
  };
  const anew = mode === "strict" ? parseStrict(p, stop) : parseMarkdown(p, stop);
  const far = text.lastIndexOf("[[", start) >= 0;
  if (far && closesFar(before.text, start, statements[to]?.start) !== closesFar(text, start, p.pos)) return null;
  const kept = statements.slice(0, from);
  const moved = statements.slice(to);
  const oldTo = statements[to]?.start ?? before.text.length;
  const movedComments = before.comments.filter(comment => comment.start >= oldTo);
  if (edit.shift !== 0) for (const node of [...moved, ...movedComments]) move(node, edit.shift);
  const file: File = {
    kind: "File",
    start: 0,
    end: text.length,
    mode,
    text,
    frontmatter,
    statements: [...kept, ...anew, ...moved],
    comments: [...before.comments.filter(comment => comment.start < start), ...p.comments, ...movedComments],
    errors: p.errors.sort((a, b) => a.start - b.start),
  };
  if (p.searchedInVain) noteOpen(file);
  return file;
}

/** The first statement that is parsed again: a whole one stands between what is kept and the edit, for parsers look ahead. */
function firstAnew(file: File, edit: number): number {
  const { statements } = file;
  let low = 0;
  let high = statements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (statements[middle]!.end < edit) low = middle + 1;
    else high = middle;
  }
  let index = low - 1;
  while (index > 0 && !mayBegin(file, statements[index]!)) index--;
  return Math.max(index, 0);
}

/** Whether the parser can begin at a statement: in the first column, and no prose, which goes on from what is before it. */
function mayBegin({ mode, text }: File, { kind, start }: Statement): boolean {
  if (start === 0 || text.charCodeAt(start - 1) !== NEWLINE) return false;
  return mode === "strict" || (kind !== "Prose" && kind !== "Fence");
}

/** Whether `]]` stands in a stretch: a `[[` before it is read in another way where there is one anywhere behind. */
function closesFar(text: string, start: number, end: number | undefined): boolean {
  return text.slice(start, end).includes("]]");
}

function move(node: Node | Comment | Statement, shift: number): void {
  node.start += shift;
  node.end += shift;
  forEachChild(node, child => move(child, shift));
}
