/** Finds the lines that the stub adds to a command's streams: a random nonce, a space, words, a newline. */

export interface TrailerReceiver {
  data(chunk: Buffer): void | Promise<void>;
  /** The words behind the nonce. */
  trailer(words: string): void;
}

const NEWLINE = 0x0a;

/**
 * Passes a stream on without its trailer lines. Holds bytes back only while they could be the beginning of the nonce.
 */
export class TrailerFinder {
  readonly #nonce: Buffer;
  readonly #receiver: TrailerReceiver;
  #held: Buffer = Buffer.alloc(0);

  constructor(nonce: string, receiver: TrailerReceiver) {
    this.#nonce = Buffer.from(nonce, "latin1");
    this.#receiver = receiver;
  }

  push(chunk: Buffer): void | Promise<void> {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    let waiting: Promise<void> | undefined;
    this.#held = Buffer.alloc(0);
    for (;;) {
      const at = rest.indexOf(this.#nonce);
      if (at < 0) break;
      const end = rest.indexOf(NEWLINE, at + this.#nonce.length);
      waiting = this.#pass(rest.subarray(0, at), waiting);
      if (end < 0) {
        this.#held = Buffer.from(rest.subarray(at));
        return waiting;
      }
      const words = rest.toString("latin1", at + this.#nonce.length, end).trim();
      rest = rest.subarray(end + 1);
      if (waiting) waiting = waiting.then(() => this.#receiver.trailer(words));
      else this.#receiver.trailer(words);
    }
    const kept = this.#beginning(rest);
    this.#held = Buffer.from(rest.subarray(rest.length - kept));
    return this.#pass(rest.subarray(0, rest.length - kept), waiting);
  }

  /** What is held when the stream ends without a trailer. */
  flush(): void | Promise<void> {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return this.#pass(held, undefined);
  }

  #pass(chunk: Buffer, after: Promise<void> | undefined): Promise<void> | undefined {
    if (chunk.length === 0) return after;
    if (after) return after.then(() => this.#receiver.data(chunk));
    return this.#receiver.data(chunk) ?? undefined;
  }

  /** How many bytes at the end could begin the nonce. */
  #beginning(chunk: Buffer): number {
    const first = this.#nonce[0]!;
    let from = Math.max(0, chunk.length - this.#nonce.length + 1);
    for (;;) {
      from = chunk.indexOf(first, from);
      if (from < 0) return 0;
      if (chunk.compare(this.#nonce, 0, chunk.length - from, from) === 0) return chunk.length - from;
      from++;
    }
  }
}
