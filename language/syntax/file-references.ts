import {
  APOSTROPHE,
  AT,
  BACKTICK,
  BANG,
  CLOSE_BRACE,
  COLON,
  DOT,
  EQUALS,
  GREATER,
  HASH,
  isIdentifierStart,
  isSpace,
  LESS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
  STAR,
} from "./characters";
import type { Parser } from "./parser";
import { parseAccess } from "./references";
import { Ends, parseCondensed, parseCondensedStages, parseInterpolation } from "./templates";
import type { DefinitionSelector, Expression, FileReference, SectionSelector, Stage, TemplatePart } from "./tree";

/**
 * The position of the `>` of a file reference at `i` in a text, or -1 when the angle is plain text: a file reference holds
 * `.`, `*` or `@`, is no comment and no tag with attributes, holds no `{{x}}`, and closes on its line.
 */
export function fileReferenceEnd(p: Parser, i: number, ends: Ends): number {
  const first = p.at(i + 1);
  if (first === BANG || first === SLASH) return -1;
  if (first === GREATER) return p.at(i + 2) === DOT ? i + 1 : -1;
  let named = false;
  let assigned = false;
  for (let j = i + 1; ; j++) {
    const c = p.at(j);
    if (c === GREATER) return named && !assigned ? j : -1;
    if (c === -1 || c === NEWLINE || c === LESS) return -1;
    if (c === OPEN_BRACE && p.at(j + 1) === OPEN_BRACE) return -1;
    if (c === DOT || c === STAR || c === AT) named = true;
    else if (c === QUOTE || c === APOSTROPHE) {
      if (c === QUOTE && ends === Ends.Quote) return -1;
      if (p.at(j - 1) === EQUALS) assigned = true;
    } else if (c === BACKTICK && ends === Ends.Backtick) return -1;
    else if (c === COLON && ends === Ends.Colons && p.at(j + 1) === COLON) return -1;
  }
}

/** `<file>` as a value, with `?` and field access behind it. */
export function parseFileAccess(p: Parser): Expression {
  const file = parseFileReference(p, Ends.File);
  if (file.placeholder)
    p.fail(
      "syntax/invalid-file",
      "Expected a path between `<` and `>`: `<>` stands in `as` texts only.",
      file.start,
      p.pos,
    );
  else if (file.definitions !== null && /(?:^|,)\s*@[\w-]+\s*(?:,|$)/.test(file.definitions.text))
    p.fail("syntax/invalid-file", "A definition is named without `@`.", file.definitions.start, file.definitions.end);
  const c = p.peek();
  if (c === DOT || c === OPEN_BRACKET || c === NEWLINE || c === RETURN) return parseAccess(p, file, false);
  return file;
}

/** `<file>` in a text: fields right behind it (`<a.json>.name`, `<>.mx.filename`) belong to it. */
export function parseFilePart(p: Parser, ends: Ends): TemplatePart {
  const file = parseFileReference(p, ends);
  if (p.peek() !== DOT && p.peek() !== OPEN_BRACKET) return file;
  const field = parseAccess(p, file, true);
  if (field === file) return file;
  const expression = parseCondensedStages(p, field);
  return { kind: "Interpolation", start: file.start, end: p.pos, expression, conditional: null, alternative: null };
}

/** `<path # section { definitions } |@stage>`; `ends` names the text that holds it. */
export function parseFileReference(p: Parser, ends: Ends): FileReference {
  const start = p.pos;
  p.pos++;
  p.skipSpaces();
  if (p.peek() === GREATER) {
    p.pos++;
    return {
      kind: "FileReference",
      start,
      end: p.pos,
      path: [],
      placeholder: true,
      section: null,
      definitions: null,
      optional: false,
      stages: [],
    };
  }
  const path = parsePath(p);
  let section: SectionSelector | null = null;
  let definitions: DefinitionSelector | null = null;
  let stages: Stage[] = [];
  let optional = false;
  p.skipSpaces();
  if (p.peek() === HASH) section = parseSection(p);
  else if (p.peek() === OPEN_BRACE) definitions = parseDefinitions(p);
  p.skipSpaces();
  if (p.peek() === QUESTION) {
    optional = true;
    p.pos++;
  }
  if (p.peek() === PIPE) stages = parseCondensed(p);
  p.skipSpaces();
  if (p.peek() === GREATER) {
    p.pos++;
    if (path.length === 0) p.fail("syntax/invalid-file", "Expected a path between `<` and `>`.", start, p.pos);
  } else {
    const close = p.findInLine(">", p.pos);
    if (close !== -1) {
      p.fail(
        "syntax/invalid-file",
        "Expected `>` after the path, its `# section` or its `{ definitions }`.",
        p.pos,
        close,
      );
      p.pos = close + 1;
    } else {
      p.fail("syntax/unclosed-file", "Expected `>` to close the file reference.", start, start + 1, {
        title: "Close it with `>`",
        edits: [{ start: p.pos, end: p.pos, newText: ">" }],
      });
    }
  }
  if (p.peek() === QUESTION && ends === Ends.File && p.at(p.pos + 1) !== QUESTION) {
    optional = true;
    p.pos++;
  }
  let node: FileReference = {
    kind: "FileReference",
    start,
    end: p.pos,
    path,
    placeholder: false,
    section,
    definitions,
    optional,
    stages,
  };
  if (ends !== Ends.File && p.peek() === PIPE) {
    node = { ...node, stages: parseCondensed(p), end: p.pos };
  }
  return node;
}

