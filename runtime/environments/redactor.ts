import { ProviderError } from "../providers/provider";

/** Shorter secrets would blank out ordinary text, and give themselves away by what is missing. */
export const MIN_SECRET_LENGTH = 4;
const MASK = "***";

/**
 * Replaces secrets in text by `***`: the value itself, and the forms in which programs print values: JSON, shell words, percent-encoded, HTML,
 * hexadecimal, and base64 (padded or not, URL-safe, at any alignment inside a longer text, in lines).
 */
export class Redactor {
  /** The longest first: of two forms that start alike the longer one is the one to blank out. */
  private forms: Form[] = [];
  /** Finds where a form may begin. Long secrets would make an expression of whole forms too large. */
  private heads: RegExp | null = null;
  private readonly known = new Set<string>();

  /** Throws `run/secret-too-short` for a value that cannot be told from ordinary text. */
  add(name: string, value: string): void {
    if (this.known.has(value)) return;
    if (value.trim().length < MIN_SECRET_LENGTH) {
      throw new ProviderError(
        "run/secret-too-short",
        `The credential '${name}' has fewer than ${MIN_SECRET_LENGTH} characters, too few to keep it out of the output.`,
        "Use a longer secret.",
      );
    }
    this.known.add(value);
    const forms = new Map([...this.forms, ...formsOf(value)].map(form => [form.text, form]));
    this.forms = [...forms.values()].sort((a, b) => b.text.length - a.text.length);
    this.heads = new RegExp([...new Set(this.forms.map(headOf))].join("|"), "g");
  }

  get active(): boolean {
    return this.heads !== null;
  }

  text(text: string): string {
    let clean = "";
    let done = 0;
    for (const { start, end } of this.found(text)) {
      clean += text.slice(done, start) + MASK;
      done = end;
    }
    return done === 0 ? text : clean + text.slice(done);
  }

  /** Where secrets stand in a text, from left to right, of those that begin alike the longest. */
  private *found(text: string): Generator<{ start: number; end: number }> {
    if (this.heads === null) return;
    let from = 0;
    for (;;) {
      this.heads.lastIndex = from;
      const start = this.heads.exec(text)?.index;
      if (start === undefined) return;
      const end = this.forms.reduce((found, form) => (found < 0 ? endOf(form, text, start) : found), -1);
      if (end >= 0) yield { start, end };
      from = end >= 0 ? end : start + 1;
    }
  }

  /** Redacts the strings of a JSON-like value, keys included. */
  value<T>(value: T): T {
    return this.active ? (this.redactValue(value) as T) : value;
  }

  private redactValue(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map(item => this.redactValue(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.redactValue(item)]));
  }

  /**
   * How much of `text` is settled, whatever comes next: the rest may be the beginning of a secret, or be part of a longer one. It must not
   * be let out yet.
   */
  settled(text: string): number {
    if (!this.active) return text.length;
    const settled = text.length - this.pending(text);
    for (const { start, end } of this.found(text)) {
      if (start >= settled) break;
      if (end > settled) return start;
    }
    return settled;
  }

  /** How many characters at the end may be the beginning of a secret. */
  private pending(text: string): number {
    const { tail, lines } = withoutBreaks(text, this.forms[0]!.text.length);
    let longest = 0;
    for (const form of this.forms) {
      const breaks = form.inLines ? lines : 0;
      const end = breaks > 0 ? tail : text;
      const last = end.at(-1);
      for (let length = Math.min(form.text.length - 1, end.length); length + breaks > longest; length--) {
        if (form.text[length - 1] !== last || !end.endsWith(form.text.slice(0, length))) continue;
        longest = length + breaks;
        break;
      }
    }
    return longest;
  }
}

/** One stream of text through a redactor: holds back what may be the beginning of a secret until it is known. */
export class RedactedStream {
  private held = "";

  constructor(private readonly redactor: Redactor) {}

  push(text: string): string {
    if (!this.redactor.active) return text;
    const all = this.held + text;
    const settled = this.redactor.settled(all);
    this.held = all.slice(settled);
    return this.redactor.text(all.slice(0, settled));
  }

  end(): string {
    const rest = this.redactor.text(this.held);
    this.held = "";
    return rest;
  }
}

