import {
  AMPERSAND,
  APOSTROPHE,
  AT,
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  GREATER,
  isIdentifierStart,
  isSpace,
  LESS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_PAREN,
  PIPE,
  QUOTE,
  SEMICOLON,
  SPACE,
} from "./characters";
import { codeEnd } from "./code-scanner";
import { fileReferenceEnd, parseFilePart } from "./file-references";
import type { Parser } from "./parser";
import { atBlockLine, endBefore } from "./recovery";
import { parseArguments, parseReference } from "./references";
import { Ends, parseInterpolation, parseString } from "./templates";
import type {
  Action,
  CodeBody,
  CodeExpression,
  CodeLanguage,
  CommandBody,
  CommandExpression,
  Label,
  TemplatePart,
  UsingClause,
} from "./tree";

/** The languages of code blocks by their keywords. */
export const LANGUAGES: Record<string, CodeLanguage> = {
  sh: "sh",
  bash: "bash",
  js: "js",
  javascript: "js",
  node: "node",
  py: "py",
  python: "py",
};

/** `cmd[:path][(args)] { … }`. */
export function parseCommand(p: Parser): CommandExpression {
  const start = p.pos;
  p.pos += 3;
  const { args, path } = parseArgumentsAndPath(p);
  const body = parseCommandBody(p);
  const using = parseUsing(p);
  return { kind: "CommandExpression", start, end: p.pos, arguments: args, path, body, using };
}

/** `sh[:path][(args)] { … }` and the other languages. */
export function parseCode(p: Parser): CodeExpression {
  const start = p.pos;
  p.pos = p.wordEnd(start);
  const language = LANGUAGES[p.text.slice(start, p.pos)]!;
  const { args, path } = parseArgumentsAndPath(p);
  const body = parseCodeBody(p);
  const using = parseUsing(p);
  return { kind: "CodeExpression", start, end: p.pos, language, arguments: args, path, body, using };
}

function parseArgumentsAndPath(p: Parser): { args: Action[] | null; path: TemplatePart[] | null } {
  let args: Action[] | null = null;
  let path: TemplatePart[] | null = null;
  for (;;) {
    const i = p.afterSpaces(p.pos);
    const c = p.at(i);
    if (c === OPEN_PAREN && args === null) {
      p.pos = i;
      args = parseArguments(p);
    } else if (c === COLON && path === null) {
      p.pos = p.afterSpaces(i + 1);
      path = parseWorkingDirectory(p);
    } else return { args, path };
  }
}

/** The unquoted path after `cmd:`, with `@x`. */
function parseWorkingDirectory(p: Parser): TemplatePart[] {
  const parts: TemplatePart[] = [];
  const c = p.peek();
  if (c === QUOTE || c === APOSTROPHE) {
    const start = p.pos;
    const template = parseString(p);
    return template.parts.length > 0 ? template.parts : [{ kind: "Text", start, end: p.pos, value: "" }];
  }
  let textStart = p.pos;
  let i = p.pos;
  for (;;) {
    const d = p.at(i);
    if (d === AT && isIdentifierStart(p.at(i + 1))) {
      if (i > textStart) parts.push({ kind: "Text", start: textStart, end: i, value: p.text.slice(textStart, i) });
      p.pos = i;
      parts.push(parseInterpolation(p, Ends.File));
      i = textStart = p.pos;
    } else if (d === -1 || d === NEWLINE || d === OPEN_BRACE || d === OPEN_PAREN || isSpace(d)) break;
    else i++;
  }
  if (i > textStart) parts.push({ kind: "Text", start: textStart, end: i, value: p.text.slice(textStart, i) });
  p.pos = i;
  if (parts.length === 0) p.fail("syntax/missing-value", "Expected the working directory after `:`.", i, i);
  return parts;
}

