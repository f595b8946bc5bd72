import { TerminalFilter } from "../../protocol/terminal-filter";

/** A standard stream of this process: waits for a slow reader, filters for a terminal, and tells when the reader is gone. */
export class OutputStream {
  private readonly filter: TerminalFilter | null;
  private broken = false;
  private draining: Promise<void> | undefined;

  /** `failed` is called once, when writing fails: mostly because nobody reads any more. */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    failed: (cause: NodeJS.ErrnoException) => void,
  ) {
    this.filter = stream.isTTY ? new TerminalFilter() : null;
    stream.on("error", cause => {
      if (this.broken) return;
      this.broken = true;
      failed(cause);
    });
  }

  get isTerminal(): boolean {
    return this.filter !== null;
  }

  /** Whether our own words may have colours: not without a terminal, and not where `NO_COLOR` or `TERM` says so. */
  get isColoured(): boolean {
    return this.isTerminal && this.stream.hasColors?.(16) !== false;
  }

  /** Text of a program. A promise asks to wait: the reader is slower than the program. */
  write(text: string): void | Promise<void> {
    return this.put(this.filter ? this.filter.push(text) : text);
  }

  /** A line of our own. It may quote a program, and stands in the middle of no sequence of one. */
  writeOwn(text: string): void | Promise<void> {
    return this.put(this.filter ? new TerminalFilter().push(text) : text);
  }

  /** Resolves when everything was handed to the system, or `limitMs` are over. */
  async flush(limitMs: number): Promise<void> {
    if (this.broken || this.stream.writableLength === 0) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, limitMs);
      this.stream.write("", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private put(text: string): void | Promise<void> {
    if (text === "" || this.broken) return;
    if (this.stream.write(text)) return this.draining;
    this.draining ??= new Promise<void>(resolve => {
      const done = () => {
        this.stream.off("drain", done).off("error", done).off("close", done);
        this.draining = undefined;
        resolve();
      };
      this.stream.on("drain", done).on("error", done).on("close", done);
    });
    return this.draining;
  }
}
