import {
  APOSTROPHE,
  AT,
  BACKTICK,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  EQUALS,
  GREATER,
  HASH,
  isDigit,
  isIdentifierStart,
  isSpace,
  LESS,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
  QUOTE,
  SEMICOLON,
  SLASH,
} from "./characters";
import { parsePrimary, startsValue } from "./expressions";
import { parseForeach } from "./for";
import type { Parser } from "./parser";
import { parseReference } from "./references";
import { hasNarrowEffects, type Place } from "./statement-words";
import { parseTail, parseTitle, parseWith } from "./tails";
import { parseString, parseTemplate } from "./templates";
import type {
  Action,
  AppendStatement,
  BailStatement,
  CheckpointStatement,
  Expression,
  Label,
  LogStatement,
  OutputStatement,
  OutputTarget,
  ShowStatement,
  SignStatement,
  Statement,
  VerifyStatement,
  WithClause,
} from "./tree";

/** True when nothing more stands on the line, or in the block, at `i`. */
function atEnd(p: Parser, i: number): boolean {
  const c = p.at(i);
  if (c === EQUALS) return p.at(i + 1) === GREATER;
  return c === -1 || c === NEWLINE || c === CLOSE_BRACKET || c === SEMICOLON || p.atComment(i);
}

function startsTemplate(c: number): boolean {
  return c === QUOTE || c === APOSTROPHE || c === BACKTICK || c === COLON;
}

/** `ident[:ident]`, comma-separated, before a name or value. */
export function parseLabels(p: Parser): Label[] {
  const labels: Label[] = [];
  for (;;) {
    const start = p.pos;
    let end = p.identifierEnd(start);
    if (end === start) return labels.length > 0 ? labels.slice() : labels;
    if (p.at(end) === COLON && isIdentifierStart(p.at(end + 1))) end = p.identifierEnd(end + 1);
    labels.push({ kind: "Label", start, end, name: p.text.slice(start, end) });
    p.pos = end;
    const next = p.afterWhitespace(end);
    if (p.at(next) !== COMMA) return labels.slice();
    p.pos = p.afterWhitespace(next + 1);
  }
}

/** `show [labels] VALUE [tail] [under …]`. In blocks numbers and objects are shown too. */
export function parseShow(p: Parser, place: Place): ShowStatement {
  const start = p.pos;
  p.pos += 4;
  const keywordEnd = p.pos;
  p.skipWhitespace();
  let labels: Label[] = [];
  if (isIdentifierStart(p.peek()) && !startsValue(p, p.pos)) {
    const labelStart = p.pos;
    labels = parseLabels(p);
    p.skipWhitespace();
    if (
      !startsTemplate(p.peek()) &&
      p.peek() !== AT &&
      p.peek() !== LESS &&
      !(labels.length > 0 && startsValue(p, p.pos))
    ) {
      const word = labels[0]!;
      p.fail(
        "syntax/bare-word",
        `\`${word.name}\` is no value: write \`@${word.name}\` for the variable or quote the text.`,
        labelStart,
        word.end,
      );
      const line = p.lineEnd(labelStart);
      while (p.pos < line && p.peek() !== CLOSE_BRACKET) p.pos++;
      return { kind: "ShowStatement", start, end: p.pos, labels: [], value: p.missing(p.pos), as: null, under: null };
    }
  }
  const valueStart = p.pos;
  const value = parseShown(p, place, start, keywordEnd);
  if (value.kind === "Missing")
    return { kind: "ShowStatement", start, end: Math.max(keywordEnd, p.pos), labels, value, as: null, under: null };
  let shown = parseTail(p, value) as Expression;
  let as: Expression | null = null;
  if (shown.kind === "AsExpression") {
    as = shown.as;
    shown = shown.value;
  }
  let under: Expression | null = null;
  const next = p.afterSpaces(p.pos);
  if (p.atWord(next, "under")) {
    p.pos = p.afterSpaces(next + 5);
    under = parseUnder(p);
  }
  if (place === "top") checkSingleArgument(p, valueStart);
  return { kind: "ShowStatement", start, end: p.pos, labels, value: shown, as, under };
}

