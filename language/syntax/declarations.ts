import { parseBlock, parseUnopenedBlock } from "./blocks";
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
  GREATER,
  isDigit,
  isIdentifierPart,
  isIdentifierStart,
  LESS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  QUESTION,
  QUOTE,
  SEMICOLON,
} from "./characters";
import { parseCommandBody } from "./commands";
import { parseLabels } from "./effects";
import { takeEqualsAfter } from "./equals";
import { parseValue, startsValue, Where } from "./expressions";
import { parseLabelled } from "./label-expressions";
import { parseProperties, parseUnopenedObject } from "./literals";
import type { Parser } from "./parser";
import type { Place } from "./statement-words";
import { parseTail } from "./tails";
import type {
  Action,
  AssignStatement,
  Binding,
  ExeShadowStatement,
  ExeStatement,
  Expression,
  Label,
  LetStatement,
  Parameter,
  Pipeline,
  ReturnStatement,
  VarStatement,
} from "./tree";

/** `@name` where a name is declared; a missing `@` is mended. */
export function parseDeclaredName(p: Parser, keyword: string): Binding {
  const start = p.pos;
  if (p.peek() === AT) {
    const end = p.identifierEnd(start + 1);
    p.pos = end;
    if (end > start + 1) return { kind: "Binding", start, end, name: p.text.slice(start + 1, end) };
    let junk = end;
    while (isIdentifierPart(p.at(junk))) junk++;
    p.pos = junk;
    p.fail("syntax/invalid-name", "A name begins with a letter or `_`.", start, junk);
    return { kind: "Binding", start, end: junk, name: p.text.slice(start + 1, junk) };
  }
  const end = p.identifierEnd(start);
  if (end > start) {
    p.pos = end;
    const name = p.text.slice(start, end);
    p.fail("syntax/missing-at", `A name needs \`@\`: \`${keyword} @${name}\`.`, start, end, {
      title: `Write \`@${name}\``,
      edits: [{ start, end: start, newText: "@" }],
    });
    return { kind: "Binding", start, end, name };
  }
  p.fail("syntax/missing-name", `Expected \`@name\` after \`${keyword}\`.`, start, start);
  return { kind: "Binding", start, end: start, name: "" };
}

/** `=` behind a declared name; false when there is none and no value either. */
function takeEquals(p: Parser, before: string): boolean {
  const at = p.pos;
  if (takeEqualsAfter(p, before)) return true;
  const sameLine = p.pos < p.lineEnd(at);
  const value = sameLine ? { title: "Insert `=`", edits: [{ start: at, end: at, newText: " =" }] } : undefined;
  p.fail("syntax/missing-equals", `Expected \`=\` and a value after ${before}.`, at, at, value);
  if (!sameLine) p.pos = at;
  else if (p.peek() === COLON && p.at(p.pos + 1) !== COLON) p.pos++;
  return sameLine && startsAnyValue(p);
}

function startsAnyValue(p: Parser): boolean {
  const c = p.at(p.afterSpaces(p.pos));
  return (
    c === AT ||
    c === QUOTE ||
    c === APOSTROPHE ||
    c === BACKTICK ||
    c === OPEN_BRACE ||
    c === OPEN_BRACKET ||
    c === COLON ||
    c === LESS ||
    isDigit(c) ||
    startsValue(p, p.afterSpaces(p.pos))
  );
}

/** The value of a declaration, which may begin on the next line. */
function parseAssigned(p: Parser, where: Where): Action {
  const at = p.pos;
  p.skipWhitespace();
  const c = p.peek();
  const newLine = p.lineStart(p.pos) > at;
  if (c === -1 || c === CLOSE_BRACKET || c === SEMICOLON || (newLine && isDeclaration(p, p.pos))) {
    p.pos = at;
    p.fail("syntax/missing-value", "Expected a value after `=`.", at, at);
    return (where === Where.Exe ? parseUnopenedBlock(p, "value") : null) ?? p.missing(at);
  }
  if (p.atComment(p.pos)) {
    p.fail("syntax/comment-not-allowed", "No comment can stand between `=` and the value.", p.pos, p.lineEnd(p.pos));
    p.skipTrivia();
  }
  return (newLine ? parseUnopenedObject(p, at) : null) ?? parseValue(p, where);
}

