import { createInterface, type Interface } from "node:readline";
import { INITIAL_CREDIT, type RunControl } from "../../protocol/control";
import type { Credit } from "./json-output";

/** What the editor says while a run goes on: credentials first, then credit, typed input, and perhaps that it is enough. */
export class EditorControl implements Credit {
  /** Credentials from the editor's secret storage; complete when `started` resolves. */
  readonly secrets = new Map<string, string>();
  readonly started: Promise<void>;
  private credit = INITIAL_CREDIT;
  private allow: (() => void) | null = null;
  private allowed: Promise<void> | null = null;
  private closed = false;

  private readonly lines: Interface;

  /** `cancel` is called for a cancel message, and when the input ends: the editor is gone then. */
  constructor(
    private readonly input: NodeJS.ReadableStream & { unref?(): void },
    cancel: () => void,
  ) {
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    this.lines = lines;
    this.started = new Promise(resolve => {
      lines.on("line", line => {
        const message = parse(line);
        if (!message) return;
        if (message.type === "start") {
          for (const [name, value] of Object.entries(message.secrets)) this.secrets.set(name, value);
          resolve();
        } else if (message.type === "credit") this.earn(message.bytes);
        else if (message.type === "cancel") cancel();
      });
      lines.once("close", () => {
        resolve();
        if (!this.closed) cancel();
        this.release();
      });
      input.once("error", () => lines.close());
    });
  }

  /** A promise asks to wait until there is credit again. */
  spend(bytes: number): void | Promise<void> {
    this.credit -= bytes;
    if (this.credit > 0 || this.closed) return;
    this.allowed ??= new Promise(resolve => {
      this.allow = resolve;
    });
    return this.allowed;
  }

  /** Lets everything out that waits: the run ends. */
  release(): void {
    this.closed = true;
    this.allow?.();
  }

  /** Stops listening, so that the process can end while the editor still holds its end. */
  stop(): void {
    this.closed = true;
    this.lines.close();
    this.input.unref?.();
  }

  private earn(bytes: number): void {
    if (!Number.isFinite(bytes) || bytes <= 0) return;
    this.credit += bytes;
    if (this.credit <= 0) return;
    this.allow?.();
    this.allow = null;
    this.allowed = null;
  }
}

function parse(line: string): RunControl | null {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "object" && message !== null && "type" in message ? (message as RunControl) : null;
  } catch {
    // Not a message: nothing that a run could act on.
    return null;
  }
}
