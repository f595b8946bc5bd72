import { children } from "../../syntax";
import type { File, Node } from "../../syntax/tree";
import type { Span } from "../span";
import type { FormatOptions, TextChange } from "./change";

const OPENERS = "[{(";
const CLOSERS = "]})";

/** Words and signs that start a line without starting something new, and yet stand under the line that they belong to. */
const LEVEL_STARTS = /^(else\b|\[|\{)/;

/** A bracket that is still open; `indent` is the level of the line that it stands on, so several on one line count once. */
interface OpenBracket {
  indent: number;
}

/**
 * Changes of indentation, trailing whitespace and blank lines. A line stands one level deeper than the line that opened its innermost
 * bracket; a line that goes on with an expression stands one level deeper still.
 */
export function indentation(file: File, opaque: Span[], options: FormatOptions): TextChange[] {
  const { text } = file;
  const unit = options.insertSpaces ? " ".repeat(options.tabSize) : "\t";
  const starts = startsOf(file);
  const changes: TextChange[] = [];
  const stack: OpenBracket[] = [];
  let next = 0; // the first opaque span that ends after the current offset
  let blanks = 0;
  let at = 0;

  while (at <= text.length) {
    const end = lineEnd(text, at);
    const hidden = spanOver(at);
    const first = firstSolid(text, at, end);
    if (hidden) {
      blanks = 0;
      scan(Math.min(hidden.end, end), end);
      if (hidden.end <= end) trimEnd(Math.max(hidden.end, at), end);
    } else if (first === end) {
      blanks++;
      if (file.mode === "strict" && (blanks > 1 || at === 0) && end < text.length)
        changes.push({ start: at, end: afterBreak(text, end), newText: "" });
      else if (first > at) changes.push({ start: at, end, newText: "" });
    } else {
      blanks = 0;
      const indent = indentAt(first);
      const wanted = unit.repeat(indent);
      if (text.slice(at, first) !== wanted) changes.push({ start: at, end: first, newText: wanted });
      scan(first, end, indent);
      if (!spanOver(end)) trimEnd(first, end);
    }
    if (end >= text.length) break;
    at = afterBreak(text, end);
  }
  if (file.mode === "strict") endOfFile(text, changes);
  return changes;

  /** The opaque span that an offset lies inside of (not at its start). */
  function spanOver(offset: number): Span | null {
    while (next < opaque.length && opaque[next]!.end <= offset) next++;
    for (let i = next; i < opaque.length && opaque[i]!.start < offset; i++)
      if (opaque[i]!.end > offset) return opaque[i]!;
    return null;
  }

  function indentAt(offset: number): number {
    const closes = CLOSERS.includes(text[offset]!);
    const opener = stack.at(-1);
    if (closes) return opener?.indent ?? 0;
    const base = opener ? opener.indent + 1 : 0;
    if (starts.has(offset) || text.startsWith(">>", offset) || text.startsWith("<<", offset)) return base;
    return LEVEL_STARTS.test(text.slice(offset, offset + 5)) ? base : base + 1;
  }

  /** Follows brackets to the end of the line, past opaque spans. */
  function scan(from: number, to: number, indent = stack.at(-1)?.indent ?? 0): void {
    let hidden = next;
    for (let i = from; i < to; i++) {
      while (hidden < opaque.length && opaque[hidden]!.end <= i) hidden++;
      const span = opaque[hidden];
      if (span && span.start <= i) {
        i = span.end - 1;
        continue;
      }
      const character = text[i]!;
      if (OPENERS.includes(character)) {
        stack.push({ indent });
      } else if (CLOSERS.includes(character)) stack.pop();
    }
  }

  function trimEnd(from: number, end: number): void {
    let last = end;
    while (last > from && (text[last - 1] === " " || text[last - 1] === "\t")) last--;
    if (last < end) changes.push({ start: last, end, newText: "" });
  }
}

/** Exactly one line break at the end. */
function endOfFile(text: string, changes: TextChange[]): void {
  const solid = text.trimEnd().length;
  if (solid === 0) return;
  const tail = text.slice(solid);
  if (tail === "\n" || tail === "\r\n") return;
  for (let i = changes.length - 1; i >= 0 && changes[i]!.start >= solid; i--) changes.pop();
  changes.push({ start: solid, end: text.length, newText: text.includes("\r\n") ? "\r\n" : "\n" });
}

/** Offsets where something that may stand on a line of its own begins. */
function startsOf(file: File): Set<number> {
  const starts = new Set<number>();
  const each = (nodes: Node[] | null) => nodes?.forEach(node => void starts.add(node.start));
  const visit = (node: Node) => {
    switch (node.kind) {
      case "File":
      case "Block":
        each(node.statements);
        break;
      case "WhenExpression":
        each(node.entries);
        break;
      case "ObjectExpression":
      case "WithClause":
        each(node.properties);
        break;
      case "ArrayExpression":
        each(node.elements);
        break;
      case "CallExpression":
        each(node.arguments);
        break;
      case "ExeStatement":
        each(node.parameters);
        break;
      case "ExportStatement":
      case "ImportStatement":
        each(node.specifiers);
        break;
      default:
        break;
    }
    children(node).forEach(visit);
  };
  visit(file);
  return starts;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  if (end < 0) return text.length;
  return end > from && text[end - 1] === "\r" ? end - 1 : end;
}

function afterBreak(text: string, end: number): number {
  return text[end] === "\r" ? end + 2 : end + 1;
}

function firstSolid(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && (text[at] === " " || text[at] === "\t")) at++;
  return at;
}