const DECLARATIONS = new Set(["var", "exe", "let", "import", "export", "guard", "policy", "auth"]);

function isDeclaration(p: Parser, i: number): boolean {
  if (p.at(i) === EQUALS && p.at(i + 1) === GREATER) return true;
  return DECLARATIONS.has(p.text.slice(i, p.wordEnd(i)));
}

/** `var [tools] [labels] @name[?] = value`. */
export function parseVar(p: Parser): VarStatement {
  const start = p.pos;
  p.pos += 3;
  p.skipWhitespace();
  let tools = false;
  if (p.atWord(p.pos, "tools")) {
    const next = p.afterWhitespace(p.pos + 5);
    if (p.at(next) === AT || isIdentifierStart(p.at(next))) {
      tools = true;
      p.pos = next;
    }
  }
  const labels = parseDeclarationLabels(p);
  const name = parseDeclaredName(p, "var");
  if (p.peek() === DOT && name.name !== "") rejectField(p);
  if (p.peek() === OPEN_PAREN)
    p.fail("syntax/invalid-name", "`var` takes no parameters: declare a function with `exe`.", p.pos, p.pos + 1, {
      title: "Write `exe`",
      edits: [{ start, end: start + 3, newText: "exe" }],
    });
  const optional = p.peek() === QUESTION;
  if (optional) p.pos++;
  if (name.name === "" && p.peek() !== EQUALS)
    return { kind: "VarStatement", start, end: p.pos, tools, labels, name, optional, value: p.missing() };
  const value = takeEquals(p, `\`@${name.name}\``) ? parseAssigned(p, Where.Var) : p.missing();
  return { kind: "VarStatement", start, end: p.pos, tools, labels, name, optional, value };
}

function rejectField(p: Parser): void {
  const start = p.pos;
  p.pos++;
  p.pos = Math.max(p.pos, p.identifierEnd(p.pos));
  p.fail("syntax/invalid-name", "A declared name has no fields.", start, p.pos);
}

/** Words that mean something else where labels begin. */
const NO_LABELS = new Set(["module", "static", "live", "cached", "local", "foreach", "pipeline", "with", "from", "as"]);

/** Labels between the keyword and the name; a single word before no name is the name without its `@`. */
function parseDeclarationLabels(p: Parser): Label[] {
  const start = p.pos;
  const labels = parseLabels(p);
  if (labels.length === 0) return labels;
  const at = p.pos;
  p.skipWhitespace();
  if (p.peek() === AT) {
    const { name, start: from, end } = labels[0]!;
    if (NO_LABELS.has(name)) p.fail("syntax/invalid-name", `\`${name}\` is a keyword and no label.`, from, end);
    return labels;
  }
  if (p.peek() !== EQUALS && p.peek() !== OPEN_PAREN && p.lineStart(p.pos) <= at) {
    const end = p.identifierEnd(p.pos);
    if (end > p.pos) {
      // `var secret pii @x`: the comma between labels is missing.
      const behind = p.afterSpaces(end);
      if (p.at(behind) === EQUALS || p.at(behind) === OPEN_PAREN) return labels;
      if (p.at(behind) === AT) {
        p.fail("syntax/missing-comma", "Labels are separated by commas.", p.pos, end, {
          title: "Insert a comma",
          edits: [{ start: at, end: at, newText: "," }],
        });
        labels.push({ kind: "Label", start: p.pos, end, name: p.text.slice(p.pos, end) });
        p.pos = behind;
        return labels;
      }
    }
  }
  const last = labels.pop()!;
  p.pos = labels.length === 0 ? start : last.start;
  return labels;
}

