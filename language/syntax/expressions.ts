import { looksLikeBlock, parseBlock } from "./blocks";
import {
  APOSTROPHE,
  AT,
  BACKTICK,
  BANG,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  isDigit,
  isIdentifierPart,
  isIdentifierStart,
  isSpace,
  LESS,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PIPE,
  QUESTION,
  QUOTE,
  SEMICOLON,
  SLASH,
  STAR,
} from "./characters";
import { parseCode, parseCommand } from "./commands";
import { parseEffectValue } from "./effects";
import { parseEnv, parseNew } from "./env";
import { parseFileAccess } from "./file-references";
import { parseFor, parseForeach, parseLoop, parseWhile } from "./for";
import { parseArray, parseNumber, parseObject, parseRegularExpression } from "./literals";
import { parseBinary } from "./operators";
import type { Parser } from "./parser";
import { parseReference, skipGroup } from "./references";
import { parseProse, parseRun, parseStream, parseTemplateFile } from "./run";
import { parseControl } from "./statements";
import { parseParallelGroup, parseTail } from "./tails";
import { parseTemplate } from "./templates";
import type { Action, Expression, Missing } from "./tree";
import { parseWhen } from "./when";
import { WordTable } from "./words";

/** Where a value stands; some forms are allowed only in some places. */
export const Where = {
  Var: 0,
  Let: 1,
  Exe: 2,
  Return: 3,
  Action: 4,
  Argument: 5,
  Element: 6,
  Property: 7,
  With: 8,
} as const;
export type Where = (typeof Where)[keyof typeof Where];

const Word = {
  When: 1,
  Foreach: 2,
  New: 3,
  Run: 4,
  Cmd: 5,
  Code: 6,
  True: 7,
  False: 8,
  Null: 9,
  None: 10,
  For: 11,
  Env: 12,
  Loop: 13,
  Stream: 14,
  Template: 15,
  Prose: 16,
  Effect: 17,
  Mcp: 18,
  While: 19,
  Not: 21,
  Control: 20,
} as const;

const WORDS = new WordTable([
  ["when", Word.When],
  ["foreach", Word.Foreach],
  ["new", Word.New],
  ["run", Word.Run],
  // mlld takes `run` in value position without a space behind it.
  ...["cmd", "sh", "bash", "js", "node", "py", "python"].map((word): [string, number] => [`run${word}`, Word.Run]),
  ["cmd", Word.Cmd],
  ["sh", Word.Code],
  ["bash", Word.Code],
  ["js", Word.Code],
  ["javascript", Word.Code],
  ["node", Word.Code],
  ["py", Word.Code],
  ["python", Word.Code],
  ["true", Word.True],
  ["false", Word.False],
  ["null", Word.Null],
  ["none", Word.None],
  ["denied", Word.None],
  ["for", Word.For],
  ["env", Word.Env],
  ["box", Word.Env],
  ["loop", Word.Loop],
  ["stream", Word.Stream],
  ["template", Word.Template],
  ["prose", Word.Prose],
  ["show", Word.Effect],
  ["log", Word.Effect],
  ["output", Word.Effect],
  ["append", Word.Effect],
  ["mcp", Word.Mcp],
  ["while", Word.While],
  ["not", Word.Not],
  ["skip", Word.Control],
  ["done", Word.Control],
  ["continue", Word.Control],
  ["retry", Word.Control],
]);

/** The word at `i` when it introduces a value, else 0. */
function wordAt(p: Parser, i: number): number {
  const end = p.wordEnd(i);
  const word = WORDS.find(p.text, i, end);
  // `env-foo` and `js.x` are no keywords; `cmd:path` is one.
  return word === 0 || (p.at(end) === MINUS && isIdentifierPart(p.at(end + 1))) ? 0 : word;
}

/** True when a word at `i` begins a value, so that it is no label and no raw text. */
export function startsValue(p: Parser, i: number): boolean {
  return wordAt(p, i) !== 0;
}

