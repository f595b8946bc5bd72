import type { BlockKind } from "./blocks";
import { parseAuth, parseNeeds, parsePolicy, parseProfiles } from "./capabilities";
import {
  APOSTROPHE,
  AT,
  BACKTICK,
  BANG,
  COLON,
  DOT,
  EQUALS,
  GREATER,
  isDigit,
  isIdentifierStart,
  LESS,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  QUOTE,
  SLASH,
} from "./characters";
import { parseCommand } from "./commands";
import { parseIf } from "./conditionals";
import { parseAssignment, parseExe, parseLet, parseReturn, parseVar } from "./declarations";
import {
  parseAppend,
  parseBail,
  parseCheckpoint,
  parseLog,
  parseOutput,
  parseShow,
  parseSign,
  parseVerify,
} from "./effects";
import { parseEnv } from "./env";
import { parsePrimary, parseValue, skipTooDeep, Where } from "./expressions";
import { atFileStatement, parseFileStatement, parseFilesStatement } from "./files";
import { parseFor, parseForeach, parseLoop, parseWhile } from "./for";
import { parseGuard, parseHook } from "./guards";
import { parseExport, parseImport } from "./imports";
import type { Parser } from "./parser";
import { isFirstOnLine } from "./recovery";
import { parseRun } from "./run";
import { type Place, RULES, WORDS, Word } from "./statement-words";
import { parseTail } from "./tails";
import type { ControlStatement, Expression, ExpressionStatement, Statement } from "./tree";
import { type ActionKind, parseWhen } from "./when";
import { wordSet } from "./words";

const CODE_WORDS = new Set(["sh", "bash", "js", "javascript", "node", "py", "python"]);

/** The statement at the position at the top level, or null when none begins there. */
export function parseTopStatement(p: Parser): Statement | null {
  return parseStatement(p, "top");
}

/** The statement at the position in a block, or null when none begins there. */
export function parseBlockStatement(p: Parser, kind: BlockKind): Statement | null {
  const start = p.pos;
  if (!p.enter()) {
    skipTooDeep(p);
    return { kind: "ErrorStatement", start, end: p.pos };
  }
  const statement = parseStatement(p, kind);
  p.depth--;
  return statement;
}

function parseStatement(p: Parser, place: Place): Statement | null {
  const c = p.peek();
  if (c === AT) return parseReferenceStatement(p, place);
  if (c === EQUALS && p.at(p.pos + 1) === GREATER) {
    if (place === "loop")
      p.fail(
        "syntax/return-in-loop",
        "A loop has no return: use `done @value` to end it, or `continue @value`.",
        p.pos,
        p.pos + 2,
      );
    return parseReturn(p, place);
  }
  if (isIdentifierStart(c)) return parseWordStatement(p, place);
  if (c === SLASH) {
    const next = p.at(p.pos + 1);
    if (isIdentifierStart(next) || (place === "top" && (next === AT || next === EQUALS))) return parseSlashed(p, place);
  }
  return place === "top" ? null : parseValueStatement(p, place);
}

/** `/show` in a block: mlld takes the slash before a few words only. */
function parseSlashed(p: Parser, place: Place): Statement | null {
  const slash = p.pos;
  const end = p.wordEnd(slash + 1);
  const word = p.text.slice(slash + 1, end);
  p.pos = slash + 1;
  const statement = word === "" ? parseStatement(p, place) : parseWordStatement(p, place);
  if (statement === null) {
    p.pos = slash;
    return null;
  }
  if (place !== "top" && word !== "run" && word !== "if" && word !== "bail" && word !== "checkpoint") {
    p.fail("syntax/unknown-statement", `In a block a statement has no slash: \`${word}\`.`, slash, end, {
      title: "Remove the slash",
      edits: [{ start: slash, end: slash + 1, newText: "" }],
    });
  }
  statement.start = slash;
  return statement;
}

/** `value` with its tail as a statement. */
function statementOf(p: Parser, start: number, value: Expression): ExpressionStatement {
  const expression = parseTail(p, value) as Expression;
  return { kind: "ExpressionStatement", start, end: p.pos, expression };
}

