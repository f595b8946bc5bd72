import {
  APOSTROPHE,
  AT,
  BACKSLASH,
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
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUESTION,
  QUOTE,
  SEMICOLON,
  SLASH,
} from "./characters";
import { parseValue, Where } from "./expressions";
import type { Parser } from "./parser";
import { atKeyLine, atStatement, closesNothing, indentOf, swallowedByString, unclosedBracket } from "./recovery";
import { parseReference, skipGroup } from "./references";
import { parseString } from "./templates";
import type { Action, Expression, ObjectExpression, Property, PropertyKey, Spread } from "./tree";

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** A number, or a duration where one may stand. */
export function parseNumber(p: Parser): Expression {
  const start = p.pos;
  let i = start;
  let c = p.at(i);
  let value = 0;
  const negative = c === MINUS;
  if (negative) c = p.at(++i);
  while (isDigit(c)) {
    value = value * 10 + (c - 48);
    c = p.at(++i);
  }
  const whole = i;
  if (c === DOT && isDigit(p.at(i + 1))) {
    do c = p.at(++i);
    while (isDigit(c));
  }
  if (isIdentifierPart(c)) return parseSuffix(p, start, i);
  p.pos = i;
  // Digits beyond 2^53 and fractions take the exact route.
  if (i > whole || value > Number.MAX_SAFE_INTEGER) value = Number(p.text.slice(start, i));
  else if (negative) value = -value;
  return { kind: "NumberLiteral", start, end: i, value };
}

/** Letters right behind a number: the unit of a duration, or a slip. */
function parseSuffix(p: Parser, start: number, unitStart: number): Expression {
  let end = unitStart;
  while (isIdentifierPart(p.at(end))) end++;
  p.pos = end;
  const unit = UNITS[p.text.slice(unitStart, end)];
  const value = Number(p.text.slice(start, unitStart));
  if (unit !== undefined) {
    if (!p.inWith)
      p.fail(
        "syntax/invalid-number",
        `\`${p.text.slice(start, end)}\` is a duration, which no value can be: write a number, or quote it.`,
        start,
        end,
        {
          title: "Put it in quotes",
          edits: [
            { start, end: start, newText: '"' },
            { start: end, end, newText: '"' },
          ],
        },
      );
    return { kind: "Duration", start, end, milliseconds: value * unit };
  }
  p.fail("syntax/invalid-number", "A number has only digits, and a fraction after a point.", start, end);
  return { kind: "NumberLiteral", start, end, value };
}

/** `500ms` where only a duration (or a reference, or a plain number) makes sense: pacing, `cached(…)`. */
export function parseDuration(p: Parser): Expression {
  const inWith = p.inWith;
  p.inWith = true;
  const c = p.peek();
  const value = isDigit(c) ? parseNumber(p) : c === AT ? parseReference(p) : p.missing();
  if (value.kind === "Missing")
    p.fail("syntax/missing-value", "Expected a duration such as `500ms` or `2h`.", p.pos, p.pos);
  p.inWith = inWith;
  return value;
}

/** `/pattern/flags`. */
export function parseRegularExpression(p: Parser): Expression {
  const start = p.pos;
  let i = start + 1;
  let inClass = false;
  for (; ; i++) {
    const c = p.at(i);
    if (c === -1 || c === NEWLINE) {
      p.fail("syntax/unclosed-string", "Expected `/` to close the regular expression.", start, start + 1);
      p.pos = i;
      return { kind: "RegularExpression", start, end: i, pattern: p.text.slice(start + 1, i), flags: "" };
    }
    // Nothing is escaped by a backslash at the end of the line or of the text.
    if (c === BACKSLASH && p.at(i + 1) !== -1 && p.at(i + 1) !== NEWLINE) i++;
    else if (c === OPEN_BRACKET) inClass = true;
    else if (c === CLOSE_BRACKET) inClass = false;
    else if (c === SLASH && !inClass) break;
  }
  const close = i++;
  while (isIdentifierPart(p.at(i))) i++;
  p.pos = i;
  return {
    kind: "RegularExpression",
    start,
    end: i,
    pattern: p.text.slice(start + 1, close),
    flags: p.text.slice(close + 1, i),
  };
}

