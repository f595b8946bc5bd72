import { fstatSync, statSync } from "node:fs";
import type { RunEventBody } from "../../protocol/events";
import { ProviderError } from "../../runtime/providers/provider";
import { prepareSpec, runSpec, type SpecRun } from "../../runtime/specs/run-spec";
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
      const prepared = prepareSpec(run);
      await emit(planOf(run, prepared.line));
      if (options.dryRun) return { ok: true };
      return await runSpec(run, prepared, { emit, environments, signal, folders: ground.folders });
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

/** What the agent sees of what is run: of the evaluation's set-up nothing. */
function planOf({ spec, file, evaluate }: SpecRun, line: string): RunEventBody {
  const target = spec.type === "docker" ? "@mlld/env-docker" : "local";
  const start = { line: 0, character: 0 };
  const steps = [...spec.setup.commands, line].map(title => ({
    file,
    range: { start, end: start },
    title,
    effect: true,
    target,
  }));
  const environment = evaluate ? spec : { ...spec, setup: { ...spec.setup, evalCommands: [] } };
  return { event: "plan", file, block: null, target, steps, environment, environments: [] };
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
