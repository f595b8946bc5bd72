import { looksLikeBlock, parseBlock, parseUnopenedBlock } from "./blocks";
import { EQUALS, GREATER, NEWLINE, OPEN_BRACE, OPEN_BRACKET } from "./characters";
import type { Parser } from "./parser";
import { parseBlockStatement } from "./statements";
import type { Block, Expression, IfStatement } from "./tree";
import { parseCondition } from "./when";

/** `if COND [block] [else [block]]`. */
export function parseIf(p: Parser): IfStatement {
  const start = p.pos;
  p.pos += 2;
  p.skipWhitespace();
  const condition = parseIfCondition(p, start);
  const then = parseBranch(p, "condition");
  let otherwise: Block | IfStatement | null = null;
  const next = p.afterWhitespace(p.pos);
  if (p.atWord(next, "else") && p.at(p.afterWhitespace(next + 4)) !== EQUALS) {
    p.pos = next + 4;
    const behind = p.afterSpaces(p.pos);
    if (p.atWord(behind, "if")) {
      p.fail(
        "syntax/else-if",
        "`else if` does not exist: write `else [ if … ]`, or use `when [ … ]`.",
        next,
        behind + 2,
      );
      const errors = p.errors.length;
      p.pos = behind;
      otherwise = p.enter() ? parseNested(p) : null;
      if (p.errors.length === errors) {
        p.errors[errors - 1]!.fix = {
          title: "Put the `if` in a block",
          edits: [
            { start: behind, end: behind, newText: "[ " },
            { start: p.pos, end: p.pos, newText: " ]" },
          ],
        };
      }
    } else otherwise = parseBranch(p, "`else`");
  }
  return { kind: "IfStatement", start, end: p.pos, condition, then, else: otherwise };
}

function parseIfCondition(p: Parser, start: number): Expression {
  if (p.peek() !== OPEN_BRACKET || !looksLikeBlock(p, p.pos, true)) return parseCondition(p);
  p.fail("syntax/missing-value", "Expected a condition after `if`.", start, start + 2);
  return p.missing();
}

function parseNested(p: Parser): IfStatement {
  const statement = parseIf(p);
  p.depth--;
  return statement;
}

/** A block; a single statement without brackets is taken with an error. */
function parseBranch(p: Parser, behind: string): Block {
  const at = p.pos;
  p.skipWhitespace();
  const c = p.peek();
  if (c === OPEN_BRACKET || c === OPEN_BRACE) return parseBlock(p, "if");
  const open = p.pos;
  if (c === EQUALS && p.at(open + 1) === GREATER) {
    p.fail("syntax/missing-block", `Expected a block \`[ … ]\` after the ${behind}, not \`=>\`.`, open, open + 2);
    p.pos = open + 2;
    p.skipSpaces();
  } else {
    p.pos = at;
    p.fail("syntax/missing-block", `Expected a block \`[ … ]\` after the ${behind}.`, at, at);
    p.skipSpaces();
  }
  const start = p.pos;
  if (p.peek() === NEWLINE || p.peek() === -1) {
    p.pos = at;
    const unopened = parseUnopenedBlock(p, "if");
    if (unopened !== null) return unopened;
    return { kind: "Block", start: at, end: at, statements: [] };
  }
  const error = p.errors[p.errors.length - 1];
  const statement = parseBlockStatement(p, "if");
  if (statement === null || p.pos === start) {
    p.pos = Math.max(at, start);
    return { kind: "Block", start, end: start, statements: [] };
  }
  if (error !== undefined && p.errors[p.errors.length - 1] === error) {
    error.fix = {
      title: "Put it in a block",
      edits: [
        { start: at, end: start, newText: " [ " },
        { start: p.pos, end: p.pos, newText: " ]" },
      ],
    };
  }
  return { kind: "Block", start, end: p.pos, statements: [statement] };
}