function parseUnder(p: Parser): Expression {
  const c = p.peek();
  if (startsTemplate(c)) return parseTemplate(p);
  if (c === AT) return parseReference(p);
  const start = p.pos;
  if (c === HASH) {
    const title = parseTitle(p);
    const end = p.lineEnd(start);
    p.pos = end;
    return { ...title, end, ...(title.kind === "BareWord" ? { text: p.text.slice(start, end) } : {}) };
  }
  p.fail("syntax/missing-value", "Expected the heading after `under`.", start, start);
  return p.missing();
}

function parseShown(p: Parser, place: Place, start: number, keywordEnd: number): Expression {
  const inBlock = place !== "top";
  const c = p.peek();
  if (c === LESS && p.at(p.pos + 1) !== LESS) {
    if (inBlock && place !== "for" && place !== "loop" && place !== "hook")
      p.fail(
        "syntax/invalid-value",
        "In a block a file is loaded first: `let @text = <file>`, then `show @text`.",
        p.pos,
        p.pos + 1,
      );
    return parsePrimary(p);
  }
  if (startsTemplate(c) || c === AT || (c === OPEN_BRACKET && p.at(p.pos + 1) === OPEN_BRACKET)) return parsePrimary(p);
  if (isIdentifierStart(c)) {
    const word = p.text.slice(p.pos, p.wordEnd(p.pos));
    if (word === "foreach") {
      if (hasNarrowEffects(place)) invalidShown(p, "`foreach` cannot be shown", p.pos + word.length);
      return parseForeach(p);
    }
    if (word === "true" || word === "false" || word === "null") {
      if (!inBlock) invalidShown(p, "`true`, `false` and `null` cannot be shown", p.pos + word.length);
      return parsePrimary(p);
    }
    const command =
      word === "cmd" ||
      word === "sh" ||
      word === "bash" ||
      word === "js" ||
      word === "node" ||
      word === "py" ||
      word === "run";
    p.fail(
      command ? "syntax/command-in-show" : "syntax/invalid-value",
      command
        ? `\`show\` runs no command: write \`run cmd { … }\`, or assign the result and show that.`
        : `\`show\` takes a template, a variable, a call or a file, no \`${word}\`: assign the value to a name first.`,
      p.pos,
      p.pos + word.length,
    );
    const errors = p.errors.length;
    const value = parsePrimary(p);
    p.errors.length = errors;
    return value;
  }
  if (isDigit(c) || (c === MINUS && isDigit(p.at(p.pos + 1))) || c === OPEN_BRACE || c === OPEN_BRACKET) {
    if (!inBlock || (c === OPEN_BRACKET && hasNarrowEffects(place)))
      invalidShown(
        p,
        c === OPEN_BRACE
          ? "An object cannot be shown"
          : c === OPEN_BRACKET
            ? "An array cannot be shown"
            : "A number cannot be shown",
        p.pos + 1,
      );
    return parsePrimary(p);
  }
  if (p.pos > keywordEnd) p.pos = keywordEnd;
  p.fail("syntax/missing-value", "Expected what to show: a template, a variable, a call or a file.", start, keywordEnd);
  return p.missing(keywordEnd);
}

function invalidShown(p: Parser, what: string, end: number): void {
  p.fail("syntax/invalid-value", `${what} here: put it in a template, or assign it to a name first.`, p.pos, end);
}

/** At top level mlld reads another value on the line as a second argument. */
function checkSingleArgument(p: Parser, valueStart: number): void {
  const same = p.afterSpaces(p.pos);
  const c = p.at(same);
  if ((startsTemplate(c) || c === AT) && same > valueStart) {
    const end = p.lineEnd(same);
    p.fail("syntax/too-many-arguments", "`show` takes one value: join several in a template.", same, end);
    p.pos = end;
  }
}

