import {
  APOSTROPHE,
  AT,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COMMA,
  DOT,
  EQUALS,
  GREATER,
  isIdentifierPart,
  isIdentifierStart,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  QUOTE,
  SEMICOLON,
} from "./characters";
import type { Parser } from "./parser";
import { atStatement, atTopLevelLine, swallowedByString } from "./recovery";
import { skipGroup } from "./references";
import { parseBlockStatement } from "./statements";
import type { Block, Statement } from "./tree";
import { wordSet } from "./words";

/** What a block belongs to: `value` is the block of an exe, an `env` or a `let`. */
export type BlockKind = "value" | "env" | "if" | "for" | "loop" | "hook" | "when" | "action";

/** Words that begin a statement and never an array element. */
const BLOCK_WORDS = wordSet([
  "let",
  "var",
  "show",
  "output",
  "log",
  "append",
  "if",
  "bail",
  "skip",
  "done",
  "continue",
  "retry",
  "stream",
  "checkpoint",
  "sign",
  "verify",
  "file",
  "files",
  "return",
]);

/** Words that begin a statement or a (rightly or wrongly given) value: in an action they begin a statement. */
const EITHER_WORDS = wordSet([
  "for",
  "env",
  "box",
  "loop",
  "run",
  "cmd",
  "when",
  "foreach",
  "sh",
  "bash",
  "js",
  "node",
  "py",
  "python",
]);

const LOOK_AHEAD = 2000;

/** Tells the block `[ let … ]` from an array, by the first thing inside. In an `action` doubt is settled for the block. */
export function looksLikeBlock(p: Parser, open: number, action = false): boolean {
  const i = p.afterTrivia(open + 1);
  const c = p.at(i);
  if (c === EQUALS) return p.at(i + 1) === GREATER;
  if (isIdentifierStart(c)) {
    const end = p.wordEnd(i);
    return BLOCK_WORDS.has(p.text, i, end) || (action && EITHER_WORDS.has(p.text, i, end));
  }
  if (c !== AT) return false;
  return statementFollows(p, i, action);
}

/** Looks behind the reference at `i`: an assignment or another statement makes the bracket a block. */
function statementFollows(p: Parser, i: number, action: boolean): boolean {
  const limit = Math.min(p.end, i + LOOK_AHEAD);
  i = p.identifierEnd(i + 1);
  let call = false;
  for (;;) {
    const c = p.at(i);
    if (c === DOT && isIdentifierPart(p.at(i + 1))) {
      i++;
      while (isIdentifierPart(p.at(i))) i++;
      call = false;
    } else if (c === OPEN_PAREN || c === OPEN_BRACKET) {
      let depth = 0;
      for (; i < limit; i++) {
        const d = p.at(i);
        if (d === OPEN_PAREN || d === OPEN_BRACKET || d === OPEN_BRACE) depth++;
        else if (d === CLOSE_PAREN || d === CLOSE_BRACKET || d === CLOSE_BRACE) {
          if (--depth === 0) break;
        } else if (d === QUOTE || d === APOSTROPHE || d === BACKTICK) {
          const close = p.text.indexOf(p.text[i]!, i + 1);
          if (close === -1) return false;
          i = close;
        }
      }
      if (i >= limit) return false;
      i++;
      call = c === OPEN_PAREN;
    } else break;
  }
  const next = p.afterTrivia(i);
  const c = p.at(next);
  if (c === PLUS) return p.at(next + 1) === EQUALS;
  if (c === EQUALS) return p.at(next + 1) !== EQUALS;
  if (c === AT || isIdentifierStart(c)) return true;
  return action && call && c === CLOSE_BRACKET;
}

/** A block in `[ … ]` at the position; `{ … }` is taken with an error. */
export function parseBlock(p: Parser, kind: BlockKind): Block {
  const open = p.pos;
  const braces = p.at(open) === OPEN_BRACE;
  const close = braces ? CLOSE_BRACE : CLOSE_BRACKET;
  if (!p.enter()) {
    skipGroup(p, open);
    return { kind: "Block", start: open, end: p.pos, statements: [] };
  }
  const multiline = p.multiline;
  const inWith = p.inWith;
  const lists = p.lists;
  p.multiline = p.inWith = false;
  p.lists = 0;
  p.pos++;
  const statements = parseStatements(p, kind, close);
  p.multiline = multiline;
  p.inWith = inWith;
  p.lists = lists;
  p.depth--;
  if (p.peek() === close) {
    p.pos++;
    if (statements.length === 0 && kind !== "env" && !braces) {
      const comment = p.comments[p.comments.length - 1];
      if (comment === undefined || comment.start < open)
        p.fail("syntax/empty-block", "A block needs at least one statement.", open, p.pos);
    }
  } else if (!swallowedByString(p, open))
    p.fail("syntax/unclosed-block", "Expected `]` to close the block.", open, open + 1);
  if (braces) {
    const end = p.pos;
    const edits = [{ start: open, end: open + 1, newText: "[" }];
    if (p.at(end - 1) === CLOSE_BRACE) edits.push({ start: end - 1, end, newText: "]" });
    insertError(p, open, edits);
  }
  return { kind: "Block", start: open, end: p.pos, statements };
}

