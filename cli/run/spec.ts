import { fstatSync, statSync } from "node:fs";
import type { EnvironmentSpecFile } from "../../language/environment/spec-model";
import type { PlanStep } from "../../protocol/events";
import { ProviderError } from "../../runtime/providers/provider";
import { commandOf } from "../../runtime/specs/rules";
import { runSpec, type SpecRun } from "../../runtime/specs/run-spec";
import { type Io, UnreadableError } from "../io";
import { ControlLines } from "./control-lines";
import type { Ground } from "./ground";
import type { RunOptions } from "./options";
import { runSession } from "./session";
import { readSpecFile } from "./spec-file";
import { PipedInput, type StandardInput, TerminalInput } from "./terminal-input";

/** Of a terminal that nobody looks at. */
const TERMINAL = { columns: 80, rows: 24 };

/** `run --spec SPEC ENTRY`: the working folder is the workspace, ENTRY a file in it. */
export async function runSpecFile(ground: Ground, options: RunOptions & { spec: string }, io: Io): Promise<number> {
  const { spec, problems, report } = readSpecFile(options.spec, options.set);
  if (options.from !== null) requireFile(options.from);
  const control = options.control ? new ControlLines(io.stdin) : null;
  const input = control || options.dryRun ? null : entryInput(io);
  return runSession(io, { run: options, ground, control, input }, async parts => {
    const { emit, environments, signal } = parts;
    if (!spec) {
      await emit({ event: "refused", findings: problems.map(report) });
      return "refused";
    }
    // The agent's view has nothing of the evaluation.
    const seen = options.evaluate ? spec : { ...spec, setup: { ...spec.setup, evalCommands: [] } };
    const target = spec.type === "docker" ? "@mlld/env-docker" : "local";
    await emit({
      event: "plan",
      file: options.spec,
      block: null,
      target,
      steps: stepsOf(spec, options, target),
      environment: seen,
    });
    if (options.dryRun) return { ok: true };
    const { evaluate, keep, entry, name, from, variables } = options;
    const borrowed = parts.input?.borrow() ?? null;
    const run: SpecRun = {
      spec,
      file: options.spec,
      workspace: io.cwd,
      from,
      entry,
      evaluate,
      name,
      keep,
      variables,
      machine: io.env,
      ...(borrowed && { stdin: borrowed }),
      terminal: parts.terminal() ?? TERMINAL,
    };
    try {
      return await runSpec(run, { emit, environments, signal, folders: ground.folders });
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const message = error.mend ? `${error.message} ${error.mend}` : error.message;
      await emit({ event: "error", code: error.code, message });
      return { ok: false };
    } finally {
      borrowed?.giveBack();
    }
  });
}

/** Throws an `UnreadableError`. */
function requireFile(path: string): void {
  let isFile: boolean;
  try {
    isFile = statSync(path).isFile();
  } catch (error) {
    throw new UnreadableError(path, error);
  }
  if (!isFile) throw new UnreadableError(path, "it is no file");
}

/** What the agent sees of what is run: of the evaluation's set-up nothing. A mistake of the entry is told when it is run. */
function stepsOf(
  spec: EnvironmentSpecFile,
  { spec: file, entry, evaluate }: RunOptions & { spec: string },
  target: string,
): PlanStep[] {
  const start = { line: 0, character: 0 };
  return [...spec.setup.commands, `${commandOf(spec, evaluate)} ${entry}`.trim()].map(title => ({
    file,
    range: { start, end: start },
    title,
    effect: true,
    target,
  }));
}

/** The entry reads what is typed or piped; where there is nothing (`/dev/null`, a closed input), it has none. */
function entryInput({ stdin }: Io): StandardInput | null {
  if (stdin.isTTY) return process.platform === "win32" ? new PipedInput(stdin) : new TerminalInput();
  try {
    return fstatSync(stdin.fd).isCharacterDevice() ? null : new PipedInput(stdin);
  } catch {
    // The caller closed it.
    return null;
  }
}
