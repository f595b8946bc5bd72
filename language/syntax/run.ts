import {
  APOSTROPHE,
  AT,
  BACKTICK,
  COLON,
  COMMA,
  isIdentifierStart,
  LESS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
  QUOTE,
} from "./characters";
import {
  commandText,
  LANGUAGES,
  parseCode,
  parseCodeBody,
  parseCommand,
  parseCommandBody,
  parseUsing,
} from "./commands";
import { parsePrimary, parseValue, startsValue, Where } from "./expressions";
import { parseObject } from "./literals";
import type { Parser } from "./parser";
import { parseReference } from "./references";
import { parseParallelGroup, parseTail } from "./tails";
import { parseString, parseTemplate } from "./templates";
import type { Action, CodeBody, CommandBody, CommandExpression, Expression, Label, RunExpression } from "./tree";

/** `run …`; what may follow as a pipeline is left to the caller. */
export function parseRun(p: Parser): RunExpression {
  const start = p.pos;
  p.pos += 3;
  p.skipWhitespace();
  let stream = false;
  if (p.atWord(p.pos, "stream")) {
    stream = true;
    p.pos += 6;
    p.skipWhitespace();
    if (p.atWord(p.pos, "cmd"))
      p.fail(
        "syntax/invalid-value",
        "`run stream` takes code or a call, no `cmd`: write `stream cmd { … }` in an `exe`, or `sh { … }`.",
        p.pos,
        p.pos + 3,
      );
  }
  let stdin: Expression | null = null;
  let target = parseRunTarget(p);
  const pipe = p.afterWhitespace(p.pos);
  if (
    target.kind !== "CommandExpression" &&
    target.kind !== "CodeExpression" &&
    p.at(pipe) === PIPE &&
    p.at(pipe + 1) !== PIPE
  ) {
    const command = p.afterWhitespace(pipe + 1);
    const braces = p.at(command) === OPEN_BRACE;
    if (braces || p.atWord(command, "cmd")) {
      stdin = target;
      p.pos = command;
      target = braces ? parseBareCommand(p) : parseCommand(p);
    }
  }
  const using = "using" in target && target.using !== null ? null : parseUsing(p);
  const labels = parseTrailingLabels(p);
  return { kind: "RunExpression", start, end: p.pos, stream, stdin, target, using, labels };
}

function parseBareCommand(p: Parser): CommandExpression {
  const start = p.pos;
  const body = parseCommandBody(p);
  const using = parseUsing(p);
  return { kind: "CommandExpression", start, end: p.pos, arguments: null, path: null, body, using };
}

function parseRunTarget(p: Parser): Expression {
  const start = p.pos;
  const c = p.peek();
  if (c === OPEN_BRACE) return parseBareCommand(p);
  if (c === AT) return parseReference(p);
  if (c === PIPE && p.at(start + 1) === PIPE) {
    const group = parseParallelGroup(p);
    return { kind: "Pipeline", start, end: p.pos, source: null, stages: [group], condensed: false };
  }
  if (c === QUOTE) {
    const template = parseString(p);
    const before = p.pos;
    if (p.at(p.afterWhitespace(before)) === PIPE) return template;
    const body: CommandBody = { kind: "CommandBody", start, end: before, parts: template.parts };
    const using = parseUsing(p);
    return { kind: "CommandExpression", start, end: p.pos, arguments: null, path: null, body, using };
  }
  if (c === LESS || c === OPEN_BRACKET) return parsePrimary(p);
  if (c === APOSTROPHE || c === BACKTICK || c === COLON) {
    const template = parseTemplate(p);
    if (p.at(p.afterWhitespace(p.pos)) !== PIPE)
      p.fail("syntax/missing-command", 'A command is written `cmd { … }` or `"…"`.', start, p.pos);
    return template;
  }
  if (isIdentifierStart(c)) {
    const word = p.text.slice(start, p.wordEnd(start));
    if (word === "cmd") return parseCommand(p);
    if (LANGUAGES[word] !== undefined) return parseCode(p);
    return invalidRunTarget(p, word);
  }
  p.fail(
    "syntax/missing-command",
    "Expected `cmd { … }`, code such as `sh { … }`, or `@exe()` after `run`.",
    start,
    start,
  );
  return p.missing();
}

