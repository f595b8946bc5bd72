import { ProviderError } from "../providers/provider";

/** Shorter secrets would blank out ordinary text, and give themselves away by what is missing. */
export const MIN_SECRET_LENGTH = 4;
const MASK = "***";

/**
 * Replaces secrets in text by `***`: the value itself, and its base64 (padded or not, URL-safe, at any alignment inside a longer
 * text), percent-encoded and JSON forms.
 */
export class Redactor {
  private forms: string[] = [];
  private expression: RegExp | null = null;
  private readonly known = new Set<string>();

  /** Throws `run/secret-too-short` for a value that cannot be told from ordinary text. */
  add(name: string, value: string): void {
    if (this.known.has(value)) return;
    if (value.length < MIN_SECRET_LENGTH) {
      throw new ProviderError(
        "run/secret-too-short",
        `The credential '${name}' has fewer than ${MIN_SECRET_LENGTH} characters, too few to keep it out of the output.`,
        "Use a longer secret.",
      );
    }
    this.known.add(value);
    const forms = new Set([...this.forms, ...formsOf(value)]);
    // The longest first: of two forms that start alike the longer one is the one to blank out.
    this.forms = [...forms].sort((a, b) => b.length - a.length);
    this.expression = new RegExp(this.forms.map(escapeExpression).join("|"), "g");
  }

  get active(): boolean {
    return this.expression !== null;
  }

  text(text: string): string {
    return this.expression ? text.replace(this.expression, MASK) : text;
  }

  /** Redacts the strings of a JSON-like value, keys included. */
  value<T>(value: T): T {
    return this.expression ? (this.redactValue(value) as T) : value;
  }

  private redactValue(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map(item => this.redactValue(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.redactValue(item)]));
  }

  /**
   * How many characters at the end of `text` may be the beginning of a secret that the next chunk completes. They must not be let
   * out yet.
   */
  pending(text: string): number {
    let longest = 0;
    for (const form of this.forms) {
      for (let length = Math.min(form.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(form.slice(0, length))) {
          longest = length;
          break;
        }
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
    // Complete secrets go first: their own tail is not the beginning of another one.
    const clean = this.redactor.text(this.held + text);
    const keep = this.redactor.pending(clean);
    this.held = clean.slice(clean.length - keep);
    return clean.slice(0, clean.length - keep);
  }

  end(): string {
    const rest = this.held;
    this.held = "";
    return rest;
  }
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    encodeURIComponent(value).replace(/%20/g, "+"),
    percentLower(value),
  ];
  // Printed line by line, a secret of several lines is known by its longer lines.
  if (value.includes("\n")) forms.push(...value.split(/\r?\n/).filter(line => line.trim().length >= 8));
  forms.push(
    bytes.toString("base64"),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    bytes.toString("hex"),
  );
  for (const shift of [1, 2]) forms.push(...shiftedBase64(bytes, shift));
  return forms.filter(form => form.length >= MIN_SECRET_LENGTH);
}

/** The characters of the base64 form that a secret fixes when `shift` other bytes stand before it, as in `user:SECRET`. */
function shiftedBase64(bytes: Buffer, shift: number): string[] {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + bytes.length) * 8) / 6);
  const fixed = text.slice(first, last);
  return fixed.length < 6 ? [] : [fixed, fixed.replace(/\+/g, "-").replace(/\//g, "_")];
}

function percentLower(value: string): string {
  return encodeURIComponent(value).replace(/%[0-9A-F]{2}/g, code => code.toLowerCase());
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
