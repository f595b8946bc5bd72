import {
  APOSTROPHE,
  AT,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  DOT,
  EQUALS,
  isDigit,
  isIdentifierPart,
  isIdentifierStart,
  isSpace,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
  STAR,
} from "./characters";
import { parseValue, Where } from "./expressions";
import { parseNumber } from "./literals";
import { parseBinary } from "./operators";
import type { Parser } from "./parser";
import type { Action, Expression, FilterExpression } from "./tree";

/** How far a look-ahead for the closing bracket of an index or of a call in a template goes. */
const LOOK_AHEAD = 1000;

/** `@name` with its fields, indexes and calls. */
export function parseReference(p: Parser): Expression {
  const start = p.pos;
  const nameEnd = p.identifierEnd(start + 1);
  if (nameEnd === start + 1) return invalidReference(p);
  p.pos = nameEnd;
  const next = p.peek();
  if (next === SLASH && (isIdentifierStart(p.at(nameEnd + 1)) || p.at(nameEnd + 1) === DOT))
    return parseModulePath(p, start);
  const reference: Expression = {
    kind: "VariableReference",
    start,
    end: nameEnd,
    name: p.text.slice(start + 1, nameEnd),
  };
  return next === DOT || next === OPEN_BRACKET || next === OPEN_PAREN || next === NEWLINE || next === RETURN
    ? parseAccess(p, reference, false)
    : reference;
}

function invalidReference(p: Parser): Expression {
  const start = p.pos;
  let end = start + 1;
  while (isIdentifierPart(p.at(end))) end++;
  if (end === start + 1) p.fail("syntax/missing-name", "Expected a name after `@`.", start, end);
  else p.fail("syntax/invalid-name", "A name begins with a letter or `_`.", start, end);
  p.pos = end;
  return { kind: "VariableReference", start, end, name: p.text.slice(start + 1, end) };
}

/** `@author/module`, `@base/path`: text up to white space or a bracket. */
function parseModulePath(p: Parser, start: number): Expression {
  let i = p.pos;
  for (;;) {
    const c = p.at(i);
    if (
      c === -1 ||
      c === NEWLINE ||
      isSpace(c) ||
      c === COMMA ||
      c === CLOSE_PAREN ||
      c === CLOSE_BRACKET ||
      c === CLOSE_BRACE ||
      c === QUOTE ||
      c === APOSTROPHE
    )
      break;
    i++;
  }
  p.pos = i;
  const quote = p.peek();
  if (quote === QUOTE || quote === APOSTROPHE) {
    p.fail("syntax/unclosed-string", `Expected \`${p.text[i]}\` before the text.`, start, i, {
      title: "Insert the quote",
      edits: [{ start, end: start, newText: p.text[i]! }],
    });
    p.pos++;
  }
  return { kind: "ModuleReference", start, end: i, text: p.text.slice(start, i) };
}

/** `.name`, `[index]`, `(arguments)` behind `object`. In a template a chain does not continue on the next line. */
export function parseAccess(p: Parser, object: Expression, inTemplate: boolean): Expression {
  for (;;) {
    const c = p.peek();
    if (c === DOT) {
      const next = p.at(p.pos + 1);
      if (!isIdentifierStart(next) && !isDigit(next)) return object;
      object = parseMember(p, object);
    } else if (c === OPEN_BRACKET) {
      if (!looksLikeIndex(p, p.pos)) return object;
      object = parseIndex(p, object);
    } else if (c === OPEN_PAREN) {
      if (inTemplate && !closesSoon(p, p.pos)) return object;
      object = parseCall(p, object);
    } else if (!inTemplate && (c === NEWLINE || c === RETURN)) {
      const next = p.afterWhitespace(p.pos);
      if (p.at(next) !== DOT || !isIdentifierStart(p.at(next + 1))) return object;
      p.pos = next;
    } else return object;
  }
}

function parseMember(p: Parser, object: Expression): Expression {
  const start = p.pos + 1;
  let end = start;
  if (isDigit(p.at(end))) while (isDigit(p.at(end))) end++;
  else end = p.identifierEnd(start);
  p.pos = end;
  return {
    kind: "MemberExpression",
    start: object.start,
    end,
    object,
    property: { kind: "PropertyName", start, end, name: p.text.slice(start, end) },
  };
}

function parseCall(p: Parser, callee: Expression): Expression {
  const args = parseArguments(p);
  return { kind: "CallExpression", start: callee.start, end: p.pos, callee, arguments: args };
}

