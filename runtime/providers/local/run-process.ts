import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type EnvironmentCommand, type Outcome, type OutputSink, ProviderError } from "../provider";
import { programOnPath, standInFor } from "./shell";

export interface ProcessSetting {
  cwd: string;
  variables: NodeJS.ProcessEnv;
  /** Milliseconds. */
  timeoutMs?: number;
  started(pid: number): void;
  /** Ends the process with its descendants. */
  end(pid: number): Promise<void>;
}

/** After a process ended: how long its output must be quiet before what it left in the background no longer counts. */
const QUIET_MS = 50;

/** Runs one process in its own group until it ended and its output was taken. Throws a `ProviderError` when it cannot be started. */
export async function runProcess(
  command: EnvironmentCommand,
  setting: ProcessSetting,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<Outcome> {
  const child = await start(command, setting);
  const pid = child.pid!;
  setting.started(pid);

  let reason: "timeout" | "cancelled" | null = null;
  let ending: Promise<void> | undefined;
  let giveUp: (none: null) => void;
  const unstoppable = new Promise<null>(resolve => {
    giveUp = resolve;
  });
  const kill = (why: "timeout" | "cancelled") => {
    reason ??= why;
    ending ??= setting.end(pid).then(() => void setTimeout(giveUp, QUIET_MS, null));
  };
  const timer = setting.timeoutMs === undefined ? undefined : setTimeout(kill, setting.timeoutMs, "timeout");
  const cancel = () => kill("cancelled");
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();

  const ended = new Promise<{ code: number | null; by: NodeJS.Signals | null }>(resolve => {
    child.once("exit", (code, by) => resolve({ code, by }));
  });
  const outputs = [
    new Output(child.stdout!, chunk => sink.stdout(chunk)),
    new Output(child.stderr!, chunk => sink.stderr(chunk)),
  ];
  feed(child.stdin, command.stdin);
  try {
    const end = await Promise.race([ended, unstoppable]);
    if (end === null) return { kind: "lost", cause: `the process ${pid} could not be ended` };
    const taken = Promise.all(outputs.map(output => output.finish()));
    // Whoever cancels may have stopped reading.
    await (ending ? Promise.race([taken, sleep(QUIET_MS * 8)]) : taken);
    await ending;
    if (reason) return { kind: "killed", reason };
    return { kind: "exited", exitCode: end.code ?? 128 + (end.by ? constants.signals[end.by] : 0) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
    child.stdin?.destroy();
  }
}

async function start(command: EnvironmentCommand, setting: ProcessSetting): Promise<ChildProcess> {
  const [program = "", ...args] = command.argv;
  const standIn = standInFor(program, setting.variables.PATH);
  let child: ChildProcess;
  try {
    child = spawn(standIn ?? program, args, {
      argv0: program,
      cwd: setting.cwd,
      env: setting.variables,
      detached: process.platform !== "win32",
      windowsHide: true,
      stdio: [inputOf(command), "pipe", "pipe"],
    });
  } catch (error) {
    throw startError(error as NodeJS.ErrnoException, program, setting);
  }
  if (child.pid === undefined) {
    const error = await new Promise<NodeJS.ErrnoException>(resolve => child.once("error", resolve));
    throw startError(error, program, setting);
  }
  // After a start only a failing `kill` reports here, and nothing of ours calls it.
  child.on("error", () => {});
  return child;
}

function inputOf({ stdin }: EnvironmentCommand): "ignore" | "pipe" | number {
  if (stdin === undefined) return "ignore";
  return (typeof stdin === "object" && "descriptor" in stdin ? stdin.descriptor : undefined) ?? "pipe";
}

function startError(error: NodeJS.ErrnoException, program: string, { cwd, variables }: ProcessSetting): ProviderError {
  if (error.code === "ENOENT" && !isFolder(cwd)) {
    return new ProviderError("run/no-folder", `The folder '${cwd}' that the command should run in does not exist.`);
  }
  if (error.code === "ENOENT" || (error.code === "EACCES" && programOnPath(program, variables.PATH) === null)) {
    return new ProviderError(
      "run/interpreter-missing",
      `The program '${program}' was not found.`,
      `Install it, or put its folder on PATH.`,
    );
  }
  if (error.code === "E2BIG") {
    return new ProviderError(
      "run/command-too-long",
      "The command and its variables are longer than the system allows.",
      "Pass large values through a file or standard input.",
    );
  }
  return new ProviderError("run/not-started", `The program '${program}' could not be started: ${error.message}`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** One output stream, read no faster than it is taken. */
class Output {
  private done = false;
  private taking = false;
  private readonly waiting: Uint8Array[] = [];
  private lastData = Date.now();
  private failure: unknown;
  private wake: (() => void) | undefined;

  constructor(
    private readonly stream: Readable,
    private readonly take: (chunk: Uint8Array) => void | Promise<void>,
  ) {
    stream.on("data", this.onData);
    stream.once("end", this.onEnd);
    // A pipe fails only when its process is gone: the same as its end.
    stream.once("error", this.onEnd);
  }

  private readonly onData = (chunk: Uint8Array) => {
    this.lastData = Date.now();
    this.waiting.push(chunk);
    if (!this.taking) void this.hand();
  };

  /** Hands over one chunk after the other. Node itself resumes a paused stream when its process ends, so several may wait. */
  private async hand(): Promise<void> {
    this.taking = true;
    try {
      for (let chunk = this.waiting.shift(); chunk; chunk = this.waiting.shift()) {
        const pending = this.take(chunk);
        if (!pending) continue;
        this.stream.pause();
        await pending;
      }
    } catch (error) {
      this.failure ??= error;
      this.waiting.length = 0;
      this.detach();
    }
    this.taking = false;
    this.lastData = Date.now();
    this.stream.resume();
  }

  private readonly onEnd = () => {
    this.done = true;
    this.wake?.();
  };

  /** After the process ended: resolves when all that it wrote was taken. What a child left behind writes later is read and dropped. */
  async finish(): Promise<void> {
    while (!this.done || this.taking) {
      await new Promise<void>(resolve => {
        this.wake = resolve;
        setTimeout(resolve, QUIET_MS);
      });
      // Timers run before input does: only a turn of the loop shows whether there was none.
      await new Promise(resolve => setImmediate(resolve));
      if (!this.done && !this.taking && Date.now() - this.lastData >= QUIET_MS) this.detach();
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private detach(): void {
    this.done = true;
    this.stream.off("data", this.onData);
    this.stream.on("data", () => {});
    this.stream.on("error", () => {});
    (this.stream as Readable & { unref?(): void }).unref?.();
  }
}

/** Writes the input of a process. A process that doesn't read it to its end is no fault. */
function feed(stdin: Writable | null, input: EnvironmentCommand["stdin"]): void {
  if (!stdin || input === undefined) return;
  stdin.on("error", () => {});
  if (typeof input === "string" || input instanceof Uint8Array) {
    stdin.end(input);
    return;
  }
  void pump(input, stdin);
}

async function pump(input: AsyncIterable<Uint8Array>, stdin: Writable): Promise<void> {
  const chunks = input[Symbol.asyncIterator]();
  // What comes after the end of this process is for the next one.
  stdin.once("close", () => void chunks.return?.());
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    if (!stdin.write(next.value))
      await new Promise<void>(resolve => stdin.once("drain", resolve).once("close", resolve));
  }
  stdin.end();
}
