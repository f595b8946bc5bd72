import { BACKTICK, GREATER, isIdentifierPart, isIdentifierStart, isSpace, LESS, MINUS, NEWLINE } from "./characters";
import type { SyntaxCode } from "./errors";
import type { Binding, Comment, Missing, Mode, SyntaxError as Problem } from "./tree";

/** Brackets, operators and templates may nest this deep; beyond it the group is skipped with an error. */
export const MAX_DEPTH = 200;

/** Errors beyond this number are counted, not kept. */
const MAX_ERRORS = 1000;

export interface Edit {
  start: number;
  end: number;
  newText: string;
}

/**
 * The state of one parse. The parsing functions take it as their first argument; each begins at `pos`, leaves `pos` behind
 * what it took, and always returns a node.
 */
export class Parser {
  pos = 0;
  depth = 0;
  errors: Problem[] = [];
  comments: Comment[] = [];
  /** Set where an operator may stand at the start of a line: in parentheses and conditions. */
  multiline = false;
  /** Set in `with { … }`, where durations are values. */
  inWith = false;
  /** Set where a bare word is a value: behind a few keys of `with { … }`. */
  bareWords = false;
  /** Where the last `;` stood: errors before it say nothing about what follows. */
  private released = 0;
  /** Number of `/for` loops of a template around the position. */
  templateLoops = 0;

  constructor(
    readonly text: string,
    readonly mode: Mode,
    public end: number = text.length,
  ) {}

  /** The code of the character at `i`, or -1 behind the end. */
  at(i: number): number {
    return i < this.end ? this.text.charCodeAt(i) : -1;
  }

  peek(): number {
    return this.pos < this.end ? this.text.charCodeAt(this.pos) : -1;
  }

  /**
   * Reports an error, unless one stands on the same line already: what follows a mistake on its line is mostly its
   * consequence. A `;` gives the rest of the line a chance of its own (see `release`).
   */
  fail(code: SyntaxCode, message: string, start: number, end: number, fix?: { title: string; edits: Edit[] }): void {
    const errors = this.errors;
    if (errors.length >= MAX_ERRORS || this.isLineKnown(start)) return;
    const error: Problem = { code, message, start, end: end > start ? end : this.visibleEnd(start) };
    if (fix !== undefined) error.fix = fix;
    errors.push(error);
  }

  /** Errors from here on are independent of those before, though on the same line. */
  release(): void {
    this.released = this.pos;
  }

  private isLineKnown(start: number): boolean {
    const errors = this.errors;
    for (let i = errors.length - 1; i >= 0 && i >= errors.length - 8; i--) {
      const other = errors[i]!.start;
      if (other < this.released && start >= this.released) continue;
      // The search ends at the first line end, so it is as long as a line at most; very long lines count as one.
      const newline = this.text.indexOf("\n", Math.min(start, other));
      if (newline === -1 || newline >= Math.max(start, other)) return true;
    }
    return false;
  }

  /** The end of a range of one character at `start`, or of none at the end of a line. */
  private visibleEnd(start: number): number {
    const c = this.at(start);
    return c === -1 || c === NEWLINE ? start : start + 1;
  }

  skipSpaces(): void {
    const text = this.text;
    let i = this.pos;
    while (i < this.end && isSpace(text.charCodeAt(i))) i++;
    this.pos = i;
  }

  /** Skips white space with line ends, without comments. */
  skipWhitespace(): void {
    const text = this.text;
    let i = this.pos;
    while (i < this.end) {
      const c = text.charCodeAt(i);
      if (c !== NEWLINE && !isSpace(c)) break;
      i++;
    }
    this.pos = i;
  }

  /** Skips white space, line ends and comments. */
  skipTrivia(): void {
    for (;;) {
      this.skipWhitespace();
      if (!this.atComment(this.pos)) return;
      this.takeComment();
    }
  }

  /** The first position at or after `i` that is no space. */
  afterSpaces(i: number): number {
    while (i < this.end && isSpace(this.text.charCodeAt(i))) i++;
    return i;
  }

  afterWhitespace(i: number): number {
    while (i < this.end) {
      const c = this.text.charCodeAt(i);
      if (c !== NEWLINE && !isSpace(c)) break;
      i++;
    }
    return i;
  }

  afterTrivia(i: number): number {
    for (;;) {
      i = this.afterWhitespace(i);
      if (!this.atComment(i)) return i;
      i = this.lineEnd(i);
    }
  }

  atComment(i: number): boolean {
    const c = this.at(i);
    return (c === GREATER || c === LESS) && this.at(i + 1) === c;
  }

  takeComment(): void {
    const start = this.pos;
    this.pos = this.lineEnd(start);
    this.comments.push({ kind: "Comment", start, end: this.pos });
  }

  /** The position of the line end at or after `i`: before `\n` and the `\r` that belongs to it. */
  lineEnd(i: number): number {
    let end = this.text.indexOf("\n", i);
    if (end === -1 || end > this.end) end = this.end;
    if (end > i && this.text.charCodeAt(end - 1) === 13) end--;
    return end;
  }

  /** The start of the line that holds `i`. */
  lineStart(i: number): number {
    return i === 0 ? 0 : this.text.lastIndexOf("\n", i - 1) + 1;
  }

  /** The end of the identifier at `i` (letters, digits, `_`, single inner hyphens), or `i`. */
  identifierEnd(i: number): number {
    if (!isIdentifierStart(this.at(i))) return i;
    i++;
    for (;;) {
      const c = this.at(i);
      if (isIdentifierPart(c)) i++;
      else if (c === MINUS && isIdentifierPart(this.at(i + 1))) i += 2;
      else return i;
    }
  }

  /** The end of the word at `i` (letters, digits, `_`), or `i`. */
  wordEnd(i: number): number {
    if (!isIdentifierStart(this.at(i))) return i;
    do i++;
    while (isIdentifierPart(this.at(i)));
    return i;
  }

  /** True when `word` stands at `i` and ends there. */
  atWord(i: number, word: string): boolean {
    return this.text.startsWith(word, i) && i + word.length <= this.end && !isIdentifierPart(this.at(i + word.length));
  }

  missing(at: number = this.pos): Missing {
    return { kind: "Missing", start: at, end: at };
  }

  binding(start: number, name: string): Binding {
    return { kind: "Binding", start, end: this.pos, name };
  }

  /** Enters one level of nesting; false when the limit is reached, and then the error is reported. */
  enter(): boolean {
    if (this.depth >= MAX_DEPTH) {
      this.fail("syntax/too-deep", `More than ${MAX_DEPTH} levels of nesting.`, this.pos, this.pos);
      return false;
    }
    this.depth++;
    return true;
  }

  /** Forgets errors and comments behind a point to which the parser returns. */
  rewind(pos: number, errors: number, comments: number): void {
    this.pos = pos;
    this.errors.length = errors;
    this.comments.length = comments;
  }

  /** True when three or more backticks begin at `i`. */
  atFence(i: number): boolean {
    return this.at(i) === BACKTICK && this.at(i + 1) === BACKTICK && this.at(i + 2) === BACKTICK;
  }
}
