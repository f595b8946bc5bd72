import {
  AT,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  DOT,
  EQUALS,
  GREATER,
  isIdentifierStart,
  NEWLINE,
  OPEN_PAREN,
  RETURN,
  SEMICOLON,
  SLASH,
} from "./characters";
import type { Parser } from "./parser";
import { atStatementLine, atTopLevelLine, endBefore } from "./recovery";
import { parseTopStatement } from "./statements";
import { reportLeftoverText, reportText } from "./stray-text";
import type { Fence, Statement } from "./tree";
import { wordSet } from "./words";

/** Parses statements of a strict file (or of an `mlld-run` fence) up to `p.end`, or up to a statement that begins where `stop` says. */
export function parseStrict(p: Parser, stop: (start: number) => boolean = () => false): Statement[] {
  const statements: Statement[] = [];
  let afterShow = false;
  while (p.pos < p.end) {
    const lineStart = p.pos;
    p.skipSpaces();
    const c = p.peek();
    if (c === NEWLINE) {
      p.pos++;
      continue;
    }
    if (c === -1) break;
    if (p.pos > lineStart && lineStart === p.lineStart(lineStart) && !afterShow) reportIndent(p, lineStart);
    if (p.atComment(p.pos)) {
      p.takeComment();
      afterShow = false;
      continue;
    }
    if (stop(p.pos)) break;
    if (p.atFence(p.pos)) {
      statements.push(parseFence(p));
      afterShow = false;
      continue;
    }
    const start = p.pos;
    const errors = p.errors.length;
    const comments = p.comments.length;
    const whole = parseTopStatement(p);
    const statement = whole && withoutNext(p, whole, errors, comments);
    if (statement === null || p.pos === start) {
      p.pos = start;
      statements.push(parseText(p));
      afterShow = false;
      continue;
    }
    statements.push(statement);
    const rest = finishLine(p, statement, errors);
    if (rest !== null) statements.push(rest);
    afterShow = statement.kind === "ShowStatement" && p.pos === p.lineEnd(p.pos) && endsWithoutComment(p, statement);
  }
  return statements;
}

function reportIndent(p: Parser, lineStart: number): void {
  const isComment = p.atComment(p.pos);
  const isStatement = isComment || atTopStatement(p, p.pos);
  if (!isStatement) return;
  p.fail(
    "syntax/indented-statement",
    isComment ? "A comment begins in the first column." : "A statement begins in the first column.",
    lineStart,
    p.pos,
    { title: "Remove the indentation", edits: [{ start: lineStart, end: p.pos, newText: "" }] },
  );
}

/** True when a statement that stands at the top level seems to begin at `i`, in whatever column. */
function atTopStatement(p: Parser, i: number): boolean {
  const c = p.at(i);
  if (c === EQUALS) return p.at(i + 1) === GREATER;
  if (c === AT) {
    const end = p.identifierEnd(i + 1);
    return end > i + 1 && (p.at(end) === OPEN_PAREN || p.at(end) === DOT);
  }
  const start = c === SLASH ? i + 1 : i;
  if (!isIdentifierStart(p.at(start))) return false;
  return STATEMENT_WORDS.has(p.text, start, p.wordEnd(start));
}

const TOP_WORDS = (
  "run var show stream exe checkpoint env box for import export output append if when guard hook needs profiles policy auth " +
  "while loop bail sign verify log file files let"
).split(" ");

const STATEMENT_WORDS = wordSet(TOP_WORDS);

/** True when the parser can start afresh on the line at `i`. */
function atFreshLine(p: Parser, i: number): boolean {
  return p.atComment(i) || p.atFence(i) || atStatementLine(p, i) || atTopStatement(p, i);
}

/** The end of lines that are no statements: before a blank line, a line where the parser can start afresh, or one that `ends` them. */
function strayEnd(p: Parser, start: number, ends: (line: number) => boolean = () => false): number {
  for (let i = start; ; ) {
    const newline = p.text.indexOf("\n", i);
    if (newline === -1 || newline >= p.end) return p.end;
    i = newline + 1;
    const c = p.at(p.afterSpaces(i));
    if (c === NEWLINE || c === -1 || atFreshLine(p, i) || ends(i)) return i;
  }
}

/** Takes lines that are no statements, as one error. */
function parseText(p: Parser): Statement {
  const start = p.pos;
  let end = strayEnd(p, start);
  p.pos = end;
  while (end > start && (p.text.charCodeAt(end - 1) === NEWLINE || p.text.charCodeAt(end - 1) === RETURN)) end--;
  // Closing brackets on a line of their own are left over from a statement that is reported already.
  if (/^[\])}\s]*$/.test(p.text.slice(start, end)) && p.errors.length > 0)
    return { kind: "ErrorStatement", start, end };
  reportText(p, start, TOP_WORDS);
  return { kind: "ErrorStatement", start, end };
}

/** Brackets that look for lines of statements by themselves. */
const CUT_ALREADY: readonly string[] = ["syntax/unclosed-block", "syntax/unclosed-code"];

/**
 * A statement that went wrong and swallowed a declaration, which can only be a statement of its own: parsed again as if the text ended
 * before it. So what is missing (a quote, a value, a bracket) is reported where it is missing.
 */