function parseWordStatement(p: Parser, place: Place): Statement | null {
  const start = p.pos;
  const end = p.wordEnd(start);
  const word = WORDS.find(p.text, start, end);
  const rule = RULES[word];
  if (rule?.places.includes(place)) {
    const text = p.text.slice(start, end);
    if (place === "top" && !looksMeant(p, text)) return null;
    reject(p, place, text, rule.instead);
  }
  switch (word) {
    case Word.Var:
      return place === "top" || place === "loop" ? parseVar(p) : parseVarInBlock(p);
    case Word.Let:
      return parseLet(p);
    case Word.Exe:
      return parseExe(p);
    case Word.Show:
      return parseShow(p, place);
    case Word.Run:
      return statementOf(p, start, parseRun(p));
    case Word.If:
      return parseIf(p);
    case Word.For:
      return { kind: "ExpressionStatement", start, expression: parseFor(p, false), end: p.pos };
    case Word.When:
      return { kind: "ExpressionStatement", start, expression: parseWhen(p, place !== "action"), end: p.pos };
    case Word.Env:
    case Word.Box:
      return statementOf(p, start, parseEnv(p));
    case Word.Output:
      return parseOutput(p, place);
    case Word.Append:
      return parseAppend(p);
    case Word.Log:
      return parseLog(p, place);
    case Word.Import:
      return parseImport(p);
    case Word.Export:
      return parseExport(p);
    case Word.Policy:
      return parsePolicy(p);
    case Word.Auth:
      return parseAuth(p);
    case Word.Guard:
      return parseGuard(p);
    case Word.Hook:
      return parseHook(p);
    case Word.Needs:
      return parseNeeds(p);
    case Word.Profiles:
      return parseProfiles(p);
    case Word.Loop:
      return statementOf(p, start, parseLoop(p));
    case Word.While:
      return { kind: "ExpressionStatement", start, expression: parseWhile(p), end: p.pos };
    case Word.Foreach:
      return statementOf(p, start, parseForeach(p));
    case Word.Stream:
      return parseStreamStatement(p);
    case Word.Bail:
      return parseBail(p);
    case Word.Checkpoint:
      if ((place === "value" || place === "env") && !isFirstOnLine(p, start))
        p.fail("syntax/not-in-block", "In a block `checkpoint` begins a line of its own.", start, end);
      return parseCheckpoint(p);
    case Word.Sign:
      return parseSign(p);
    case Word.Verify:
      return parseVerify(p);
    case Word.Skip:
    case Word.Done:
    case Word.Continue:
    case Word.Retry:
      return parseControl(p);
    case Word.Cmd:
      return statementOf(p, start, parseCommand(p));
    case Word.File:
      return atFileStatement(p) ? parseFileStatement(p) : null;
    case Word.Files:
      return atFileStatement(p) ? parseFilesStatement(p) : null;
    default:
      return place === "top" ? null : parseWordInBlock(p, place, p.text.slice(start, end));
  }
}

/** Tells the word of a misplaced statement from prose that happens to begin with it. */
function looksMeant(p: Parser, word: string): boolean {
  const next = p.afterSpaces(p.pos + word.length);
  const c = p.at(next);
  if (word === "let" || word === "foreach") return c === AT;
  if (word === "cmd") return c === OPEN_BRACE || c === COLON;
  return c === NEWLINE || c === -1 || c === AT || c === QUOTE;
}

function reject(p: Parser, place: Place, word: string, instead: string): void {
  const start = p.pos;
  const end = start + word.length;
  if (place !== "top") {
    p.fail("syntax/not-in-block", `\`${word}\` is not allowed in this block: ${instead}.`, start, end);
    return;
  }
  const replacement = word === "let" ? "var" : word === "cmd" ? "run cmd" : null;
  p.fail(
    "syntax/not-at-top-level",
    `\`${word}\` is not allowed at the top level: ${instead}.`,
    start,
    end,
    replacement === null
      ? undefined
      : { title: `Write \`${replacement}\``, edits: [{ start, end, newText: replacement }] },
  );
}

