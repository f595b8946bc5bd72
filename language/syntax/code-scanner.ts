import {
  APOSTROPHE,
  BACKSLASH,
  BACKTICK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  DOLLAR,
  DOT,
  isIdentifierPart,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SLASH,
  SPACE,
  STAR,
  TAB,
} from "./characters";

/**
 * The position of the `}` that closes the code opened by `{` at `open`, or -1. As mlld does in every language, the scan steps
 * over strings, templates, comments and regular expressions, and counts braces elsewhere.
 */
export function codeEnd(text: string, open: number, end: number): number {
  let depth = 0;
  for (let i = open; i < end; i++) {
    const c = text.charCodeAt(i);
    if ((c > 96 && c < 123) || (c > 64 && c < 91) || c === SPACE) continue;
    if (c === OPEN_BRACE) depth++;
    else if (c === CLOSE_BRACE) {
      if (--depth === 0) return i;
    } else if (c === QUOTE || c === APOSTROPHE || c === BACKTICK) {
      i = stringEnd(text, i, end, c);
    } else if (c === SLASH) {
      const next = text.charCodeAt(i + 1);
      if (next === SLASH) {
        const line = text.indexOf("\n", i);
        if (line === -1 || line >= end) return -1;
        i = line;
      } else if (next === STAR) {
        const close = text.indexOf("*/", i + 2);
        // `/*` without a close is a glob of the shell, no comment.
        i = close === -1 || close >= end ? i + 1 : close + 1;
      } else {
        const close = regularExpressionEnd(text, i, end);
        if (close !== -1) i = close;
      }
    }
  }
  return -1;
}

/** The closing quote, or the opening one when the string does not close (an apostrophe in a comment, say). */
function stringEnd(text: string, open: number, end: number, quote: number): number {
  for (let i = open + 1; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) return i;
    if (c === BACKSLASH) i++;
  }
  return open;
}

/** The closing `/` of a regular expression at `i` on the same line, or -1 when the slash divides or parts a path. */
function regularExpressionEnd(text: string, i: number, end: number): number {
  let before = i - 1;
  while (before >= 0 && (text.charCodeAt(before) === SPACE || text.charCodeAt(before) === TAB)) before--;
  const b = text.charCodeAt(before);
  if (isIdentifierPart(b) || b === CLOSE_PAREN || b === CLOSE_BRACKET || b === CLOSE_BRACE || b === DOT || b === DOLLAR)
    return -1;
  let inClass = false;
  for (let j = i + 1; j < end; j++) {
    const c = text.charCodeAt(j);
    if (c === NEWLINE) return -1;
    if (c === BACKSLASH) j++;
    else if (c === OPEN_BRACKET) inClass = true;
    else if (c === CLOSE_BRACKET) inClass = false;
    else if (c === SLASH && !inClass) return j;
  }
  return -1;
}