/** `( … )`. An argument that is no value is kept as raw text, as mlld does. */
export function parseArguments(p: Parser): Action[] {
  const open = p.pos;
  p.pos++;
  p.skipTrivia();
  if (p.peek() === CLOSE_PAREN) {
    p.pos++;
    return [];
  }
  if (!p.enter()) {
    skipGroup(p, open);
    return [];
  }
  const base = p.top;
  const multiline = p.multiline;
  p.multiline = true;
  p.lists++;
  for (;;) {
    const argument = parseArgument(p);
    if (argument !== null) p.hold(argument);
    p.skipTrivia();
    const c = p.peek();
    if (c === COMMA) {
      const comma = p.pos++;
      p.skipTrivia();
      if (p.peek() === CLOSE_PAREN) {
        p.fail("syntax/extra-comma", "Expected an argument after the comma.", comma, comma + 1, {
          title: "Remove the comma",
          edits: [{ start: comma, end: comma + 1, newText: "" }],
        });
        p.pos++;
        break;
      }
    } else {
      if (c === CLOSE_PAREN) p.pos++;
      else p.fail("syntax/unclosed-parenthesis", "Expected `)` to close the arguments.", open, open + 1);
      break;
    }
  }
  p.multiline = multiline;
  p.lists--;
  p.depth--;
  return p.take(base);
}

/** Errors that stand even though mlld would pass the text: nobody means the text of a block. */
const NO_TEXT = new Set<string>(["syntax/block-in-value", "syntax/invalid-value"]);

function parseArgument(p: Parser): Action | null {
  const start = p.pos;
  const errors = p.errors.length;
  const comments = p.comments.length;
  const c = p.peek();
  if (c === COMMA || c === CLOSE_PAREN || c === -1) {
    if (c === COMMA) p.fail("syntax/missing-value", "Expected an argument before the comma.", start, start + 1);
    return null;
  }
  const value = parseValue(p, Where.Argument);
  if (p.errors.length === errors) {
    const next = p.at(p.afterTrivia(p.pos));
    if (next === COMMA || next === CLOSE_PAREN || next === -1) return value;
  } else if (NO_TEXT.has(p.errors[errors]!.code)) return value;
  const end = rawArgumentEnd(p, start);
  if (end === -1) return value;
  p.rewind(end, errors, comments);
  const text = p.text.slice(start, end);
  if (text.includes("=>"))
    p.fail(
      "syntax/invalid-value",
      "mlld has no function literals: declare an `exe` and call it in a `for` expression.",
      start,
      end,
    );
  return { kind: "Template", start, end, quote: "none", parts: [{ kind: "Text", start, end, value: text }] };
}

/** The end of raw argument text at `i`: before the next `,` or `)` outside brackets and quotes, or -1. */
function rawArgumentEnd(p: Parser, i: number): number {
  let depth = 0;
  let last = i;
  const reach = p.reach(i);
  for (; i < reach; i++) {
    const c = p.at(i);
    if (depth === 0 && (c === COMMA || c === CLOSE_PAREN)) return last;
    if (c === NEWLINE && p.at(i + 1) === NEWLINE) return -1;
    if (c === OPEN_PAREN || c === OPEN_BRACKET || c === OPEN_BRACE) depth++;
    else if (c === CLOSE_PAREN || c === CLOSE_BRACKET || c === CLOSE_BRACE) depth--;
    else if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) {
      const close = p.text.indexOf(p.text[i]!, i + 1);
      if (close === -1 || close >= p.end) return -1;
      i = close;
    }
    if (c !== NEWLINE && !isSpace(c)) last = i + 1;
  }
  p.noteUnclosed();
  return -1;
}

/** Skips the bracket group at `open` without building nodes; what is too deep is skipped this way. */
export function skipGroup(p: Parser, open: number): void {
  let depth = 0;
  let i = open;
  for (; i < p.end; i++) {
    const c = p.at(i);
    if (c === OPEN_PAREN || c === OPEN_BRACKET || c === OPEN_BRACE) depth++;
    else if ((c === CLOSE_PAREN || c === CLOSE_BRACKET || c === CLOSE_BRACE) && --depth === 0) {
      i++;
      break;
    }
  }
  p.pos = i;
}

/** True when the parenthesis at `i` closes on its line, so that it is a call and no prose. */
function closesSoon(p: Parser, i: number): boolean {
  const known = p.openParentheses;
  if (i >= known.from && i < known.to) return !known.unmatched.has(i);
  const opens: number[] = [];
  const limit = Math.min(p.end, i + LOOK_AHEAD);
  let j = i;
  for (; j < limit; j++) {
    const c = p.at(j);
    if (c === NEWLINE) break;
    if (c === OPEN_PAREN) opens.push(j);
    else if (c === CLOSE_PAREN) {
      opens.pop();
      if (opens.length === 0) return true;
    }
  }
  // Those that did not close here are not looked for again.
  p.openParentheses = { from: i, to: j, unmatched: new Set(opens) };
  return false;
}

