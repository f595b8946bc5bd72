/** Reads relaxed JSON: comments, trailing commas, single quotes, bare keys, hexadecimal and signed numbers, `NaN`, `Infinity`. */
export function parseRelaxedJson(source: string): unknown {
  return new RelaxedReader(source).read();
}

const SPACE = /[\s\u00a0\ufeff]/;
const NUMBER = /[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)/y;
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", "0": "\0" };
const WORDS: Record<string, unknown> = { true: true, false: false, null: null };
const DEEPEST = 2000;

class RelaxedReader {
  private at = 0;
  private depth = 0;

  constructor(private readonly source: string) {}

  read(): unknown {
    const value = this.value();
    this.skip();
    if (this.at < this.source.length) this.fail();
    return value;
  }

  private value(): unknown {
    this.skip();
    const character = this.source[this.at];
    if (character === "{") return this.nested(() => this.object());
    if (character === "[") return this.nested(() => this.list());
    if (character === '"' || character === "'") return this.text(character);
    const number = this.match(NUMBER);
    if (number !== null) return toNumber(number);
    const word = this.match(NAME);
    if (word !== null && Object.hasOwn(WORDS, word)) return WORDS[word];
    return this.fail();
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > DEEPEST) throw new SyntaxError("JSON is nested too deeply");
    const value = read();
    this.depth--;
    return value;
  }

  private object(): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    this.at++;
    for (;;) {
      this.skip();
      if (this.take("}")) return result;
      const quote = this.source[this.at];
      const key = quote === '"' || quote === "'" ? this.text(quote) : this.match(NAME);
      if (key === null) this.fail();
      this.skip();
      if (!this.take(":")) this.fail();
      Object.defineProperty(result, key, { value: this.value(), enumerable: true, configurable: true, writable: true });
      this.skip();
      if (!this.take(",")) {
        if (this.take("}")) return result;
        this.fail();
      }
    }
  }

  private list(): unknown[] {
    const result: unknown[] = [];
    this.at++;
    for (;;) {
      this.skip();
      if (this.take("]")) return result;
      result.push(this.value());
      this.skip();
      if (!this.take(",")) {
        if (this.take("]")) return result;
        this.fail();
      }
    }
  }

  private text(quote: string): string {
    let result = "";
    this.at++;
    for (;;) {
      const character = this.source[this.at++];
      if (character === undefined || character === "\n") this.fail();
      if (character === quote) return result;
      result += character === "\\" ? this.escape() : character;
    }
  }

  private escape(): string {
    const character = this.source[this.at++];
    if (character === undefined) this.fail();
    if (character === "\n") return "";
    if (character === "u" || character === "x") {
      const digits = this.source.slice(this.at, this.at + (character === "u" ? 4 : 2));
      if (!/^[0-9a-fA-F]+$/.test(digits)) this.fail();
      this.at += digits.length;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    return ESCAPES[character] ?? character;
  }

  private skip(): void {
    for (;;) {
      const character = this.source[this.at];
      if (character !== undefined && SPACE.test(character)) this.at++;
      else if (this.source.startsWith("//", this.at)) this.at = this.endOf("\n", 0);
      else if (this.source.startsWith("/*", this.at)) this.at = this.endOf("*/", 2);
      else return;
    }
  }

  private endOf(mark: string, length: number): number {
    const end = this.source.indexOf(mark, this.at);
    return end < 0 ? this.source.length : end + length;
  }

  private take(character: string): boolean {
    if (this.source[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private match(expression: RegExp): string | null {
    expression.lastIndex = this.at;
    const found = expression.exec(this.source)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  private fail(): never {
    const found = this.source[this.at];
    throw new SyntaxError(
      found === undefined
        ? "Unexpected end of JSON input"
        : `Unexpected ${JSON.stringify(found)} in JSON at position ${this.at}`,
    );
  }
}

function toNumber(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  return sign * Number(text.replace(/^[+-]/, ""));
}
