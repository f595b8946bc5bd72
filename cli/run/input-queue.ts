import type { BorrowedInput, CommandInput } from "../../runtime/evaluator";

/** Where input comes from. It is asked for only while a command can take it. */
export interface InputSource {
  /** Set while a process of this machine can read it by itself. */
  readonly descriptor?: number;
  resume(): void;
  pause(): void;
}

/** Text that waits beyond this, in bytes, holds up its source. */
const ENOUGH = 64 * 1024;

/** Input of a run on its way to its commands: held until one reads, and kept for the next when one ends without reading it. */
export class InputQueue implements CommandInput {
  /** `null` is an end: of one command's input where a person says so, of all input where the source has ended. */
  private items: (Uint8Array | null)[] = [];
  private borrower: object | null = null;
  private wake: (() => void) | null = null;
  private closed = false;

  constructor(private readonly source: InputSource) {}

  /** Bytes that wait for a command. */
  get held(): number {
    return this.items.reduce((sum, item) => sum + (item?.length ?? 0), 0);
  }

  push(bytes: Uint8Array): void {
    this.items.push(bytes);
    if (this.held >= ENOUGH) this.source.pause();
    this.wake?.();
  }

  /** Ends the input of the command that reads, or of the next one. */
  end(): void {
    this.items.push(null);
    this.wake?.();
  }

  /** No more will come: what waits can still be read, and then every command meets the end. */
  close(): void {
    this.closed = true;
    this.wake?.();
  }

  borrow(): BorrowedInput | null {
    if (this.borrower) return null;
    const borrower = {};
    this.borrower = borrower;
    const over = () => this.borrower !== borrower;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      for (;;) {
        if (over()) return { done: true, value: undefined };
        const item = this.items.shift();
        if (item) return { done: false, value: item };
        if (item === null || this.closed) return { done: true, value: undefined };
        this.source.resume();
        await new Promise<void>(resolve => {
          this.wake = resolve;
        });
      }
    };
    const giveBack = () => {
      if (over()) return;
      this.borrower = null;
      this.source.pause();
      this.wake?.();
    };
    return {
      // What waits here was taken from the source already, so the source alone has not all of it.
      descriptor: this.items.length > 0 || this.closed ? undefined : this.source.descriptor,
      [Symbol.asyncIterator]: () => ({ next }),
      unread: rest => {
        if (rest.length > 0) this.items.unshift(rest);
      },
      giveBack,
    };
  }
}
