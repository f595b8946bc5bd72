import {
  APOSTROPHE,
  AT,
  BACKTICK,
  BANG,
  COLON,
  COMMA,
  isIdentifierStart,
  LESS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./characters";
import { parseLabels } from "./effects";
import { parseValue, startsValue, Where } from "./expressions";
import type { Parser } from "./parser";
import type { Expression, LabelExpression } from "./tree";

/** `secret @x`, `trusted! @x`, `!label @x`, `clear! @x` after `=>`; null when no label change begins here. */
export function parseLabelled(p: Parser): LabelExpression | null {
  const start = p.pos;
  const c = p.peek();
  let modifier: LabelExpression["modifier"] = "add";
  if (c === BANG) {
    if (!isIdentifierStart(p.at(start + 1))) return null;
    modifier = "remove";
    p.pos = start + 1;
  } else if (!isIdentifierStart(c) || startsValue(p, start) || !labelsPrecedeValue(p, start)) return null;
  let labels = parseLabels(p);
  if (modifier === "add" && p.peek() === BANG) {
    modifier = labels[0]!.name === "clear" ? "clear" : "trust";
    if (modifier === "clear") labels = [];
    p.pos++;
  }
  const comma = p.afterSpaces(p.pos);
  if (p.at(comma) === COMMA) {
    // `trusted!,!secret @x`: one change after another.
    p.pos = p.afterSpaces(comma + 1);
    const inner = p.enter() ? parseInner(p) : null;
    if (inner !== null) return { kind: "LabelExpression", start, end: p.pos, modifier, labels, value: inner };
  }
  p.skipSpaces();
  const value = parseValue(p, Where.Return) as Expression;
  return { kind: "LabelExpression", start, end: p.pos, modifier, labels, value };
}

function parseInner(p: Parser): LabelExpression | null {
  const inner = parseLabelled(p);
  p.depth--;
  return inner;
}

/** `word`, `word!` or `word, word` with a value behind. */
function labelsPrecedeValue(p: Parser, i: number): boolean {
  for (;;) {
    i = p.identifierEnd(i);
    if (p.at(i) === COLON && isIdentifierStart(p.at(i + 1))) i = p.identifierEnd(i + 1);
    if (p.at(i) === BANG) {
      i++;
      if (p.at(p.afterSpaces(i)) === COMMA) return true;
      break;
    }
    const next = p.afterSpaces(i);
    if (p.at(next) !== COMMA) break;
    i = p.afterSpaces(next + 1);
    if (!isIdentifierStart(p.at(i))) return false;
  }
  const next = p.afterSpaces(i);
  const c = p.at(next);
  if (next === i) return false;
  return (
    c === AT ||
    c === QUOTE ||
    c === APOSTROPHE ||
    c === BACKTICK ||
    c === OPEN_BRACE ||
    c === OPEN_BRACKET ||
    c === LESS ||
    startsValue(p, next)
  );
}
