import {
  AMPERSAND,
  BANG,
  EQUALS,
  GREATER,
  isIdentifierStart,
  isSpace,
  LESS,
  MINUS,
  NEWLINE,
  PERCENT,
  PIPE,
  PLUS,
  QUESTION,
  SLASH,
  STAR,
  TILDE,
} from "./characters";
import { parseUnary } from "./expressions";
import type { Parser } from "./parser";
import type { BinaryOperator, Expression } from "./tree";

interface Operator {
  readonly text: BinaryOperator;
  readonly level: number;
}

const NULLISH: Operator = { text: "??", level: 1 };
const OR: Operator = { text: "||", level: 2 };
const AND: Operator = { text: "&&", level: 3 };
const EQUAL: Operator = { text: "==", level: 4 };
const UNEQUAL: Operator = { text: "!=", level: 4 };
const MATCHES: Operator = { text: "~=", level: 4 };
const MISMATCHES: Operator = { text: "!~=", level: 4 };
const BELOW: Operator = { text: "<", level: 4 };
const AT_MOST: Operator = { text: "<=", level: 4 };
const ABOVE: Operator = { text: ">", level: 4 };
const AT_LEAST: Operator = { text: ">=", level: 4 };
const ADD: Operator = { text: "+", level: 5 };
const SUBTRACT: Operator = { text: "-", level: 5 };
const MULTIPLY: Operator = { text: "*", level: 6 };
const DIVIDE: Operator = { text: "/", level: 6 };
const REMAINDER: Operator = { text: "%", level: 6 };

/** Binary operators of at least `level`, left-associative. */
export function parseBinary(p: Parser, level: number): Expression {
  let left = parseUnary(p);
  for (;;) {
    const start = operatorStart(p, left);
    const operator = operatorAt(p, start);
    if (operator === null || operator.level <= level) return left;
    if (!p.enter()) {
      p.pos = p.lineEnd(p.pos);
      return left;
    }
    p.pos = start + operator.text.length;
    checkSpacing(p, start, operator);
    if (operator === EQUAL && p.peek() === EQUALS) tripleEquals(p, start);
    p.skipWhitespace();
    const right = parseBinary(p, operator.level);
    p.depth--;
    left = { kind: "BinaryExpression", start: left.start, end: right.end, operator: operator.text, left, right };
  }
}

/** Where an operator may begin: on the same line, or on the next one once the expression is known to go on. */
function operatorStart(p: Parser, left: Expression): number {
  const next = p.afterSpaces(p.pos);
  const c = p.at(next);
  if (c !== NEWLINE) return next;
  if (!p.multiline && left.kind !== "BinaryExpression") return next;
  const below = p.afterWhitespace(next);
  const d = p.at(below);
  if (d === AMPERSAND || d === PIPE || d === EQUALS || d === BANG || d === TILDE || d === QUESTION) return below;
  if (
    p.multiline &&
    (d === PLUS || d === MINUS || d === SLASH || d === PERCENT || d === STAR || d === LESS || d === GREATER)
  )
    return below;
  return next;
}

function operatorAt(p: Parser, i: number): Operator | null {
  const c = p.at(i);
  const next = p.at(i + 1);
  switch (c) {
    case QUESTION:
      return next === QUESTION ? NULLISH : null;
    case PIPE:
      return next === PIPE ? OR : null;
    case AMPERSAND:
      return next === AMPERSAND ? AND : null;
    case EQUALS:
      return next === EQUALS ? EQUAL : null;
    case BANG:
      if (next === EQUALS) return UNEQUAL;
      return next === TILDE && p.at(i + 2) === EQUALS ? MISMATCHES : null;
    case TILDE:
      return next === EQUALS ? MATCHES : null;
    case LESS:
      if (next === EQUALS) return AT_MOST;
      return next === LESS ? null : BELOW;
    case GREATER:
      if (next === EQUALS) return AT_LEAST;
      return next === GREATER ? null : ABOVE;
    case PLUS:
      return next === EQUALS || next === PLUS ? null : ADD;
    case MINUS:
      return next === GREATER || next === MINUS ? null : SUBTRACT;
    case STAR:
      // `* => …` is the next entry of a `when`.
      return startsArrow(p, p.afterSpaces(i + 1)) ? null : MULTIPLY;
    case SLASH:
      return isIdentifierStart(next) || next === SLASH ? null : DIVIDE;
    case PERCENT:
      return REMAINDER;
    default:
      return null;
  }
}

function startsArrow(p: Parser, i: number): boolean {
  return p.at(i) === EQUALS && p.at(i + 1) === GREATER;
}

function checkSpacing(p: Parser, start: number, operator: Operator): void {
  if (operator.level < 5) return;
  const before = p.at(start - 1);
  const after = p.peek();
  if ((isSpace(before) || before === NEWLINE) && (isSpace(after) || after === NEWLINE || after === -1)) return;
  p.fail("syntax/operator-spacing", `\`${operator.text}\` needs a space on both sides.`, start, start + 1, {
    title: `Put spaces around \`${operator.text}\``,
    edits: [
      { start, end: start + 1, newText: `${isSpace(before) ? "" : " "}${operator.text}${isSpace(after) ? "" : " "}` },
    ],
  });
}

function tripleEquals(p: Parser, start: number): void {
  p.fail("syntax/invalid-operator", "mlld compares with `==`.", start, start + 3, {
    title: "Write `==`",
    edits: [{ start, end: start + 3, newText: "==" }],
  });
  p.pos++;
}
