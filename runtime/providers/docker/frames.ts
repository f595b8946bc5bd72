/** Reads the engine's stream format: frames of an 8-byte header (stream number, three zeros, length in big endian) and a payload. */
import type { Duplex } from "node:stream";

export type StreamName = "stdout" | "stderr";

export interface FrameReceiver {
  /** A piece of a stream, as it came; a promise pauses the source until it settles. */
  data(stream: StreamName, chunk: Buffer): void | Promise<void>;
  /** The stream ended, orderly or not. Called once. */
  end(error: Error | null): void;
}

const HEADER = 8;

/**
 * Splits the frames of an exec's or container's stream without copying and without waiting for whole frames. It stops reading while the
 * receiver waits, so memory stays flat behind a slow reader.
 */
export class FrameReader {
  readonly #socket: Duplex;
  readonly #receiver: FrameReceiver;
  readonly #header = Buffer.alloc(HEADER);
  #headerBytes = 0;
  #stream: StreamName = "stdout";
  #left = 0;
  #busy: Promise<void> | null = null;
  #ended: { error: Error | null } | null = null;

  constructor(socket: Duplex, receiver: FrameReceiver) {
    this.#socket = socket;
    this.#receiver = receiver;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.once("end", () => this.#finish(null));
    socket.once("error", error => this.#finish(error));
    socket.once("close", () => this.#finish(null));
  }

  #take(chunk: Buffer): void {
    let waiting: Promise<void> | undefined;
    try {
      waiting = this.#split(chunk, 0);
    } catch (error) {
      this.#fail(error);
    }
    if (!waiting) return;
    this.#socket.pause();
    this.#busy = waiting.then(
      () => {
        this.#busy = null;
        if (this.#ended) this.#receiver.end(this.#ended.error);
        else this.#socket.resume();
      },
      error => {
        this.#busy = null;
        this.#fail(error);
      },
    );
  }

  /** The receiver threw: nobody takes this stream any more. */
  #fail(error: unknown): void {
    const told = this.#ended !== null && this.#busy === null;
    this.#ended = { error: error as Error };
    this.#socket.destroy();
    if (!told) this.#receiver.end(error as Error);
  }

  /** Hands on the payloads of a chunk from an offset; returns a promise from the first receiver that asks to wait. */
  #split(chunk: Buffer, from: number): Promise<void> | undefined {
    let at = from;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const taken = chunk.copy(this.#header, this.#headerBytes, at, at + HEADER - this.#headerBytes);
        at += taken;
        this.#headerBytes += taken;
        if (this.#headerBytes < HEADER) return undefined;
        this.#headerBytes = 0;
        this.#stream = this.#header[0] === 2 ? "stderr" : "stdout";
        this.#left = this.#header.readUInt32BE(4);
        continue;
      }
      const piece = chunk.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      const waiting = this.#receiver.data(this.#stream, piece);
      if (waiting) {
        const next = at;
        return waiting.then(() => this.#split(chunk, next));
      }
    }
    return undefined;
  }

  #finish(error: Error | null): void {
    if (this.#ended) return;
    this.#ended = { error };
    // While the receiver waits it may still get data of the same chunk: the end comes after it.
    if (!this.#busy) this.#receiver.end(error);
  }
}
