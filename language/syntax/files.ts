import {
  APOSTROPHE,
  AT,
  BACKTICK,
  COLON,
  EQUALS,
  isIdentifierStart,
  isSpace,
  LESS,
  NEWLINE,
  QUOTE,
} from "./characters";
import { takeEqualsAfter } from "./equals";
import { parseExpression, parseValue, Where } from "./expressions";
import { parseFileReference } from "./file-references";
import type { Parser } from "./parser";
import { parseReference } from "./references";
import { Ends, parseString, parseTemplate } from "./templates";
import type { Expression, FileStatement, FilesStatement, Property } from "./tree";

/** True when `file` or `files` at the position is the 2.0.5 statement: a target follows. */
export function atFileStatement(p: Parser): boolean {
  const end = p.wordEnd(p.pos);
  const next = p.afterSpaces(end);
  const c = p.at(next);
  if (next === end) return c === QUOTE || c === APOSTROPHE || c === LESS;
  return (
    c === QUOTE ||
    c === APOSTROPHE ||
    c === LESS ||
    c === AT ||
    c === BACKTICK ||
    p.text.slice(next, p.lineEnd(next)).includes("=")
  );
}

/** `file TARGET = value`. */
export function parseFileStatement(p: Parser): FileStatement {
  const start = p.pos;
  p.pos += 4;
  const target = parseFileTarget(p);
  const value = takeEquals(p, "file") ? (parseValue(p, Where.Let) as Expression) : p.missing();
  return { kind: "FileStatement", start, end: p.pos, target, value };
}

/** `files TARGET = [ … ]`, `files TARGET = git "url" auth: @x branch: "b" …`. */
export function parseFilesStatement(p: Parser): FilesStatement {
  const start = p.pos;
  p.pos += 5;
  const target = parseFileTarget(p);
  let value: Expression | null = null;
  let git: Expression | null = null;
  const options: Property[] = [];
  if (!takeEquals(p, "files"))
    return { kind: "FilesStatement", start, end: p.pos, target, value: p.missing(), git, options };
  if (p.atWord(p.pos, "git")) {
    p.pos = p.afterSpaces(p.pos + 3);
    if (p.peek() === QUOTE || p.peek() === APOSTROPHE) git = parseString(p);
    else if (p.peek() === AT) git = parseReference(p);
    else {
      git = p.missing();
      p.fail("syntax/missing-value", 'Expected the address of the repository in quotes: `git "url"`.', p.pos, p.pos);
    }
    parseGitOptions(p, options);
  } else value = parseValue(p, Where.Let) as Expression;
  return { kind: "FilesStatement", start, end: p.pos, target, value, git, options };
}

function parseGitOptions(p: Parser, options: Property[]): void {
  for (;;) {
    const start = p.afterWhitespace(p.pos);
    if (!isIdentifierStart(p.at(start))) return;
    const end = p.wordEnd(start);
    if (p.at(p.afterSpaces(end)) !== COLON) return;
    p.pos = p.afterSpaces(p.afterSpaces(end) + 1);
    const value = parseExpression(p);
    options.push({
      kind: "Property",
      start,
      end: p.pos,
      key: { kind: "PropertyKey", start, end, name: p.text.slice(start, end), template: null },
      optional: false,
      value,
    });
  }
}

function parseFileTarget(p: Parser): Expression {
  p.skipSpaces();
  const c = p.peek();
  if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) return parseTemplate(p);
  if (c === LESS) return parseFileReference(p, Ends.File);
  if (c === AT) return parseReference(p);
  const start = p.pos;
  let i = start;
  while (p.at(i) !== -1 && p.at(i) !== NEWLINE && !isSpace(p.at(i)) && p.at(i) !== EQUALS) i++;
  p.pos = i;
  if (i === start) {
    p.fail("syntax/missing-target", "Expected the path of the file.", start, start);
    return p.missing();
  }
  return {
    kind: "Template",
    start,
    end: i,
    quote: "none",
    parts: [{ kind: "Text", start, end: i, value: p.text.slice(start, i) }],
  };
}

function takeEquals(p: Parser, keyword: string): boolean {
  const at = p.pos;
  if (takeEqualsAfter(p, "the path")) {
    p.skipWhitespace();
    return true;
  }
  p.pos = at;
  p.fail("syntax/missing-equals", `Expected \`=\` after the path: \`${keyword} "path" = …\`.`, at, at);
  return false;
}
