import { CLOSE_BRACKET, COLON, COMMA, EQUALS, GREATER, isSpace, NEWLINE, QUESTION, RETURN, SLASH } from "./characters";
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