/** A value with its pipeline, `with` and `as`. */
export function parseValue(p: Parser, where: Where): Action {
  if (!p.enter()) return skipTooDeep(p);
  const value = parseValueInside(p, where);
  p.depth--;
  return value;
}

/** Steps over what is nested too deeply: its bracket group, or the rest of the line. */
export function skipTooDeep(p: Parser): Missing {
  const c = p.peek();
  if (c === OPEN_BRACKET || c === OPEN_BRACE || c === OPEN_PAREN) skipGroup(p, p.pos);
  else p.pos = p.lineEnd(p.pos);
  return p.missing();
}

function parseValueInside(p: Parser, where: Where): Action {
  const c = p.peek();
  if (isIdentifierStart(c)) {
    switch (wordAt(p, p.pos)) {
      case Word.For:
        return notInLiteral(p, where, "for") ?? parseFor(p, true);
      case Word.Env:
        return notInLiteral(p, where, "env") ?? parseTail(p, parseEnv(p));
      case Word.Loop:
        return notInLiteral(p, where, "loop") ?? parseTail(p, parseLoop(p));
      case Word.While:
        return parseWhile(p);
      case Word.Stream:
        return parseStream(p);
      case Word.Template:
        return parseTemplateFile(p, where);
      case Word.Effect:
        if (p.bareWords && endsElement(p)) break;
        return effectAsValue(p, where) ?? parseEffectValue(p);
      case Word.Control:
        if (where !== Where.Return && where !== Where.Action) break;
        return parseControl(p);
    }
  } else if (c === OPEN_BRACKET) {
    if (where === Where.Exe || (!p.bareWords && looksLikeBlock(p, p.pos, where === Where.Action))) {
      if (where === Where.Argument || where === Where.Element || where === Where.Property)
        return blockInValue(p, where);
      return parseTail(p, parseBlock(p, "value"));
    }
  } else if (c === PIPE && p.at(p.pos + 1) === PIPE) {
    const start = p.pos;
    const group = parseParallelGroup(p);
    return parseTail(p, { kind: "Pipeline", start, end: p.pos, source: null, stages: [group], condensed: false });
  }
  const value = parseExpression(p);
  if (value.kind === "ConditionalValue" && where < Where.Argument && value.value.kind === "VariableReference")
    p.fail("syntax/invalid-value", "`@name?` stands in lists, arguments and templates only.", value.end - 1, value.end);
  else if (value.kind === "CommandExpression" && where === Where.Property)
    p.fail("syntax/invalid-value", "In an object a command is written `run cmd { … }`.", value.start, value.start + 3, {
      title: "Insert `run`",
      edits: [{ start: value.start, end: value.start, newText: "run " }],
    });
  else if (c === STAR || c === SLASH || isIdentifierStart(c)) rejectConditions(p, value, where);
  return parseTail(p, value);
}

/** `*`, `none` and `denied` are conditions, patterns are arguments, and code takes arguments behind `run` only. */
function rejectConditions(p: Parser, value: Expression, where: Where): void {
  if (where > Where.Return && where !== Where.Element && (where !== Where.Property || p.inWith)) return;
  if (value.kind === "Wildcard" || (value.kind === "BareWord" && NO_VALUES.has(value.text) && !p.bareWords))
    p.fail(
      "syntax/invalid-value",
      `\`${p.text.slice(value.start, value.end)}\` is a condition of \`when\`, no value.`,
      value.start,
      value.end,
    );
  else if (value.kind === "RegularExpression")
    p.fail("syntax/invalid-value", "A `/pattern/` stands in arguments only.", value.start, value.end);
  else if (value.kind === "CodeExpression" && value.arguments !== null && where <= Where.Let)
    p.fail(
      "syntax/invalid-value",
      "Code with arguments is written `run js(@x) { … }`.",
      value.start,
      value.body.start,
      {
        title: "Insert `run`",
        edits: [{ start: value.start, end: value.start, newText: "run " }],
      },
    );
}

