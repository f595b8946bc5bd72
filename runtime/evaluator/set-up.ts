/** `setup` and `environment` of a config: what runs once in an environment, and what every command in it gets. */
import { fromValue, readSpecPart } from "../../language/environment";
import { type Environment, type Outcome, ProviderError } from "../providers/provider";
import type { Module } from "./module";
import type { Run } from "./run";

/** A failing command shows this much of the end of its hidden output (UTF-16 units). */
const LONGEST_TAIL = 2000;
const NO_RANGE = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

interface SetUpCommand {
  line: string;
  /** Of the evaluation: nobody sees it or its output, unless it fails. */
  hidden: boolean;
}

function part<N extends "setup" | "environment" | "local">(options: Record<string, unknown>, name: N) {
  const written = options[name];
  return written === undefined || written === null ? null : readSpecPart(name, fromValue(written)).value;
}

/** What a config has to run in an environment that was made (`created`) or found again. */
export function setUpCommands(
  options: Record<string, unknown>,
  evaluate: boolean,
  created: boolean,
): readonly SetUpCommand[] {
  const setup = part(options, "setup");
  if (setup === null) return [];
  const seen = (line: string): SetUpCommand => ({ line, hidden: false });
  if (!created) return setup.resumeCommands.map(seen);
  return [...setup.commands.map(seen), ...(evaluate ? setup.evalCommands.map(line => ({ line, hidden: true })) : [])];
}

/** Variables that every command gets. On this machine a command has the machine's own anyway. */
export function variablesOf(options: Record<string, unknown>): Record<string, string> {
  return part(options, "environment")?.env ?? {};
}

/** Whether the config asks for all variables of this machine. */
export function wantsMachineVariables(options: Record<string, unknown>): boolean {
  return part(options, "environment")?.includeOsEnv ?? false;
}

/** Runs set-up commands one after the other. Throws a `ProviderError` for the first that fails. */
export async function setUp(
  commands: readonly SetUpCommand[],
  environment: Environment,
  options: Record<string, unknown>,
  run: Run,
  module: Module,
  cwd: string | undefined,
): Promise<void> {
  const shell = part(options, "local")?.shell ?? "sh";
  const { emit } = run.services;
  for (const { line, hidden } of commands) {
    const command = run.nextCommand();
    const argv = [shell, "-c", line];
    const tell: typeof emit = event => (hidden ? undefined : emit(event));
    await tell({ event: "command", command, envName: environment.name, argv, range: NO_RANGE, file: module.path });
    const started = Date.now();
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    let tail = "";
    const said = (stream: "stdout" | "stderr") => (chunk: Uint8Array) => {
      const text = decoders[stream].decode(chunk, { stream: true });
      if (hidden) tail = (tail + text).slice(-LONGEST_TAIL);
      // Set-up prints for the person who runs the program, not for the program.
      return tell({ event: "stderr", command, text });
    };
    const outcome = await environment.execute(
      { argv, ...(cwd !== undefined && { cwd }), vars: variablesOf(options), secrets: {} },
      { stdout: said("stdout"), stderr: said("stderr") },
      run.signal,
    );
    const exitCode = outcome.kind === "exited" ? outcome.exitCode : null;
    await tell({ event: "exit", command, exitCode, outcome: wordOf(outcome), durationMs: Date.now() - started });
    if (exitCode === 0) continue;
    run.signal.throwIfAborted();
    const what = hidden ? "An evaluation set-up command" : `The set-up command '${line}'`;
    const how = exitCode === null ? `did not end (${wordOf(outcome)})` : `failed with exit code ${exitCode}`;
    throw new ProviderError("run/setup-failed", `${what} ${how}.${tail === "" ? "" : `\n${tail}`}`);
  }
}

function wordOf(outcome: Outcome) {
  return outcome.kind === "killed" ? outcome.reason : outcome.kind;
}
