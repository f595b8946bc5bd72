/** Runs one command in a stub, to its outcome. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { type EnvironmentCommand, type Outcome, type OutputSink, ProviderError } from "../provider";
import type { Request } from "./dialect";
import { killTree } from "./kill";
import { outcomeOfBrokenStream } from "./lost";
import type { StubEnding, StubExec } from "./stub-exec";
import type { ExecuteContext } from "./stub-pool";

/** A command with everything decided. */
export interface ReadyCommand extends EnvironmentCommand {
  /** Absolute folder inside the environment; empty keeps the image's. */
  cwd: string;
  /** Milliseconds, 0 for none. */
  timeoutMs: number;
}

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
  const how = command.stdin !== undefined ? "stdin" : Object.keys(command.secrets).length > 0 ? "once" : "again";
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
      const end = await Promise.race([run(stub, request, command, sink), stop.reason]);
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

function run(stub: StubExec, request: Request, command: ReadyCommand, sink: OutputSink): Promise<Ending> {
  return new Promise(resolve => {
    let note: string | undefined;
    let over = () => {};
    const isOver = new Promise<void>(done => {
      over = done;
    });
    const finish = (end: Ending) => {
      over();
      resolve(end);
    };
    stub.run(request, {
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
    });
    const fail = (error: unknown) => finish({ kind: "failed", error });
    if (command.stdin !== undefined) feed(stub.input, command.stdin, isOver).catch(fail);
  });
}

/** Writes a command's stdin and closes it. Stops when the command is over; a command that doesn't read its input is no error. */
export async function feed(
  input: Duplex,
  stdin: NonNullable<EnvironmentCommand["stdin"]>,
  isOver: Promise<void>,
): Promise<void> {
  const broken = once(input, "close").then(
    () => undefined,
    () => undefined,
  );
  const over = Promise.race([isOver, broken]).then(() => null);
  if (typeof stdin === "string" || stdin instanceof Uint8Array) {
    if (stdin.length > 0) input.write(stdin);
    input.end();
    return;
  }
  const source = stdin[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([source.next(), over]);
    if (next === null) {
      // A source that waits for a key press may never settle: nobody waits for it.
      void source.return?.();
      return;
    }
    if (next.done) break;
    if (!input.write(next.value)) await Promise.race([once(input, "drain"), over]);
  }
  input.end();
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
