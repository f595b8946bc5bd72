import { looksLikeBlock, parseBlock, parseUnopenedBlock } from "./blocks";
import {
  AMPERSAND,
  APOSTROPHE,
  AT,
  BACKTICK,
  BANG,
  CLOSE_BRACE,
  COLON,
  COMMA,
  DOT,
  EQUALS,
  isDigit,
  isIdentifierPart,
  isIdentifierStart,
  LESS,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PIPE,
  QUESTION,
  QUOTE,
} from "./characters";
import { parseExpression, parsePrimary } from "./expressions";
import type { Parser } from "./parser";
import { atKeyLine } from "./recovery";
import { parseArguments, parseReference, skipGroup } from "./references";
import { parseOptions, parseWith } from "./tails";
import type { Action, Block, EnvExpression, Expression, NewExpression, WithClause } from "./tree";

/** `env CONFIG [with { … }] [block]`; `box` may lack the config. */
export function parseEnv(p: Parser): EnvExpression {
  const start = p.pos;
  const keyword = p.text.startsWith("env", start) ? "env" : "box";
  const errors = p.errors.length;
  p.pos += 3;
  p.skipWhitespace();
  let config: Expression | null = null;
  if (p.peek() === OPEN_BRACKET ? blockFollowsBracket(p) : !p.atWord(p.pos, "with")) config = parseConfig(p, keyword);
  let withClause: WithClause | null = null;
  const next = p.afterWhitespace(p.pos);
  if (p.atWord(next, "with")) {
    const brace = p.afterWhitespace(next + 4);
    if (p.at(brace) === OPEN_BRACE) {
      p.pos = next;
      withClause = parseWith(p);
    } else {
      withClause = parseUnopenedOptions(p, next, brace);
    }
  }
  if (config === null && withClause === null && keyword === "env")
    p.fail(
      "syntax/env-config",
      "`env` needs a config: `env @config [ … ]` or `env with { … } [ … ]`.",
      start,
      start + 3,
    );
  if (withClause === null && config !== null) withClause = parseWithoutKeyword(p, config);
  const body = parseEnvBlock(p, keyword, config, errors);
  return { kind: "EnvExpression", start, end: p.pos, keyword, config, with: withClause, body };
}

/** What stands behind a `with` at `start` instead of the `{`: the options on the lines below, or something else. */
function parseUnopenedOptions(p: Parser, start: number, at: number): WithClause | null {
  const message = "`with` takes its options in braces: `with { … }`.";
  const end = start + 4;
  if (atKeyLine(p, at)) {
    p.fail("syntax/invalid-with", message, start, end, {
      title: "Insert `{`",
      edits: [{ start: end, end, newText: " {" }],
    });
    return parseOptions(p, start, at - 1);
  }
  p.fail("syntax/invalid-with", message, at, at + 1);
  p.pos = at;
  if (p.peek() === AT) parseReference(p);
  return null;
}

/** `env @cfg { … } [ … ]`: the options without `with`, or with the `with` stuck to the name. */
function parseWithoutKeyword(p: Parser, config: Expression): WithClause | null {
  const open = p.afterSpaces(p.pos);
  if (p.at(open) !== OPEN_BRACE || config.kind === "ObjectExpression") return null;
  const key = p.afterWhitespace(open + 1);
  const keyEnd = p.identifierEnd(key);
  const c = p.at(key);
  if (p.at(p.afterSpaces(keyEnd)) !== COLON && c !== CLOSE_BRACE && c !== QUOTE && c !== APOSTROPHE && c !== DOT)
    return null;
  const stuck = config.kind === "VariableReference" && config.name.length > 4 && config.name.endsWith("with");
  const at = stuck ? config.end - 4 : config.end;
  p.fail(
    "syntax/missing-keyword",
    "Expected `with` and a space before the options.",
    stuck ? at : open,
    stuck ? config.end : open + 1,
    {
      title: stuck ? "Insert a space" : "Insert `with`",
      edits: [{ start: at, end: at, newText: stuck ? " " : " with" }],
    },
  );
  if (stuck && config.kind === "VariableReference") {
    config.name = config.name.slice(0, -4);
    config.end -= 4;
  }
  return parseOptions(p, stuck ? at : open, open);
}

/** True for `env ["x"] [ … ]`: an array literal, which no config can be, but which parses. */
function blockFollowsBracket(p: Parser): boolean {
  if (looksLikeBlock(p, p.pos, true)) return false;
  const at = p.pos;
  skipGroup(p, at);
  const next = p.at(p.afterWhitespace(p.pos));
  p.pos = at;
  return next === OPEN_BRACKET;
}