/** True when a statement follows, and no entry of the list that opens at `open`: entries are indented deeper than that line. */
function endsBeforeStatement(p: Parser, open: number): boolean {
  return atStatement(p, p.pos) && indentOf(p, p.pos) <= indentOf(p, open);
}

/** True when the first entry of a list begins behind its opening bracket. */
function firstEntry(p: Parser, open: number, close: number): boolean {
  p.skipTrivia();
  const c = p.peek();
  return c !== close && c !== -1 && !endsBeforeStatement(p, open);
}

/** Where the entry after a comma should begin; reports a doubled or missing comma. Returns false at the end of the list. */
function nextEntry(p: Parser, open: number, close: number, what: string): boolean {
  let before = p.pos;
  p.skipTrivia();
  let c = p.peek();
  if (close === CLOSE_BRACE && (c === CLOSE_BRACKET || c === CLOSE_PAREN) && closesNothing(p, open)) {
    p.fail("syntax/text-after-statement", `This \`${p.text[p.pos]}\` closes nothing.`, p.pos, p.pos + 1);
    before = ++p.pos;
    p.skipTrivia();
    c = p.peek();
  }
  if (c === -1 || c === CLOSE_BRACE || c === CLOSE_BRACKET || c === CLOSE_PAREN) return false;
  if (endsBeforeStatement(p, open)) return false;
  if (c === COMMA) {
    p.pos++;
    p.skipTrivia();
    for (c = p.peek(); c === COMMA; c = p.peek()) {
      p.fail("syntax/extra-comma", "Expected an entry between the commas.", p.pos, p.pos + 1, {
        title: "Remove the comma",
        edits: [{ start: p.pos, end: p.pos + 1, newText: "" }],
      });
      p.pos++;
      p.skipTrivia();
    }
    return c !== close && c !== -1 && !endsBeforeStatement(p, open);
  }
  if (c === SEMICOLON) {
    p.fail("syntax/missing-comma", `Entries of ${what} are separated by commas.`, p.pos, p.pos + 1, {
      title: "Replace `;` by a comma",
      edits: [{ start: p.pos, end: p.pos + 1, newText: "," }],
    });
    p.pos++;
    p.skipTrivia();
    return p.peek() !== close && p.peek() !== -1;
  }
  p.fail("syntax/missing-comma", `Expected a comma between the entries of ${what}.`, before, before, {
    title: "Insert a comma",
    edits: [{ start: before, end: before, newText: "," }],
  });
  return true;
}

export function parseArray(p: Parser): Expression {
  const start = p.pos;
  if (!p.enter()) {
    skipGroup(p, start);
    return { kind: "ArrayExpression", start, end: p.pos, elements: [] };
  }
  const base = p.top;
  const multiline = p.multiline;
  p.multiline = true;
  p.lists++;
  p.pos++;
  let more = firstEntry(p, start, CLOSE_BRACKET);
  while (more) {
    const before = p.pos;
    p.hold(parseElement(p));
    if (p.pos === before && !skipUnexpected(p, CLOSE_BRACKET)) break;
    const end = p.pos;
    more = nextEntry(p, start, CLOSE_BRACKET, "an array");
    if (more && p.lists > 1 && atKeyLine(p, p.pos)) {
      // The next entry of the object around: this array lacks its `]`.
      p.pos = end;
      break;
    }
  }
  p.multiline = multiline;
  p.lists--;
  p.depth--;
  if (p.peek() === CLOSE_BRACKET) p.pos++;
  else if (!swallowedByString(p, start)) {
    const open = unclosedBracket(p, start);
    p.fail("syntax/unclosed-array", "Expected `]` to close the array.", open, open + 1);
  }
  return { kind: "ArrayExpression", start, end: p.pos, elements: p.take(base) };
}