/** `let @x = value`, `let @x += value`. */
export function parseLet(p: Parser): LetStatement {
  const start = p.pos;
  p.pos += 3;
  p.skipWhitespace();
  const name = parseDeclaredName(p, "let");
  if (p.peek() === DOT && name.name !== "") rejectField(p);
  let operator: "=" | "+=" = "=";
  const next = p.afterWhitespace(p.pos);
  let given: boolean;
  if (p.at(next) === PLUS && p.at(next + 1) === EQUALS) {
    operator = "+=";
    p.pos = next + 2;
    given = true;
  } else given = name.name !== "" && takeEquals(p, `\`@${name.name}\``);
  const value = given ? parseAssigned(p, Where.Let) : p.missing();
  return { kind: "LetStatement", start, end: p.pos, name, operator, value };
}

/** The assignment behind a reference in a block: `= value`, `+= value`. */
export function parseAssignment(p: Parser, target: Expression): AssignStatement {
  p.skipWhitespace();
  const operator = p.peek() === PLUS ? "+=" : "=";
  if (target.kind !== "VariableReference")
    p.fail(
      "syntax/invalid-name",
      "Only a plain name can be assigned to, no field: `@name = …`.",
      target.start,
      target.end,
    );
  p.pos += operator.length;
  const value = parseAssigned(p, Where.Let);
  return { kind: "AssignStatement", start: target.start, end: p.pos, target, operator, value };
}

/** `=> value`, or in some blocks a bare `=>`. */
export function parseReturn(p: Parser, place: Place): ReturnStatement {
  const start = p.pos;
  p.pos += 2;
  const next = p.afterWhitespace(p.pos);
  const c = p.at(next);
  if (c === -1 || c === CLOSE_BRACKET || c === SEMICOLON || p.atComment(next)) {
    if (place === "top" || place === "for" || place === "hook" || place === "when")
      p.fail("syntax/missing-value", "Expected a value after `=>`.", start, p.pos);
    return { kind: "ReturnStatement", start, end: p.pos, value: null };
  }
  p.pos = next;
  const value = parseLabelled(p) ?? parseValue(p, Where.Return);
  if (value.kind === "Pipeline") rejectPipedRun(p, value);
  return { kind: "ReturnStatement", start, end: Math.max(p.pos, start + 2), value };
}

/** mlld returns what `run cmd { … }` prints as it is. */
function rejectPipedRun(p: Parser, { source, stages }: Pipeline): void {
  if (source?.kind !== "RunExpression") return;
  const { kind } = source.target;
  if (kind !== "CommandExpression" && kind !== "CodeExpression") return;
  p.fail(
    "syntax/invalid-stage",
    "A returned `run` takes no pipe: write `=> cmd { … } | @f`, or assign its result with `let` first.",
    source.end,
    stages[0]?.start ?? source.end,
  );
}

// ---------------------------------------------------------------------------------------------------------------------- exe

const SHADOW_LANGUAGES = new Set(["js", "javascript", "node", "nodejs", "py", "python", "sh", "bash"]);
const METADATA = new Set(["risk", "risk.high", "risk.med", "risk.low", "about", "meta"]);

/** `exe [labels] @name[.meta][(params)] = body`, `exe js = { a, b }`. */
export function parseExe(p: Parser): ExeStatement | ExeShadowStatement {
  const start = p.pos;
  p.pos += 3;
  p.skipWhitespace();
  const shadow = parseShadow(p, start);
  if (shadow !== null) return shadow;
  const labels = parseDeclarationLabels(p);
  const name = parseDeclaredName(p, "exe");
  const metadata = parseMetadata(p);
  let parameters: Parameter[] | null = null;
  if (p.peek() === OPEN_PAREN) parameters = parseParameters(p);
  if (name.name === "" && p.peek() !== EQUALS && parameters === null)
    return { kind: "ExeStatement", start, end: p.pos, labels, name, metadata, parameters, body: p.missing() };
  const before = parameters === null ? `\`@${name.name}\`` : "the parameters";
  const body = takeEquals(p, before) ? parseExeBody(p) : p.missing();
  return { kind: "ExeStatement", start, end: p.pos, labels, name, metadata, parameters, body };
}

/** `.risk.high`, `.about` … behind the name of an exe. */
function parseMetadata(p: Parser): string | null {
  if (p.peek() !== DOT) return null;
  const start = p.pos + 1;
  let end = p.wordEnd(start);
  while (p.at(end) === DOT && p.wordEnd(end + 1) > end + 1) end = p.wordEnd(end + 1);
  if (!METADATA.has(p.text.slice(start, end)))
    p.fail("syntax/invalid-name", "The name of an `exe` has no fields.", p.pos, end);
  p.pos = end;
  return p.text.slice(start, end);
}

