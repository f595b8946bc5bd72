/** What the program prints: `show` events, and for a markdown file the document. */
import { normaliseDocument } from "../../language/values";
import type { RunServices } from "./services";

export class ProgramOutput {
  private document = "";
  private afterDirective = false;

  constructor(
    private readonly services: RunServices,
    private readonly markdown: boolean,
  ) {}

  /** Prints text for the author; a missing line end is added. */
  async show(text: string): Promise<void> {
    const line = text.endsWith("\n") ? text : `${text}\n`;
    this.add(line);
    await this.services.emit({ event: "show", text: line, stream: "stdout" });
  }

  /** `log`, `output … to stderr`. */
  async error(text: string): Promise<void> {
    await this.services.emit({ event: "show", text: text.endsWith("\n") ? text : `${text}\n`, stream: "stderr" });
  }

  /** Output of a command that was printed as it came. */
  printed(text: string): void {
    if (text.trim() !== "") this.add(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Markdown between directives; blank lines behind a directive are no part of the document. */
  prose(text: string): void {
    this.add(this.afterDirective ? text.replace(/^\n+/, "") : text);
    this.afterDirective = false;
  }

  /** The line of a directive has ended. */
  lineEnd(): void {
    this.afterDirective = true;
  }

  /** Whether printed output is also a part of a document. */
  get keepsDocument(): boolean {
    return this.markdown;
  }

  /** The document so far, as `output "file"` writes it; null for a strict file. */
  text(): string | null {
    if (!this.markdown) return null;
    const text = normaliseDocument(this.document);
    return text === "\n" ? "" : text;
  }

  private add(text: string): void {
    if (this.markdown) this.document += text;
  }
}