function withoutNext(p: Parser, whole: Statement, errors: number, comments: number): Statement {
  const { start } = whole;
  if (p.pos <= p.lineEnd(start) || (p.errors.length === errors && endsLine(p))) return whole;
  const cut = endBefore(p, start, atTopLevelLine, p.pos);
  if (cut >= p.pos || p.reach(start) < p.end) return whole;
  const { pos, end } = p;
  const found = [p.errors.slice(errors), p.comments.slice(comments)] as const;
  // What was read depends on text far behind it.
  p.noteUnclosed();
  p.rewind(start, errors, comments);
  p.end = cut;
  const apart = parseTopStatement(p);
  p.end = end;
  const code = p.errors[errors]?.code;
  if (apart && code && !CUT_ALREADY.includes(code)) return apart;
  p.rewind(pos, errors, comments);
  p.errors.push(...found[0]);
  p.comments.push(...found[1]);
  return whole;
}

function endsLine(p: Parser): boolean {
  const behind = p.afterSpaces(p.pos);
  const c = p.at(behind);
  return c === NEWLINE || c === -1 || p.atComment(behind);
}

/** After a statement its line has to end; returns the leftover, if any. */
function finishLine(p: Parser, statement: Statement, errors: number): Statement | null {
  const behind = p.pos;
  p.skipSpaces();
  const c = p.peek();
  if (c === NEWLINE || c === -1) return null;
  if (p.atComment(p.pos) && (p.pos > behind || p.lineStart(behind) === behind)) {
    p.takeComment();
    return null;
  }
  if (p.lineStart(behind) === behind) return null;
  const start = p.pos;
  const known = p.errors.length > errors && p.errors[p.errors.length - 1]!.end >= p.lineStart(start);
  if (!known) reportLeftover(p, statement, start, behind);
  let end = strayEnd(p, start, line => p.afterSpaces(line) === line && !isCloser(p.at(line)));
  p.pos = end;
  while (end > start && (p.text.charCodeAt(end - 1) === NEWLINE || p.text.charCodeAt(end - 1) === RETURN)) end--;
  return { kind: "ErrorStatement", start, end };
}

function isCloser(c: number): boolean {
  return c === CLOSE_BRACKET || c === CLOSE_BRACE || c === CLOSE_PAREN;
}

function reportLeftover(p: Parser, statement: Statement, start: number, behind: number): void {
  const end = p.lineEnd(start);
  const c = p.at(start);
  if (p.atComment(start)) {
    p.fail("syntax/text-after-statement", "A comment behind a statement needs a space before it.", start, end, {
      title: "Insert a space",
      edits: [{ start, end: start, newText: " " }],
    });
    return;
  }
  const semicolon = c === SEMICOLON;
  const next = semicolon ? p.afterSpaces(start + 1) : start;
  if (semicolon || atTopStatement(p, next)) {
    const edits = [{ start: behind, end: next, newText: next >= end ? "" : "\n" }];
    p.fail("syntax/text-after-statement", "One statement a line: expected the end of the line.", start, end, {
      title: next >= end ? "Remove the `;`" : "Put it on a line of its own",
      edits,
    });
    return;
  }
  if (p.atWord(start, "else") && statement.kind === "IfStatement") {
    p.fail("syntax/else-if", "An `if` has one `else`.", start, end);
    return;
  }
  reportLeftoverText(p, statement, start, end);
}

function endsWithoutComment(p: Parser, statement: Statement): boolean {
  const comment = p.comments[p.comments.length - 1];
  return comment === undefined || comment.start < statement.end;
}

/** The end of the fence that opens at `i`: behind its closing line, or -1. */
export function fenceEnd(p: Parser, open: number): { bodyEnd: number; end: number } | null {
  let ticks = open;
  while (p.at(ticks) === BACKTICK) ticks++;
  const count = ticks - open;
  let i = ticks;
  for (;;) {
    const newline = p.text.indexOf("\n", i);
    if (newline === -1 || newline >= p.end) return null;
    i = newline + 1;
    const j = p.afterSpaces(i);
    if (p.at(j) !== BACKTICK) continue;
    let close = j;
    while (p.at(close) === BACKTICK) close++;
    const line = p.lineEnd(close);
    if (close - j >= count && p.afterSpaces(close) >= line) return { bodyEnd: i, end: line };
  }
}

/** A code fence; the statements of a three-backtick `mlld-run` fence are parsed as strict code. */
export function parseFence(p: Parser): Fence {
  const start = p.pos;
  let ticks = start;
  while (p.at(ticks) === BACKTICK) ticks++;
  const infoEnd = p.lineEnd(ticks);
  const info = p.text.slice(ticks, infoEnd).trim();
  const found = fenceEnd(p, start);
  if (found === null) {
    p.fail("syntax/unclosed-fence", "Expected a closing fence.", start, infoEnd);
    p.pos = p.end;
    return { kind: "Fence", start, end: p.end, info, statements: null };
  }
  let statements: Statement[] | null = null;
  if (ticks - start === 3 && info === "mlld-run") {
    const end = p.end;
    p.pos = Math.min(infoEnd + 1, found.bodyEnd);
    if (p.at(p.pos - 1) === RETURN && p.at(p.pos) === NEWLINE) p.pos++;
    p.end = found.bodyEnd;
    const errors = p.errors.length;
    const comments = p.comments.length;
    statements = parseStrict(p);
    p.end = end;
    if (p.errors.length > errors) {
      // Documents show old or broken code in such fences: mlld keeps it as text.
      p.rewind(start, errors, comments);
      statements = null;
    }
  }
  p.pos = found.end;
  return { kind: "Fence", start, end: found.end, info, statements };
}
