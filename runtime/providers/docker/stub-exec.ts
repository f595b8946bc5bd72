/** One stub in a container: an exec that waits for a header. */
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import type { Dialect, Request } from "./dialect";
import { engineError } from "./errors";
import { FrameReader, type StreamName } from "./frames";
import { TrailerFinder } from "./trailer";

export interface StubEnding {
  exitCode: number;
  /** Processes that the kernel killed for memory while the command ran, and since the container started. */
  oomKills: number;
  oomCount: number;
}

/** What a stub reports of the command it runs. */
export interface StubCommand {
  output(stream: StreamName, chunk: Buffer): void | Promise<void>;
  /** The command ended and all its output was handed on. */
  ended(ending: StubEnding): void;
  /** It couldn't be started: `missing` program or `cwd`. `ended` follows. */
  note(words: string): void;
  /** The stream ended without a trailer. */
  lost(error: Error | null): void;
  /** After `ended` of a command with live input: what it has not read of it. */
  rest?(unread: Buffer): void;
}

interface Running {
  command: StubCommand;
  /** Written once the command has ended. */
  after: string | null;
  finders: Record<StreamName, TrailerFinder>;
  /** Streams whose trailer has come: what follows is the stub's own. */
  done: Set<StreamName>;
}

/** The stub's own words: input that a command left unread, or, for the other one, why it could not start. Bytes and UTF-16 units. */
const MOST_TEXT = 16 * 1024 * 1024;
const MOST_FAILURE = 64 * 1024;

/** An exec that runs the stub. `ready` resolves when it waits for its first header. */
export class StubExec {
  readonly ready: Promise<void>;
  /** Process id of the shell inside the container, which is also its session. */
  pid = 0;
  /** True while it waits for a header. */
  idle = false;
  closed = false;
  /** Called whenever it gets idle or closes. */
  changed: () => void = () => {};
  readonly #exec: Dockerode.Exec;
  readonly #socket: Duplex;
  #running: Running | null = null;
  /** The command whose unread input is to come. */
  #resting: StubCommand | null = null;
  #unread: Buffer | null = null;
  #waiting = false;
  /** Of its own words: the line that has not ended, lines of unread input, and how many bytes since it was ready last. */
  #text = "";
  readonly #returned: string[] = [];
  #heard = 0;
  #failure = "";
  #settle!: { resolve: () => void; reject: (error: Error) => void };

  private constructor(exec: Dockerode.Exec, socket: Duplex) {
    this.#exec = exec;
    this.#socket = socket;
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever waits gets the rejection; a stub made ahead that fails has nobody waiting.
    this.ready.catch(() => {});
    new FrameReader(socket, {
      data: (stream, chunk) => this.#data(stream, chunk),
      end: error => this.#end(error),
    });
  }

  /** Starts a stub. Throws when the engine refuses (no such container, not running). */
  static async start(container: Dockerode.Container, dialect: Dialect, signal: AbortSignal): Promise<StubExec> {
    const options = {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Cmd: dialect.argv,
      abortSignal: signal,
    };
    const exec = await container.exec(options);
    const socket = await exec.start({ hijack: true, stdin: true });
    if (dialect.greeting) socket.write(dialect.greeting);
    return new StubExec(exec, socket);
  }

  inspect(): Promise<Dockerode.ExecInspectInfo> {
    return this.#exec.inspect();
  }

