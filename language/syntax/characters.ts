/** Character codes and classes of mlld's lexical rules. Everything outside ASCII is text. */

export const TAB = 9;
export const NEWLINE = 10;
export const RETURN = 13;
export const SPACE = 32;
export const BANG = 33;
export const QUOTE = 34;
export const HASH = 35;
export const DOLLAR = 36;
export const PERCENT = 37;
export const AMPERSAND = 38;
export const APOSTROPHE = 39;
export const OPEN_PAREN = 40;
export const CLOSE_PAREN = 41;
export const STAR = 42;
export const PLUS = 43;
export const COMMA = 44;
export const MINUS = 45;
export const DOT = 46;
export const SLASH = 47;
export const COLON = 58;
export const SEMICOLON = 59;
export const LESS = 60;
export const EQUALS = 61;
export const GREATER = 62;
export const QUESTION = 63;
export const AT = 64;
export const OPEN_BRACKET = 91;
export const BACKSLASH = 92;
export const CLOSE_BRACKET = 93;
export const UNDERSCORE = 95;
export const BACKTICK = 96;
export const OPEN_BRACE = 123;
export const PIPE = 124;
export const CLOSE_BRACE = 125;
export const TILDE = 126;

const IDENTIFIER_START = 1;
const IDENTIFIER_PART = 2;
const DIGIT = 4;

const CLASS = new Uint8Array(128);
for (let c = 65; c <= 90; c++) CLASS[c] = CLASS[c + 32] = IDENTIFIER_START | IDENTIFIER_PART;
for (let c = 48; c <= 57; c++) CLASS[c] = IDENTIFIER_PART | DIGIT;
CLASS[UNDERSCORE] = IDENTIFIER_START | IDENTIFIER_PART;

export function isIdentifierStart(c: number): boolean {
  return c >= 0 && c < 128 && (CLASS[c]! & IDENTIFIER_START) !== 0;
}

export function isIdentifierPart(c: number): boolean {
  return c >= 0 && c < 128 && (CLASS[c]! & IDENTIFIER_PART) !== 0;
}

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Space within a line. A lone carriage return and the zero-width characters count, as in mlld. */
export function isSpace(c: number): boolean {
  return c === SPACE || c === TAB || c === RETURN || (c >= 0x200b && c <= 0x200d) || c === 0xfeff;
}
