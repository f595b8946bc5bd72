import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { type EnvironmentCommand, type Outcome, type OutputSink, ProviderError } from "../provider";
import type { SpritesApi } from "./api";
import { spritePath } from "./names";
import { writeFile } from "./record";

/** First byte of a binary frame without a terminal. */
const FRAME = { stdin: 0, stdout: 1, stderr: 2, exit: 3, stdinEnd: 4 } as const;

/** How long a command of ours may go on when its connection is gone. */
const RUN_AFTER_DISCONNECT = "1s";
/** How long a command gets to end after it was killed, before the connection is closed over it, ms. */
const KILL_GRACE_MS = 1_500;

/** Reads variables from a file that only the user can read, removes it, and becomes the command: nothing shows in a URL or argv. */
const WITH_VARIABLES = ["sh", "-c", '. "$1"; rm -f "$1"; shift; exec "$@"', "sh"];

/** Runs a command over a WebSocket. A connection that ends without an exit frame is lost, never a success. */
export async function execute(
  api: SpritesApi,
  sprite: string,
  command: EnvironmentCommand,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return { kind: "killed", reason: "cancelled" };
  const argv = [...(await variableFile(api, sprite, command, signal)), ...command.argv];
  const query = new URLSearchParams(argv.map((word): [string, string] => ["cmd", word]));
  if (command.cwd) query.set("dir", command.cwd);
  query.set("stdin", String(command.stdin !== undefined));
  query.set("max_run_after_disconnect", RUN_AFTER_DISCONNECT);
  if (command.tty) {
    query.set("tty", "true");
    query.set("cols", String(command.tty.columns));
    query.set("rows", String(command.tty.rows));
  }
  const { url, headers } = await api.socket(spritePath(sprite, `/exec?${query}`));
  return new Execution(api, sprite, command, sink, signal).run(
    new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: 64 << 20 }),
  );
}

class Execution {
  private session: string | null = null;
  private exitCode: number | null = null;
  private killed: "timeout" | "cancelled" | null = null;
  /** Output is handed on in order; a slow sink stops the socket. */
  private delivered: Promise<void> = Promise.resolve();

  constructor(
    private readonly api: SpritesApi,
    private readonly sprite: string,
    private readonly command: EnvironmentCommand,
    private readonly sink: OutputSink,
    private readonly signal: AbortSignal,
  ) {}

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
      socket.terminate();
    }
  }

  /** Resolves when the connection is over, with why. */
  private converse(socket: WebSocket): Promise<string> {
    return new Promise(resolve => {
      let failure = "";
      socket.on("open", () => {
        void this.sendStdin(socket).catch(error => {
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
        if (this.exitCode !== null) socket.close();
      });
      socket.on("unexpected-response", (_request, response) => {
        failure = `Sprites answered ${response.statusCode} to the command`;
        response.resume();
        socket.terminate();
      });
      socket.on("error", error => {
        failure ||= error.message;
      });
      socket.on("close", code => resolve(failure || `the connection ended without an exit code (close code ${code})`));
    });
  }

  private onFrame(socket: WebSocket, data: Buffer): void {
    const body = data.subarray(1);
    if (this.command.tty) this.deliver(socket, "stdout", data);
    else if (data[0] === FRAME.stdout) this.deliver(socket, "stdout", body);
    else if (data[0] === FRAME.stderr) this.deliver(socket, "stderr", body);
    else if (data[0] === FRAME.exit) this.exitCode = body[0] ?? 0;
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
    this.delivered = this.delivered.then(() => this.sink[stream](chunk)).finally(() => socket.resume());
  }

  private async sendStdin(socket: WebSocket): Promise<void> {
    const { stdin } = this.command;
    if (stdin === undefined) return;
    const chunks = typeof stdin === "string" || stdin instanceof Uint8Array ? [Buffer.from(stdin)] : stdin;
    for await (const chunk of chunks) {
      if (socket.readyState !== WebSocket.OPEN) return;
      await new Promise<void>((resolve, reject) =>
        socket.send(this.command.tty ? chunk : Buffer.concat([Buffer.of(FRAME.stdin), chunk]), error =>
          error ? reject(error) : resolve(),
        ),
      );
    }
    if (socket.readyState === WebSocket.OPEN && !this.command.tty) socket.send(Buffer.of(FRAME.stdinEnd));
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
      response => response.body?.cancel().then(() => socket.terminate()),
      () => socket.terminate(),
    );
  }
}

/** Puts variables and secrets into a 0600 file; gives the words that read it. Nothing when there are none. */
async function variableFile(
  api: SpritesApi,
  sprite: string,
  command: EnvironmentCommand,
  signal: AbortSignal,
): Promise<string[]> {
  const variables = { ...command.vars, ...command.secrets };
  const lines = Object.entries(variables).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new ProviderError("run/variable-name", `'${name}' cannot be the name of an environment variable.`);
    return `export ${name}='${value.replaceAll("'", "'\\''")}'\n`;
  });
  if (lines.length === 0) return [];
  const path = `/tmp/.mlld-env-${randomBytes(12).toString("hex")}`;
  await writeFile(api, sprite, path, "0600", Buffer.from(lines.join("")), signal);
  return [...WITH_VARIABLES, path];
}