/** `using auth:NAME` or `using @v as ENV_NAME`. */
export function parseUsing(p: Parser): UsingClause | null {
  const start = p.afterSpaces(p.pos);
  if (!p.atWord(start, "using")) return null;
  p.pos = p.afterSpaces(start + 5);
  if (p.atWord(p.pos, "auth") && p.at(p.pos + 4) === COLON) {
    const labelStart = p.pos + 5;
    p.pos = p.identifierEnd(labelStart);
    const auth: Label = { kind: "Label", start: labelStart, end: p.pos, name: p.text.slice(labelStart, p.pos) };
    if (auth.name === "")
      p.fail("syntax/invalid-using", "Expected the name of a credential after `auth:`.", labelStart, labelStart);
    return { kind: "UsingClause", start, end: p.pos, auth, variable: null, as: null };
  }
  if (p.peek() !== AT) {
    p.fail("syntax/invalid-using", "Expected `using auth:NAME` or `using @value as ENV_NAME`.", start, start + 5);
    if (p.atWord(p.pos, "auth")) p.pos = p.identifierEnd(p.afterSpaces(p.pos + 4));
    return { kind: "UsingClause", start, end: p.pos, auth: null, variable: null, as: null };
  }
  const variable = parseReference(p);
  const asStart = p.afterSpaces(p.pos);
  let as: string | null = null;
  if (p.atWord(asStart, "as")) {
    p.pos = p.afterSpaces(asStart + 2);
    if (p.peek() === QUOTE || p.peek() === APOSTROPHE) {
      const nameStart = p.pos;
      parseString(p);
      as = p.text.slice(nameStart + 1, p.pos - 1);
    } else {
      const nameStart = p.pos;
      p.pos = p.identifierEnd(nameStart);
      as = p.text.slice(nameStart, p.pos);
    }
  }
  if (as === null || as === "")
    p.fail(
      "syntax/invalid-using",
      "Expected `as ENV_NAME`: the environment variable that gets the value.",
      p.pos,
      p.pos,
    );
  return { kind: "UsingClause", start, end: p.pos, auth: null, variable, as };
}

// ------------------------------------------------------------------------------------------------------------------- bodies

const OPERATOR_HELP = "run it with `sh { … }` instead";

/** The `{ … }` of a command, with its interpolations. */
export function parseCommandBody(p: Parser): CommandBody {
  const at = p.pos;
  p.skipSpaces();
  const open = p.peek() === OPEN_BRACE ? p.pos : p.afterWhitespace(p.pos);
  if (p.at(open) !== OPEN_BRACE) {
    p.pos = at;
    p.fail("syntax/missing-command", "Expected the command in braces: `{ … }`.", at, at);
    return { kind: "CommandBody", start: at, end: at, parts: [] };
  }
  p.pos = open + 1;
  const errors = p.errors.length;
  const fileEnd = p.end;
  p.end = p.reach(open);
  const parts = parseCommandParts(p);
  p.end = fileEnd;
  if (p.peek() === CLOSE_BRACE) p.pos++;
  else {
    p.noteUnclosed();
    p.rewind(endBefore(p, open, atBlockLine), errors, p.comments.length);
    p.fail("syntax/unclosed-command", "Expected `}` to close the command.", open, open + 1);
    parts.length = 0;
    if (p.pos > open + 1)
      parts.push({ kind: "Text", start: open + 1, end: p.pos, value: p.text.slice(open + 1, p.pos) });
  }
  return { kind: "CommandBody", start: open, end: p.pos, parts };
}