/** `exe js = { a, b }` (also `@js`), or null when this is an ordinary exe. */
function parseShadow(p: Parser, start: number): ExeShadowStatement | null {
  const wordStart = p.peek() === AT ? p.pos + 1 : p.pos;
  const wordEnd = p.wordEnd(wordStart);
  const language = p.text.slice(wordStart, wordEnd);
  if (!SHADOW_LANGUAGES.has(language)) return null;
  const equals = p.afterWhitespace(wordEnd);
  if (p.at(equals) !== EQUALS) return null;
  const brace = p.afterWhitespace(equals + 1);
  if (p.at(brace) !== OPEN_BRACE) return null;
  p.pos = brace;
  const properties = parseProperties(p, brace, "syntax/unclosed-object", "the list of functions", true);
  const names: Binding[] = [];
  for (const property of properties) {
    if (property.kind === "Property" && property.key.name !== null)
      names.push({ kind: "Binding", start: property.key.start, end: property.key.end, name: property.key.name });
  }
  return { kind: "ExeShadowStatement", start, end: p.pos, language, names };
}

/** `(a, @b: type)`. */
export function parseParameters(p: Parser): Parameter[] {
  const open = p.pos;
  const parameters: Parameter[] = [];
  p.pos++;
  p.skipWhitespace();
  while (p.peek() !== CLOSE_PAREN) {
    const start = p.pos;
    const sigil = p.peek() === AT ? 1 : 0;
    const end = p.identifierEnd(start + sigil);
    if (end === start + sigil) {
      const c = p.peek();
      if (c === -1 || c === EQUALS || c === NEWLINE || c === CLOSE_BRACE || c === OPEN_BRACE) break;
      p.fail("syntax/invalid-parameter", "Expected the name of a parameter.", start, start + 1);
      if (!skipToParameter(p)) break;
      continue;
    }
    p.pos = end;
    const type = parseParameterType(p);
    parameters.push({ kind: "Parameter", start, end: p.pos, name: p.text.slice(start + sigil, end), type });
    const behind = p.pos;
    p.skipWhitespace();
    const c = p.peek();
    if (c === CLOSE_PAREN) break;
    if (c === COMMA) {
      const comma = p.pos++;
      p.skipWhitespace();
      if (p.peek() === CLOSE_PAREN)
        p.fail("syntax/extra-comma", "Expected a parameter after the comma.", comma, comma + 1, {
          title: "Remove the comma",
          edits: [{ start: comma, end: comma + 1, newText: "" }],
        });
    } else if (p.identifierEnd(p.pos) > p.pos || c === AT) {
      p.fail("syntax/missing-comma", "Parameters are separated by commas.", behind, behind, {
        title: "Insert a comma",
        edits: [{ start: behind, end: behind, newText: "," }],
      });
    } else if (c === EQUALS && p.findInLine(")", p.pos) !== -1 && !valueBehindParenthesis(p)) {
      p.fail(
        "syntax/invalid-parameter",
        "A parameter has no default: use `@name ?? value` in the body.",
        p.pos,
        p.pos + 1,
      );
      if (!skipToParameter(p)) break;
    } else break;
  }
  if (p.peek() === CLOSE_PAREN) p.pos++;
  else p.fail("syntax/unclosed-parenthesis", "Expected `)` to close the parameters.", open, open + 1);
  return parameters.slice();
}

/** True in `exe @f(a = "x (y)"`: the `=` is that of the exe, whose `)` is missing. */
function valueBehindParenthesis(p: Parser): boolean {
  const close = p.findInLine(")", p.pos);
  const next = p.at(p.afterSpaces(close + 1));
  return next !== EQUALS && next !== COMMA;
}

