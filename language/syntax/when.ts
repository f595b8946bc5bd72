import { looksLikeBlock, parseBlock } from "./blocks";
import {
  AT,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  EQUALS,
  GREATER,
  isIdentifierStart,
  LESS,
  MINUS,
  NEWLINE,
  OPEN_BRACKET,
  SEMICOLON,
  SLASH,
  SPACE,
} from "./characters";
import { parseExpression, parseValue, skipTooDeep, Where } from "./expressions";
import { parseGuardAction } from "./guard-actions";
import { parseUnopenedObject } from "./literals";
import { parseBinary } from "./operators";
import type { Parser } from "./parser";
import { atStatementLine, atTopLevelLine, behindText, swallowedByString } from "./recovery";
import { skipGroup } from "./references";
import { atAssignment, parseActionStatement, parseBlockStatement } from "./statements";
import type { Action, BinaryOperator, Expression, Statement, WhenEntry, WhenExpression } from "./tree";
import { wordSet } from "./words";

/** What the actions of a `when` are: statements, values, or the actions of a guard. */
export type ActionKind = "statement" | "value" | "guard";

/** `when COND => ACTION`, `when [ … ]`, `when SUBJECT [ … ]`. */
export function parseWhen(p: Parser, statement: boolean): WhenExpression {
  return parseWhenOf(p, statement ? "statement" : "value");
}

export function parseWhenOf(p: Parser, kind: ActionKind): WhenExpression {
  const start = p.pos;
  p.pos += 4;
  return parseWhenRest(p, kind, start);
}

/** What follows the keyword `when`, which begins at `start`. */
export function parseWhenRest(p: Parser, kind: ActionKind, start: number): WhenExpression {
  p.skipWhitespace();
  const first = parseMode(p);
  if (p.peek() === OPEN_BRACKET) {
    const entries = parseEntries(p, kind, false);
    return { kind: "WhenExpression", start, end: p.pos, inline: false, first, subject: null, entries };
  }
  const subject = parseCondition(p);
  const subjectEnd = p.pos;
  p.skipWhitespace();
  if (p.peek() === COLON && p.at(p.afterWhitespace(p.pos + 1)) === OPEN_BRACKET) p.pos = p.afterWhitespace(p.pos + 1);
  if (p.peek() === OPEN_BRACKET) {
    const open = p.pos;
    if (kind === "statement" && holdsStatements(p, open)) {
      p.fail(
        "syntax/ambiguous-when",
        "Expected `PATTERN => ACTION` entries: write `if CONDITION [ … ]` to run statements, or `when CONDITION => [ … ]` for a value.",
        open,
        open + 1,
        { title: "Write `if`", edits: [{ start, end: start + 4, newText: "if" }] },
      );
      const body = parseBlock(p, "when");
      const entry: WhenEntry = {
        kind: "WhenEntry",
        start: subject.start,
        end: p.pos,
        condition: subject,
        action: body,
      };
      return { kind: "WhenExpression", start, end: p.pos, inline: true, first, subject: null, entries: [entry] };
    }
    const entries = parseEntries(p, kind, true);
    return { kind: "WhenExpression", start, end: p.pos, inline: false, first, subject, entries };
  }
  p.pos = subjectEnd;
  takeArrow(p, "or `[` with entries");
  const action = parseAction(p, kind);
  const entry: WhenEntry = {
    kind: "WhenEntry",
    start: subject.start,
    end: Math.max(p.pos, subject.end),
    condition: subject,
    action,
  };
  return { kind: "WhenExpression", start, end: entry.end, inline: true, first, subject: null, entries: [entry] };
}

/** True when `[` opens statements and no `PATTERN => ACTION`: no arrow stands before the first line end or `]`. */
function holdsStatements(p: Parser, open: number): boolean {
  const i = p.afterTrivia(open + 1);
  if (p.atWord(i, "let") || p.atWord(i, "var")) return p.text.slice(i, skipTo(p, open)).indexOf("=>") === -1;
  if (!looksLikeBlock(p, open, true)) return false;
  const line = p.text.slice(i, p.lineEnd(i));
  const arrow = line.indexOf("=>");
  return arrow === -1 || (line.includes("]") && line.indexOf("]") < arrow);
}

