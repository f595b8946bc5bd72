/** Runs one command in a stub, to its outcome. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type EnvironmentCommand, type LiveInput, type Outcome, type OutputSink, ProviderError } from "../provider";
import type { LiveDialect, Request } from "./dialect";
import { killTree } from "./kill";
import { outcomeOfBrokenStream } from "./lost";
import type { Header } from "./stub";
import type { StubCommand, StubEnding, StubExec } from "./stub-exec";
import type { ExecuteContext } from "./stub-pool";

/** A command with everything decided. */
export interface ReadyCommand extends EnvironmentCommand {
  /** Absolute folder inside the environment; empty keeps the image's. */
  cwd: string;
  /** Milliseconds, 0 for none. */
  timeoutMs: number;
}

/** A stub tells within this time what its command left unread; else nothing is known of it. Milliseconds. */
const REST_WITHIN_MS = 2000;

type Ending =
  | { kind: "ended"; ending: StubEnding }
  | { kind: "note"; words: string }
  | { kind: "broken" }
  /** The caller's side failed: its sink threw, or its stdin did. */
  | { kind: "failed"; error: unknown };

/**
 * Runs the command and hands its output to the sink. On cancel or timeout the whole process tree is gone when this resolves. Throws
 * `ProviderError` for a program or folder that doesn't exist, and what the sink or the stdin throws.
 */
export async function execute(
  context: ExecuteContext,
  command: ReadyCommand,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return { kind: "killed", reason: "cancelled" };
  const marker = randomBytes(12).toString("hex");
  const { live } = context.dialect;
  const how = howOf(command, live);
  const request = context.dialect.run({ ...command, vars: { ...command.vars, ...command.secrets }, marker, how });
  const stop = stopper(signal, command.timeoutMs);
  try {
    const taking = context.pool.take(signal);
    const stub = await Promise.race([taking, stop.reason]);
    if (typeof stub === "string") {
      taking.then(
        late => late.close(),
        () => {},
      );
      return { kind: "killed", reason: stub };
    }
    const session = stub.pid;
    context.guard?.began(marker, session);
    try {
      const end = await Promise.race([run(stub, request, command, sink, how === "live" ? live : null), stop.reason]);
      if (typeof end === "string") {
        await killTree(context, marker, stub);
        return { kind: "killed", reason: end };
      }
      return await outcomeOf(end, context, command, marker, stub);
    } finally {
      context.guard?.ended(marker, session);
    }
  } finally {
    stop.clear();
  }
}

/** A stub that has seen secrets serves no other command. */
function howOf({ stdin, secrets }: ReadyCommand, live: LiveDialect): Header["how"] {
  const secret = Object.keys(secrets).length > 0;
  if (stdin === undefined) return secret ? "once" : "again";
  return isLive(stdin) && !(secret && live.after) ? "live" : "stdin";
}

function isLive(stdin: NonNullable<EnvironmentCommand["stdin"]>): stdin is LiveInput {
  return typeof stdin === "object" && Symbol.asyncIterator in stdin;
}

async function outcomeOf(
  end: Ending,
  context: ExecuteContext,
  command: ReadyCommand,
  marker: string,
  stub: StubExec,
): Promise<Outcome> {
  switch (end.kind) {
    case "note":
      throw notStarted(end.words, command);
    case "failed":
      await killTree(context, marker, stub);
      throw end.error;
    case "broken":
      return outcomeOfBrokenStream(context.container, stub, async () => {
        const before = context.oomCount;
        return (await currentOomCount(context)) > before;
      });
    case "ended":
      context.oomCount = end.ending.oomCount;
      if (end.ending.oomKills > 0 && end.ending.exitCode !== 0) return { kind: "killed", reason: "memory" };
      return { kind: "exited", exitCode: end.ending.exitCode };
  }
}