const NO_VALUES = new Set(["none", "denied"]);

/** Of the effects only `show` is a value that a name can take. In an array they stand as stages of a `pipeline`. */
function effectAsValue(p: Parser, where: Where): null {
  const end = p.wordEnd(p.pos);
  const word = p.text.slice(p.pos, end);
  if (!p.inWith && (where === Where.Element || where === Where.Property)) return notInLiteral(p, where, word);
  if ((where === Where.Var || where === Where.Let) && word !== "show")
    p.fail("syntax/invalid-value", `\`${word}\` has no value: write it as a statement of its own.`, p.pos, end);
  return null;
}

/** True when the word at the position stands alone in a list: `pipeline: [ show, @f ]`. */
function endsElement(p: Parser): boolean {
  const c = p.at(p.afterWhitespace(p.wordEnd(p.pos)));
  return c === COMMA || c === CLOSE_BRACKET;
}

/** mlld takes no `env`, `for` or `loop` inside an array, an object or arguments. */
function notInLiteral(p: Parser, where: Where, what: string): null {
  if (where === Where.Element || where === Where.Property || where === Where.Argument) {
    const place = where === Where.Element ? "an array" : where === Where.Property ? "an object" : "arguments";
    p.fail(
      "syntax/invalid-value",
      `\`${what}\` cannot stand inside ${place}: assign it to a name first.`,
      p.pos,
      p.pos + what.length,
    );
  }
  return null;
}

function blockInValue(p: Parser, where: Where): Action {
  const start = p.pos;
  const place =
    where === Where.Argument ? "function arguments" : where === Where.Element ? "array literals" : "object literals";
  p.fail(
    "syntax/block-in-value",
    `A block cannot stand inside ${place}: assign its result with \`let\` or \`var\` first.`,
    start,
    start + 1,
  );
  return parseBlock(p, "value");
}

/** `c ? a : b` and everything that binds tighter. */
export function parseExpression(p: Parser): Expression {
  const condition = parseBinary(p, 0);
  if (p.peek() !== QUESTION && !atQuestion(p, condition)) return condition;
  return parseConditional(p, condition);
}

/** Moves to a `?` that continues the expression; an operator before it lets it stand on the next line. */
function atQuestion(p: Parser, condition: Expression): boolean {
  const next = p.multiline || condition.kind === "BinaryExpression" ? p.afterWhitespace(p.pos) : p.afterSpaces(p.pos);
  if (p.at(next) !== QUESTION) return false;
  p.pos = next;
  return true;
}

function parseConditional(p: Parser, condition: Expression): Expression {
  const start = condition.start;
  const question = p.pos;
  const behind = p.at(p.afterSpaces(question + 1));
  if (
    behind === COMMA ||
    behind === CLOSE_BRACKET ||
    behind === CLOSE_PAREN ||
    behind === CLOSE_BRACE ||
    behind === NEWLINE ||
    behind === SEMICOLON ||
    behind === PIPE ||
    behind === -1
  ) {
    if (question === condition.end) {
      p.pos = question + 1;
      if (behind === NEWLINE && p.at(p.afterWhitespace(p.pos)) === COLON)
        p.fail("syntax/missing-value", "Expected a value after `?`.", question, question + 1);
      return { kind: "ConditionalValue", start, end: p.pos, value: condition };
    }
  }
  if (!p.enter()) {
    p.pos = p.lineEnd(p.pos);
    return condition;
  }
  p.pos = question + 1;
  p.skipWhitespace();
  const then = parseBranch(p);
  const thenEnd = p.pos;
  const next = p.afterWhitespace(p.pos);
  let otherwise: Expression;
  if (p.at(next) === COLON) {
    p.pos = next + 1;
    p.skipWhitespace();
    otherwise = parseBranch(p);
  } else {
    p.pos = thenEnd;
    otherwise = p.missing(thenEnd);
    p.fail("syntax/missing-colon", "Expected `:` and a value for when the condition is false.", thenEnd, thenEnd);
  }
  p.depth--;
  return { kind: "ConditionalExpression", start, end: p.pos, condition, then, else: otherwise };
}

