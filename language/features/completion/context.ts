import { pathAt } from "../../syntax";
import type { File } from "../../syntax/tree";
import type { Span } from "../span";

/** An open bracket before the cursor. */
export interface Frame {
  open: "{" | "[" | "(";
  /** Offset of the bracket. */
  start: number;
  /** The text of its statement before the bracket, without what inner brackets held: `env @c with `, `tools: `, `@f`. */
  head: string;
  /** The key whose value stands at the cursor; null at the place of a key. Only in braces. */
  key: string | null;
  /** Keys before the cursor. */
  keys: string[];
  /** Commas before the cursor: the index of the argument or element. */
  index: number;
  /** Offset behind the last separator or the bracket. */
  itemStart: number;
}

export type Quote = '"' | "'" | "`" | "::" | ":::" | "[[";

/** Where the cursor stands, as far as the text before it tells: a program is rarely complete where it is being typed. */
export interface CursorContext {
  /** Innermost last. */
  frames: Frame[];
  /** The string or template that the cursor is in. */
  quote: { quote: Quote; start: number } | null;
  comment: Span | null;
  /** The language of the code or command body that the cursor is in. */
  code: string | null;
  /** The directive that the cursor is in, from its first letter to the cursor, brackets and strings left as they are. */
  statement: Span;
  /** What of the innermost bracket (or of the directive) stands before the word at the cursor. */
  before: string;
  /** Letters, digits, `_` and `-` that touch the cursor on the left. */
  word: Span;
}

