/** Runs a command on a terminal inside the environment. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { type LiveInput, type Outcome, type OutputSink, ProviderError, type TerminalSize } from "../provider";
import type { LiveDialect } from "./dialect";
import { messageOf } from "./errors";
import { Feeding, feed, type ReadyCommand, stopper } from "./execute";
import { killTree } from "./kill";
import { outcomeOfBrokenStream } from "./lost";
import { frameHeader, terminalCode } from "./stub";
import type { ExecuteContext } from "./stub-pool";

/** A resize right after the start is often lost: it is sent again. */
const RESIZE_AGAIN_MS = [0, 50, 200];

/**
 * Runs the command on a terminal of the given size; all its output is `stdout`. What it needs (secrets too) is written by a stub into a
 * file in the environment's memory, which the shell on the terminal removes before it starts the program: a terminal echoes its input.
 */
export async function executeOnTerminal(
  context: ExecuteContext,
  command: ReadyCommand,
  size: NonNullable<ReadyCommand["tty"]>,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return { kind: "killed", reason: "cancelled" };
  if (!context.dialect.hasShell) {
    throw new ProviderError(
      "run/no-shell",
      "A terminal needs a /bin/sh, which the image of this environment doesn't have.",
    );
  }
  const marker = randomBytes(12).toString("hex");
  const vars = { TERM: "xterm-256color", ...command.vars, ...command.secrets };
  const file = await placeCode(
    context,
    terminalCode({ argv: command.argv, cwd: command.cwd, vars, marker }, size),
    signal,
  );
  const exec = await context.container.exec({
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
    Cmd: ["/bin/sh", "-c", '. "$0"', file],
  });
  const socket = await exec.start({ hijack: true, stdin: true, Tty: true });
  let running = true;
  const resize = async ({ columns, rows }: TerminalSize) => {
    for (const wait of RESIZE_AGAIN_MS) {
      if (wait > 0) await sleep(wait, undefined, { ref: false });
      // It fails when the program isn't there yet or any more.
      if (running) await exec.resize({ h: rows, w: columns }).catch(() => {});
    }
  };
  void resize(size);
  size.onResize?.(next => void resize(next));

  const feeding = new Feeding();
  const stop = stopper(signal, command.timeoutMs);
  context.guard?.began(marker, 0);
  try {
    const output = (async () => {
      for await (const chunk of socket) await sink.stdout(chunk as Buffer);
      return "ended" as const;
    })();
    const input = feed(socket, typed(command.stdin), feeding, KEYS);
    const end = await Promise.race([output, stop.reason, input.then(() => output)]);
    if (end !== "ended") {
      await killTree(context, marker, null);
      return { kind: "killed", reason: end };
    }
    return await exitOf(exec, context, sink);
  } catch (error) {
    await killTree(context, marker, null);
    throw error;
  } finally {
    running = false;
    feeding.stop();
    context.guard?.ended(marker, 0);
    stop.clear();
    socket.destroy();
  }
}

/** Ctrl+D twice: the first may only hand over a line that was begun. Closing the stream would take the output along. */
const KEYS: LiveDialect = { chunk: bytes => bytes, end: Buffer.from("\x04\x04"), after: null };

/** As if it came from a keyboard. Whoever gives no input has none, where a terminal would wait for ever. */
function typed(stdin: ReadyCommand["stdin"]): LiveInput {
  if (typeof stdin === "object" && Symbol.asyncIterator in stdin) return stdin;
  return (async function* () {
    if (stdin !== undefined) yield Buffer.from(stdin);
  })();
}

/** The stream of a terminal carries no trailer, so the engine is asked; only its word counts. */
async function exitOf(exec: Dockerode.Exec, context: ExecuteContext, _sink: OutputSink): Promise<Outcome> {
  for (let attempt = 0; attempt < 25; attempt++) {
    try {
      const { Running, ExitCode } = await exec.inspect();
      if (!Running && ExitCode === 0) {
        // An engine that just lost the container may still call the exec's end a good one.
        const { State: state } = await context.container.inspect();
        if (state.Running) return { kind: "exited", exitCode: 0 };
      }
      if (!Running) break;
    } catch {
      break;
    }
    await sleep(20);
  }
  return outcomeOfBrokenStream(context.container, exec, async () => false);
}

/** Writes shell code to a file of our own in memory, readable by the environment's user only. Gives its path. */
async function placeCode(context: ExecuteContext, code: string, signal: AbortSignal): Promise<string> {
  const path = `/dev/shm/.mlld-env-${randomBytes(12).toString("hex")}`;
  // Braces: the shell has read all of it before the file is emptied.
  const text = `{\n: >'${path}'\nrm -f '${path}' 2>/dev/null\n${code}}\n`;
  const stub = await context.pool.take(signal);
  const written = new Promise<string>(resolve => {
    let said = "";
    const code = `(umask 077; printf '%s' '${text.replaceAll("'", "'\\''")}' >'${path}')\nm_c=$?\nm_say "$m_c" 0 0\nexit 0\n`;
    stub.run(nonce => frameHeader(nonce, code), {
      output: (_stream, chunk) => {
        said += chunk.toString("utf8");
      },
      note: () => {},
      ended: ({ exitCode }) => resolve(exitCode === 0 ? "" : said || "the shell could not write it"),
      lost: error => resolve(error ? messageOf(error) : "the shell ended"),
    });
  });
  const failure = await written;
  if (failure)
    throw new ProviderError("run/terminal", `A terminal could not be prepared in the environment: ${failure.trim()}.`);
  return path;
}
