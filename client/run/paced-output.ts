/** After so much text the terminal is asked whether it has drawn it. */
const PROBE_EVERY = 32 * 1024;
/** So much text may be on its way to the terminal, which throws away what it cannot keep up with. */
const WINDOW = 128 * 1024;
/** A terminal that does not answer (one that is not drawn) gets the next part after this time. */
const SILENCE_MS = 2000;

/** A device status query, and what a terminal answers once it has processed all text before it. */
const QUERY = "\x1b[5n";
const ANSWER = "\x1b[0n";

/**
 * Text on its way to a terminal: held until the terminal is open, then written no faster than the terminal draws. The query can come from
 * nowhere else, as the text of programs is filtered, and the answer cannot be typed.
 */
export class PacedOutput {
  private queue: { text: string; bytes: number }[] = [];
  private state: "held" | "open" | "closed" = "held";
  private sinceProbe = { length: 0, bytes: 0 };
  private probes: { length: number; bytes: number }[] = [];
  private inFlight = 0;
  private silence: NodeJS.Timeout | undefined;
  private waiting: (() => void)[] = [];

  /** `drawn` is told how many bytes of program output have been drawn (or given up by closing). */
  constructor(
    private readonly emit: (text: string) => void,
    private readonly drawn: (bytes: number) => void,
  ) {}

  open(): void {
    if (this.state === "held") this.state = "open";
    this.pump();
  }

  /** `bytes` is what the text counts against the credit of the run. */
  write(text: string, bytes = 0): void {
    if (!text && !bytes) return;
    if (this.state === "closed") {
      this.drawn(bytes);
      return;
    }
    this.queue.push({ text, bytes });
    this.pump();
  }

  /** Takes the answers to our queries out of what came from the terminal. */
  input(data: string): string {
    const parts = data.split(ANSWER);
    for (let i = 1; i < parts.length; i++) this.answered();
    return parts.join("");
  }

  /** The terminal is gone: nothing more is shown, and the run may write without limit. */
  close(): void {
    this.state = "closed";
    clearTimeout(this.silence);
    const all = [...this.queue, ...this.probes, this.sinceProbe];
    this.queue = [];
    this.probes = [];
    this.sinceProbe = { length: 0, bytes: 0 };
    this.drawn(all.reduce((sum, part) => sum + part.bytes, 0));
    this.settle();
  }

  /** Resolves when all text written so far has been handed to the terminal. */
  flushed(): Promise<void> {
    return this.queue.length === 0 && this.state !== "held"
      ? Promise.resolve()
      : new Promise(resolve => this.waiting.push(resolve));
  }

  private pump(): void {
    while (this.state === "open" && this.queue.length && this.inFlight < WINDOW) {
      const { text, bytes } = this.queue.shift()!;
      this.emit(text);
      this.inFlight += text.length;
      this.sinceProbe.length += text.length;
      this.sinceProbe.bytes += bytes;
      if (this.sinceProbe.length >= PROBE_EVERY || this.sinceProbe.bytes >= PROBE_EVERY) this.probe();
    }
    this.settle();
  }

  private probe(): void {
    this.probes.push(this.sinceProbe);
    this.sinceProbe = { length: 0, bytes: 0 };
    this.emit(QUERY);
    this.silence ??= setTimeout(() => this.answered(), SILENCE_MS);
  }

  private answered(): void {
    const probe = this.probes.shift();
    clearTimeout(this.silence);
    this.silence = this.probes.length ? setTimeout(() => this.answered(), SILENCE_MS) : undefined;
    if (!probe) return;
    this.inFlight -= probe.length;
    this.drawn(probe.bytes);
    this.pump();
  }

  private settle(): void {
    if (this.queue.length || this.state === "held") return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