/** Path text with `@x`, up to ` #`, ` {`, `|`, `>` or the end of the line. */
function parsePath(p: Parser): TemplatePart[] {
  const ends = (c: number, i: number) =>
    c === GREATER ||
    c === LESS ||
    c === PIPE ||
    ((c === HASH || c === OPEN_BRACE) && isSpace(p.at(i - 1))) ||
    (c === QUESTION && p.at(p.afterSpaces(i + 1)) === GREATER);
  return parseText(p, ends, text => text.replace(/\\(.)/g, "$1")).parts;
}

/** Text with `@x` up to where `ends` holds, or the end of the line; spaces at its end are left out. */
function parseText(
  p: Parser,
  ends: (c: number, i: number) => boolean,
  value: (text: string) => string,
): { parts: TemplatePart[]; end: number } {
  const parts: TemplatePart[] = [];
  let textStart = p.pos;
  let i = p.pos;
  const flush = (end: number) => {
    if (end > textStart)
      parts.push({ kind: "Text", start: textStart, end, value: value(p.text.slice(textStart, end)) });
  };
  for (;;) {
    const c = p.at(i);
    if (c === -1 || c === NEWLINE || ends(c, i)) break;
    if (c === AT && isIdentifierStart(p.at(i + 1))) {
      flush(i);
      p.pos = i;
      parts.push(parsePathVariable(p));
      i = textStart = p.pos;
    } else i++;
  }
  p.pos = i;
  let end = i;
  while (end > textStart && isSpace(p.at(end - 1))) end--;
  flush(end);
  // As long as it needs to be: trees are kept.
  return { parts: parts.slice(), end };
}

function parsePathVariable(p: Parser): TemplatePart {
  const interpolation = parseInterpolation(p, Ends.File);
  // `<@file?>` is an optional file, no conditional text.
  if (interpolation.conditional === "omit") {
    interpolation.conditional = null;
    interpolation.end--;
    p.pos--;
  }
  return interpolation;
}

/** `# Title`, `# "Title"`, `# @x`, `# A, B`, `# ??`: kept as text with its variables. */
function parseSection(p: Parser): SectionSelector {
  p.pos++;
  p.skipSpaces();
  const start = p.pos;
  const ends = (c: number, i: number) =>
    c === GREATER ||
    (c === PIPE && p.at(i + 1) === AT) ||
    (c === QUESTION && p.at(i + 1) === GREATER && p.at(i - 1) !== QUESTION);
  const { parts, end } = parseText(p, ends, text => text);
  return { kind: "SectionSelector", start, end, parts };
}

function parseDefinitions(p: Parser): DefinitionSelector {
  const start = p.pos;
  let i = start + 1;
  for (;;) {
    const c = p.at(i);
    if (c === CLOSE_BRACE) break;
    if (c === -1 || c === NEWLINE || c === GREATER) {
      p.fail("syntax/invalid-file", "Expected `}` to close the list of definitions.", start, start + 1);
      p.pos = i;
      return { kind: "DefinitionSelector", start, end: i, text: p.text.slice(start + 1, i).trim() };
    }
    i++;
  }
  p.pos = i + 1;
  return { kind: "DefinitionSelector", start, end: i + 1, text: p.text.slice(start + 1, i).trim() };
}