function parseBranch(p: Parser): Expression {
  return parseExpression(p);
}

/** A value with the `!` before it. */
export function parseUnary(p: Parser): Expression {
  if (!p.enter()) return skipTooDeep(p);
  let value: Expression;
  if (p.peek() === BANG) {
    const start = p.pos++;
    p.skipWhitespace();
    const operand = parseUnary(p);
    value = { kind: "UnaryExpression", start, end: p.pos, operator: "!", operand };
  } else value = parsePrimary(p);
  p.depth--;
  return value;
}

export function parsePrimary(p: Parser): Expression {
  const c = p.peek();
  switch (c) {
    case AT:
      return parseReference(p);
    case QUOTE:
    case APOSTROPHE:
    case BACKTICK:
      return parseTemplate(p);
    case COLON:
      if (p.at(p.pos + 1) === COLON) return parseTemplate(p);
      break;
    case OPEN_BRACE:
      return parseObject(p);
    case OPEN_BRACKET:
      return p.at(p.pos + 1) === OPEN_BRACKET && isDoubleBracket(p) ? parseTemplate(p) : parseArray(p);
    case OPEN_PAREN:
      return parseParenthesized(p);
    case LESS:
      return parseFileAccess(p);
    case SLASH:
      if (!isSpace(p.at(p.pos + 1)) && p.at(p.pos + 1) !== NEWLINE) return parseRegularExpression(p);
      break;
    case STAR:
      p.pos++;
      if (p.peek() === QUOTE) {
        p.fail("syntax/unclosed-string", 'Expected `"` before `*`.', p.pos - 1, p.pos, {
          title: "Insert the quote",
          edits: [{ start: p.pos - 1, end: p.pos - 1, newText: '"' }],
        });
        p.pos++;
        return { kind: "Wildcard", start: p.pos - 2, end: p.pos };
      }
      return { kind: "Wildcard", start: p.pos - 1, end: p.pos };
    case MINUS:
      if (isDigit(p.at(p.pos + 1))) return parseNumber(p);
      break;
    default:
      if (isDigit(c)) return parseNumber(p);
      if (isIdentifierStart(c)) return parseWord(p);
  }
  p.fail("syntax/missing-value", "Expected a value.", p.pos, p.pos);
  return p.missing();
}

/** `[[ … ]]` is a template unless it reads as an array of arrays: `[[1, 2], [3]]`. */
function isDoubleBracket(p: Parser): boolean {
  if (looksLikeBlock(p, p.pos + 1)) return false;
  const i = p.afterWhitespace(p.pos + 2);
  const c = p.at(i);
  if (
    c === CLOSE_BRACKET ||
    c === OPEN_BRACKET ||
    c === AT ||
    c === QUOTE ||
    c === APOSTROPHE ||
    c === BACKTICK ||
    c === OPEN_BRACE
  ) {
    return c === OPEN_BRACE && p.at(i + 1) === OPEN_BRACE;
  }
  if (isDigit(c) || c === MINUS || c === LESS) return false;
  const close = p.text.slice(p.pos, p.reach(p.pos)).includes("]]");
  if (!close) p.noteUnclosed();
  return close;
}

function parseParenthesized(p: Parser): Expression {
  const start = p.pos;
  if (!p.enter()) {
    skipGroup(p, start);
    return { kind: "ParenthesizedExpression", start, end: p.pos, expression: p.missing(p.pos) };
  }
  const multiline = p.multiline;
  p.multiline = true;
  p.pos++;
  p.skipWhitespace();
  const expression = parseExpression(p);
  p.skipWhitespace();
  p.multiline = multiline;
  p.depth--;
  if (p.peek() === CLOSE_PAREN) p.pos++;
  else if (p.peek() === PIPE) {
    p.fail(
      "syntax/invalid-value",
      "A pipeline cannot stand in parentheses: assign its result to a name first.",
      p.pos,
      p.pos + 1,
    );
    skipGroup(p, start);
  } else p.fail("syntax/unclosed-parenthesis", "Expected `)` to close the parenthesis.", start, start + 1);
  return { kind: "ParenthesizedExpression", start, end: p.pos, expression };
}