function parseElement(p: Parser): Expression {
  if (p.peek() === DOT && p.text.startsWith("...", p.pos)) {
    const start = p.pos;
    p.pos += 3;
    const argument = parseValue(p, Where.Element) as Expression;
    p.fail("syntax/invalid-spread", "An array takes no spread: only objects do.", start, start + 3);
    return argument;
  }
  return parseValue(p, Where.Element) as Expression;
}

/** Steps over text that begins no entry, up to the next separator outside brackets; false when the list has to end here. */
function skipUnexpected(p: Parser, close: number): boolean {
  const start = p.pos;
  let i = start;
  let depth = 0;
  for (; ; i++) {
    const c = p.at(i);
    if (c === -1 || c === NEWLINE || (depth === 0 && (c === COMMA || c === close))) break;
    if (c === OPEN_BRACE || c === OPEN_BRACKET || c === OPEN_PAREN) depth++;
    else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET || c === CLOSE_PAREN) && depth-- === 0) break;
  }
  p.pos = i;
  return i > start;
}

export function parseObject(p: Parser): ObjectExpression {
  const start = p.pos;
  const properties = parseProperties(p, start, "syntax/unclosed-object", "the object", false);
  return { kind: "ObjectExpression", start, end: p.pos, properties };
}

/** The entries between `{` at the position and `}`; `bare` allows keys without a value (`{ a, b }`). */
export function parseProperties(
  p: Parser,
  open: number,
  unclosed: "syntax/unclosed-object" | "syntax/invalid-with",
  what: string,
  bare: boolean,
): (Property | Spread)[] {
  if (!p.enter()) {
    skipGroup(p, open);
    return [];
  }
  const base = p.top;
  const multiline = p.multiline;
  p.multiline = true;
  p.lists++;
  p.pos = open + 1;
  let more = firstEntry(p, open, CLOSE_BRACE);
  while (more) {
    const before = p.pos;
    if (p.peek() === DOT) p.hold(parseSpread(p));
    else {
      const property = parseProperty(p, bare);
      if (property !== null) p.hold(property);
    }
    if (p.pos === before && !skipUnexpected(p, CLOSE_BRACE)) break;
    more = nextEntry(p, open, CLOSE_BRACE, what === "the object" ? "an object" : what);
  }
  p.multiline = multiline;
  p.lists--;
  p.depth--;
  if (p.peek() === CLOSE_BRACE) p.pos++;
  else if (!swallowedByString(p, open)) {
    const at = unclosedBracket(p, open);
    p.fail(
      at === open ? unclosed : "syntax/unclosed-object",
      `Expected \`}\` to close ${at === open ? what : "the object"}.`,
      at,
      at + 1,
    );
  }
  return p.take(base);
}

/** The entries of an object whose `{` is missing at the end of a line, when the next line begins with a key. */
export function parseUnopenedObject(p: Parser, at: number): ObjectExpression | null {
  if (!atKeyLine(p, p.pos)) return null;
  const start = p.pos;
  p.fail("syntax/missing-value", "Expected `{` before the entries of the object.", at, at, {
    title: "Insert `{`",
    edits: [{ start: at, end: at, newText: " {" }],
  });
  const properties = parseProperties(p, start - 1, "syntax/unclosed-object", "the object", false);
  return { kind: "ObjectExpression", start, end: p.pos, properties };
}

function parseSpread(p: Parser): Spread {
  const start = p.pos;
  while (p.peek() === DOT) p.pos++;
  if (p.pos - start !== 3)
    p.fail("syntax/invalid-spread", "A spread is written `...@name`.", start, p.pos, {
      title: "Write `...`",
      edits: [{ start, end: p.pos, newText: "..." }],
    });
  let argument: Expression;
  if (p.peek() === AT) {
    const at = p.pos;
    argument = parseReference(p);
    if (argument.kind === "CallExpression")
      p.fail(
        "syntax/invalid-spread",
        "A spread takes a name with fields, no call: assign the result to a name first.",
        at,
        p.pos,
      );
  } else {
    argument = p.missing();
    p.fail("syntax/invalid-spread", "Expected `@name` after `...`.", p.pos, p.pos);
  }
  return { kind: "Spread", start, end: p.pos, argument };
}