/** `output SRC to TARGET [as FMT]`, `output "path"`. */
export function parseOutput(p: Parser, place: Place): OutputStatement {
  const start = p.pos;
  p.pos += 6;
  p.skipSpaces();
  let source: Expression | null = null;
  if (!p.atWord(p.pos, "to")) {
    const c = p.peek();
    if (startsTemplate(c) || c === AT || c === OPEN_BRACE || c === OPEN_BRACKET || c === LESS || isDigit(c)) {
      source = parsePrimary(p);
      if (p.at(p.afterSpaces(p.pos)) === PIPE) source = parseTail(p, source) as Expression;
    } else {
      p.fail("syntax/missing-value", 'Expected what to write: `output @value to "file"`.', start, start + 6);
      return { kind: "OutputStatement", start, end: p.pos, source, target: missingTarget(p), format: null };
    }
  }
  let next = p.afterSpaces(p.pos);
  let target: OutputTarget;
  if (p.atWord(next, "to")) {
    p.pos = p.afterSpaces(next + 2);
    target = parseTarget(p);
  } else if (p.at(next) === QUOTE || p.at(next) === APOSTROPHE) {
    p.pos = next;
    target = parseTarget(p);
  } else if (source !== null && source.kind === "Template") {
    // `output "path"` writes the whole document.
    target = { kind: "OutputTarget", start: source.start, end: source.end, to: "file", name: null, value: source };
    source = null;
    if (hasNarrowEffects(place))
      p.fail(
        "syntax/missing-target",
        "The document is written at the top level or in a loop only: here say what to write, and `to` where.",
        target.start,
        target.end,
      );
  } else {
    p.fail(
      "syntax/missing-target",
      "Expected `to` and where to write: a path, `stdout`, `stderr` or `env:NAME`.",
      p.pos,
      p.pos,
    );
    target = missingTarget(p);
  }
  let format: string | null = null;
  next = p.afterSpaces(p.pos);
  if (p.atWord(next, "as")) {
    if (place !== "top" && place !== "when" && place !== "action")
      p.fail("syntax/invalid-value", "In a block `output` takes no format: convert the value first.", next, next + 2);
    p.pos = p.afterSpaces(next + 2);
    const formatStart = p.pos;
    p.pos = p.wordEnd(formatStart);
    format = p.text.slice(formatStart, p.pos);
    if (format === "") {
      p.fail(
        "syntax/missing-value",
        "Expected the format as a bare word, such as `json`.",
        formatStart,
        formatStart + 1,
      );
      if (startsTemplate(p.peek())) parseTemplate(p);
    }
  }
  return { kind: "OutputStatement", start, end: p.pos, source, target, format };
}

function missingTarget(p: Parser): OutputTarget {
  return { kind: "OutputTarget", start: p.pos, end: p.pos, to: "file", name: null, value: p.missing() };
}

/** `stdout`, `stderr`, `env[:NAME]`, `@resolver/path`, a quoted or bare path. */
export function parseTarget(p: Parser): OutputTarget {
  const start = p.pos;
  const c = p.peek();
  if (p.atWord(start, "stdout") || p.atWord(start, "stderr")) {
    p.pos = start + 6;
    return {
      kind: "OutputTarget",
      start,
      end: p.pos,
      to: p.text.startsWith("stdout", start) ? "stdout" : "stderr",
      name: null,
      value: null,
    };
  }
  if (p.atWord(start, "env") && p.at(start + 3) !== SLASH) {
    p.pos = start + 3;
    let name: string | null = null;
    if (p.peek() === COLON) {
      const nameStart = ++p.pos;
      p.pos = p.identifierEnd(nameStart);
      name = p.text.slice(nameStart, p.pos);
      if (name === "")
        p.fail(
          "syntax/missing-name",
          "Expected the name of the environment variable after `env:`.",
          nameStart,
          nameStart,
        );
    }
    return { kind: "OutputTarget", start, end: p.pos, to: "env", name, value: null };
  }
  let value: Expression;
  if (startsTemplate(c)) value = parseTemplate(p);
  else if (c === AT || c === LESS) value = parsePrimary(p);
  else {
    let i = start;
    for (;;) {
      const d = p.at(i);
      if (
        d === -1 ||
        d === NEWLINE ||
        isSpace(d) ||
        d === CLOSE_BRACKET ||
        d === SEMICOLON ||
        d === PIPE ||
        d === COMMA ||
        d === CLOSE_PAREN
      )
        break;
      i++;
    }
    p.pos = i;
    if (i === start) {
      p.fail(
        "syntax/missing-target",
        "Expected where to write: a path, `stdout`, `stderr` or `env:NAME`.",
        start,
        start,
      );
      value = p.missing();
    } else
      value = {
        kind: "Template",
        start,
        end: i,
        quote: "none",
        parts: [{ kind: "Text", start, end: i, value: p.text.slice(start, i) }],
      };
  }
  return { kind: "OutputTarget", start, end: p.pos, to: "file", name: null, value };
}

