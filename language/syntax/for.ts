import { parseBlock, parseUnopenedBlock } from "./blocks";
import {
  AT,
  COMMA,
  DOT,
  EQUALS,
  GREATER,
  isDigit,
  isIdentifierStart,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
} from "./characters";
import { parseExpression } from "./expressions";
import { parseNumber } from "./literals";
import type { Parser } from "./parser";
import { parseReference } from "./references";
import { parseCapAndPace, parseStages, parseTail, parseWith } from "./tails";
import type {
  Action,
  Binding,
  Block,
  Expression,
  ForExpression,
  ForeachExpression,
  LoopExpression,
  Parallel,
  Stage,
  WhileExpression,
} from "./tree";
import { parseAction, parseCondition, parseWhen } from "./when";

/** `for [parallel] [@k,] @v in SRC [when COND] (=> ACTION | [block])`. */
export function parseFor(p: Parser, expression: boolean): ForExpression {
  const start = p.pos;
  p.pos += 3;
  p.skipWhitespace();
  const parallel = parseParallel(p);
  let variable = parseLoopVariable(p);
  let key: Binding | null = null;
  const behind = p.pos;
  p.skipWhitespace();
  if (p.peek() === COMMA) {
    if (variable.end < behind)
      p.fail("syntax/invalid-name", "A key has no fields: only the item has.", variable.end, behind);
    p.pos++;
    p.skipWhitespace();
    key = variable;
    variable = parseLoopVariable(p);
    p.skipWhitespace();
  }
  if (p.atWord(p.pos, "in")) p.pos += 2;
  else if (p.atWord(p.pos, "of")) slipOf(p);
  else
    p.fail("syntax/missing-in", "Expected `in` and a collection: `for @item in @items …`.", p.pos, p.pos, {
      title: "Insert `in`",
      edits: [{ start: p.pos, end: p.pos, newText: "in " }],
    });
  p.skipWhitespace();
  const source = parseTail(p, parseExpression(p)) as Expression;
  let filter: Expression | null = null;
  const when = p.afterWhitespace(p.pos);
  if (p.atWord(when, "when") && p.at(p.afterWhitespace(when + 4)) === OPEN_BRACKET) {
    // `for … when [ COND => VALUE … ]`: the list is the body.
    p.pos = when;
    const body = parseWhen(p, false);
    return {
      kind: "ForExpression",
      start,
      end: p.pos,
      parallel,
      key,
      variable,
      source,
      filter,
      arrow: false,
      body,
      batch: [],
    };
  }
  if (p.atWord(when, "when")) {
    p.pos = p.afterWhitespace(when + 4);
    filter = parseCondition(p);
  }
  const { arrow, body } = parseForBody(p, expression, filter);
  const batch = parseBatch(p);
  return { kind: "ForExpression", start, end: p.pos, parallel, key, variable, source, filter, arrow, body, batch };
}

function slipOf(p: Parser): void {
  p.fail("syntax/missing-in", "Write `in` instead of `of`.", p.pos, p.pos + 2, {
    title: "Write `in`",
    edits: [{ start: p.pos, end: p.pos + 2, newText: "in" }],
  });
  p.pos += 2;
}

function parseParallel(p: Parser): Parallel | null {
  const start = p.pos;
  let legacyCap: Expression | null = null;
  if (isDigit(p.peek())) {
    // `for 3 parallel @x`, the older spelling.
    legacyCap = parseNumber(p);
    p.skipWhitespace();
  }
  if (!p.atWord(p.pos, "parallel")) return null;
  p.pos += 8;
  const { cap, pace } = parseCapAndPace(p);
  const end = p.pos;
  p.skipWhitespace();
  return { kind: "Parallel", start, end, cap: cap ?? legacyCap, pace };
}

/** `@name`, with an optional `.field` that mlld accepts and ignores. */
function parseLoopVariable(p: Parser): Binding {
  const start = p.pos;
  if (p.peek() === AT && isIdentifierStart(p.at(start + 1))) {
    p.pos = p.identifierEnd(start + 1);
    const name = p.text.slice(start + 1, p.pos);
    const end = p.pos;
    while (p.peek() === DOT && isIdentifierStart(p.at(p.pos + 1))) p.pos = p.identifierEnd(p.pos + 1);
    return { kind: "Binding", start, end, name };
  }
  const end = p.identifierEnd(start);
  const name = p.text.slice(start, end);
  if (end > start && name !== "in") {
    p.pos = end;
    p.fail("syntax/missing-at", `A variable needs \`@\`: \`@${name}\`.`, start, end, {
      title: `Write \`@${name}\``,
      edits: [{ start, end: start, newText: "@" }],
    });
    return { kind: "Binding", start, end, name };
  }
  p.fail("syntax/missing-name", "Expected `@name` for the item: `for @item in @items …`.", start, start);
  return { kind: "Binding", start, end: start, name: "" };
}

