import { WebSocket } from "ws";
import { type EnvironmentCommand, type LiveInput, type Outcome, type OutputSink, ProviderError } from "../provider";
import {
  messageOf,
  NOT_READY,
  NOT_READY_PAUSE_MS,
  pause,
  RETRIES,
  retryAfter,
  type SpritesApi,
  statusError,
  WAKE_MS,
} from "./api";
import { type Start, startOf } from "./command-file";
import { spritePath } from "./names";

/** First byte of a binary frame without a terminal. */
const FRAME = { stdin: 0, stdout: 1, stderr: 2, exit: 3, stdinEnd: 4 } as const;

/** How long a command of ours may go on when its connection is gone. */
const RUN_AFTER_DISCONNECT = "1s";
/** How long the service gets to close a connection, ms. */
const CLOSE_MS = 1_000;
/** How long a command gets to end after it was killed, before the connection is closed over it, ms. */
const KILL_GRACE_MS = 1_500;

/** Input goes in frames of this size, bytes: a large one would hold up everything else on the connection. */
const FRAME_BYTES = 256 * 1024;
/** Ctrl+D, twice: the first may only hand over a line that was begun. */
const END_OF_TYPING = Buffer.from("\x04\x04");

/**
 * Runs a command over a WebSocket. A connection that ends without an exit frame is lost, never a success. Throws `ProviderError` when the
 * command cannot be started.
 */