/** Keys of `with { … }` whose values are names without quotes: `using: { var: @k, as: NAME }`, `pipeline: [ show, @f ]`. */
const BARE_WORD_KEYS = new Set(["as", "auth", "resume", "pipeline"]);

function parseProperty(p: Parser, bare: boolean): Property | null {
  const start = p.pos;
  const key = parseKey(p);
  if (key === null) return null;
  const keyEnd = p.pos;
  let optional = false;
  if (p.peek() === QUESTION) {
    optional = true;
    p.pos++;
  }
  p.skipTrivia();
  let value: Action | null = null;
  const c = p.peek();
  if (c === COLON) {
    const colon = ++p.pos;
    p.skipTrivia();
    const bareWords = p.bareWords;
    p.bareWords = p.inWith && key.name !== null && BARE_WORD_KEYS.has(key.name);
    value = parseUnopenedObject(p, colon) ?? parseValue(p, Where.Property);
    p.bareWords = bareWords;
  } else if (bare && (c === COMMA || c === CLOSE_BRACE || c === NEWLINE || isIdentifierStart(c))) {
    p.pos = keyEnd;
  } else if (c === EQUALS) {
    p.fail("syntax/missing-colon", "Expected `:` between key and value.", p.pos, p.pos + 1, {
      title: "Replace `=` by `:`",
      edits: [{ start: p.pos, end: p.pos + 1, newText: ":" }],
    });
    p.pos++;
    p.skipTrivia();
    value = parseValue(p, Where.Property);
  } else {
    p.pos = keyEnd;
    p.fail(
      "syntax/missing-colon",
      `Expected \`:\` and a value after the key \`${p.text.slice(start, keyEnd)}\`.`,
      start,
      keyEnd,
    );
    value = p.missing();
    if (c === AT || c === QUOTE || c === APOSTROPHE || c === OPEN_BRACKET || c === OPEN_BRACE || isDigit(c)) {
      p.skipTrivia();
      value = parseValue(p, Where.Property);
    }
  }
  return { kind: "Property", start, end: p.pos, key, optional, value };
}

function parseKey(p: Parser): PropertyKey | null {
  const start = p.pos;
  const c = p.peek();
  const end = p.identifierEnd(start);
  if (end > start) {
    p.pos = end;
    return { kind: "PropertyKey", start, end, name: p.text.slice(start, end), template: null };
  }
  if (c === QUOTE || c === APOSTROPHE) {
    const template = parseString(p);
    const only = template.parts.length === 1 ? template.parts[0]! : null;
    const name = template.parts.length === 0 ? "" : only !== null && only.kind === "Text" ? only.value : null;
    return { kind: "PropertyKey", start, end: p.pos, name, template: c === QUOTE ? template : null };
  }
  if (c === AT && p.identifierEnd(start + 1) > start + 1) {
    p.pos = p.identifierEnd(start + 1);
    p.fail("syntax/invalid-key", "A key is a name or a quoted string, without `@`.", start, p.pos, {
      title: "Remove the `@`",
      edits: [{ start, end: start + 1, newText: "" }],
    });
    return { kind: "PropertyKey", start, end: p.pos, name: p.text.slice(start + 1, p.pos), template: null };
  }
  if (isDigit(c)) {
    let i = start;
    while (isDigit(p.at(i))) i++;
    p.pos = i;
    const name = p.text.slice(start, i);
    p.fail("syntax/invalid-key", "A key is a name or a quoted string.", start, i, {
      title: "Put the key in quotes",
      edits: [{ start, end: i, newText: `"${name}"` }],
    });
    return { kind: "PropertyKey", start, end: i, name, template: null };
  }
  p.fail("syntax/invalid-key", "Expected a key: a name or a quoted string.", start, start + 1);
  if (c === OPEN_BRACKET) {
    skipGroup(p, start);
    return { kind: "PropertyKey", start, end: p.pos, name: null, template: null };
  }
  // The key alone is missing: its value is read.
  if (c === COLON) return { kind: "PropertyKey", start, end: start, name: null, template: null };
  return null;
}
