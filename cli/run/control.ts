import { INITIAL_CREDIT, LONGEST_INPUT, type TerminalSize } from "../../protocol/control";
import type { ControlLines } from "./control-lines";
import { InputQueue } from "./input-queue";
import type { Credit } from "./json-output";

/** What the editor says while a run goes on: credentials first, then credit, and perhaps that it is enough. */
export class EditorControl implements Credit {
  /** Credentials from the editor's secret storage; complete when `started` resolves. */
  readonly secrets = new Map<string, string>();
  readonly started: Promise<void>;
  /** What a person types in the terminal of the run. It cannot be held up: keys come slowly. */
  readonly input = new InputQueue({ resume: () => {}, pause: () => {} });
  /** Of the terminal that shows the run. */
  terminal: TerminalSize | null = null;
  /** Told of an answer that was not echoed, before a command gets it. */
  onSecret: (value: string) => void = () => {};
  /** Told when typed text is dropped, as no command reads it. */
  onOverflow: () => void = () => {};
  private credit = INITIAL_CREDIT;
  private allow: (() => void) | null = null;
  private allowed: Promise<void> | null = null;
  private closed = false;

  /** `cancel` is called for a cancel message, and when the input ends: the editor is gone then. */
  constructor(
    private readonly lines: ControlLines,
    cancel: () => void,
  ) {
    this.started = new Promise(resolve => {
      lines.listen({
        message: message => {
          if (message.type === "start") {
            for (const [name, value] of Object.entries(message.secrets)) this.secrets.set(name, value);
            if (message.terminal) this.terminal = message.terminal;
            resolve();
          } else if (message.type === "credit") this.earn(message.bytes);
          else if (message.type === "input") this.typed(message.text, message.secret === true);
          else if (message.type === "input-end") this.input.end();
          else if (message.type === "resize") this.terminal = message.terminal;
          else if (message.type === "cancel") cancel();
        },
        end: () => {
          resolve();
          cancel();
          this.release();
        },
      });
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

  stop(): void {
    this.lines.stop();
  }

  private typed(text: string, secret: boolean): void {
    if (secret) this.onSecret(text.trimEnd());
    const bytes = Buffer.from(text);
    if (this.input.held + bytes.length > LONGEST_INPUT) this.onOverflow();
    else this.input.push(bytes);
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