/**
 * The statements of a block whose `[` is missing: lines below that are indented deeper, up to a `]`. Null when the next line
 * does not look like that. The caller has reported the missing bracket.
 */
export function parseUnopenedBlock(p: Parser, kind: BlockKind): Block | null {
  const line = p.lineEnd(p.pos);
  if (p.afterSpaces(p.pos) < line) return null;
  const next = p.afterWhitespace(p.pos);
  const indent = next - p.lineStart(next);
  const current = p.lineStart(p.pos);
  if (p.at(next) === -1 || indent <= p.afterSpaces(current) - current) return null;
  if (p.at(next) !== AT && !atStatement(p, next) && !p.atComment(next)) return null;
  if (!p.enter()) return null;
  const at = p.pos;
  const statements = parseStatements(p, kind, CLOSE_BRACKET);
  p.depth--;
  if (p.peek() === CLOSE_BRACKET) p.pos++;
  return { kind: "Block", start: at, end: p.pos, statements };
}

/** The error about braces stands before those of the block's statements. */
function insertError(p: Parser, open: number, edits: { start: number; end: number; newText: string }[]): void {
  let at = p.errors.length;
  while (at > 0 && p.errors[at - 1]!.start >= open) at--;
  p.errors.splice(at, 0, {
    code: "syntax/braces-for-block",
    message: "A block stands in brackets: `[ … ]`.",
    start: open,
    end: open + 1,
    fix: { title: "Use brackets", edits },
  });
}

function parseStatements(p: Parser, kind: BlockKind, close: number): Statement[] {
  const base = p.top;
  holdStatements(p, kind, close);
  return p.take(base);
}

function holdStatements(p: Parser, kind: BlockKind, close: number): void {
  let returned = false;
  let separated = true;
  for (;;) {
    p.skipTrivia();
    const start = p.pos;
    const c = p.peek();
    if (c === close || c === -1) return;
    if (c === SEMICOLON) {
      if (separated) p.fail("syntax/missing-value", "Expected a statement before `;`.", start, start + 1);
      p.pos++;
      p.release();
      p.skipTrivia();
      if (p.peek() === close)
        p.fail("syntax/missing-value", "Expected a statement after `;`.", start, start + 1, {
          title: "Remove the `;`",
          edits: [{ start, end: start + 1, newText: "" }],
        });
      separated = true;
      continue;
    }
    if (c === COMMA) {
      p.fail(
        "syntax/comma-in-block",
        "Statements are separated by line ends, spaces or `;`, not by commas.",
        start,
        start + 1,
        {
          title: "Remove the comma",
          edits: [{ start, end: start + 1, newText: "" }],
        },
      );
      p.pos++;
      continue;
    }
    if (atTopLevelLine(p, start)) return;
    if (returned) {
      p.fail("syntax/after-return", "Nothing can follow the return of a block.", start, p.lineEnd(start));
      returned = false;
    }
    const statement = parseBlockStatement(p, kind);
    separated = false;
    if (statement === null || p.pos === start) {
      if (!skipUnknown(p, close)) return;
      continue;
    }
    p.hold(statement);
    if (statement.kind === "ReturnStatement") returned = true;
  }
}

/** Takes the rest of the line that begins no statement; false where the block has to end. */
function skipUnknown(p: Parser, close: number): boolean {
  const start = p.pos;
  const c = p.peek();
  if (
    c === CLOSE_PAREN ||
    (c === CLOSE_BRACE && close === CLOSE_BRACKET) ||
    (c === CLOSE_BRACKET && close === CLOSE_BRACE)
  ) {
    p.fail("syntax/unknown-statement", `Unexpected \`${p.text[start]}\`.`, start, start + 1);
    p.pos++;
    return true;
  }
  const line = p.lineEnd(start);
  let i = start;
  let depth = 0;
  for (; i < line; i++) {
    const d = p.at(i);
    if (d === OPEN_BRACKET) depth++;
    else if (d === CLOSE_BRACKET && depth-- === 0) break;
  }
  if (i === start) return false;
  p.fail(
    "syntax/unknown-statement",
    "Expected a statement: `let`, `show`, `run`, `if`, `for`, `when`, `@name(…)`, `=>` …",
    start,
    i,
  );
  p.pos = i;
  p.hold({ kind: "ErrorStatement", start, end: i });
  return true;
}
