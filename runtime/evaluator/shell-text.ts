/** Puts values into the text of a command so that they can never be more than data, whatever quotes the author wrote around them. */
import { isSimple, json } from "../../language/values";

/** Characters that mean nothing to a shell, so that ordinary words stay as they are. */
const PLAIN_WORD = /^[A-Za-z0-9_./:=@%+,-]+$/;

/** Follows the author's quotes through the text of a command. */
export class ShellText {
  private text = "";
  private quote: "'" | '"' | null = null;
  private backticks = false;
  /** The quotes around a backtick substitution. */
  private outer: '"' | null = null;

  /** Text that the author wrote. */
  literal(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const character = text[at]!;
      if (character === "\\" && this.quote !== "'") at++;
      else if (character === "'" && this.quote !== '"') this.quote = this.quote === "'" ? null : "'";
      else if (character === '"' && this.quote !== "'") this.quote = this.quote === '"' ? null : '"';
      else if (character === "`" && this.quote !== "'") this.toggleBackticks();
    }
    this.text += text;
  }

  /** A value: JSON-like data. */
  value(data: unknown): void {
    const quoted =
      this.quote === null
        ? words(data)
        : this.quote === '"'
          ? escapeDouble(inQuotes(data))
          : escapeSingle(inQuotes(data));
    this.text += this.backticks
      ? quoted.replace(/[\\`$"]/g, mark => (mark === '"' && this.outer === null ? mark : `\\${mark}`))
      : quoted;
  }

  toString(): string {
    return this.text;
  }

  private toggleBackticks(): void {
    if (this.backticks) this.quote = this.outer;
    else {
      this.outer = this.quote === '"' ? '"' : null;
      this.quote = null;
    }
    this.backticks = !this.backticks;
  }
}

/** Outside quotes: a text is split into words at whitespace, as the shell would; a list of simple values is a word each. */
function words(data: unknown): string {
  if (Array.isArray(data) && data.every(isSimple)) return data.map(item => word(simple(item))).join(" ");
  if (typeof data === "object" && data !== null) return word(json(data));
  const text = simple(data);
  const parts = text.split(/\s+/).filter(part => part !== "");
  const lead = /^\s/.test(text) ? " " : "";
  const tail = parts.length > 0 && /\s$/.test(text) ? " " : "";
  return lead + parts.map(word).join(" ") + tail;
}

function word(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${escapeSingle(text)}'`;
}

/** Inside quotes: one text. */
function inQuotes(data: unknown): string {
  if (Array.isArray(data) && data.every(isSimple)) return data.map(simple).join(" ");
  return typeof data === "object" && data !== null ? json(data) : simple(data);
}

function simple(data: unknown): string {
  // A NUL ends an argument of a process, so what follows it would be lost.
  return String(data === undefined ? null : data).replaceAll("\0", "");
}

function escapeDouble(text: string): string {
  return text.replace(/[\\"$`]/g, "\\$&");
}

function escapeSingle(text: string): string {
  return text.replaceAll("'", "'\\''");
}