function parseConfig(p: Parser, keyword: string): Expression | null {
  const c = p.peek();
  if (c === BANG) return parseExpression(p);
  const at = p.pos;
  if (
    c === AT ||
    c === OPEN_BRACE ||
    c === OPEN_PAREN ||
    c === OPEN_BRACKET ||
    c === QUOTE ||
    c === APOSTROPHE ||
    c === BACKTICK ||
    c === LESS ||
    isDigit(c)
  )
    return parsePrimary(p);
  if (isIdentifierStart(c) && !(c === MINUS || isIdentifierPart(p.at(at - 1)))) {
    if (
      p.atWord(at, "new") ||
      p.atWord(at, "when") ||
      p.atWord(at, "true") ||
      p.atWord(at, "false") ||
      p.atWord(at, "null")
    )
      return parsePrimary(p);
    const end = p.identifierEnd(at);
    const name = p.text.slice(at, end);
    p.fail("syntax/env-config", `\`${keyword}\` needs a config: write \`@${name}\` for the variable.`, at, end, {
      title: `Write \`@${name}\``,
      edits: [{ start: at, end: at, newText: "@" }],
    });
    p.pos = end;
    return { kind: "BareWord", start: at, end, text: name };
  }
  return null;
}

function parseEnvBlock(p: Parser, keyword: string, config: Expression | null, errors: number): Block {
  const at = p.pos;
  const open = p.afterWhitespace(at);
  const c = p.at(open);
  if (c === OPEN_BRACKET || (c === OPEN_BRACE && (config === null || config.kind !== "ObjectExpression"))) {
    p.pos = open;
    return parseBlock(p, "env");
  }
  if (p.atComment(open)) {
    p.fail(
      "syntax/comment-not-allowed",
      `No comment can stand between the config of \`${keyword}\` and its block.`,
      open,
      p.lineEnd(open),
    );
    const behind = p.afterTrivia(open);
    if (p.at(behind) === OPEN_BRACKET) {
      p.skipTrivia();
      return parseBlock(p, "env");
    }
  }
  const operator = config !== null && isOperator(p, open);
  const message = operator
    ? "The config of `env` is one value: put an expression in parentheses."
    : `\`${keyword}\` needs a block: \`${keyword} ${config === null ? "" : "@config "}[ … ]\`.`;
  if (p.errors.length === errors) p.fail("syntax/env-block", message, operator ? open : at, operator ? open : at);
  const unopened = parseUnopenedBlock(p, "env");
  if (unopened !== null) return unopened;
  // What stands before the block is skipped, so that its statements are read.
  const bracket = p.findInLine("[", at);
  if (bracket !== -1 && operator) {
    p.pos = bracket;
    return parseBlock(p, "env");
  }
  return { kind: "Block", start: at, end: at, statements: [] };
}

function isOperator(p: Parser, i: number): boolean {
  const c = p.at(i);
  return (
    c === QUESTION || c === PIPE || c === AMPERSAND || c === EQUALS || c === BANG || c === COMMA || c === OPEN_PAREN
  );
}

/** `new @C(args) with { … }`. */
export function parseNew(p: Parser): NewExpression {
  const start = p.pos;
  p.pos += 3;
  p.skipWhitespace();
  let target: Expression;
  if (p.peek() === AT) {
    const nameStart = p.pos;
    p.pos = p.identifierEnd(nameStart + 1);
    target = { kind: "VariableReference", start: nameStart, end: p.pos, name: p.text.slice(nameStart + 1, p.pos) };
    while (p.peek() === DOT && isIdentifierStart(p.at(p.pos + 1))) {
      const before: Expression = target;
      const propertyStart = p.pos + 1;
      p.pos = p.identifierEnd(propertyStart);
      target = {
        kind: "MemberExpression",
        start: nameStart,
        end: p.pos,
        object: before,
        property: { kind: "PropertyName", start: propertyStart, end: p.pos, name: p.text.slice(propertyStart, p.pos) },
      };
    }
  } else {
    target = p.missing();
    p.fail("syntax/missing-value", "Expected `@config` after `new`.", p.pos, p.pos);
  }
  const args: Action[] | null = p.peek() === OPEN_PAREN ? parseArguments(p) : null;
  let withClause: WithClause | null = null;
  const next = p.afterWhitespace(p.pos);
  if (p.atWord(next, "with") && p.at(p.afterWhitespace(next + 4)) === OPEN_BRACE) {
    p.pos = next;
    withClause = parseWith(p);
  }
  return { kind: "NewExpression", start, end: p.pos, target, arguments: args, with: withClause };
}