/** Tells `@x[0]`, `@x[@i]`, `@x["k"]`, `@x[k]`, `@x[1:2]`, `@x[?a == 1]` from a block that follows without a space. */
function looksLikeIndex(p: Parser, open: number): boolean {
  let i = p.afterSpaces(open + 1);
  const c = p.at(i);
  if (c === QUESTION) return true;
  if (c === COLON) return p.at(i + 1) !== COLON;
  if (c === STAR) return p.at(p.afterSpaces(i + 1)) === CLOSE_BRACKET;
  if (isDigit(c) || c === MINUS) {
    i++;
    while (isDigit(p.at(i)) || p.at(i) === DOT) i++;
  } else if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) {
    const close = p.text.indexOf(p.text[i]!, i + 1);
    if (close === -1 || close - i > LOOK_AHEAD) return false;
    i = close + 1;
  } else if (c === AT) {
    const limit = Math.min(p.end, i + LOOK_AHEAD);
    let depth = 0;
    for (; i < limit; i++) {
      const d = p.at(i);
      if (d === OPEN_BRACKET || d === OPEN_PAREN) depth++;
      else if (d === CLOSE_PAREN) depth--;
      else if (d === CLOSE_BRACKET) {
        if (depth === 0) return true;
        depth--;
      } else if (d === NEWLINE || (d === EQUALS && p.at(i + 1) !== EQUALS && p.at(i - 1) !== EQUALS)) return false;
      else if (d === COMMA && depth === 0) return false;
    }
    return false;
  } else {
    const end = p.identifierEnd(i);
    if (end === i) return false;
    i = end;
  }
  const next = p.at(p.afterSpaces(i));
  return next === CLOSE_BRACKET || next === COLON;
}

function parseIndex(p: Parser, object: Expression): Expression {
  const start = object.start;
  const open = p.pos;
  if (!p.enter()) {
    skipGroup(p, open);
    return { kind: "IndexExpression", start, end: p.pos, object, index: p.missing(p.pos) };
  }
  p.pos++;
  p.skipSpaces();
  if (p.peek() === QUESTION) return parseFilter(p, object, open);
  const from = p.peek() === COLON ? null : parseIndexValue(p);
  p.skipSpaces();
  let to: Expression | null = null;
  const slice = p.peek() === COLON;
  if (slice) {
    p.pos++;
    p.skipSpaces();
    if (p.peek() !== CLOSE_BRACKET) to = parseIndexValue(p);
    p.skipSpaces();
  }
  closeIndex(p, open);
  if (slice) return { kind: "SliceExpression", start, end: p.pos, object, from, to };
  return { kind: "IndexExpression", start, end: p.pos, object, index: from ?? p.missing(open + 1) };
}

function parseIndexValue(p: Parser): Expression {
  const start = p.pos;
  const c = p.peek();
  if (c === STAR) {
    p.pos++;
    return { kind: "Wildcard", start, end: p.pos };
  }
  if (isDigit(c) || c === MINUS) return parseNumber(p);
  if (isIdentifierStart(c)) {
    p.pos = p.identifierEnd(start);
    return { kind: "BareWord", start, end: p.pos, text: p.text.slice(start, p.pos) };
  }
  return parseBinary(p, 0);
}

function closeIndex(p: Parser, open: number): void {
  p.depth--;
  if (p.peek() === CLOSE_BRACKET) p.pos++;
  else p.fail("syntax/unclosed-index", "Expected `]` to close the index.", open, open + 1);
}

const FILTER_OPERATORS = ["==", "!=", "~=", "<=", ">=", "<", ">", "~"];

function parseFilter(p: Parser, object: Expression, open: number): FilterExpression {
  p.pos++;
  p.skipSpaces();
  const fieldStart = p.pos;
  if (p.peek() === AT) p.pos++;
  while (p.identifierEnd(p.pos) > p.pos) {
    p.pos = p.identifierEnd(p.pos);
    if (p.peek() !== DOT) break;
    p.pos++;
  }
  const field = p.text.slice(fieldStart, p.pos);
  if (field === "") p.fail("syntax/missing-name", "Expected the name of a field after `[?`.", p.pos, p.pos);
  p.skipSpaces();
  let operator: string | null = null;
  let value: Expression | null = null;
  for (const candidate of FILTER_OPERATORS) {
    if (!p.text.startsWith(candidate, p.pos)) continue;
    operator = candidate;
    p.pos += candidate.length;
    p.skipSpaces();
    const inWith = p.inWith;
    p.inWith = true;
    value = parseBinary(p, 0);
    p.inWith = inWith;
    p.skipSpaces();
    break;
  }
  closeIndex(p, open);
  return { kind: "FilterExpression", start: object.start, end: p.pos, object, field, operator, value };
}