function parseParameterType(p: Parser): string | null {
  const colon = p.afterSpaces(p.pos);
  if (p.at(colon) !== COLON) return null;
  const start = p.afterSpaces(colon + 1);
  let end = p.identifierEnd(start);
  while (p.at(end) === OPEN_BRACKET || p.at(end) === CLOSE_BRACKET || p.at(end) === QUESTION) end++;
  p.pos = end;
  if (end === start) p.fail("syntax/invalid-parameter", "Expected a type after `:`.", colon, colon + 1);
  return p.text.slice(start, end);
}

/** Moves to the next parameter on the line, or to `)`; false when there is neither. */
function skipToParameter(p: Parser): boolean {
  for (;;) {
    const c = p.peek();
    if (c === -1 || c === NEWLINE) return false;
    if (c === CLOSE_PAREN) return true;
    p.pos++;
    if (c === COMMA) {
      p.skipWhitespace();
      return true;
    }
  }
}

function parseExeBody(p: Parser): Action {
  const at = p.pos;
  p.skipWhitespace();
  const c = p.peek();
  if (c === OPEN_BRACKET && p.at(p.pos + 1) !== OPEN_BRACKET) return parseTail(p, parseBlock(p, "value"));
  if (c === OPEN_BRACE) return parseTail(p, parseBracedBody(p));
  p.pos = at;
  const body = parseAssigned(p, Where.Exe);
  checkBody(p, body);
  return body;
}

/** An object, also with bare names; a command that lacks its `cmd` is read as one. */
function parseBracedBody(p: Parser): Expression {
  const open = p.pos;
  const word = p.afterWhitespace(open + 1);
  const wordEnd = p.identifierEnd(word);
  const next = p.at(p.afterWhitespace(wordEnd));
  if (wordEnd > word && next !== COLON && next !== COMMA && next !== CLOSE_BRACE && next !== QUESTION) {
    p.fail(
      "syntax/missing-command",
      "Write `cmd { … }` for a command; an object has `key: value` entries.",
      open,
      open + 1,
      {
        title: "Insert `cmd`",
        edits: [{ start: open, end: open, newText: "cmd " }],
      },
    );
    const body = parseCommandBody(p);
    return { kind: "CommandExpression", start: open, end: p.pos, arguments: null, path: null, body, using: null };
  }
  const properties = parseProperties(p, open, "syntax/unclosed-object", "the object", true);
  return { kind: "ObjectExpression", start: open, end: p.pos, properties };
}

/** An exe is a command, code, a template, a block, a call …: not every value is one. */
function checkBody(p: Parser, body: Action): void {
  let what: string | null = null;
  switch (body.kind) {
    case "NumberLiteral":
    case "BooleanLiteral":
    case "NullLiteral":
    case "BinaryExpression":
    case "UnaryExpression":
    case "ConditionalExpression":
      what = "a computed value";
      break;
    case "WhenExpression":
      if (body.inline) what = "an inline `when`";
      break;
    case "RunExpression":
      if (body.stdin === null && body.target.kind === "CodeExpression" && !body.stream) {
        const code = body.target;
        p.fail("syntax/invalid-value", "The body of an `exe` is code without `run`.", body.start, code.start, {
          title: "Remove `run`",
          edits: [{ start: body.start, end: code.start, newText: "" }],
        });
      } else if (body.stdin === null && body.target.kind === "VariableReference")
        p.fail(
          "syntax/invalid-value",
          "Expected a call, or a pipe into a command: `run @input | cmd { … }`.",
          body.target.start,
          body.end,
        );
      return;
    case "CommandExpression":
      if (body.using !== null)
        p.fail(
          "syntax/invalid-using",
          "Write `run cmd { … } using …` in the body of an `exe`.",
          body.using.start,
          body.using.end,
          {
            title: "Insert `run`",
            edits: [{ start: body.start, end: body.start, newText: "run " }],
          },
        );
      return;
  }
  if (what === null) return;
  p.fail(
    "syntax/invalid-value",
    `The body of an \`exe\` cannot be ${what}: return it from a block.`,
    body.start,
    body.end,
    {
      title: "Put it in a block",
      edits: [
        { start: body.start, end: body.start, newText: "[ => " },
        { start: body.end, end: body.end, newText: " ]" },
      ],
    },
  );
}
