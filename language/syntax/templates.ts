import {
  APOSTROPHE,
  AT,
  BACKSLASH,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  DOT,
  GREATER,
  isIdentifierPart,
  isIdentifierStart,
  LESS,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
  SPACE,
} from "./characters";
import { fileReferenceEnd, parseFilePart } from "./file-references";
import type { Parser } from "./parser";
import { atStatementLine, endBefore } from "./recovery";
import { parseAccess } from "./references";
import { atTemplateLoop, parseTemplateLoop } from "./template-loops";
import type { Expression, Interpolation, Quote, Stage, Template, TemplatePart, Text } from "./tree";

/** What ends an interpolated text: the close of its quotes, or the end of the input for a template file. */
export const Ends = { Quote: 0, Backtick: 1, Colons: 2, File: 3, TripleColons: 4, Brackets: 5, BraceFile: 6 } as const;
export type Ends = (typeof Ends)[keyof typeof Ends];

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "0": "\0" };
const PUNCTUATION_ESCAPES = "\\\"'.@[]{}`$";

/** Any quoted form at the position. */
export function parseTemplate(p: Parser): Template {
  switch (p.peek()) {
    case QUOTE:
    case APOSTROPHE:
      return parseString(p);
    case BACKTICK:
      return parseDelimited(p, "`", "`", Ends.Backtick);
    case OPEN_BRACKET:
      return parseDelimited(p, "[[", "]]", Ends.Brackets);
    default:
      return p.at(p.pos + 2) === COLON
        ? parseDelimited(p, ":::", ":::", Ends.TripleColons)
        : parseDelimited(p, "::", "::", Ends.Colons);
  }
}

/** `"…"` or `'…'`. */
export function parseString(p: Parser): Template {
  if (p.peek() === APOSTROPHE) return parseLiteralString(p);
  const start = p.pos;
  p.pos++;
  const errors = p.errors.length;
  const comments = p.comments.length;
  let parts = parseInterpolated(p, Ends.Quote);
  if (p.peek() === QUOTE) p.pos++;
  else {
    // In a list the string was meant to end before the next separator or bracket.
    let end = p.lists === 0 ? p.pos : listItemEnd(p, start + 1);
    if (end < p.pos) {
      p.rewind(end, errors, comments);
      while (end > start + 1 && p.text.charCodeAt(end - 1) === SPACE) end--;
      p.pos = end;
      parts = textPart(p, start + 1, end);
    }
    p.fail("syntax/unclosed-string", 'Expected `"` to close the string on this line.', start, start + 1, {
      title: 'Close the string with `"`',
      edits: [{ start: p.pos, end: p.pos, newText: '"' }],
    });
  }
  return { kind: "Template", start, end: p.pos, quote: '"', parts };
}

/** Where an unclosed string at `i` ends in a list: before the first `,`, `]`, `}` or `)` of its line. */
function listItemEnd(p: Parser, i: number): number {
  const line = p.lineEnd(i);
  for (; i < line; i++) {
    const c = p.at(i);
    if (c === COMMA || c === CLOSE_BRACKET || c === CLOSE_BRACE || c === CLOSE_PAREN) return i;
  }
  return line;
}