function parseVarInBlock(p: Parser): Statement {
  const start = p.pos;
  p.fail("syntax/var-in-block", "`var` declares a variable of the file: in a block write `let`.", start, start + 3, {
    title: "Write `let`",
    edits: [{ start, end: start + 3, newText: "let" }],
  });
  return parseVar(p);
}

/** `sh { … }` and other words at the start of a line in a block. */
function parseWordInBlock(p: Parser, place: Place, word: string): Statement | null {
  const start = p.pos;
  if (CODE_WORDS.has(word)) {
    if (place !== "for" && place !== "action" && place !== "loop" && place !== "hook") {
      p.fail(
        "syntax/value-without-effect",
        `Write \`run ${word} { … }\` to run code here.`,
        start,
        start + word.length,
        {
          title: "Insert `run`",
          edits: [{ start, end: start, newText: "run " }],
        },
      );
    }
    return statementOf(p, start, parsePrimary(p));
  }
  if (word === "return") {
    p.fail("syntax/unknown-statement", "A block returns with `=> value`.", start, start + 6, {
      title: "Write `=>`",
      edits: [{ start, end: start + 6, newText: "=>" }],
    });
    const statement = parseReturn(replaceReturn(p), place);
    statement.start = start;
    return statement;
  }
  if (word === "true" || word === "false" || word === "null" || word === "new") return parseValueStatement(p, place);
  return null;
}

/** Lets `return x` read as `=> x`. */
function replaceReturn(p: Parser): Parser {
  p.pos += 4;
  return p;
}

function parseStreamStatement(p: Parser): Statement {
  const start = p.pos;
  p.pos += 6;
  p.skipWhitespace();
  if (p.peek() !== AT) {
    p.fail("syntax/missing-value", "Expected a call or a variable: `stream @name(…)`.", p.pos, p.pos);
    if (!isIdentifierStart(p.peek())) return { kind: "StreamStatement", start, end: p.pos, source: p.missing() };
  }
  const source = parseTail(p, parsePrimary(p)) as Expression;
  return { kind: "StreamStatement", start, end: p.pos, source };
}

/** `skip`, `done [value]`, `continue [value]`, `retry ["hint"]`. */
export function parseControl(p: Parser): ControlStatement {
  const start = p.pos;
  const keyword = p.text.slice(start, p.wordEnd(start)) as ControlStatement["keyword"];
  p.pos += keyword.length;
  const next = p.afterSpaces(p.pos);
  const c = p.at(next);
  let value: Expression | null = null;
  const valued =
    c === AT ||
    c === QUOTE ||
    c === APOSTROPHE ||
    c === BACKTICK ||
    c === OPEN_BRACE ||
    c === OPEN_BRACKET ||
    c === OPEN_PAREN ||
    c === MINUS ||
    isDigit(c) ||
    p.atWord(next, "true") ||
    p.atWord(next, "false") ||
    p.atWord(next, "null");
  if (keyword !== "skip" && valued) {
    p.pos = next;
    value = parseValue(p, Where.Return) as Expression;
  }
  return { kind: "ControlStatement", start, end: p.pos, keyword, value };
}

/** True when `=` or `+=` follows the reference at `i`. */
export function atAssignment(p: Parser, i: number): boolean {
  i = p.identifierEnd(i + 1);
  while (p.at(i) === DOT && isIdentifierStart(p.at(i + 1))) i = p.identifierEnd(i + 1);
  i = p.afterSpaces(i);
  const c = p.at(i);
  if (c === PLUS) return p.at(i + 1) === EQUALS;
  return c === EQUALS && p.at(i + 1) !== EQUALS && p.at(i + 1) !== GREATER;
}