/** `append SRC to FILE`. */
export function parseAppend(p: Parser): AppendStatement {
  const start = p.pos;
  p.pos += 6;
  p.skipSpaces();
  const c = p.peek();
  let source: Expression;
  if (startsTemplate(c) || c === AT) {
    source = parsePrimary(p);
    if (p.at(p.afterSpaces(p.pos)) === PIPE) source = parseTail(p, source) as Expression;
  } else {
    p.fail(
      "syntax/missing-value",
      '`append` takes a variable, a call or a template: `append @entry to "file"`.',
      p.pos,
      p.pos,
    );
    source =
      isIdentifierStart(c) || c === OPEN_BRACE || c === LESS || c === OPEN_BRACKET ? parseSilently(p) : p.missing();
  }
  const next = p.afterSpaces(p.pos);
  let target: OutputTarget;
  if (p.atWord(next, "to")) {
    p.pos = p.afterSpaces(next + 2);
    target = parseTarget(p);
  } else {
    p.fail("syntax/missing-target", 'Expected `to` and the file: `append @entry to "file"`.', p.pos, p.pos);
    target = missingTarget(p);
    if (startsTemplate(p.at(next))) {
      p.pos = next;
      target = parseTarget(p);
    }
  }
  return { kind: "AppendStatement", start, end: p.pos, source, target };
}

/** A value that is reported already. */
function parseSilently(p: Parser): Expression {
  const errors = p.errors.length;
  const value = parsePrimary(p);
  p.errors.length = errors;
  return value;
}

/** `log [SRC]`. */
export function parseLog(p: Parser, place: Place): LogStatement {
  const start = p.pos;
  p.pos += 3;
  const next = p.afterSpaces(p.pos);
  if (atEnd(p, next)) return { kind: "LogStatement", start, end: p.pos, source: null };
  p.pos = next;
  const value = parsePrimary(p);
  checkLogged(p, place, value);
  const source = parseTail(p, value) as Expression;
  return { kind: "LogStatement", start, end: p.pos, source };
}

/** mlld logs other values at the top level than in blocks, and pipes them in one of the two only. */
function checkLogged(p: Parser, place: Place, value: Expression): void {
  const template = value.kind === "Template";
  const reference =
    value.kind === "VariableReference" || value.kind === "MemberExpression" || value.kind === "CallExpression";
  if (place === "top" && !template && !reference && value.kind !== "Missing") {
    p.fail(
      "syntax/invalid-value",
      "At the top level `log` takes a template, a variable or a call: assign the value to a name first.",
      value.start,
      value.end,
    );
    return;
  }
  const pipe = p.afterSpaces(p.pos);
  if (p.at(pipe) !== PIPE || place === "when" || place === "action" || (place === "top" ? template : !template)) return;
  p.fail(
    "syntax/invalid-stage",
    "This value of `log` takes no pipe here: assign its result to a name first.",
    pipe,
    pipe + 1,
  );
}

/** What `bail` does not take, though it is a value. */
const NO_REASON: ReadonlySet<Expression["kind"]> = new Set([
  "CommandExpression",
  "CodeExpression",
  "RunExpression",
  "WhenExpression",
  "ForeachExpression",
  "NewExpression",
  "RegularExpression",
  "Wildcard",
  "BareWord",
] as const);