/** The end of the bracket group at `open`, by a plain count. */
function skipTo(p: Parser, open: number): number {
  const at = p.pos;
  skipGroup(p, open);
  const end = p.pos;
  p.pos = at;
  return end;
}

/** `first` means nothing more; `any` and `all` are gone. */
function parseMode(p: Parser): boolean {
  for (const word of ["first", "any", "all"]) {
    if (!p.atWord(p.pos, word)) continue;
    const start = p.pos;
    p.pos += word.length;
    if (word !== "first")
      p.fail(
        "syntax/removed-when",
        `\`when ${word}\` was removed: join the conditions with \`${word === "any" ? "||" : "&&"}\`.`,
        start,
        p.pos,
      );
    p.skipWhitespace();
    return word === "first";
  }
  return false;
}

/** A condition: an expression that may go on over lines, with `=`, `and` and `or` mended. */
export function parseCondition(p: Parser): Expression {
  const multiline = p.multiline;
  p.multiline = true;
  let condition = parseExpression(p);
  for (;;) {
    const i = p.afterSpaces(p.pos);
    const slip = conditionSlip(p, i);
    if (slip === null) break;
    const [text, operator] = slip;
    p.fail("syntax/invalid-operator", `Write \`${operator}\` instead of \`${text}\`.`, i, i + text.length, {
      title: `Write \`${operator}\``,
      edits: [{ start: i, end: i + text.length, newText: operator }],
    });
    p.pos = i + text.length;
    p.skipWhitespace();
    const right = parseBinary(p, 0);
    condition = { kind: "BinaryExpression", start: condition.start, end: p.pos, operator, left: condition, right };
  }
  p.multiline = multiline;
  return condition;
}

function conditionSlip(p: Parser, i: number): [string, BinaryOperator] | null {
  if (p.at(i) === EQUALS && p.at(i + 1) !== GREATER) return p.at(i + 1) === EQUALS ? null : ["=", "=="];
  if (p.atWord(i, "and")) return ["and", "&&"];
  if (p.atWord(i, "or")) return ["or", "||"];
  return null;
}

/** `=>`, with the usual slips (`->`, `=`, `:`, nothing) reported. */
function takeArrow(p: Parser, otherwise: string): void {
  const at = p.pos;
  p.skipWhitespace();
  const i = p.pos;
  const c = p.at(i);
  if (c === EQUALS && p.at(i + 1) === GREATER) {
    p.pos = i + 2;
    p.skipWhitespace();
    return;
  }
  const length = c === MINUS && p.at(i + 1) === GREATER ? 2 : c === EQUALS || c === COLON ? 1 : 0;
  const expected = otherwise === "" ? "Expected `=>`" : `Expected \`=>\` ${otherwise}`;
  if (length > 0) {
    p.fail("syntax/missing-arrow", `${expected}, not \`${p.text.slice(i, i + length)}\`.`, i, i + length, {
      title: "Write `=>`",
      edits: [{ start: i, end: i + length, newText: "=>" }],
    });
    p.pos = i + length;
    p.skipWhitespace();
    return;
  }
  p.pos = at;
  p.fail("syntax/missing-arrow", `${expected}.`, at, at, {
    title: "Insert `=>`",
    edits: [{ start: at, end: at, newText: " =>" }],
  });
  if (p.at(i) !== NEWLINE && i < p.lineEnd(at)) p.pos = i;
}

