import {
  BACKTICK,
  GREATER,
  HASH,
  isIdentifierPart,
  isIdentifierStart,
  isSpace,
  LESS,
  MINUS,
  NEWLINE,
  RETURN,
  SLASH,
} from "./characters";
import type { SyntaxCode } from "./errors";
import type { Binding, Comment, Missing, Mode, Node, SyntaxError as Problem } from "./tree";

/** Values, statements and brackets may nest this deep together; beyond it the group is skipped with an error. */
const MAX_DEPTH = 500;

/** Errors beyond this number are not kept. */
const MAX_ERRORS = 1000;

/**
 * After so many searches in vain through the whole file, a close is looked for nearby only, so that time stays linear; and after so many
 * that no error is kept, hardly at all.
 */
const MAX_UNCLOSED = 16;
const NEARBY = 1024;
const NEXT = 64;

const NONE: ReadonlySet<number> = new Set();

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
  private readonly held: Node[] = [];
  /** Where the next held node goes; a list under construction begins at the `top` of its start. */
  top = 0;
  /** The white space that `afterWhitespace` passed last. */
  private whiteFrom = -1;
  private whiteTo = -1;
  private whiteEnd = -1;
  /** The line that `seekLine` found last. */
  private lineFrom = 0;
  private lineTo = -1;
  /** Number of brackets, quotes and bodies that were looked for up to the end of the file in vain. */
  private unclosed = 0;
  /** Parentheses of a template in which a search for their close found none. */
  openParentheses: { from: number; to: number; unmatched: ReadonlySet<number> } = {
    from: 0,
    to: 0,
    unmatched: NONE,
  };
  /** Nesting of lists: there a string that lacks its close ends at the next separator. */
  lists = 0;
  /** Where the last `;` stood: errors before it say nothing about what follows. */
  private released = 0;
  /** Number of `/for` loops of a template around the position. */
  templateLoops = 0;
  /** Inside the text of a conditional fragment (`@x?"…"`), where no other one opens with the quote around it. */
  inFragment = false;

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
    const error: Problem = {
      code,
      message,
      start,
      end: Math.min(end > start ? end : this.visibleEnd(start), this.text.length),
    };
    if (fix !== undefined) error.fix = fix;
    errors.push(error);
  }

  /** Errors from here on are independent of those before, though on the same line. */
  release(): void {
    this.released = this.pos;
  }

  private isLineKnown(start: number): boolean {
    const errors = this.errors;
    if (errors.length === 0) return false;
    this.seekLine(start);
    for (let i = errors.length - 1; i >= 0 && i >= errors.length - 8; i--) {
      const other = errors[i]!.start;
      if (other < this.lineFrom || other > this.lineTo) continue;
      if (other >= this.released || start < this.released) return true;
    }
    return false;
  }

  /** Notes the line of `i`, unless it is that of the last call. */
  private seekLine(i: number): void {
    if (i >= this.lineFrom && i <= this.lineTo) return;
    this.lineFrom = this.lineStart(i);
    const end = this.text.indexOf("\n", i);
    this.lineTo = end === -1 ? this.text.length : end;
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
      if (this.atComment(this.pos)) this.takeComment();
      else if (!this.takeForeignComment()) return;
    }
  }

  /** Reports and takes a comment of another language: `// …`, `# …`. Nothing else begins like that where comments may stand. */
  private takeForeignComment(): boolean {
    const start = this.pos;
    const c = this.peek();
    const length = c === SLASH && this.at(start + 1) === SLASH ? 2 : c === HASH && isSpace(this.at(start + 1)) ? 1 : 0;
    if (length === 0) return false;
    const end = this.lineEnd(start);
    this.fail("syntax/text-not-allowed", "A comment begins with `>>`.", start, end, {
      title: "Write `>>`",
      edits: [{ start, end: start + length, newText: ">>" }],
    });
    this.pos = end;
    this.comments.push({ kind: "Comment", start, end });
    return true;
  }

  /** The first position at or after `i` that is no space. */
  afterSpaces(i: number): number {
    while (i < this.end && isSpace(this.text.charCodeAt(i))) i++;
    return i;
  }

  /** The first position at or after `i` that is neither space nor line end. */
  afterWhitespace(i: number): number {
    // Behind a value several parts of the parser look at the next line, one after the other.
    const end = this.end;
    if (i === this.whiteFrom && end === this.whiteEnd) return this.whiteTo;
    const start = i;
    const text = this.text;
    while (i < end) {
      const c = text.charCodeAt(i);
      if (c !== NEWLINE && !isSpace(c)) break;
      i++;
    }
    this.whiteFrom = start;
    this.whiteTo = i;
    this.whiteEnd = end;
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
    if (end > i && this.text.charCodeAt(end - 1) === RETURN) end--;
    return end;
  }

  /** The first place of `character` from `i` to the end of its line, not far away, or -1. */
  findInLine(character: string, i: number): number {
    const nearby = this.text.slice(i, Math.min(this.end, i + NEARBY));
    const found = nearby.indexOf(character);
    if (found === -1) return -1;
    const newline = nearby.indexOf("\n");
    return newline === -1 || found < newline ? found + i : -1;
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
    const text = this.text;
    const end = i + word.length;
    if (end > this.end) return false;
    for (let k = 0; k < word.length; k++) if (text.charCodeAt(i + k) !== word.charCodeAt(k)) return false;
    return !isIdentifierPart(this.at(end));
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
      this.fail("syntax/too-deep", "Nested too deeply: take parts out into names of their own.", this.pos, this.pos);
      return false;
    }
    this.depth++;
    return true;
  }

  /** How far the close of what opens at `i` is looked for. */
  reach(i: number): number {
    if (this.unclosed < MAX_UNCLOSED) return this.end;
    return Math.min(this.end, i + (this.unclosed < MAX_ERRORS ? NEARBY : NEXT));
  }

  /** Set where something is what it is because of all that follows. */
  readsOn = false;

  /** Whether a close was looked for in vain: then what was read depends on all that follows. */
  get searchedInVain(): boolean {
    return this.unclosed > 0 || this.readsOn;
  }

  /** Notes that a close was looked for in vain. */
  noteUnclosed(): void {
    this.unclosed++;
  }

  /** Adds a node to the innermost list under construction, which began at some `top`. */
  hold(node: Node): void {
    this.held[this.top++] = node;
  }

  /**
   * The nodes held since `base`, as a list of exactly their number. Lists that grow by `push` would reserve room for sixteen
   * more; most of ours have one to three elements, and the room would be most of the tree.
   */
  take<T extends Node>(base: number): T[] {
    const top = this.top;
    this.top = base;
    return this.held.slice(base, top) as T[];
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