/** A call, a pipeline or an assignment. */
function parseReferenceStatement(p: Parser, place: Place): Statement | null {
  const start = p.pos;
  if (atAssignment(p, start)) {
    if (place === "top") {
      const name = p.text.slice(start + 1, p.identifierEnd(start + 1));
      p.fail("syntax/not-at-top-level", `Only blocks assign: declare \`@${name}\` with \`var\`.`, start, start + 1, {
        title: "Write `var`",
        edits: [{ start, end: start, newText: "var " }],
      });
    }
    return parseAssignment(p, parsePrimary(p));
  }
  const value = parseValue(p, Where.Let) as Expression;
  const statement: ExpressionStatement = { kind: "ExpressionStatement", start, end: p.pos, expression: value };
  if (!hasEffect(value, place)) {
    const isName = value.kind === "VariableReference" || value.kind === "MemberExpression";
    p.fail(
      "syntax/value-without-effect",
      isName && place !== "top"
        ? "A value alone does nothing: return it with `=>`, or call it."
        : "Expected a statement: this value is not used.",
      start,
      p.pos,
      isName && place !== "top" ? { title: "Return it", edits: [{ start, end: start, newText: "=> " }] } : undefined,
    );
  }
  return statement;
}

/** Loops and the blocks of value-`when` entries take any value; elsewhere a statement has to do something. */
function hasEffect(value: Expression, place: Place): boolean {
  if (place === "for" || place === "loop" || place === "hook" || place === "action") return true;
  switch (value.kind) {
    case "CallExpression":
    case "ModuleReference":
      return true;
    case "Pipeline":
      return place !== "top" || (value.source !== null && hasEffect(value.source, place));
    case "WithExpression":
      return hasEffect(value.value, place);
    case "AsExpression":
      return hasEffect(value.value, place);
    default:
      return false;
  }
}

/** A literal, a file or an object at the start of a line in a block. */
function parseValueStatement(p: Parser, place: Place): Statement | null {
  const start = p.pos;
  const c = p.peek();
  const template = c === QUOTE || c === APOSTROPHE || c === BACKTICK || (c === COLON && p.at(start + 1) === COLON);
  if (
    !template &&
    c !== OPEN_BRACE &&
    c !== OPEN_BRACKET &&
    c !== LESS &&
    c !== OPEN_PAREN &&
    c !== BANG &&
    c !== MINUS &&
    !isDigit(c) &&
    !isIdentifierStart(c)
  )
    return null;
  const value = parseValue(p, Where.Let) as Expression;
  if (p.pos === start) return null;
  const free = place === "for" || place === "loop" || place === "hook" || place === "action";
  if (!free && c !== OPEN_BRACE && c !== LESS && !(place === "when" && (template || c === OPEN_BRACKET))) {
    p.fail(
      "syntax/value-without-effect",
      "A value alone does nothing: return it with `=>`, or show it.",
      start,
      p.pos,
      {
        title: "Return it",
        edits: [{ start, end: start, newText: "=> " }],
      },
    );
  }
  return { kind: "ExpressionStatement", start, end: p.pos, expression: value };
}

const ACTION_WORDS = wordSet([
  "bail",
  "retry",
  "skip",
  "done",
  "continue",
  "checkpoint",
  "let",
  "var",
  "if",
  "sign",
  "verify",
  "show",
  "output",
  "append",
  "log",
]);

/** A statement as the action of a `when` entry or a loop, or null when a value stands there. */
export function parseActionStatement(p: Parser, kind: ActionKind): Statement | null {
  const start = p.pos;
  const end = p.wordEnd(start);
  if (!ACTION_WORDS.has(p.text, start, end)) return null;
  const word = p.text.slice(start, end);
  if (kind === "statement" && (word === "let" || word === "if" || word === "append"))
    p.fail(
      "syntax/invalid-value",
      `\`${word}\` cannot be the action of a \`when\` statement: put it in a block.`,
      start,
      start + word.length,
    );
  if (word === "if" && kind === "value")
    p.fail("syntax/invalid-value", "`if` has no value: use `when`, or put it in a block.", start, start + 2);
  if (word === "var" && kind === "statement") return parseVar(p);
  return parseWordStatement(p, "action");
}
