import {
  APOSTROPHE,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  EQUALS,
  GREATER,
  isSpace,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
} from "./characters";
import type { Parser } from "./parser";
import { type WordTable, wordSet } from "./words";

const TOP_LEVEL = ["var", "exe", "import", "export", "policy", "auth", "guard", "hook", "needs", "profiles"];

const STATEMENTS = wordSet([
  ...TOP_LEVEL,
  "show",
  "run",
  "env",
  "box",
  "for",
  "if",
  "when",
  "output",
  "append",
  "log",
  "loop",
  "bail",
  "checkpoint",
  "sign",
  "verify",
  "stream",
  "file",
  "files",
  "while",
]);

const TOP_LEVEL_ONLY = wordSet(TOP_LEVEL);

function atColumnOne(p: Parser, i: number): boolean {
  return i === 0 || p.text.charCodeAt(i - 1) === NEWLINE;
}

function statementWord(p: Parser, i: number, words: WordTable): boolean {
  const start = p.at(i) === SLASH ? i + 1 : i;
  const end = p.wordEnd(start);
  if (end === start || !words.has(p.text, start, end)) return false;
  const next = p.at(p.afterSpaces(end));
  return next !== COLON && next !== COMMA && next !== QUESTION && next !== EQUALS;
}

/** True when a statement begins at `i`, in column one: an unclosed bracket ends here at the latest. */
export function atStatementLine(p: Parser, i: number): boolean {
  if (!atColumnOne(p, i)) return false;
  if (p.at(i) === EQUALS) return p.at(i + 1) === GREATER;
  return statementWord(p, i, STATEMENTS);
}

/** True when the first thing on a line, at `i`, is a statement and no entry of a list or object. */
export function atStatement(p: Parser, i: number): boolean {
  if (p.at(i) === EQUALS) return p.at(i + 1) === GREATER && isFirstOnLine(p, i);
  return (statementWord(p, i, STATEMENTS) || p.atWord(i, "let")) && isFirstOnLine(p, i);
}

/** True when only white space stands before `i` on its line. */
export function isFirstOnLine(p: Parser, i: number): boolean {
  while (i > 0 && isSpace(p.text.charCodeAt(i - 1))) i--;
  return atColumnOne(p, i);
}

/** As `atStatementLine`, for statements that no block can hold. */
export function atTopLevelLine(p: Parser, i: number): boolean {
  return atColumnOne(p, i) && statementWord(p, i, TOP_LEVEL_ONLY);
}

/** True when the line at `i` begins, in any column, with a statement or with the `]` of the block around. */
export function atBlockLine(p: Parser, i: number): boolean {
  const first = p.afterSpaces(i);
  return p.at(first) === CLOSE_BRACKET || atStatement(p, first);
}

/** The end of the line before the next one where `test` holds, if that begins before `limit`: there something unclosed is cut off. */
export function endBefore(
  p: Parser,
  i: number,
  test: (p: Parser, i: number) => boolean,
  limit: number = p.end,
): number {
  const next = nextLineWhere(p, i, test, limit);
  if (next >= p.end) return p.end;
  return p.text.charCodeAt(next - 2) === RETURN ? next - 2 : next - 1;
}

/** The start of the next line behind `i` and before `limit` where `test` holds, or the end of the input. */
function nextLineWhere(p: Parser, i: number, test: (p: Parser, i: number) => boolean, limit: number): number {
  for (;;) {
    const newline = p.text.indexOf("\n", i);
    if (newline === -1 || newline + 1 >= limit) return p.end;
    i = newline + 1;
    if (test(p, i)) return i;
  }
}

/** The end of the text before the position, without the white space between them. */
export function behindText(p: Parser): number {
  let i = p.pos;
  while (i > 0 && (p.text.charCodeAt(i - 1) === NEWLINE || isSpace(p.text.charCodeAt(i - 1)))) i--;
  return i;
}

/** The width of the white space before the first thing on the line of `i`. */
export function indentOf(p: Parser, i: number): number {
  const line = p.lineStart(i);
  return p.afterSpaces(line) - line;
}

/** True when the line of `i` begins there, with a key and its colon. */
export function atKeyLine(p: Parser, i: number): boolean {
  const end = p.identifierEnd(i);
  if (end === i || p.at(end) !== COLON || p.at(end + 1) === COLON) return false;
  return p.afterSpaces(p.lineStart(i)) === i;
}

/**
 * True when the `]` or `)` at the position, in the entries of the object that opens at `open`, has lost its partner: the object goes on
 * behind it, or the entry before it is told wrong already.
 */
export function closesNothing(p: Parser, open: number): boolean {
  const line = p.lineStart(p.pos);
  const error = p.errors[p.errors.length - 1];
  if (error !== undefined && error.start > open && error.start >= line) return true;
  if (open < line) return p.afterSpaces(line) !== p.pos;
  let depth = 0;
  for (let i = p.pos + 1; ; i++) {
    const c = p.at(i);
    if (c === -1 || c === NEWLINE) return false;
    if (isOpen(c)) depth++;
    else if (isClose(c) && depth-- === 0) return c === CLOSE_BRACE;
  }
}

const isOpen = (c: number): boolean => c === OPEN_BRACE || c === OPEN_BRACKET || c === OPEN_PAREN;
const isClose = (c: number): boolean => c === CLOSE_BRACE || c === CLOSE_BRACKET || c === CLOSE_PAREN;

/** True when a string or template behind `open` has lost its close: it has swallowed those of the brackets around it. */
export function swallowedByString(p: Parser, open: number): boolean {
  for (let i = p.errors.length - 1; i >= 0; i--) {
    const { code, start } = p.errors[i]!;
    if (start <= open) return false;
    if (code === "syntax/unclosed-string" || code === "syntax/unclosed-template") return true;
  }
  return false;
}

/** How far `unclosedBracket` looks. */
const BRACKETS_READ = 8192;

/**
 * Which bracket lacks its close when the list at `open` was read up to the position and did not end: one inside it whose partner begins a
 * line that is indented otherwise, or `open` itself.
 */
export function unclosedBracket(p: Parser, open: number): number {
  const end = p.pos;
  if (end - open > BRACKETS_READ) return open;
  const opened: number[] = [];
  let line = open;
  for (let i = open; i < end; i++) {
    const c = p.text.charCodeAt(i);
    if (c === NEWLINE) line = i + 1;
    else if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) {
      const close = p.findInLine(p.text[i]!, i + 1);
      if (close !== -1) i = close;
    } else if (isOpen(c)) opened.push(i);
    else if (isClose(c)) {
      const from = opened.pop();
      if (from === undefined) return open;
      if (from < line && p.afterSpaces(line) === i && indentOf(p, i) !== indentOf(p, from) && p.at(from) === p.at(open))
        return from;
    }
  }
  return open;
}