/** `bail [value]`. */
export function parseBail(p: Parser): BailStatement {
  const start = p.pos;
  p.pos += 4;
  const next = p.afterSpaces(p.pos);
  if (atEnd(p, next)) return { kind: "BailStatement", start, end: p.pos, value: null };
  p.pos = next;
  const value = parsePrimary(p);
  if (NO_REASON.has(value.kind))
    p.fail(
      "syntax/invalid-value",
      "`bail` takes a text or a name: assign the value to a name first.",
      value.start,
      value.end,
    );
  return { kind: "BailStatement", start, end: p.pos, value };
}

/** `checkpoint "name" [with { … }]`. */
export function parseCheckpoint(p: Parser): CheckpointStatement {
  const start = p.pos;
  p.pos += 10;
  p.skipSpaces();
  let name: Expression;
  if (startsTemplate(p.peek())) name = parseTemplate(p);
  else {
    const c = p.peek();
    p.fail("syntax/missing-value", 'Expected the name of the checkpoint in quotes: `checkpoint "name"`.', p.pos, p.pos);
    name = c === AT || isIdentifierStart(c) ? parseSilently(p) : p.missing();
  }
  let withClause: WithClause | null = null;
  const next = p.afterSpaces(p.pos);
  if (p.atWord(next, "with") && p.at(p.afterWhitespace(next + 4)) === OPEN_BRACE) {
    p.pos = next;
    withClause = parseWith(p);
  }
  return { kind: "CheckpointStatement", start, end: p.pos, name, with: withClause };
}

function parseTargetVariable(p: Parser, keyword: string): Expression {
  p.skipSpaces();
  if (p.peek() === AT) return parseReference(p);
  p.fail("syntax/missing-name", `Expected \`@name\` after \`${keyword}\`.`, p.pos, p.pos);
  return p.missing();
}

/** `sign @x [by "who"] [with algorithm]`. */
export function parseSign(p: Parser): SignStatement {
  const start = p.pos;
  p.pos += 4;
  const target = parseTargetVariable(p, "sign");
  let by: Expression | null = null;
  let algorithm: string | null = null;
  let next = p.afterSpaces(p.pos);
  if (p.atWord(next, "by")) {
    p.pos = p.afterSpaces(next + 2);
    if (startsTemplate(p.peek())) by = parseString(p);
    else if (p.peek() === AT) by = parseReference(p);
    else p.fail("syntax/missing-value", "Expected the signer in quotes after `by`.", p.pos, p.pos);
    next = p.afterSpaces(p.pos);
  }
  if (p.atWord(next, "with")) {
    p.pos = p.afterSpaces(next + 4);
    const algorithmStart = p.pos;
    p.pos = p.identifierEnd(algorithmStart);
    algorithm = p.text.slice(algorithmStart, p.pos);
    if (algorithm === "")
      p.fail("syntax/missing-value", "Expected the name of the algorithm after `with`.", p.pos, p.pos);
  }
  return { kind: "SignStatement", start, end: p.pos, target, by, algorithm };
}

/** `verify @x`. */
export function parseVerify(p: Parser): VerifyStatement {
  const start = p.pos;
  p.pos += 6;
  const target = parseTargetVariable(p, "verify");
  return { kind: "VerifyStatement", start, end: p.pos, target };
}

/** An effect in value position: `var @x = show "a"`, an action of a `when`. */
export function parseEffectValue(p: Parser): Action {
  return parseEffect(p) ?? p.missing();
}

/** `show`, `output`, `append` or `log` in a block. */
function parseEffect(p: Parser): Statement | null {
  switch (p.text.slice(p.pos, p.wordEnd(p.pos))) {
    case "show":
      return parseShow(p, "action");
    case "output":
      return parseOutput(p, "action");
    case "append":
      return parseAppend(p);
    case "log":
      return parseLog(p, "action");
    default:
      return null;
  }
}
