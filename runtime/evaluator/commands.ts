/** Runs one process in the environment that holds, and tells of it as events. */
import { setTimeout as pause } from "node:timers/promises";
import type { NodeBase } from "../../language/syntax/tree";
import type { EnvironmentCommand, Outcome, OutputSink } from "../providers/provider";
import type { Context } from "./context";
import { RunError } from "./errors";
import type { BorrowedInput } from "./services";

export interface ProcessRequest {
  argv: string[];
  /** What events show; default `argv`. */
  shown?: string[];
  cwd?: string;
  vars: Record<string, string>;
  secrets: Record<string, string>;
  stdin?: string;
  /** Text for the program that `argv` starts: in the variable `CODE_VARIABLE` where the command reads the run's input, else on its stdin. */
  code?: string;
  /** The output is printed for the program as it comes. */
  echo: boolean;
  /** The output is needed as a value. */
  capture: boolean;
  /** Takes a trailer off the output: what it holds back is not shown. */
  filter?: (text: string, end: boolean) => string;
  node: NodeBase;
}

export interface ProcessResult {
  stdout: string;
  exitCode: number;
}

/** A text of a process that is needed as a value cannot be longer (UTF-16 units). */
const LONGEST_VALUE = 256 * 1024 * 1024;

/** Runs a process to its end. Throws a `RunError` when it is lost, stopped or cannot be started; an exit code is a result. */
export async function runProcess(request: ProcessRequest, context: Context): Promise<ProcessResult> {
  const { run, environment, module } = context;
  const live = await environment.live();
  const number = run.nextCommand();
  const range = run.range(module, request.node.start, request.node.end);
  const { emit } = run.services;
  await emit({
    event: "command",
    command: number,
    envName: live.name,
    argv: request.shown ?? request.argv,
    range,
    file: module.path,
    ...(request.echo ? { echo: true } : {}),
  });
  const started = Date.now();
  const output = new OutputText(request.capture);
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const filter = request.filter ?? (text => text);
  const pass = (text: string) => {
    output.add(text);
    return text === "" ? undefined : emit({ event: "stdout", command: number, text });
  };
  const sink: OutputSink = {
    stdout: chunk => pass(filter(decoders.stdout.decode(chunk, { stream: true }), false)),
    stderr: chunk => {
      const text = decoders.stderr.decode(chunk, { stream: true });
      return text === "" ? undefined : emit({ event: "stderr", command: number, text });
    },
    progress: (message, percent) =>
      void emit({ event: "progress", message, ...(percent === undefined ? {} : { percent }) }),
    denied: (host, port, reason) => void emit({ event: "denied", envName: live.name, host, port, reason }),
  };
  let outcome: Outcome;
  const interactive = live.takesLiveInput !== false;
  const input = interactive ? borrowInput(request, context) : null;
  try {
    const size = interactive && request.echo ? sizeVariables(context) : {};
    outcome = await live.execute(commandOf(request, input, size, context), sink, run.signal);
    await pass(filter(decoders.stdout.decode(), true));
  } catch (cause) {
    await emit({ event: "exit", command: number, exitCode: null, outcome: "lost", durationMs: Date.now() - started });
    throw cause;
  } finally {
    input?.giveBack();
  }
  await emit({
    event: "exit",
    command: number,
    exitCode: outcome.kind === "exited" ? outcome.exitCode : null,
    outcome: outcome.kind === "exited" ? "exited" : outcome.kind === "lost" ? "lost" : outcome.reason,
    durationMs: Date.now() - started,
  });
  return { stdout: output.text, exitCode: await exitCodeOf(outcome, context) };
}

/** Variables are short everywhere: Windows gives all of them 32,767 characters. */
const LONGEST_CODE = 30_000;
/** See `ProcessRequest.code`. */
export const CODE_VARIABLE = "MLLD_ENV_CODE";

/** A command without input of its own reads the run's, unless others run beside it. */
function borrowInput(request: ProcessRequest, context: Context): BorrowedInput | null {
  const { input } = context.run.services;
  if (input === null || request.stdin !== undefined || context.parallel) return null;
  return (request.code?.length ?? 0) > LONGEST_CODE ? null : input.borrow();
}

/** Pipes have no size: programs that ask find the terminal's here. */
function sizeVariables(context: Context): Record<string, string> {
  const size = context.run.services.terminal();
  return size === null ? {} : { COLUMNS: `${size.columns}`, LINES: `${size.rows}` };
}

function commandOf(
  request: ProcessRequest,
  input: BorrowedInput | null,
  size: Record<string, string>,
  context: Context,
): EnvironmentCommand {
  const { code } = request;
  const command: EnvironmentCommand = {
    argv: request.argv,
    vars: {
      ...size,
      ...context.environment.ambientVariables(),
      ...(code !== undefined && input !== null ? { [CODE_VARIABLE]: code } : {}),
      ...request.vars,
    },
    secrets: request.secrets,
  };
  if (request.cwd !== undefined) command.cwd = request.cwd;
  const stdin = request.stdin ?? input ?? code;
  if (stdin !== undefined) command.stdin = stdin;
  const timeout = context.environment.grants?.limits.timeoutMs;
  if (timeout !== undefined) command.timeoutMs = timeout;
  return command;
}

async function exitCodeOf(outcome: Outcome, context: Context): Promise<number> {
  switch (outcome.kind) {
    case "exited":
      return outcome.exitCode;
    case "lost":
      throw new RunError(`The environment was lost while a command ran: ${outcome.cause}`, "run/environment-lost");
    case "killed":
      if (outcome.reason === "timeout") {
        const limit = context.environment.grants?.limits.timeoutMs;
        throw new RunError(
          `The command took longer than ${limit === undefined ? "it may" : `limits.timeout (${limit} ms)`} and was ended`,
          "run/timeout",
        );
      }
      if (outcome.reason === "memory") {
        throw new RunError("The command needed more memory than limits.mem grants and was ended", "run/out-of-memory");
      }
      // The signal that ended the command is about to be seen here, too.
      await pause(0);
      context.run.signal.throwIfAborted();
      throw new RunError("The command was cancelled", "run/cancelled");
  }
}

/** The output as a value. */
class OutputText {
  private parts: string[] = [];
  private length = 0;

  constructor(private readonly kept: boolean) {}

  add(text: string): void {
    if (!this.kept || text === "") return;
    this.length += text.length;
    if (this.length > LONGEST_VALUE) {
      throw new RunError(
        `The output of a command is too long to be a value (more than ${LONGEST_VALUE} characters); write it to a file`,
      );
    }
    this.parts.push(text);
  }

  get text(): string {
    return this.parts.join("");
  }
}