/** `[ COND => ACTION … ]` at the position. */
function parseEntries(p: Parser, kind: ActionKind, withSubject: boolean): (WhenEntry | Statement)[] {
  const open = p.pos;
  if (!p.enter()) {
    skipGroup(p, open);
    return [];
  }
  const base = p.top;
  const inWith = p.inWith;
  const multiline = p.multiline;
  p.inWith = p.multiline = false;
  p.pos++;
  for (;;) {
    p.skipTrivia();
    const start = p.pos;
    const c = p.peek();
    if (c === CLOSE_BRACKET || c === -1 || atTopLevelLine(p, start) || (c === SLASH && atStatementLine(p, start)))
      break;
    if (c === SEMICOLON) {
      p.pos++;
      p.release();
      continue;
    }
    if (c === COMMA) {
      p.fail(
        "syntax/comma-in-when",
        "Entries of `when` are separated by line ends, spaces or `;`, not by commas.",
        start,
        start + 1,
        {
          title: "Replace the comma by `;`",
          edits: [{ start, end: start + 1, newText: ";" }],
        },
      );
      p.pos++;
      continue;
    }
    p.hold(parseEntry(p, kind, withSubject));
    if (p.pos === start && !skipEntry(p)) break;
  }
  p.inWith = inWith;
  p.multiline = multiline;
  p.depth--;
  const entries = p.take<WhenEntry | Statement>(base);
  if (p.peek() === CLOSE_BRACKET) {
    p.pos++;
    if (entries.length === 0) p.fail("syntax/empty-block", "Expected at least one `CONDITION => ACTION`.", open, p.pos);
  } else if (!swallowedByString(p, open))
    p.fail("syntax/unclosed-block", "Expected `]` to close the list of conditions.", open, open + 1);
  return entries;
}

/** Steps over text that begins no entry; false where the list has to end. */
function skipEntry(p: Parser): boolean {
  const c = p.peek();
  if (c === CLOSE_BRACKET || c === -1) return false;
  const start = p.pos;
  const close = p.findInLine("]", start);
  p.pos = Math.max(start + 1, close === -1 ? p.lineEnd(start) : close);
  return true;
}

function parseEntry(p: Parser, kind: ActionKind, withSubject: boolean): WhenEntry | Statement {
  const start = p.pos;
  const c = p.peek();
  if (isIdentifierStart(c)) {
    const end = p.wordEnd(start);
    const word = p.text.slice(start, end);
    const arrow = p.at(p.afterSpaces(end)) === EQUALS && p.at(p.afterSpaces(end) + 1) === GREATER;
    if (arrow && word !== "none" && word !== "denied" && word !== "true" && word !== "false" && word !== "null")
      return unknownCondition(p, word, kind);
    if (ENTRY_STATEMENTS.has(p.text, start, end)) {
      const statement = parseBlockStatement(p, kind === "value" ? "action" : "when");
      if (statement !== null) return statement;
    }
  } else if (c === AT && atAssignment(p, start) && !p.text.slice(start, p.lineEnd(start)).includes("=>")) {
    const statement = parseBlockStatement(p, kind === "value" ? "action" : "when");
    if (statement !== null) return statement;
  }
  const condition =
    (c === LESS || c === GREATER) && (withSubject || p.at(start + 1) !== c) ? parsePattern(p) : parseCondition(p);
  if (p.pos === start) return { kind: "ErrorStatement", start, end: start };
  if (!withSubject && condition.kind === "ComparisonPattern")
    p.fail(
      "syntax/invalid-condition",
      "A comparison without a left side needs a subject: `when @value [ > 5 => … ]`.",
      condition.start,
      condition.end,
    );
  const errors = p.errors.length;
  // A bare call is an effect: `COND => @a(); @b()`.
  if (condition.kind === "CallExpression" && p.at(p.afterWhitespace(p.pos)) !== EQUALS)
    return { kind: "ExpressionStatement", start, end: p.pos, expression: condition };
  const next = p.at(p.afterSpaces(p.pos));
  if (
    p.errors.length > 0 &&
    p.errors[errors - 1]!.end >= start &&
    (next === NEWLINE || next === CLOSE_BRACKET || next === -1)
  ) {
    // The condition is broken already; a missing arrow behind it is no news.
    return { kind: "WhenEntry", start, end: p.pos, condition, action: p.missing() };
  }
  takeArrow(p, "and an action after the condition");
  const action = parseAction(p, kind);
  return { kind: "WhenEntry", start, end: Math.max(p.pos, condition.end), condition, action };
}