function run(
  stub: StubExec,
  request: Request,
  command: ReadyCommand,
  sink: OutputSink,
  live: LiveDialect | null,
): Promise<Ending> {
  return new Promise(resolve => {
    let note: string | undefined;
    const { stdin } = command;
    const feeding = new Feeding();
    /** Resolves when what the command left of its input is back. */
    let rest: Promise<void> | null = null;
    const finish = (end: Ending) => {
      feeding.stop();
      // Nothing is left where nothing was written.
      if (rest && feeding.written) void Promise.race([rest, sleep(REST_WITHIN_MS)]).then(() => resolve(end));
      else resolve(end);
    };
    const receiver: StubCommand = {
      output: (stream, chunk) => {
        try {
          const waiting = sink[stream](chunk);
          return waiting?.catch(error => fail(error));
        } catch (error) {
          return fail(error);
        }
      },
      note: words => {
        note ??= words;
      },
      ended: ending => finish(note === undefined ? { kind: "ended", ending } : { kind: "note", words: note }),
      lost: () => finish({ kind: "broken" }),
    };
    if (live?.after)
      rest = new Promise(known => {
        receiver.rest = bytes => {
          // Others in the environment can write to the stub's streams too, and what they make up must not become the input of the next command.
          if (bytes.length > 0 && isLive(stdin!) && feeding.endsWith(bytes)) stdin.unread?.(bytes);
          known();
        };
      });
    stub.run(request, receiver, live?.after);
    const fail = (error: unknown) => finish({ kind: "failed", error });
    if (stdin !== undefined) feed(stub.input, stdin, feeding, live ?? undefined).catch(fail);
  });
}

/** As much is remembered of what was written: more than what lies in pipes and sockets on the way. Bytes. */
const REMEMBERED = 8 * 1024 * 1024;

/** The writing of a command's stdin: goes on until the command is over. */
export class Feeding {
  /** Something was written that the command may have left unread. */
  get written(): boolean {
    return this.#length > 0;
  }
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  over = false;
  stop: () => void = () => {};
  readonly stopped = new Promise<null>(resolve => {
    this.stop = () => {
      this.over = true;
      resolve(null);
    };
  });

  wrote(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    while (this.#length - this.#pieces[0]!.length >= REMEMBERED) this.#length -= this.#pieces.shift()!.length;
  }

  /** Whether what was written ends so. Shells drop NUL bytes. */
  endsWith(bytes: Buffer): boolean {
    const all = Buffer.concat(this.#pieces).filter(byte => byte !== 0);
    return bytes.length <= all.length && bytes.equals(all.subarray(all.length - bytes.length));
  }
}

/** Writes a command's stdin and closes it. Stops when the command is over; a command that doesn't read its input is no error. */
export async function feed(
  input: Duplex,
  stdin: NonNullable<EnvironmentCommand["stdin"]>,
  feeding: Feeding,
  dialect?: LiveDialect,
): Promise<void> {
  const close = () => feeding.stop();
  input.once("close", close);
  if (!isLive(stdin)) {
    if (stdin.length > 0) input.write(stdin);
    input.end();
    return;
  }
  const source = stdin[Symbol.asyncIterator]();
  for (;;) {
    const coming = source.next();
    const next = await Promise.race([coming, feeding.stopped]);
    if (next === null || feeding.over) {
      // A source that waits for a key press may never settle: nobody waits for it, and what it still gives is for the next command.
      void coming.then(late => {
        if (!late.done) stdin.unread?.(late.value);
      });
      void source.return?.();
      return;
    }
    if (next.done) break;
    feeding.wrote(next.value);
    if (!input.write(dialect ? dialect.chunk(next.value) : next.value))
      await Promise.race([once(input, "drain"), feeding.stopped]);
  }
  if (dialect?.end) input.write(dialect.end);
  else input.end();
}

function notStarted(words: string, command: ReadyCommand): ProviderError {
  const program = command.argv[0] ?? "";
  if (words === "missing") {
    return new ProviderError(
      "run/interpreter-missing",
      `The environment has no program \`${program}\`.`,
      "Use an image that contains it, or install it when the environment is made.",
    );
  }
  return new ProviderError(
    "run/cwd-missing",
    `The environment has no folder ${command.cwd}, where \`${program}\` should run.`,
  );
}

async function currentOomCount(context: ExecuteContext): Promise<number> {
  const stub = await context.pool.take(AbortSignal.timeout(5000));
  return new Promise(resolve => {
    stub.run(context.dialect.countOom, {
      output: () => {},
      note: () => {},
      ended: ({ oomCount }) => resolve(oomCount),
      lost: () => resolve(context.oomCount),
    });
  });
}

/** Resolves `reason` when the command has to be stopped. */
export function stopper(signal: AbortSignal, timeoutMs: number) {
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};
  const reason = new Promise<"timeout" | "cancelled">(resolve => {
    abort = () => resolve("cancelled");
    signal.addEventListener("abort", abort, { once: true });
    if (timeoutMs > 0) timer = setTimeout(() => resolve("timeout"), timeoutMs);
  });
  return {
    reason,
    clear: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}
