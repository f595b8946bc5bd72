import { StringDecoder } from "node:string_decoder";

/** Lines longer than this are given up: no message of ours is that long. */
const LONGEST_LINE = 64 * 1024 * 1024;

/** Cuts a stream of UTF-8 into lines of JSON. A line that is none goes to `invalid`. */
export class JsonLines<Message> {
  private readonly decoder = new StringDecoder("utf8");
  private parts: string[] = [];
  private length = 0;

  constructor(
    private readonly message: (message: Message) => void,
    private readonly invalid: (line: string) => void,
  ) {}

  write(chunk: Uint8Array): void {
    this.take(this.decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
  }

  /** The end of the stream: what is left is a line too. */
  end(): void {
    this.take(`${this.decoder.end()}\n`);
  }

  private take(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.parts.push(text.slice(from, end));
      const line = this.parts.join("");
      this.parts = [];
      this.length = 0;
      from = end + 1;
      if (line.trim()) this.line(line);
    }
    if (from === text.length) return;
    this.parts.push(text.slice(from));
    this.length += text.length - from;
    if (this.length <= LONGEST_LINE) return;
    this.invalid(`${text.slice(from, from + 200)}…`);
    this.parts = [];
    this.length = 0;
  }

  private line(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      this.invalid(line);
      return;
    }
    this.message(message);
  }
}
