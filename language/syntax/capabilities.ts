import {
  APOSTROPHE,
  AT,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isIdentifierPart,
  isIdentifierStart,
  isSpace,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUOTE,
  STAR,
} from "./characters";
import { parseDeclaredName } from "./declarations";
import { takeEqualsAfter } from "./equals";
import { parseObject, parseUnopenedObject } from "./literals";
import type { Parser } from "./parser";
import { behindText } from "./recovery";
import { parseArguments, parseReference, skipGroup } from "./references";
import { parseString } from "./templates";
import type {
  AuthStatement,
  Binding,
  Expression,
  NeedsStatement,
  ObjectExpression,
  PolicyStatement,
  ProfilesStatement,
  Property,
  PropertyKey,
  Spread,
} from "./tree";

/** `needs { … }`. */
export function parseNeeds(p: Parser): NeedsStatement {
  const start = p.pos;
  p.pos += 5;
  const value = parseNeedsBody(p, "needs");
  return { kind: "NeedsStatement", start, end: p.pos, value };
}

/** `profiles { NAME: { requires: { … }, description: "…" } }`. */
export function parseProfiles(p: Parser): ProfilesStatement {
  const start = p.pos;
  p.pos += 8;
  const value = parseNeedsBody(p, "profiles");
  for (const profile of value.properties) {
    if (profile.kind !== "Property" || profile.value?.kind !== "ObjectExpression") {
      if (profile.kind === "Property" && profile.value?.kind !== "Missing")
        p.fail("syntax/invalid-profile", "A profile is an object: `{ requires: { … } }`.", profile.start, profile.end);
    } else checkProfile(p, profile.value);
  }
  return { kind: "ProfilesStatement", start, end: p.pos, value };
}

function checkProfile(p: Parser, { properties }: ObjectExpression): void {
  for (const entry of properties) {
    const key = entry.kind === "Property" ? entry.key : entry;
    if (key.kind === "PropertyKey" && (key.name === "requires" || key.name === "description")) continue;
    p.fail("syntax/invalid-profile", "A profile has `requires` and `description`, nothing else.", key.start, key.end);
  }
}

function parseNeedsBody(p: Parser, keyword: string): ObjectExpression {
  const at = p.pos;
  p.skipWhitespace();
  if (p.peek() === OPEN_BRACE) return parseNeedsObject(p);
  const line = p.lineEnd(p.pos);
  const sameLine = p.pos < line && p.lineStart(p.pos) <= at;
  p.fail(
    "syntax/invalid-needs",
    `Expected \`{ … }\` after \`${keyword}\`.`,
    sameLine ? p.pos : at,
    sameLine ? p.pos : at,
    sameLine
      ? {
          title: "Put them in braces",
          edits: [
            { start: p.pos, end: p.pos, newText: "{ " },
            { start: line, end: line, newText: " }" },
          ],
        }
      : undefined,
  );
  p.pos = sameLine ? line : at;
  return { kind: "ObjectExpression", start: at, end: at, properties: [] };
}

/** Entries with bare words, separated by commas or line ends: `{ sh, cmd: [git], node: [lodash@^4] }`. */
function parseNeedsObject(p: Parser): ObjectExpression {
  const start = p.pos;
  const properties: (Property | Spread)[] = [];
  if (!p.enter()) {
    skipGroup(p, start);
    return { kind: "ObjectExpression", start, end: p.pos, properties };
  }
  p.pos++;
  for (;;) {
    p.skipTrivia();
    const c = p.peek();
    if (c === COMMA) {
      p.pos++;
      continue;
    }
    if (c === CLOSE_BRACE || c === -1) break;
    const before = p.pos;
    const property = parseNeedsEntry(p);
    if (property !== null) properties.push(property);
    else if (p.pos === before) break;
  }
  p.depth--;
  if (p.peek() === CLOSE_BRACE) p.pos++;
  else p.fail("syntax/unclosed-object", "Expected `}` to close the object.", start, start + 1);
  return { kind: "ObjectExpression", start, end: p.pos, properties };
}

/** Languages whose entry is the list of packages. */
const ECOSYSTEMS = new Set(["js", "node", "py", "python", "rb", "ruby", "go", "rust"]);

function parseNeedsEntry(p: Parser): Property | null {
  const start = p.pos;
  const c = p.peek();
  let key: PropertyKey;
  if (c === QUOTE || c === APOSTROPHE) {
    parseString(p);
    key = { kind: "PropertyKey", start, end: p.pos, name: p.text.slice(start + 1, p.pos - 1), template: null };
  } else if (isIdentifierStart(c)) {
    p.pos = p.identifierEnd(start);
    key = { kind: "PropertyKey", start, end: p.pos, name: p.text.slice(start, p.pos), template: null };
  } else {
    p.fail("syntax/invalid-needs", "Expected the name of a capability.", start, start + 1);
    const close = p.findInLine("}", start);
    p.pos = close === -1 ? p.lineEnd(start) : close;
    return null;
  }
  const colon = p.afterSpaces(p.pos);
  let value: Expression | null = null;
  const ecosystem = key.name !== null && ECOSYSTEMS.has(key.name);
  if (p.at(colon) === COLON) {
    p.pos = p.afterWhitespace(colon + 1);
    const valueStart = p.pos;
    value = parseNeedsValue(p);
    if (ecosystem && value.kind === "ObjectExpression")
      p.fail(
        "syntax/invalid-needs",
        `\`${key.name}\` takes a list of packages: \`${key.name}: [name]\`.`,
        valueStart,
        valueStart + 1,
      );
  } else if (ecosystem) {
    p.fail(
      "syntax/invalid-needs",
      `\`${key.name}\` takes a list of packages: \`${key.name}: [name]\`, or \`[]\` for none.`,
      start,
      p.pos,
      {
        title: "Insert an empty list",
        edits: [{ start: p.pos, end: p.pos, newText: ": []" }],
      },
    );
  }
  return { kind: "Property", start, end: p.pos, key, optional: false, value };
}

