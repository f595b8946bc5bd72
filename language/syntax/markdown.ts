import { AT, EQUALS, GREATER, isIdentifierStart, NEWLINE, RETURN, SLASH } from "./characters";
import type { Parser } from "./parser";
import { parseTopStatement } from "./statements";
import { fenceEnd, parseFence } from "./strict";
import type { Statement } from "./tree";

const KEYWORDS = new Set(
  (
    "run var show stream exe checkpoint env box for import export output append if when guard hook needs profiles policy auth " +
    "while loop bail sign verify log file files"
  ).split(" "),
);

/** True when `/keyword`, `/@name(` or `/=>` stands at `i`. */
function atDirective(p: Parser, i: number): boolean {
  if (p.at(i) !== SLASH) return false;
  const c = p.at(i + 1);
  if (isIdentifierStart(c)) return KEYWORDS.has(p.text.slice(i + 1, p.wordEnd(i + 1)));
  if (c === AT) return p.identifierEnd(i + 2) > i + 2;
  return c === EQUALS && p.at(i + 2) === GREATER;
}

/**
 * Parses a markdown file, or the rest of it from the start of a line: lines that begin with `/keyword` are statements, everything else is
 * prose. It ends early before a statement in the first column that begins where `stop` says.
 */
export function parseMarkdown(p: Parser, stop: (start: number) => boolean = () => false): Statement[] {
  const statements: Statement[] = [];
  let prose = p.pos;
  const flush = (end: number) => {
    if (end > prose) statements.push({ kind: "Prose", start: prose, end });
  };
  while (p.pos < p.end) {
    const lineStart = p.pos;
    const i = p.afterSpaces(lineStart);
    if (p.at(i) === SLASH && atDirective(p, i)) {
      flush(lineStart);
      if (i === lineStart && stop(i)) return statements;
      p.pos = i;
      const statement = parseTopStatement(p);
      if (statement === null) prose = lineStart;
      else {
        statements.push(statement);
        prose = finishDirective(p);
        if (p.pos > prose) {
          // Text behind the statement on its line, or the next line.
          continue;
        }
        continue;
      }
    } else if (p.atComment(lineStart)) {
      flush(lineStart);
      p.takeComment();
      prose = p.pos;
    } else if (p.atFence(i)) {
      if (fenceEnd(p, i) === null) p.readsOn = true;
      else {
        flush(i);
        p.pos = i;
        statements.push(parseFence(p));
        prose = p.pos;
      }
    }
    nextLine(p);
  }
  flush(p.end);
  return statements;
}

/** Takes a comment behind a statement and the line end; returns where prose may begin. */
function finishDirective(p: Parser): number {
  const behind = p.pos;
  const i = p.afterSpaces(behind);
  if (i > behind && p.atComment(i)) {
    p.pos = i;
    p.takeComment();
  } else if (p.at(i) === NEWLINE || p.at(i) === -1) p.pos = i;
  if (p.peek() === RETURN && p.at(p.pos + 1) === NEWLINE) p.pos++;
  if (p.peek() === NEWLINE) {
    p.pos++;
    return p.pos;
  }
  const prose = p.pos;
  if (prose > 0 && p.text.charCodeAt(prose - 1) !== NEWLINE) nextLine(p);
  return prose;
}

function nextLine(p: Parser): void {
  const newline = p.text.indexOf("\n", p.pos);
  p.pos = newline === -1 || newline >= p.end ? p.end : newline + 1;
}
