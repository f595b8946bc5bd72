/** One command of a spec, told as events. */
import type { ExitOutcome, RunEventBody } from "../../protocol/events";
import { type Environment, type EnvironmentCommand, type Outcome, ProviderError } from "../providers/provider";

export interface SpecCommand extends Pick<EnvironmentCommand, "argv" | "cwd" | "vars" | "stdin" | "tty"> {
  /** Its number in events. */
  command: number;
  /** The spec file. */
  file: string;
  /** Nobody sees it or its output. */
  hidden: boolean;
  /** Its output is the program's. */
  echo: boolean;
}

export interface CommandResult {
  /** null when it did not end by itself. */
  exitCode: number | null;
  outcome: ExitOutcome;
  /** The ends of what it wrote, `LONGEST_TAIL` at most. */
  stdout: string;
  stderr: string;
}

/** As much is kept of what a command says, of its end (UTF-16 units); events have all of it. */
const LONGEST_TAIL = 1024 * 1024;
const NO_RANGE = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

interface Services {
  emit: (event: RunEventBody) => void | Promise<void>;
  signal: AbortSignal;
}

/** Runs a command to its end, whatever that is. Throws `run/lost` when its environment goes away. */
export async function runCommand(
  { command, argv, cwd, vars, stdin, tty, file, hidden, echo }: SpecCommand,
  environment: Environment,
  { emit, signal }: Services,
): Promise<CommandResult> {
  const tell: typeof emit = event => (hidden ? undefined : emit(event));
  const envName = environment.name;
  await tell({ event: "command", command, envName, argv, range: NO_RANGE, file, echo });
  const started = Date.now();
  const texts = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const said = (stream: "stdout" | "stderr", chunk?: Uint8Array) => {
    const text = decoders[stream].decode(chunk, { stream: chunk !== undefined });
    texts[stream] = (texts[stream] + text).slice(-LONGEST_TAIL);
    return text === "" ? undefined : tell({ event: stream, command, text });
  };
  const outcome = await environment.execute(
    { argv, cwd, vars, secrets: {}, ...(stdin !== undefined && { stdin }), ...(tty && { tty }) },
    {
      stdout: chunk => said("stdout", chunk),
      stderr: chunk => said("stderr", chunk),
      denied: (host, port, reason) => void emit({ event: "denied", envName, host, port, reason }),
    },
    signal,
  );
  // What an end in the middle of a character leaves.
  await said("stdout");
  await said("stderr");
  const exitCode = outcome.kind === "exited" ? outcome.exitCode : null;
  const word = wordOf(outcome);
  await tell({ event: "exit", command, exitCode, outcome: word, durationMs: Date.now() - started });
  if (outcome.kind === "lost") throw new ProviderError("run/lost", `The environment was lost: ${outcome.cause}.`);
  return { exitCode, outcome: word, ...texts };
}

function wordOf(outcome: Outcome): ExitOutcome {
  return outcome.kind === "killed" ? outcome.reason : outcome.kind;
}
