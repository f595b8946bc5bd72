import { createInterface, type Interface } from "node:readline";
import type { RunControl, SpareControl } from "../../protocol/control";

export type ControlMessage = RunControl | SpareControl;
type Input = NodeJS.ReadableStream & { unref?(): void };

/** What the editor says on standard input, message by message. Messages wait until somebody listens. */
export class ControlLines {
  private readonly lines: Interface;
  private readonly waiting: ControlMessage[] = [];
  private listener: { message(message: ControlMessage): void; end(): void } | null = null;
  private ended = false;

  constructor(private readonly input: Input) {
    this.lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    this.lines.on("line", line => {
      const message = parse(line);
      if (!message) return;
      if (this.listener) this.listener.message(message);
      else this.waiting.push(message);
    });
    this.lines.once("close", () => {
      this.ended = true;
      this.listener?.end();
    });
    input.once("error", () => this.lines.close());
  }

  /** Takes over from whoever listened before; `null` lets messages wait. */
  listen(listener: { message(message: ControlMessage): void; end(): void } | null): void {
    this.listener = listener;
    while (this.listener !== null && this.waiting.length > 0) this.listener.message(this.waiting.shift()!);
    if (this.ended) this.listener?.end();
  }

  /** Stops listening, so that the process can end while the editor still holds its end. */
  stop(): void {
    this.listener = null;
    this.lines.close();
    this.input.unref?.();
  }
}

function parse(line: string): ControlMessage | null {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "object" && message !== null && "type" in message ? (message as ControlMessage) : null;
  } catch {
    // Not a message: nothing that a run could act on.
    return null;
  }
}