function parseNeedsValue(p: Parser): Expression {
  const start = p.pos;
  const c = p.peek();
  if (c === OPEN_BRACE) return parseNeedsObject(p);
  if (c === OPEN_BRACKET) return parseNeedsList(p);
  if (c === QUOTE || c === APOSTROPHE) return parseString(p);
  if (c === AT) return parseReference(p);
  if (c === STAR && !isIdentifierPart(p.at(start + 1))) {
    p.pos++;
    return { kind: "Wildcard", start, end: p.pos };
  }
  const end = packageEnd(p, start);
  p.pos = end;
  if (end === start) {
    p.fail("syntax/missing-value", "Expected a value after `:`.", start, start);
    return p.missing();
  }
  const text = p.text.slice(start, end);
  if (text === "true" || text === "false") return { kind: "BooleanLiteral", start, end, value: text === "true" };
  return { kind: "BareWord", start, end, text };
}

/** The end of `lodash@^4`, `@scope/pkg`, `git`, `*`: text up to a separator. */
function packageEnd(p: Parser, i: number): number {
  for (;;) {
    const c = p.at(i);
    if (
      c === -1 ||
      c === NEWLINE ||
      isSpace(c) ||
      c === COMMA ||
      c === CLOSE_BRACKET ||
      c === CLOSE_BRACE ||
      c === OPEN_BRACE ||
      c === OPEN_BRACKET
    )
      return i;
    i++;
  }
}

function parseNeedsList(p: Parser): Expression {
  const start = p.pos;
  const elements: Expression[] = [];
  p.pos++;
  for (;;) {
    p.skipTrivia();
    const c = p.peek();
    if (c === COMMA) {
      p.pos++;
      continue;
    }
    if (c === CLOSE_BRACKET || c === -1) break;
    const element = c === AT ? parsePackage(p) : parseNeedsValue(p);
    if (element.kind === "Missing") break;
    elements.push(element);
  }
  if (p.peek() === CLOSE_BRACKET) p.pos++;
  else p.fail("syntax/unclosed-array", "Expected `]` to close the array.", start, start + 1);
  return { kind: "ArrayExpression", start, end: p.pos, elements };
}

function parsePackage(p: Parser): Expression {
  const start = p.pos;
  p.pos = packageEnd(p, start);
  return { kind: "BareWord", start, end: p.pos, text: p.text.slice(start, p.pos) };
}

function takeEquals(p: Parser, name: Binding): boolean {
  const at = p.pos;
  if (takeEqualsAfter(p, `\`@${name.name}\``)) {
    p.skipWhitespace();
    return true;
  }
  p.fail("syntax/missing-equals", `Expected \`=\` after \`@${name.name}\`.`, at, at, {
    title: "Insert `=`",
    edits: [{ start: at, end: at, newText: " =" }],
  });
  if (p.peek() === OPEN_BRACE || p.peek() === QUOTE) return true;
  p.pos = at;
  return false;
}

/** `policy @p = { … }`, `policy @p = union(@a, @b)`. */
export function parsePolicy(p: Parser): PolicyStatement {
  const start = p.pos;
  p.pos += 6;
  p.skipWhitespace();
  const name = parseDeclaredName(p, "policy");
  const value = takeEquals(p, name) ? parsePolicyValue(p) : p.missing();
  return { kind: "PolicyStatement", start, end: p.pos, name, value };
}

function parsePolicyValue(p: Parser): Expression {
  const start = p.pos;
  if (p.peek() === OPEN_BRACE) return parseObject(p);
  const entries = parseUnopenedObject(p, behindText(p));
  if (entries !== null) return entries;
  if (p.atWord(start, "union")) {
    p.pos += 5;
    const callee: Expression = { kind: "BareWord", start, end: p.pos, text: "union" };
    p.skipSpaces();
    if (p.peek() === OPEN_PAREN) {
      const args = parseArguments(p);
      const wrong = args.find(({ kind }) => kind !== "VariableReference" && kind !== "MemberExpression");
      if (wrong !== undefined || args.length === 0)
        p.fail(
          "syntax/invalid-policy",
          "Expected the policies to join: `union(@a, @b)`.",
          wrong?.start ?? start,
          wrong?.end ?? p.pos,
        );
      return { kind: "CallExpression", start, end: p.pos, callee, arguments: args };
    }
    p.fail("syntax/invalid-policy", "Expected the policies to join: `union(@a, @b)`.", p.pos, p.pos);
    return callee;
  }
  const isReference = p.peek() === AT;
  p.fail("syntax/invalid-policy", "A policy is an object, or `union(@a, @b)` of others.", start, start + 1);
  return isReference ? parseReference(p) : p.missing();
}

/** `auth @n = "NAME"`, `auth @n = { from: "…", as: "…" }`. */
export function parseAuth(p: Parser): AuthStatement {
  const start = p.pos;
  p.pos += 4;
  p.skipWhitespace();
  const name = parseDeclaredName(p, "auth");
  let value: Expression = p.missing();
  if (takeEquals(p, name)) {
    const c = p.peek();
    if (c === OPEN_BRACE) value = parseObject(p);
    else if (c === QUOTE || c === APOSTROPHE) value = parseString(p);
    else {
      value = p.missing();
      p.fail("syntax/missing-value", 'Expected `"NAME"` or `{ from: "…", as: "…" }`.', p.pos, p.pos);
    }
  }
  return { kind: "AuthStatement", start, end: p.pos, name, value };
}
