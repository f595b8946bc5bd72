import { parse } from "../../syntax";
import type { File } from "../../syntax/tree";
import type { FormatOptions, TextChange } from "./change";
import { gaps } from "./gaps";
import { indentation } from "./indentation";
import { opaqueSpans } from "./opaque";
import { sameMeaning } from "./same-meaning";
import { spacing } from "./spacing";

/**
 * Whitespace in its usual form, in steps: spaces within lines, then the layout of lines. Text inside templates, commands, code and
 * prose is never touched. The result is parsed again, and whatever would change the tree is not done; a file with syntax errors is
 * left alone.
 */
export function format(file: File, options: FormatOptions): TextChange[] {
  if (file.errors.length > 0 || file.mode === "att" || file.mode === "mtt") return [];
  const layout = (inner: File) => indentation(inner, opaqueSpans(inner), options);
  const done = [spacing, gaps, layout].reduce((inner, step) => {
    const changes = checked(inner, step(inner));
    return changes.length > 0 ? parse(applyChanges(inner.text, changes), inner.mode) : inner;
  }, file);
  return difference(file.text, done.text);
}

/** Those of the changes that together keep the tree. */
function checked(file: File, changes: TextChange[]): TextChange[] {
  const harmless = harmlessOf(file, changes);
  return harmless.length === changes.length || keepsTree(file, harmless) ? harmless : [];
}

/** By halves: few changes do harm, if any. */
function harmlessOf(file: File, changes: TextChange[]): TextChange[] {
  if (changes.length === 0 || keepsTree(file, changes)) return changes;
  if (changes.length === 1) return [];
  const middle = changes.length >> 1;
  return [...harmlessOf(file, changes.slice(0, middle)), ...harmlessOf(file, changes.slice(middle))];
}

function keepsTree(file: File, changes: TextChange[]): boolean {
  return sameMeaning(file, parse(applyChanges(file.text, changes), file.mode));
}

/** Changes do not overlap. */
export function applyChanges(text: string, changes: TextChange[]): string {
  let out = "";
  let at = 0;
  for (const { start, end, newText } of [...changes].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, start) + newText;
    at = end;
  }
  return out + text.slice(at);
}

/**
 * The changes between two texts that differ in whitespace only: one change for each run of whitespace that differs, so that markers,
 * folds and cursors of an editor stay where they are.
 */
function difference(before: string, after: string): TextChange[] {
  const changes: TextChange[] = [];
  let a = 0;
  let b = 0;
  while (a < before.length || b < after.length) {
    const endA = runEnd(before, a);
    const endB = runEnd(after, b);
    if (before.slice(a, endA) !== after.slice(b, endB))
      changes.push({ start: a, end: endA, newText: after.slice(b, endB) });
    a = endA;
    b = endB;
    while (a < before.length && b < after.length && before[a] === after[b] && !isSpace(before[a]!)) {
      a++;
      b++;
    }
  }
  return changes;
}

function runEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text[at]!)) at++;
  return at;
}

function isSpace(character: string): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}