function parseWord(p: Parser): Expression {
  const start = p.pos;
  const word = wordAt(p, start);
  switch (word) {
    case Word.When:
      return parseWhen(p, false);
    case Word.Foreach:
      return parseForeach(p);
    case Word.New:
      return parseNew(p);
    case Word.Run:
      return parseRun(p);
    case Word.Cmd:
      return parseCommand(p);
    case Word.Code:
      return parseCode(p);
    case Word.Prose:
      return parseProse(p);
    case Word.True:
    case Word.False:
      p.pos = start + (word === Word.True ? 4 : 5);
      return { kind: "BooleanLiteral", start, end: p.pos, value: word === Word.True };
    case Word.Null:
      p.pos = start + 4;
      return { kind: "NullLiteral", start, end: p.pos };
    case Word.For:
    case Word.Env:
    case Word.Loop: {
      const name = p.text.slice(start, p.wordEnd(start));
      p.fail(
        "syntax/invalid-value",
        `\`${name}\` cannot stand inside an expression: assign its result to a name first.`,
        start,
        start + name.length,
      );
      return word === Word.For ? parseFor(p, true) : word === Word.Env ? parseEnv(p) : parseLoop(p);
    }
    case Word.Stream: {
      p.pos = p.afterWhitespace(start + 6);
      const target = parseUnary(p);
      return { kind: "RunExpression", start, end: p.pos, stream: true, stdin: null, target, using: null, labels: [] };
    }
    case Word.Mcp:
      if (p.at(p.afterSpaces(start + 3)) === AT) {
        p.pos = p.afterSpaces(start + 3);
        const source = parseReference(p);
        return { kind: "ToolsFromMcp", start, end: p.pos, source };
      }
      break;
    case Word.Not: {
      const operand = p.afterSpaces(start + 3);
      if (p.at(operand) !== AT && p.at(operand) !== OPEN_PAREN) break;
      p.fail("syntax/invalid-operator", "mlld negates with `!`.", start, start + 3, {
        title: "Write `!`",
        edits: [{ start, end: operand, newText: "!" }],
      });
      p.pos = operand;
      const value = parseUnary(p);
      return { kind: "UnaryExpression", start, end: p.pos, operator: "!", operand: value };
    }
  }
  return parseBareWord(p, word === Word.None);
}

/** A word where a value should be: allowed in conditions and in `with`, else a name that lacks its `@` or quotes. */
function parseBareWord(p: Parser, condition: boolean): Expression {
  const start = p.pos;
  const end = p.identifierEnd(start);
  const text = p.text.slice(start, end);
  p.pos = end;
  const quote = p.at(end);
  if (quote === QUOTE || quote === APOSTROPHE) {
    p.pos = end + 1;
    p.fail("syntax/unclosed-string", `Expected \`${p.text[end]}\` before the text.`, start, end, {
      title: "Insert the quote",
      edits: [{ start, end: start, newText: p.text[end]! }],
    });
    return { kind: "Template", start, end: end + 1, quote: "none", parts: [{ kind: "Text", start, end, value: text }] };
  }
  if (!p.bareWords && !condition) {
    p.fail(
      "syntax/bare-word",
      `\`${text}\` is no value: write \`@${text}\` for the variable or \`"${text}"\` for the text.`,
      start,
      end,
      {
        title: `Write \`@${text}\``,
        edits: [{ start, end: start, newText: "@" }],
      },
    );
  }
  return { kind: "BareWord", start, end, text };
}