/** How a secret may be printed. */
interface Form {
  text: string;
  /** base64 is printed in lines. */
  inLines: boolean;
}

/** So many characters of a form are looked for first. */
const HEAD_LENGTH = 16;

function headOf({ text, inLines }: Form): string {
  const head = text.slice(0, HEAD_LENGTH);
  return inLines ? [...head].map(escapeExpression).join("(?:\\r?\\n)?") : escapeExpression(head);
}

/** Where a form that begins at `start` ends; -1 when it does not stand there. */
function endOf({ text: form, inLines }: Form, text: string, start: number): number {
  if (!inLines) return text.startsWith(form, start) ? start + form.length : -1;
  let at = start;
  for (let index = 0; index < form.length; index++, at++) {
    if (index > 0 && text[at] === "\r" && text[at + 1] === "\n") at += 2;
    else if (index > 0 && text[at] === "\n") at++;
    if (text[at] !== form[index]) return -1;
  }
  return at;
}

/** Lengths of base64 lines, as `base64` and `openssl` print them. */
const BASE64_LINES = [76, 64];

/** The end of a text without the ends of lines that are as long as base64's, and how many characters these are. */
function withoutBreaks(text: string, length: number): { tail: string; lines: number } {
  let tail = "";
  let lines = 0;
  let end = text.length;
  while (tail.length < length && end > 0) {
    const start = text.lastIndexOf("\n", end - 1) + 1;
    tail = text.slice(start, end) + tail;
    const before = /\r?\n$/.exec(text.slice(Math.max(0, start - 2), start))?.[0].length ?? 0;
    const lineEnd = start - before;
    const line = lineEnd - (text.lastIndexOf("\n", lineEnd - 1) + 1);
    if (before === 0 || !BASE64_LINES.includes(line)) break;
    lines += before;
    end = lineEnd;
  }
  return { tail, lines };
}

function formsOf(value: string): Form[] {
  // Files and variables often end in a line end, which commands drop.
  const forms = [...new Set([value, value.trim()])].flatMap(textsOf);
  // Printed line by line, a secret of several lines is known by its longer lines.
  const lines = value.split(/\r?\n/).filter(line => line.trim().length >= 8);
  return [...forms, ...lines.map(text => ({ text, inLines: false }))].filter(
    form => form.text.length >= MIN_SECRET_LENGTH,
  );
}

function textsOf(value: string): Form[] {
  const bytes = Buffer.from(value, "utf8");
  const json = JSON.stringify(value).slice(1, -1);
  const percent = encodeURIComponent(value);
  // As most programs do it, and as Python does.
  const strict = percent.replace(/[!'()*]/g, percentOf);
  const encoded = [percent, strict, strict.replace(/%2F/g, "/")];
  const plain = [
    value,
    json,
    json.replace(/[\u0080-\uffff]/g, unicodeEscape),
    json.replace(/\//g, "\\/"),
    value.replace(/'/g, "'\\''"),
    value.replace(/'/g, `'"'"'`),
    value.replace(/["$`\\]/g, "\\$&"),
    value.replace(/[^\w@%+=:,./-]/g, "\\$&"),
    value.replace(/[&<>"']/g, char => HTML[char]!),
    ...encoded,
    ...encoded.map(text => text.replace(/%20/g, "+")),
    ...encoded.map(text => text.replace(/%[0-9A-F]{2}/g, code => code.toLowerCase())),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("base64url"),
  ];
  const base64 = bytes.toString("base64");
  const inLines = [base64, base64.replace(/=+$/, ""), ...[1, 2].flatMap(shift => shiftedBase64(bytes, shift))];
  return [...plain.map(text => ({ text, inLines: false })), ...inLines.map(text => ({ text, inLines: true }))];
}

const HTML: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function percentOf(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The characters of the base64 form that a secret fixes when `shift` other bytes stand before it, as in `user:SECRET`. */
function shiftedBase64(bytes: Buffer, shift: number): string[] {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + bytes.length) * 8) / 6);
  const fixed = text.slice(first, last);
  return fixed.length < 6 ? [] : [fixed, fixed.replace(/\+/g, "-").replace(/\//g, "_")];
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
