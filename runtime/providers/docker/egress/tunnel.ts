/** The runner's end of the agent's frames: type (1 byte), id (4, big endian), length (4), payload. The agent's source explains the types. */
import { Duplex } from "node:stream";

const HEADER = 9;
/** Largest payload, and how much a side may send before the other says that it took it. The agent has the same numbers. */
const FRAME = 32_768;
const WINDOW = 65_536;
/** Connections at a time. The agent has room for a quarter, and may have ended some that have not ended here. */
const MOST_STREAMS = 1024;

export interface TunnelReceiver {
  ready(): void;
  /** What it was told to listen at last is open. */
  listening(): void;
  /** Another agent serves this environment already. */
  busy(): void;
  query(packet: Buffer, answer: (packet: Buffer) => void): void;
  /** A program in the environment connected to an address of ours. */
  connection(stream: Duplex, address: string, port: number): void;
}

/** Splits the agent's output into frames and its connections into streams. */
export class Tunnel {
  readonly #send: (bytes: Buffer) => void;
  readonly #receiver: TunnelReceiver;
  readonly #streams = new Map<number, TunnelStream>();
  #rest = Buffer.alloc(0);

  /** `send` writes to the agent. */
  constructor(send: (bytes: Buffer) => void, receiver: TunnelReceiver) {
    this.#send = send;
    this.#receiver = receiver;
  }

  /** Output of the agent, cut anywhere. Throws for what the agent does not say: somebody else in the environment writes to its stream. */
  push(chunk: Buffer): void {
    let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (rest.length >= HEADER) {
      const length = rest.readUInt32BE(5);
      if (length > FRAME) throw new Error("the agent sent a frame that is too long");
      if (rest.length < HEADER + length) break;
      this.#take(String.fromCharCode(rest[0]!), rest.readUInt32BE(1), rest.subarray(HEADER, HEADER + length));
      rest = rest.subarray(HEADER + length);
    }
    this.#rest = Buffer.from(rest);
  }

  listen(address: string, port: number): void {
    this.frame("L", 0, Buffer.from([...address.split(".").map(Number), port >> 8, port & 0xff]));
  }

  /** The agent is gone, and with it every connection. */
  close(): void {
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
  }

  frame(type: string, id: number, payload: Buffer = Buffer.alloc(0)): void {
    const header = Buffer.alloc(HEADER);
    header.write(type, 0, "latin1");
    header.writeUInt32BE(id, 1);
    header.writeUInt32BE(payload.length, 5);
    this.#send(Buffer.concat([header, payload]));
  }

  forget(id: number): void {
    this.#streams.delete(id);
  }

  #take(type: string, id: number, payload: Buffer): void {
    const stream = this.#streams.get(id);
    if (type === "R") this.#receiver.ready();
    else if (type === "B") this.#receiver.busy();
    else if (type === "L") this.#receiver.listening();
    else if (type === "Q") this.#receiver.query(Buffer.from(payload), packet => this.frame("A", id, packet));
    else if (type === "O") this.#open(id, payload.subarray(0, 4).join("."), payload.readUInt16BE(4));
    else if (type === "D") stream?.received(Buffer.from(payload));
    else if (type === "F") stream?.received(null);
    else if (type === "W") stream?.credited(payload.readUInt32BE(0));
    else if (type === "X") stream?.gone();
  }

  #open(id: number, address: string, port: number): void {
    if (this.#streams.has(id) || this.#streams.size >= MOST_STREAMS)
      throw new Error("the agent opened more connections than it can have");
    const stream = new TunnelStream(this, id);
    this.#streams.set(id, stream);
    this.#receiver.connection(stream, address, port);
  }
}

/** One connection of a program in the environment. */
class TunnelStream extends Duplex {
  readonly #tunnel: Tunnel;
  readonly #id: number;
  #credit = WINDOW;
  #waiting: { bytes: Buffer; done: () => void } | null = null;
  /** Received and not taken by the reader yet: not told to the agent, which stops at a window of them. */
  #held = 0;
  #dead = false;

  constructor(tunnel: Tunnel, id: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: WINDOW });
    this.#tunnel = tunnel;
    this.#id = id;
  }

  received(bytes: Buffer | null): void {
    if (bytes) this.#held += bytes.length;
    this.push(bytes);
  }

  override _read(): void {
    if (this.#held === 0 || this.#dead) return;
    const taken = Buffer.alloc(4);
    taken.writeUInt32BE(this.#held);
    this.#held = 0;
    this.#tunnel.frame("W", this.#id, taken);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#waiting = { bytes, done };
    this.#flush();
  }

  override _final(done: () => void): void {
    if (!this.#dead) this.#tunnel.frame("F", this.#id);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // After both ends the agent has forgotten the stream by itself, and ignores this.
    if (!this.#dead) this.#tunnel.frame("X", this.#id);
    this.#dead = true;
    this.#tunnel.forget(this.#id);
    done(error);
  }

  credited(bytes: number): void {
    this.#credit += bytes;
    this.#flush();
  }

  gone(): void {
    this.#dead = true;
    this.destroy();
  }

  #flush(): void {
    while (this.#waiting && this.#credit > 0) {
      const { bytes, done } = this.#waiting;
      const piece = bytes.subarray(0, Math.min(FRAME, this.#credit));
      this.#credit -= piece.length;
      this.#tunnel.frame("D", this.#id, piece);
      if (piece.length < bytes.length) {
        this.#waiting = { bytes: bytes.subarray(piece.length), done };
      } else {
        this.#waiting = null;
        done();
      }
    }
  }
}