  /** Sends a request; its answer ends in the trailer. `after` answers it, for a command with live input. */
  run(request: Request, command: StubCommand, after: ((nonce: string) => string) | null = null): void {
    // Begins with what ends no text: an output that could be the beginning of the nonce would be held back.
    const nonce = `\x1e${randomBytes(18).toString("hex")}`;
    const finder = (stream: StreamName) =>
      new TrailerFinder(nonce, {
        data: chunk => (running.done.has(stream) ? this.#own(stream, chunk) : command.output(stream, chunk)),
        trailer: words => this.#trailer(running, stream, words),
      });
    const running: Running = {
      command,
      after: after?.(nonce) ?? null,
      finders: { stdout: finder("stdout"), stderr: finder("stderr") },
      done: new Set(),
    };
    this.idle = false;
    this.#waiting = false;
    this.#unread = null;
    this.#running = running;
    this.ref(true);
    this.#socket.write(request(nonce));
  }

  /** The rest of the stub's input: the command's standard input. */
  get input(): Duplex {
    return this.#socket;
  }

  /** An idle stub must not keep the process alive. */
  ref(on: boolean): void {
    const socket = this.#socket as Duplex & { ref?(): void; unref?(): void };
    if (on) socket.ref?.();
    else socket.unref?.();
  }

  close(): void {
    this.#socket.destroy();
  }

  #data(stream: StreamName, chunk: Buffer): void | Promise<void> {
    if (this.#running) return this.#running.finders[stream].push(chunk);
    this.#own(stream, chunk);
  }

  /** What comes while no command runs: the stub is ready, or the runtime's message when it cannot start the shell. */
  #own(stream: StreamName, chunk: Buffer): void {
    if (stream === "stdout") {
      if (this.#failure.length < MOST_FAILURE) this.#failure += chunk.toString("utf8");
      return;
    }
    this.#heard += chunk.length;
    if (this.#heard > MOST_TEXT) {
      // The stub says no such thing: somebody else in the environment writes to its stream.
      this.close();
      return;
    }
    const lines = (this.#text + chunk.toString("latin1")).split("\n");
    this.#text = lines.pop()!;
    const ready = lines.findIndex(line => !line.startsWith("U ") && /^E$|R \d+$/.test(line));
    for (const line of ready < 0 ? lines : lines.slice(0, ready))
      if (line.startsWith("U ")) this.#returned.push(line.slice(2));
    if (ready < 0) return;
    this.#text = "";
    this.#heard = 0;
    this.#settleRest(Buffer.from(this.#returned.splice(0).join("\n"), "latin1"));
    if (lines[ready] === "E") return;
    this.pid = Number(/\d+$/.exec(lines[ready]!)![0]);
    this.#waiting = true;
    this.#rest();
  }

  #trailer(running: Running, stream: StreamName, words: string): void {
    const match = words.match(/^(\d+) (-?\d+) (\d+)$/);
    if (!match) {
      running.command.note(words);
      return;
    }
    running.done.add(stream);
    if (running.done.size < 2) return;
    this.#running = null;
    if (running.command.rest) this.#resting = running.command;
    running.command.ended({ exitCode: Number(match[1]), oomKills: Number(match[2]), oomCount: Number(match[3]) });
    // From here on nobody writes the command's input any more.
    if (running.after !== null && this.#socket.writable) this.#socket.write(running.after);
    if (this.#unread) this.#settleRest(this.#unread);
    this.#rest();
  }

  /** One stream may bring it before the other has brought the trailer. */
  #settleRest(unread: Buffer): void {
    this.#unread = this.#resting ? null : unread;
    this.#resting?.rest?.(unread);
    this.#resting = null;
  }

  /** Gets idle when the stub waits and its last command is over, whichever is heard of first. */
  #rest(): void {
    if (this.#running || !this.#waiting || this.closed) return;
    this.idle = true;
    this.ref(false);
    this.#settle.resolve();
    this.changed();
  }

  #end(error: Error | null): void {
    this.closed = true;
    this.idle = false;
    this.#socket.destroy();
    const running = this.#running;
    this.#running = null;
    this.#settle.reject(
      engineError(
        "Starting a shell in the environment",
        error ?? new Error(this.#failure.trim() || "it ended at once"),
      ),
    );
    this.#settleRest(Buffer.alloc(0));
    if (running) void this.#lose(running, error);
    this.changed();
  }

  async #lose(running: Running, error: Error | null): Promise<void> {
    try {
      await running.finders.stdout.flush();
      await running.finders.stderr.flush();
      running.command.lost(error);
    } catch (failure) {
      running.command.lost(failure as Error);
    }
  }
}