export async function execute(
  api: SpritesApi,
  sprite: string,
  command: EnvironmentCommand,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<Outcome> {
  const start = startOf(api, sprite, command);
  try {
    return await executed(start, api, sprite, command, sink, signal);
  } catch (error) {
    await start.forget();
    // While it was being started.
    if (signal.aborted) return { kind: "killed", reason: "cancelled" };
    if (error instanceof ProviderError && error.code === "run/lost") return SPRITE_GONE;
    throw error;
  }
}

const SPRITE_GONE: Outcome = { kind: "lost", cause: "the sprite is gone" };

async function executed(
  start: Start,
  api: SpritesApi,
  sprite: string,
  command: EnvironmentCommand,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<Outcome> {
  signal.throwIfAborted();
  await start.prepare(signal);
  const query = new URLSearchParams(start.words.map((word): [string, string] => ["cmd", word]));
  query.set("path", start.words[0]!);
  if (command.cwd) query.set("dir", command.cwd);
  query.set("stdin", String(command.stdin !== undefined));
  query.set("max_run_after_disconnect", RUN_AFTER_DISCONNECT);
  if (command.tty) {
    query.set("tty", "true");
    query.set("cols", String(command.tty.columns));
    query.set("rows", String(command.tty.rows));
  }
  const path = spritePath(sprite, `/exec?${query}`);
  const end = Date.now() + WAKE_MS;
  for (let limited = 0; ; ) {
    const { url, headers, pingMs, silenceMs } = await api.socket(path);
    const socket = new WebSocket(url, {
      headers,
      perMessageDeflate: false,
      maxPayload: 64 << 20,
      handshakeTimeout: WAKE_MS,
    });
    const execution = new Execution(api, sprite, command, sink, signal, { pingMs, silenceMs });
    const outcome = await execution.run(socket);
    const { answer } = execution;
    if (!answer || outcome.kind !== "lost") {
      if (!execution.started) await start.forget();
      return outcome;
    }
    // The connection was not made: nothing has run.
    if (answer.status === 429 && limited++ < RETRIES) await pause(retryAfter(answer.retryAfter), signal);
    else if (NOT_READY.includes(answer.status) && Date.now() < end) await pause(NOT_READY_PAUSE_MS, signal);
    else if (answer.status === 404) return SPRITE_GONE;
    else throw statusError("the command", answer.status, messageOf(answer.text));
  }
}

/** What the service said in place of making a connection. */
interface Answer {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

class Execution {
  answer: Answer | null = null;
  private session: string | null = null;
  private exitCode: number | null = null;
  private killed: "timeout" | "cancelled" | null = null;
  /** Output is handed on in order; a slow sink stops the socket. */
  private delivered: Promise<void> = Promise.resolve();
  private undelivered = 0;

  constructor(
    private readonly api: SpritesApi,
    private readonly sprite: string,
    private readonly command: EnvironmentCommand,
    private readonly sink: OutputSink,
    private readonly signal: AbortSignal,
    private readonly watch: { pingMs: number; silenceMs: number },
  ) {}

  /** Whether the service began with the command, as far as it said so. */
  get started(): boolean {
    return this.session !== null || this.exitCode !== null;
  }

  async run(socket: WebSocket): Promise<Outcome> {
    const cancelled = (): void => this.kill(socket, "cancelled");
    this.signal.addEventListener("abort", cancelled, { once: true });
    const { timeoutMs } = this.command;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.kill(socket, "timeout"), timeoutMs);
    try {
      const cause = await this.converse(socket);
      await this.delivered;
      if (this.killed) return { kind: "killed", reason: this.killed };
      if (this.exitCode !== null) return { kind: "exited", exitCode: this.exitCode };
      return { kind: "lost", cause };
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", cancelled);
      socket.close();
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    }
  }

  /** Resolves when the connection is over, with why. */
  private converse(socket: WebSocket): Promise<string> {
    return new Promise(resolve => {
      let failure = "";
      const ended = new AbortController();
      const watching = this.keepAlive(socket, cause => {
        failure = cause;
      });
      socket.on("open", () => {
        void this.sendStdin(socket, ended.signal).catch(error => {
          failure = `standard input could not be sent: ${(error as Error).message}`;
          socket.terminate();
        });
        this.command.tty?.onResize?.(({ columns, rows }) => {
          if (socket.readyState === WebSocket.OPEN)
            socket.send(JSON.stringify({ type: "resize", cols: columns, rows }));
        });
      });
      socket.on("message", (data: Buffer, binary: boolean) => {
        if (binary) this.onFrame(socket, data);
        else this.onText(data.toString("utf8"));
        // The exit code comes last; the service may leave the connection open for seconds more.
        if (this.exitCode !== null) resolve("");
      });
      socket.on("unexpected-response", (_request, response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("close", () => {
          const text = Buffer.concat(chunks).toString("utf8").slice(0, 2000);
          this.answer = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"], text };
          socket.terminate();
        });
      });
      socket.on("error", error => {
        failure ||= error.message;
      });
      socket.on("close", code => {
        clearInterval(watching);
        ended.abort();
        resolve(failure || `the connection ended without an exit code (close code ${code})`);
      });
    });
  }

  /** A command may say nothing for hours; a connection that is gone says nothing either, and does not answer when it is asked. */
  private keepAlive(socket: WebSocket, dead: (cause: string) => void): NodeJS.Timeout {
    let heard = Date.now();
    const hear = () => {
      heard = Date.now();
    };
    for (const event of ["open", "message", "pong", "ping"]) socket.on(event, hear);
    return setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.isPaused) {
        // Nothing is read while the reader of the output is behind, answers neither.
        hear();
      } else if (Date.now() - heard > this.watch.silenceMs) {
        dead(`the connection has not answered in ${Math.round(this.watch.silenceMs / 1000)} s`);
        socket.terminate();
        return;
      }
      socket.ping();
    }, this.watch.pingMs);
  }

  private onFrame(socket: WebSocket, data: Buffer): void {
    const body = data.subarray(1);
    if (this.command.tty) this.deliver(socket, "stdout", data);
    else if (data[0] === FRAME.stdout) this.deliver(socket, "stdout", body);
    else if (data[0] === FRAME.stderr) this.deliver(socket, "stderr", body);
    else if (data[0] === FRAME.exit) this.exitCode = body[0] ?? null;
  }

  private onText(text: string): void {
    let message: { type?: string; session_id?: unknown; exit_code?: unknown };
    try {
      message = JSON.parse(text);
    } catch {
      // A notice of the service that is not for programs.
      return;
    }
    if (message.type === "session_info") this.session = String(message.session_id);
    if (message.type === "exit" && typeof message.exit_code === "number") this.exitCode = message.exit_code;
  }

  private deliver(socket: WebSocket, stream: "stdout" | "stderr", chunk: Uint8Array): void {
    socket.pause();
    this.undelivered++;
    this.delivered = this.delivered
      .then(() => this.sink[stream](chunk))
      .finally(() => {
        // One read may bring many frames: the next waits for the last of them.
        if (--this.undelivered === 0) socket.resume();
      });
  }

  /** Sends the input frame by frame, each when the one before has left. What is not sent when the command ends stays with its source. */
  private async sendStdin(socket: WebSocket, ended: AbortSignal): Promise<void> {
    const { stdin, tty } = this.command;
    if (stdin === undefined) return;
    const over = new Promise<null>(resolve => ended.addEventListener("abort", () => resolve(null), { once: true }));
    const source = (isLive(stdin) ? stdin : once(Buffer.from(stdin)))[Symbol.asyncIterator]();
    for (;;) {
      const coming = source.next();
      const next = await Promise.race([coming, over]);
      if (next === null || socket.readyState !== WebSocket.OPEN) {
        void coming.then(late => {
          if (!late.done && isLive(stdin)) stdin.unread?.(late.value);
        });
        void source.return?.();
        return;
      }
      if (next.done) break;
      for (let at = 0; at < next.value.length; at += FRAME_BYTES) {
        const part = next.value.subarray(at, at + FRAME_BYTES);
        await send(socket, tty ? part : Buffer.concat([Buffer.of(FRAME.stdin), part]));
      }
    }
    if (socket.readyState === WebSocket.OPEN) socket.send(tty ? END_OF_TYPING : Buffer.of(FRAME.stdinEnd));
  }

  /** Ends the command's session on the service; the connection follows, at the latest after the grace. */
  private kill(socket: WebSocket, reason: "timeout" | "cancelled"): void {
    if (this.killed || this.exitCode !== null) return;
    this.killed = reason;
    const close = setTimeout(() => socket.terminate(), KILL_GRACE_MS);
    socket.once("close", () => clearTimeout(close));
    if (this.session === null) {
      socket.terminate();
      return;
    }
    const path = spritePath(this.sprite, `/exec/${encodeURIComponent(this.session)}/kill?signal=SIGKILL`);
    // If it fails, the service ends the command by itself shortly after the connection is gone.
    this.api.request("POST", path, { signal: AbortSignal.timeout(KILL_GRACE_MS) }).then(
      () => socket.terminate(),
      () => socket.terminate(),
    );
  }
}

function isLive(stdin: NonNullable<EnvironmentCommand["stdin"]>): stdin is LiveInput {
  return typeof stdin === "object" && Symbol.asyncIterator in stdin;
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function send(socket: WebSocket, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => socket.send(data, error => (error ? reject(error) : resolve())));
}