const ENTRY_STATEMENTS = wordSet(["let", "var", "show", "output", "log", "append"]);

function unknownCondition(p: Parser, word: string, kind: ActionKind): WhenEntry {
  const start = p.pos;
  p.pos += word.length;
  const isElse = word === "else" || word === "otherwise" || word === "default";
  p.fail(
    "syntax/invalid-condition",
    isElse
      ? "The entry for everything else is `* => …`."
      : `\`${word}\` is no condition: write \`@${word}\` for the variable or \`"${word}"\` for the text.`,
    start,
    p.pos,
    isElse
      ? { title: "Write `*`", edits: [{ start, end: p.pos, newText: "*" }] }
      : { title: `Write \`@${word}\``, edits: [{ start, end: start, newText: "@" }] },
  );
  const condition: Expression = { kind: "BareWord", start, end: p.pos, text: word };
  takeArrow(p, "");
  const action = parseAction(p, kind);
  return { kind: "WhenEntry", start, end: p.pos, condition, action };
}

/** `> 5`, `<= 3`, `>= 1 && < 5`: compared with the subject. */
function parsePattern(p: Parser): Expression {
  let left = parseComparison(p);
  for (;;) {
    const i = p.afterWhitespace(p.pos);
    const and = p.text.startsWith("&&", i);
    const next = p.afterWhitespace(i + 2);
    if ((!and && !p.text.startsWith("||", i)) || (p.at(next) !== LESS && p.at(next) !== GREATER)) return left;
    p.pos = next;
    const right = parseComparison(p);
    left = { kind: "BinaryExpression", start: left.start, end: p.pos, operator: and ? "&&" : "||", left, right };
  }
}

function parseComparison(p: Parser): Expression {
  const start = p.pos;
  const orEqual = p.at(start + 1) === EQUALS;
  const operator = p.text.slice(start, start + (orEqual ? 2 : 1)) as BinaryOperator;
  if (p.at(start) === LESS && !orEqual && p.at(start + 1) !== SPACE) return parseCondition(p);
  p.pos += operator.length;
  p.skipWhitespace();
  const value = parseBinary(p, 4);
  return { kind: "ComparisonPattern", start, end: p.pos, operator, value };
}

function isEmptyArray(p: Parser): boolean {
  return p.at(p.afterWhitespace(p.pos + 1)) === CLOSE_BRACKET;
}

/** What stands behind `=>` in a `when` entry or a loop. */
export function parseAction(p: Parser, kind: ActionKind): Action {
  if (!p.enter()) return skipTooDeep(p);
  const action = parseActionInside(p, kind);
  p.depth--;
  return action;
}

function parseActionInside(p: Parser, kind: ActionKind): Action {
  const c = p.peek();
  if (c === -1 || c === CLOSE_BRACKET || c === SEMICOLON || c === COMMA) return missingAction(p);
  if (kind === "guard") return parseGuardAction(p);
  if (c === OPEN_BRACKET && ((kind === "statement" && !isEmptyArray(p)) || looksLikeBlock(p, p.pos, true))) {
    return parseBlock(p, kind === "statement" ? "when" : "action");
  }
  if (isIdentifierStart(c)) {
    const read = parseActionStatement(p, kind) ?? parseUnopenedObject(p, behindText(p));
    if (read !== null) return read;
  } else if (c === AT && atAssignment(p, p.pos)) {
    const statement = parseBlockStatement(p, "action");
    if (statement !== null) return statement;
  }
  return parseValue(p, Where.Action);
}

/** Reported behind the arrow, though its line may be above. */
function missingAction(p: Parser): Action {
  const at = behindText(p);
  p.fail("syntax/missing-value", "Expected an action after `=>`.", at, at);
  return p.missing();
}
