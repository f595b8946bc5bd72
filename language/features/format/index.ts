import { parse } from "../../syntax";
import type { File } from "../../syntax/tree";
import type { FormatOptions, TextChange } from "./change";
import { indentation } from "./indentation";
import { opaqueSpans } from "./opaque";
import { sameMeaning } from "./same-meaning";
import { spacing } from "./spacing";

/**
 * Whitespace in its usual form: two steps, spaces within lines and the layout of lines. Text inside templates, commands, code and
 * prose is never touched. The result is parsed again, and whatever would change the tree is not done; a file with syntax errors is
 * left alone.
 */
export function format(file: File, options: FormatOptions): TextChange[] {
  if (file.errors.length > 0 || file.mode === "att" || file.mode === "mtt") return [];
  const spaced = checked(file, [spacing(file), []]);
  const inner = spaced.length > 0 ? parse(applyChanges(file.text, spaced), file.mode) : file;
  const laid = checked(inner, [indentation(inner, opaqueSpans(inner), options), []]);
  return laid.length === 0 ? spaced : difference(file.text, applyChanges(inner.text, laid));
}

/** The first of the attempts that keeps the tree. */
function checked(file: File, attempts: TextChange[][]): TextChange[] {
  for (const changes of attempts) {
    if (changes.length === 0) return [];
    if (sameMeaning(file, parse(applyChanges(file.text, changes), file.mode))) return changes;
    const harmless = changes.filter(change => sameMeaning(file, parse(applyChanges(file.text, [change]), file.mode)));
    if (sameMeaning(file, parse(applyChanges(file.text, harmless), file.mode))) return harmless;
  }
  return [];
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