function parseForBody(p: Parser, expression: boolean, filter: Expression | null): { arrow: boolean; body: Action } {
  const at = p.pos;
  p.skipWhitespace();
  const c = p.peek();
  if (c === EQUALS && p.at(p.pos + 1) === GREATER) {
    if (filter !== null && !expression)
      p.fail("syntax/missing-block", "A `for` statement with `when` needs a block: `[ … ]`.", p.pos, p.pos + 2);
    p.pos += 2;
    p.skipWhitespace();
    if (p.peek() === OPEN_BRACKET && !expression) return { arrow: true, body: parseBlock(p, "for") };
    return { arrow: true, body: parseAction(p, "value") };
  }
  if (c === OPEN_BRACKET || c === OPEN_BRACE) return { arrow: false, body: parseBlock(p, "for") };
  p.pos = at;
  p.fail("syntax/missing-arrow", "Expected `=> action` or a block `[ … ]`.", at, at, {
    title: "Insert `=>`",
    edits: [{ start: at, end: at, newText: " =>" }],
  });
  const unopened = parseUnopenedBlock(p, "for");
  if (unopened !== null) return { arrow: false, body: unopened };
  const next = p.afterSpaces(at);
  if (p.at(next) === NEWLINE || next >= p.end) return { arrow: true, body: p.missing(at) };
  p.pos = next;
  return { arrow: true, body: parseAction(p, "value") };
}

/** `=> | @f` or `=> || …` behind the body: stages that get the collected array. */
function parseBatch(p: Parser): Stage[] {
  const i = p.afterWhitespace(p.pos);
  if (p.at(i) !== EQUALS || p.at(i + 1) !== GREATER) return [];
  const pipe = p.afterWhitespace(i + 2);
  if (p.at(pipe) !== PIPE) return [];
  p.pos = pipe;
  return parseStages(p);
}

/** `foreach @f(@xs) [with { … }] [=> | @g]`. */
export function parseForeach(p: Parser): Expression {
  const foreach = parseForeachCall(p);
  const stages = parseBatch(p);
  if (stages.length === 0) return foreach;
  return { kind: "Pipeline", start: foreach.start, end: p.pos, source: foreach, stages, condensed: false };
}

function parseForeachCall(p: Parser): ForeachExpression {
  const start = p.pos;
  p.pos += 7;
  p.skipWhitespace();
  let call: Expression;
  if (p.peek() === AT) call = parseReference(p);
  else {
    call = p.missing();
    p.fail("syntax/missing-value", "Expected a call after `foreach`: `foreach @f(@items)`.", p.pos, p.pos);
  }
  const next = p.afterSpaces(p.pos);
  let withClause: ForeachExpression["with"] = null;
  if (p.atWord(next, "with") && p.at(p.afterWhitespace(next + 4)) === OPEN_BRACE) {
    p.pos = next;
    withClause = parseWith(p);
  }
  return { kind: "ForeachExpression", start, end: p.pos, call, with: withClause };
}

/** `loop[(limit[, pace])] [until COND] [block]`. */
export function parseLoop(p: Parser): LoopExpression {
  const start = p.pos;
  p.pos += 4;
  const { cap, pace } = parseCapAndPace(p);
  p.skipWhitespace();
  let until: Expression | null = null;
  if (p.atWord(p.pos, "until")) {
    p.pos += 5;
    p.skipWhitespace();
    until = parseCondition(p);
    p.skipWhitespace();
  }
  const body = parseLoopBody(p);
  return { kind: "LoopExpression", start, end: p.pos, limit: cap, pace, until, body };
}

function parseLoopBody(p: Parser): Block {
  const c = p.peek();
  if (c === OPEN_BRACKET || c === OPEN_BRACE) return parseBlock(p, "loop");
  const at = p.pos;
  p.fail("syntax/missing-block", "Expected the block of the loop: `[ … ]`.", at, at);
  return parseUnopenedBlock(p, "loop") ?? { kind: "Block", start: at, end: at, statements: [] };
}

/** `while (limit[, pace]) @f` as a statement. */
export function parseWhile(p: Parser): WhileExpression {
  const start = p.pos;
  p.pos += 5;
  const { cap, pace } = parseCapAndPace(p);
  if (cap === null) p.fail("syntax/missing-value", "Expected the number of rounds: `while (5) @f`.", p.pos, p.pos);
  const limit = cap ?? p.missing();
  p.skipWhitespace();
  let target: Expression;
  if (p.peek() === AT) target = parseReference(p);
  else {
    target = p.missing();
    p.fail("syntax/missing-value", "Expected `@name` of the function to repeat.", p.pos, p.pos);
  }
  return { kind: "WhileExpression", start, end: p.pos, limit, pace, target };
}