/** `run echo hi`, `run ruby { … }`: a command without braces, or a language that mlld does not have. */
function invalidRunTarget(p: Parser, word: string): Expression {
  const start = p.pos;
  const brace = p.afterSpaces(p.wordEnd(start));
  if (p.at(brace) === OPEN_BRACE) {
    p.fail(
      "syntax/missing-command",
      `mlld does not run \`${word}\`: use cmd, sh, bash, js, node or py.`,
      start,
      start + word.length,
    );
    p.pos = brace;
    const body = parseCodeBody(p);
    return {
      kind: "CodeExpression",
      start,
      end: p.pos,
      language: "sh",
      arguments: null,
      path: null,
      body,
      using: null,
    };
  }
  const end = p.lineEnd(start);
  p.pos = end;
  p.fail("syntax/missing-command", "A command stands in braces: `run cmd { … }`.", start, end, {
    title: "Put the command in braces",
    edits: [
      { start, end: start, newText: "cmd { " },
      { start: end, end, newText: " }" },
    ],
  });
  const body: CommandBody = { kind: "CommandBody", start, end, parts: [commandText(p, start, end)] };
  return { kind: "CommandExpression", start, end, arguments: null, path: null, body, using: null };
}

/** Labels behind a `run`: `run cmd {…} secret, pii`. */
function parseTrailingLabels(p: Parser): Label[] {
  const labels: Label[] = [];
  let i = p.afterSpaces(p.pos);
  for (;;) {
    const end = p.identifierEnd(i);
    if (end === i) return labels;
    const word = p.text.slice(i, end);
    const behind = p.afterSpaces(end);
    if (behind >= p.lineEnd(behind) && word !== "else") {
      labels.push({ kind: "Label", start: i, end, name: word });
      p.pos = end;
      return labels;
    }
    if (
      word === "with" ||
      word === "as" ||
      word === "using" ||
      word === "else" ||
      word === "pipeline" ||
      startsValue(p, i)
    )
      return labels;
    const next = p.at(p.afterSpaces(end));
    if (next !== COMMA && next !== -1 && next !== NEWLINE) return labels;
    labels.push({ kind: "Label", start: i, end, name: word });
    p.pos = end;
    if (next !== COMMA) return labels;
    i = p.afterSpaces(p.afterSpaces(end) + 1);
  }
}

/** `stream …` before a call, a command or code in value position. */
export function parseStream(p: Parser): Action {
  const start = p.pos;
  p.pos += 6;
  p.skipWhitespace();
  const source = parseValue(p, Where.Exe) as Expression;
  return { kind: "StreamStatement", start, end: p.pos, source };
}

/** `template "f.att"`, the body of an exe. */
export function parseTemplateFile(p: Parser, where: Where): Expression {
  const start = p.pos;
  if (where !== Where.Exe)
    p.fail(
      "syntax/template-in-var",
      '`template` makes a function of a file: write `exe @name(…) = template "…"`.',
      start,
      start + 8,
    );
  p.pos += 8;
  p.skipWhitespace();
  const c = p.peek();
  let path: Expression;
  if (c === QUOTE || c === APOSTROPHE || c === BACKTICK || c === AT || c === LESS) path = parsePrimary(p);
  else {
    path = p.missing();
    p.fail("syntax/missing-value", "Expected the path of an `.att` or `.mtt` file in quotes.", p.pos, p.pos);
  }
  return parseTail(p, { kind: "TemplateFile", start, end: p.pos, path }) as Expression;
}

/** `prose:@cfg { … }`, `prose:@cfg "f.prose"`, `prose:@cfg template "f"`. */
export function parseProse(p: Parser): Expression {
  const start = p.pos;
  p.pos += 5;
  let config: Expression = p.missing();
  if (p.peek() === COLON) {
    p.pos = p.afterSpaces(p.pos + 1);
    if (p.peek() === AT) config = parseReference(p);
    else if (p.peek() === OPEN_BRACE) config = parseObject(p);
  }
  if (config.kind === "Missing")
    p.fail("syntax/missing-value", "Expected `prose:@config` followed by the text in braces.", start, start + 5);
  p.skipWhitespace();
  const c = p.peek();
  let body: Expression | CodeBody;
  if (c === OPEN_BRACE) body = parseCodeBody(p);
  else if (p.atWord(p.pos, "template")) body = parseTemplateFile(p, Where.Exe);
  else if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) body = parseTemplate(p);
  else {
    body = p.missing();
    p.fail("syntax/missing-value", "Expected the prose in braces, or the path of a file in quotes.", p.pos, p.pos);
  }
  return { kind: "ProseExpression", start, end: p.pos, config, body };
}