const DIRECTIVE =
  /^[ \t]*\/?(?:run|var|show|stream|exe|checkpoint|env|box|for|path|import|export|output|append|if|when|guard|hook|needs|profiles|policy|auth|while|loop|bail|sign|verify|log|file|files|let)\b|^(?:=>|@[\w.-]+\()/;
const CODE_HEAD =
  /(?:^|[^\w@.-])(cmd|run|sh|bash|js|javascript|node|nodejs|py|python)[ \t]*(?::[^\s{]*)?[ \t]*(?:\([^()]*\))?[ \t]*$/;
const LANGUAGE_WITH_RUN = /^(cmd|run)$/;

const OPENED_BY = { "}": "{", "]": "[", ")": "(" };

const LINES_OF_THEIR_OWN = new Set(["Template", "CodeBody", "CommandBody", "ProseExpression"]);

/** The context in a file: lines of templates and code that look like directives are none. */
export function contextIn(file: File, offset: number, markdown: boolean): CursorContext {
  const holder = pathAt(file, offset).find(
    ({ kind, start, end }) => LINES_OF_THEIR_OWN.has(kind) && start < offset && offset < end,
  );
  return contextAt(file.text, offset, markdown, holder?.start);
}

/**
 * Reads from the start of the directive to the cursor. `outside` is a place at or before the cursor that is in no text or code of several
 * lines, whose own lines may look like directives.
 */
export function contextAt(text: string, offset: number, markdown: boolean, outside = offset): CursorContext {
  const start = directiveStart(text, outside, markdown);
  const frames: Frame[] = [];
  const state = { quote: null as CursorContext["quote"], comment: null as Span | null, code: null as string | null };
  let heads = [""];
  let at = start;

  const skipQuoted = (quote: Quote, close: string, escapes: boolean): void => {
    const opened = at;
    at += quote.length;
    while (at < offset) {
      if (escapes && text[at] === "\\") at += 2;
      else if (text.startsWith(close, at)) {
        if (at + close.length > offset) break;
        at += close.length;
        heads[heads.length - 1] += "…";
        return;
      } else at++;
    }
    state.quote = { quote, start: opened };
    at = offset;
  };

  while (at < offset) {
    const character = text[at]!;
    const two = text.slice(at, at + 2);
    if (character === '"' || character === "'" || character === "`") skipQuoted(character, character, true);
    else if (text.startsWith(":::", at)) skipQuoted(":::", ":::", false);
    else if (two === "::") skipQuoted("::", "::", false);
    else if ((two === ">>" || two === "<<") && /(^|[\s[{])$/.test(text.slice(Math.max(0, at - 1), at))) {
      const end = text.indexOf("\n", at);
      if (end < 0 || end >= offset) {
        state.comment = { start: at, end: end < 0 ? text.length : end };
        at = offset;
      } else at = end;
    } else if (character === "{" || character === "[" || character === "(") {
      const head = heads.at(-1)!;
      const code = character === "{" ? CODE_HEAD.exec(head)?.[1] : undefined;
      if (code !== undefined) {
        const close = codeEnd(text, at, offset);
        if (close === null) {
          state.code = LANGUAGE_WITH_RUN.test(code) ? "cmd" : code;
          at = offset;
          frames.push({ open: "{", start: at, head, key: null, keys: [], index: 0, itemStart: at });
        } else {
          heads[heads.length - 1] += "{}";
          at = close;
        }
        continue;
      }
      frames.push({ open: character, start: at, head, key: null, keys: [], index: 0, itemStart: at + 1 });
      heads.push("");
      at++;
    } else if (character === "}" || character === "]" || character === ")") {
      // A bracket that was left open inside ends with the one that closes.
      const opened = frames.findLastIndex(({ open }) => open === OPENED_BY[character]);
      frames.length = opened < 0 ? Math.max(0, frames.length - 1) : opened;
      heads.length = frames.length + 1;
      heads[heads.length - 1] += character === "}" ? "{}" : character === "]" ? "[]" : "()";
      at++;
    } else {
      const frame = frames.at(-1);
      if (frame && (character === "," || (character === "\n" && endsItem(text, frame, at, offset)))) {
        if (character === ",") frame.index++;
        frame.key = null;
        frame.itemStart = at + 1;
        heads[heads.length - 1] = "";
      } else if (frame?.open === "{" && character === ":" && frame.key === null) {
        frame.key = keyOf(text.slice(frame.itemStart, at));
        frame.keys.push(frame.key);
        heads[heads.length - 1] = `${frame.key}:`;
      } else heads[heads.length - 1] += character;
      at++;
    }
  }
  const word = wordBefore(text, offset);
  const head = heads.at(-1)!;
  heads = [];
  const before = head.endsWith(text.slice(word.start, word.end))
    ? head.slice(0, head.length - (word.end - word.start))
    : head;
  return {
    frames,
    quote: state.quote,
    comment: state.comment,
    code: state.code,
    statement: { start, end: offset },
    before,
    word,
  };
}

/** A new line ends a statement of a block; in an object a value that is complete, when nothing but a word stands behind it. */
function endsItem(text: string, frame: Frame, at: number, offset: number): boolean {
  if (frame.open !== "{") return frame.open === "[";
  return (
    frame.key !== null &&
    /[\w"'`\])}]\s*$/.test(text.slice(frame.itemStart, at)) &&
    /^\s*[\w-]*$/.test(text.slice(at, offset))
  );
}

function keyOf(source: string): string {
  return source
    .trim()
    .replace(/\?$/, "")
    .replace(/^["']|["']$/g, "");
}

/** The offset behind the `}` that closes a body of code; null when it is not closed before the limit. */
function codeEnd(text: string, open: number, limit: number): number | null {
  let depth = 0;
  for (let at = open; at < limit; at++) {
    const character = text[at]!;
    if (character === '"' || character === "'" || character === "`") {
      const close = closingQuote(text, at, limit);
      if (close === null) return null;
      at = close;
    } else if (character === "{") depth++;
    else if (character === "}" && --depth === 0) return at + 1;
  }
  return null;
}

function closingQuote(text: string, open: number, limit: number): number | null {
  for (let at = open + 1; at < limit; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[open]) return at;
  }
  return null;
}

/** The start of the nearest line at or above the cursor that can only be the first of a directive. */
function directiveStart(text: string, offset: number, markdown: boolean): number {
  let lineStart = startOfLine(text, offset);
  for (;;) {
    const line = text.slice(lineStart, Math.min(offset, endOfLine(text, lineStart)));
    const indented = /^[ \t]/.test(line);
    if ((markdown ? /^[ \t]*\//.test(line) : !indented) && DIRECTIVE.test(line)) return lineStart;
    // Without a directive above, what stands there is not understood, so only the line itself counts.
    if (lineStart <= (text[0] === "\uFEFF" ? 1 : 0)) return startOfLine(text, offset);
    lineStart = startOfLine(text, lineStart - 1);
  }
}

/** The first line starts behind a byte order mark. */
export function startOfLine(text: string, offset: number): number {
  // Searched from before the text, a line end at its very start would be found.
  const start = offset <= 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  return start === 0 && text[0] === "\uFEFF" && offset > 0 ? 1 : start;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Identifiers may hold hyphens, but neither start nor end with them. */
export function wordBefore(text: string, offset: number): Span {
  let start = offset;
  while (start > 0 && /[\w-]/.test(text[start - 1]!)) start--;
  while (start < offset && text[start] === "-") start++;
  return { start, end: offset };
}

/** The end of the identifier: hyphens count inside of it. */
export function wordEnd(text: string, offset: number): number {
  return offset + /^\w*(?:-+\w+)*/.exec(text.slice(offset, offset + 200))![0].length;
}