function parseCommandParts(p: Parser): TemplatePart[] {
  const base = p.top;
  const text = p.text;
  let textStart = p.pos;
  let i = p.pos;
  let quoted = false;
  for (; i < p.end; i++) {
    const c = text.charCodeAt(i);
    if ((c > 96 && c < 123) || (c > 64 && c < 91) || c === SPACE) continue;
    if (c === BACKSLASH) {
      i++;
      continue;
    }
    if (c === QUOTE) {
      quoted = !quoted;
      continue;
    }
    if (c === AT) {
      if (p.at(i + 1) === AT) i++;
      else if (isIdentifierStart(p.at(i + 1))) {
        if (i > textStart) p.hold(commandText(p, textStart, i));
        p.pos = i;
        p.hold(parseCommandInterpolation(p, quoted));
        textStart = p.pos;
        i = p.pos - 1;
      }
      continue;
    }
    if (quoted) {
      if (c === LESS && fileReferenceEnd(p, i, Ends.Quote) !== -1) {
        if (i > textStart) p.hold(commandText(p, textStart, i));
        p.pos = i;
        p.hold(parseFilePart(p, Ends.Quote));
        textStart = p.pos;
        i = p.pos - 1;
      }
      continue;
    }
    if (c === CLOSE_BRACE) break;
    if (c === APOSTROPHE) {
      const close = text.indexOf("'", i + 1);
      if (close === -1 || close >= p.end) {
        p.fail(
          "syntax/unclosed-string",
          "Expected `'` to close the quoted text: write `\\'` for an apostrophe.",
          i,
          i + 1,
        );
        i = p.end;
        break;
      }
      i = close;
    } else if (c === AMPERSAND || c === PIPE || c === SEMICOLON || c === GREATER || c === LESS) {
      i += checkOperator(p, i, c) - 1;
    }
  }
  if (i > p.end) i = p.end;
  if (i > textStart) p.hold(commandText(p, textStart, i));
  p.pos = i;
  return p.take(base);
}

export function commandText(p: Parser, start: number, end: number): TemplatePart {
  return { kind: "Text", start, end, value: p.text.slice(start, end) };
}

function parseCommandInterpolation(p: Parser, quoted: boolean): TemplatePart {
  const start = p.pos;
  const interpolation = parseInterpolation(p, quoted ? Ends.Quote : Ends.File);
  if (!quoted && interpolation.expression.kind === "CallExpression")
    p.fail(
      "syntax/call-in-command",
      "A command takes values, no calls: call before, and use the result here.",
      start,
      p.pos,
    );
  return interpolation;
}

/** Reports a shell operator that mlld rejects in a command; returns its length. */
function checkOperator(p: Parser, i: number, c: number): number {
  const doubled = p.at(i + 1) === c;
  const length = doubled ? 2 : 1;
  if (c === PIPE) {
    if (doubled) p.fail("syntax/shell-operator", `\`||\` is not allowed in a command: ${OPERATOR_HELP}.`, i, i + 2);
  } else if (c === AMPERSAND) {
    if (doubled) p.fail("syntax/shell-operator", `\`&&\` is not allowed in a command: ${OPERATOR_HELP}.`, i, i + 2);
    else
      p.fail(
        "syntax/shell-operator",
        "`&` does not run a command in the background: mlld waits for each command.",
        i,
        i + 1,
      );
  } else if (c === SEMICOLON) {
    p.fail("syntax/shell-operator", `\`;\` is not allowed in a command: ${OPERATOR_HELP}.`, i, i + 1);
    return 1;
  } else if (c === GREATER) {
    const hint = doubled
      ? `\`>>\` neither appends nor begins a comment in a command`
      : "`>` is not allowed in a command";
    p.fail("syntax/shell-operator", `${hint}: ${OPERATOR_HELP}, or use \`output\`.`, i, i + length);
  } else {
    p.fail(
      "syntax/shell-operator",
      `\`<\` is not allowed in a command: give the input with \`@value | cmd { … }\`.`,
      i,
      i + length,
    );
  }
  return length;
}

/** The `{ … }` of a code block, verbatim. */
export function parseCodeBody(p: Parser): CodeBody {
  const at = p.pos;
  const open = p.afterWhitespace(at);
  if (p.at(open) !== OPEN_BRACE) {
    p.fail("syntax/missing-command", "Expected the code in braces: `{ … }`.", at, at);
    return { kind: "CodeBody", start: at, end: at, text: "" };
  }
  const close = codeEnd(p.text, open, p.reach(open));
  if (close === -1) {
    p.noteUnclosed();
    p.pos = endBefore(p, open, atBlockLine);
    p.fail(
      "syntax/unclosed-code",
      "Expected `}` to close the code. Quotes, `//` and `/*` hide braces in every language: quote a URL.",
      open,
      open + 1,
    );
    return { kind: "CodeBody", start: open, end: p.pos, text: p.text.slice(open + 1, p.pos) };
  }
  p.pos = close + 1;
  return { kind: "CodeBody", start: open, end: p.pos, text: p.text.slice(open + 1, close) };
}