function parseLiteralString(p: Parser): Template {
  const start = p.pos;
  const text = p.text;
  let i = start + 1;
  const reach = p.reach(start);
  for (;;) {
    i = indexWithin(text, "'", i, reach);
    if (i === -1) {
      p.noteUnclosed();
      break;
    }
    let slashes = 0;
    while (text.charCodeAt(i - 1 - slashes) === BACKSLASH && i - 1 - slashes > start) slashes++;
    if (slashes % 2 === 0) break;
    i++;
  }
  const line = p.lineEnd(start);
  // A quote that closes lines below, right against a word, opens another string: this one lacks its close.
  if (i === -1 || (i > line && isIdentifierPart(p.at(i + 1)))) {
    p.fail("syntax/unclosed-string", "Expected `'` to close the string.", start, start + 1, {
      title: "Close the string with `'`",
      edits: [{ start: line, end: line, newText: "'" }],
    });
    i = line;
    p.pos = line;
  } else p.pos = i + 1;
  const source = text.slice(start + 1, i);
  const escaped = source.includes("\\") || source.includes("@@");
  const value = escaped ? source.replace(/\\(['"\\@.[\]{}`$])|@@/g, (_, c) => c ?? "@") : source;
  const parts: TemplatePart[] = i > start + 1 ? [{ kind: "Text", start: start + 1, end: i, value }] : [];
  return { kind: "Template", start, end: p.pos, quote: "'", parts };
}

/** `indexOf` that looks no further than `limit`. */
function indexWithin(text: string, part: string, from: number, limit: number): number {
  if (limit === text.length) return text.indexOf(part, from);
  const found = text.slice(from, limit).indexOf(part);
  return found === -1 ? -1 : found + from;
}

function parseDelimited(p: Parser, quote: Quote, close: string, ends: Ends): Template {
  const start = p.pos;
  if (!p.enter()) {
    p.pos = p.lineEnd(start);
    return { kind: "Template", start, end: p.pos, quote, parts: [] };
  }
  const errors = p.errors.length;
  const comments = p.comments.length;
  p.pos += close.length;
  const fileEnd = p.end;
  p.end = p.reach(start);
  let parts = ends === Ends.TripleColons || ends === Ends.Brackets ? parseBraced(p, ends) : parseInterpolated(p, ends);
  p.end = fileEnd;
  if (p.pos < p.end && p.text.startsWith(close, p.pos)) p.pos += close.length;
  else {
    p.noteUnclosed();
    // Unclosed: the template ends where the next statement begins.
    p.rewind(endBefore(p, start, atStatementLine), errors, comments);
    parts = textPart(p, start + close.length, p.pos);
    p.fail(
      "syntax/unclosed-template",
      `Expected ${close === "`" ? "a backtick" : `\`${close}\``} to close the template.`,
      start,
      start + close.length,
    );
  }
  p.depth--;
  if (ends !== Ends.Backtick) trimEdgeLines(parts);
  return { kind: "Template", start, end: p.pos, quote, parts };
}

/** `::` and `:::` drop one line end after the opening and one before the closing. */
function trimEdgeLines(parts: TemplatePart[]): void {
  const first = parts[0];
  if (first?.kind === "Text") first.value = first.value.replace(/^\r?\n/, "");
  const last = parts[parts.length - 1];
  if (last?.kind === "Text") last.value = last.value.replace(/\r?\n$/, "");
}

function holdText(p: Parser, start: number, end: number, value: string | null): void {
  if (end <= start) return;
  const text: Text = { kind: "Text", start, end, value: value ?? p.text.slice(start, end) };
  p.hold(text);
}

/** Text as it stands, as the only part of a template. */
function textPart(p: Parser, start: number, end: number): TemplatePart[] {
  return end > start ? [{ kind: "Text", start, end, value: p.text.slice(start, end) }] : [];
}

/** Text with `@x`, `<file>` and escapes, up to its end (which is not taken). */
export function parseInterpolated(p: Parser, ends: Ends): TemplatePart[] {
  const base = p.top;
  const text = p.text;
  const end = p.end;
  let textStart = p.pos;
  let value: string | null = null;
  let copied = p.pos;
  let i = p.pos;
  if (text.charCodeAt(i) === SLASH && ends !== Ends.Quote && p.templateLoops === 0 && atTemplateLoop(p, i)) {
    if (ends === Ends.File) {
      holdLoops(p, ends);
      i = textStart = copied = p.pos;
    } else p.fail("syntax/invalid-template-loop", "`/for` begins on a line of its own in the template.", i, i + 4);
  }
  for (; i < end; i++) {
    const c = text.charCodeAt(i);
    // Letters, digits and other common characters are text.
    if ((c > 96 && c !== PIPE) || (c > 64 && c < 91) || c === SPACE) continue;
    if (c === AT) {
      const next = p.at(i + 1);
      if (next === AT) {
        value = (value ?? "") + text.slice(copied, i) + "@";
        copied = i + 2;
        i++;
        continue;
      }
      if (!isIdentifierStart(next)) continue;
      if (value !== null) value += text.slice(copied, i);
      holdText(p, textStart, i, value);
      p.pos = i;
      p.hold(parseInterpolation(p, ends));
      i = p.pos;
      textStart = copied = i;
      value = null;
      // A backslash right behind a name ends the name and vanishes.
      if (p.at(i) === BACKSLASH && !isEscape(p.at(i + 1))) {
        value = "";
        copied = i + 1;
        i++;
      }
      i--;
    } else if (c === QUOTE) {
      if (ends === Ends.Quote) break;
    } else if (c === BACKTICK) {
      if (ends === Ends.Backtick) break;
    } else if (c === COLON) {
      if (ends === Ends.Colons && p.at(i + 1) === COLON) break;
    } else if (c === NEWLINE) {
      if (ends === Ends.Quote) break;
      if (p.at(i + 1) === SLASH) {
        if (p.templateLoops > 0 && p.atWord(i + 2, "end")) {
          i++;
          break;
        }
        if (atTemplateLoop(p, i + 1)) {
          if (value !== null) value += text.slice(copied, i + 1);
          holdText(p, textStart, i + 1, value);
          p.pos = i + 1;
          holdLoops(p, ends);
          i = p.pos;
          textStart = copied = i;
          value = null;
          if (p.templateLoops > 0 && atSlashLine(p) && p.atWord(i + 1, "end")) break;
          i--;
        }
      }
    } else if (c === BACKSLASH) {
      const next = p.at(i + 1);
      const escaped = ends === Ends.Colons || ends === Ends.File ? (next === AT ? "@" : null) : escapeOf(next);
      if (escaped !== null) {
        value = (value ?? "") + text.slice(copied, i) + escaped;
        copied = i + 2;
        i++;
      }
    } else if (c === LESS) {
      if (p.at(i + 1) === LESS) {
        const close = literalAngleEnd(p, i);
        if (close !== -1) {
          value = (value ?? "") + text.slice(copied, i) + text.slice(i + 1, close - 1);
          copied = close;
          i = close - 1;
        } else i++;
        continue;
      }
      if (fileReferenceEnd(p, i, ends) === -1) continue;
      if (value !== null) value += text.slice(copied, i);
      holdText(p, textStart, i, value);
      p.pos = i;
      p.hold(parseFilePart(p, ends));
      i = p.pos;
      textStart = copied = i;
      value = null;
      i--;
    }
  }
  if (i > end) i = end;
  // The `\r` of the line end that cuts a string off is no part of it.
  if (ends === Ends.Quote && text.charCodeAt(i) === NEWLINE && i > textStart && text.charCodeAt(i - 1) === RETURN) i--;
  if (value !== null) value += text.slice(copied, i);
  holdText(p, textStart, i, value);
  p.pos = i;
  return p.take(base);
}

/** Holds the loop at the position and those that follow it on the next line: with its `/end` a loop takes the line end. */
function holdLoops(p: Parser, ends: Ends): void {
  do p.hold(parseTemplateLoop(p, ends));
  while (atSlashLine(p) && atTemplateLoop(p, p.pos));
}

/** True at a `/` in the first column. */
function atSlashLine(p: Parser): boolean {
  return p.peek() === SLASH && p.text.charCodeAt(p.pos - 1) === NEWLINE;
}

/** The end of `<<x>>`, which stands for the text `<x>`, or -1. */
function literalAngleEnd(p: Parser, i: number): number {
  let j = i + 2;
  while (isIdentifierPart(p.at(j)) || p.at(j) === SLASH || p.at(j) === DOT || p.at(j) === MINUS) j++;
  return j > i + 2 && p.at(j) === GREATER && p.at(j + 1) === GREATER ? j + 2 : -1;
}

function isEscape(c: number): boolean {
  return escapeOf(c) !== null;
}

function escapeOf(c: number): string | null {
  if (c === -1) return null;
  const character = String.fromCharCode(c);
  return ESCAPES[character] ?? (PUNCTUATION_ESCAPES.includes(character) ? character : null);
}

/** `@x.y|@f`, `@x?`, `@x?"…"`, `@x??"…"` in text. */
export function parseInterpolation(p: Parser, ends: Ends): Interpolation {
  const start = p.pos;
  const nameEnd = p.identifierEnd(start + 1);
  p.pos = nameEnd;
  let expression: Expression = {
    kind: "VariableReference",
    start,
    end: nameEnd,
    name: p.text.slice(start + 1, nameEnd),
  };
  expression = parseCondensedStages(p, parseAccess(p, expression, true));
  let conditional: Interpolation["conditional"] = null;
  let alternative: Template | null = null;
  if (p.peek() === QUESTION) {
    const fallback = p.at(p.pos + 1) === QUESTION;
    const quote = p.pos + (fallback ? 2 : 1);
    if (opensFragment(p, quote, ends)) {
      conditional = fallback ? "default" : "fragment";
      p.pos = quote;
      const { inFragment } = p;
      p.inFragment = true;
      alternative = parseTemplate(p);
      p.inFragment = inFragment;
    } else if (!fallback) {
      conditional = "omit";
      p.pos++;
    }
  }
  return { kind: "Interpolation", start, end: p.pos, expression, conditional, alternative };
}

/** A fragment closes on its line. Its quotes differ from those around it, or clearly do not close those. */
function opensFragment(p: Parser, i: number, ends: Ends): boolean {
  const c = p.at(i);
  if (c !== QUOTE && c !== BACKTICK && c !== APOSTROPHE) return false;
  if (c === BACKTICK && ends === Ends.Backtick) return false;
  const close = p.findInLine(p.text[i]!, i + 1);
  if (close === -1) return false;
  if (c !== QUOTE || ends !== Ends.Quote) return true;
  if (p.inFragment) return false;
  return p.findInLine('"', close + 1) !== -1 && BEGINS_FRAGMENT.test(p.text.slice(i + 1, close));
}

/** What never stands right behind the closing quote of a string: a name or word without space, a parenthesis behind one. */
const BEGINS_FRAGMENT = /^(?:[\w@(#]| +[@(])/;

/** `|@f|@ns.g` without spaces. */
export function parseCondensedStages(p: Parser, source: Expression): Expression {
  if (p.peek() !== PIPE || p.at(p.pos + 1) !== AT || !isIdentifierStart(p.at(p.pos + 2))) return source;
  const stages = parseCondensed(p);
  return { kind: "Pipeline", start: source.start, end: p.pos, source, stages, condensed: true };
}

export function parseCondensed(p: Parser): Stage[] {
  const stages: Stage[] = [];
  while (p.peek() === PIPE && p.at(p.pos + 1) === AT && isIdentifierStart(p.at(p.pos + 2))) {
    const start = ++p.pos;
    p.pos = p.identifierEnd(start + 1);
    const name: Expression = { kind: "VariableReference", start, end: p.pos, name: p.text.slice(start + 1, p.pos) };
    const target = p.peek() === DOT && isIdentifierStart(p.at(p.pos + 1)) ? parseAccess(p, name, true) : name;
    stages.push({ kind: "CallStage", start, end: p.pos, target });
  }
  return stages;
}

/** Text with `{{x}}`: `:::…:::`, `[[…]]` and `.mtt` files. */
export function parseBraced(p: Parser, ends: Ends): TemplatePart[] {
  const base = p.top;
  const text = p.text;
  let textStart = p.pos;
  let i = p.pos;
  for (; i < p.end; i++) {
    const c = text.charCodeAt(i);
    if (c === OPEN_BRACE && p.at(i + 1) === OPEN_BRACE) {
      p.pos = i;
      const interpolation = parseBraces(p);
      if (interpolation === null) continue;
      holdText(p, textStart, i, null);
      p.hold(interpolation);
      textStart = p.pos;
      i = p.pos - 1;
    } else if (c === COLON) {
      if (ends === Ends.TripleColons && p.at(i + 1) === COLON && p.at(i + 2) === COLON) break;
    } else if (c === CLOSE_BRACKET) {
      if (ends === Ends.Brackets && p.at(i + 1) === CLOSE_BRACKET) break;
    } else if (c === LESS && ends === Ends.TripleColons && fileReferenceEnd(p, i, ends) !== -1) {
      holdText(p, textStart, i, null);
      p.pos = i;
      p.hold(parseFilePart(p, ends));
      textStart = p.pos;
      i = p.pos - 1;
    }
  }
  holdText(p, textStart, i, null);
  p.pos = i;
  return p.take(base);
}

/** `{{x.y|@f}}`, or null when the braces hold anything else and are text. */
function parseBraces(p: Parser): Interpolation | null {
  const start = p.pos;
  let i = p.afterSpaces(start + 2);
  const sigil = p.at(i) === AT ? 1 : 0;
  const nameEnd = p.identifierEnd(i + sigil);
  if (nameEnd === i + sigil) return null;
  p.pos = nameEnd;
  let expression: Expression = {
    kind: "VariableReference",
    start: i,
    end: nameEnd,
    name: p.text.slice(i + sigil, nameEnd),
  };
  expression = parseCondensedStages(p, parseAccess(p, expression, true));
  i = p.afterSpaces(p.pos);
  if (p.at(i) !== CLOSE_BRACE || p.at(i + 1) !== CLOSE_BRACE) return null;
  p.pos = i + 2;
  return { kind: "Interpolation", start, end: p.pos, expression, conditional: null, alternative: null };
}
