/** Evaluates an mlld program: the whole file, or the slice that a plan chose. */
import { dirname } from "node:path";
import type { File, Node, Statement } from "../../language/syntax/tree";
import { showText } from "../../language/values";
import { ProviderError } from "../providers/provider";
import { NOTHING_GRANTED } from "./auth";
import { type Context, NO_AMBIENT } from "./context";
import { ActiveEnvironment } from "./environments";
import { ControlSignal, faultOf, isTooDeep, messageOf, RunError, tooDeep } from "./errors";
import { chosenOf, type Returned } from "./flow";
import { Module } from "./module";
import { Run } from "./run";
import { callSelected } from "./selected";
import type { RunServices } from "./services";
import { executeStatement } from "./statements";
import { plain, type Value } from "./value";

export type {
  BorrowedInput,
  CommandInput,
  CredentialRequest,
  CredentialStore,
  FileAccess,
  ResolvedPath,
  RunServices,
} from "./services";

export interface RunProgram {
  /** Absolute path. */
  path: string;
  file: File;
  /** What to run; null runs the whole file. */
  slice: ProgramSlice | null;
}

/** A choice of statements, at every depth: a block runs only those of its statements that are in the set. */
export interface ProgramSlice {
  statements: ReadonlySet<Statement>;
  /** The executable whose body holds the block: it is called with parameters from `--input`. */
  call: string | null;
  /** The chosen block: its value is the run's. */
  block: Node;
}

export interface RunOutcome {
  ok: boolean;
  /** 0, or 1 after a failure. */
  exitCode: number;
  /** The document of a markdown file, normalised as mlld prints it; null for a strict file. */
  document: string | null;
  /** The value of the chosen block (of its last run, in a loop), or the one that ended the script (`=> v`), as JSON; undefined without one. */
  value: unknown;
  labels: string[];
  /** Why the run failed: already emitted as `error` events. */
  errors: { message: string; code?: string }[];
}

/**
 * Runs to the end. A fault of the program is in the outcome, and was emitted as an event; only cancellation is thrown, as the signal's
 * reason.
 */
export async function evaluate(program: RunProgram, services: RunServices, signal: AbortSignal): Promise<RunOutcome> {
  const { file, path, slice } = program;
  const run = new Run(services, signal, file.mode === "markdown", slice?.statements ?? null, slice?.block ?? null);
  const context = topLevelContext(run, program);
  let returned: Returned | null = null;
  try {
    returned = await runTopLevel(file, context);
    if (returned === null && slice?.call) returned = { value: await callSelected(slice.call, context) };
    if (returned !== null) await printResult(returned.value, context);
  } catch (cause) {
    signal.throwIfAborted();
    await run.fail(asFault(cause));
  } finally {
    await context.environment.close();
    await run.dispose();
  }
  const ok = run.failures.length === 0;
  const result = run.blockValue ?? returned?.value;
  return {
    ok,
    exitCode: ok ? 0 : 1,
    document: run.output.text(),
    value: result && plain(result),
    labels: result ? [...result.security.labels] : [],
    errors: run.failures,
  };

  function topLevelContext(of: Run, { file: tree }: RunProgram): Context {
    const module = new Module(path, dirname(path), tree, true);
    return {
      run: of,
      module,
      scope: module.scope,
      environment: new ActiveEnvironment(of, null, null, null, null, module),
      ambient: NO_AMBIENT,
      calls: null,
      lenient: false,
      topLevel: true,
      returns: false,
      guarding: false,
      parallel: false,
      transformed: null,
      guardChoice: null,
      granted: NOTHING_GRANTED,
      loading: [path],
    };
  }
}

/** Statements, and what stands between them in markdown. */
async function runTopLevel(file: File, context: Context): Promise<Returned | null> {
  const markdown = file.mode === "markdown";
  let end = file.frontmatter?.end ?? 0;
  for (const statement of chosenOf(file.statements, context)) {
    if (markdown && file.text.slice(end, statement.start).includes("\n")) context.run.output.lineEnd();
    end = statement.end;
    const returned = await executeStatement(statement, context);
    if (returned !== null) return returned;
  }
  return null;
}

async function printResult(value: Value, context: Context): Promise<void> {
  if (context.run.chosen !== null) return;
  await context.run.output.show(showText(plain(value)));
}

/** What the words that leave something can leave. */
const WHERE: Record<ControlSignal["keyword"], string> = {
  skip: "a loop",
  done: "a loop",
  continue: "a loop",
  retry: "a pipeline's stage",
};

/** Faults that are no errors of the evaluator's own, in its words. */
function asFault(cause: unknown): unknown {
  if (cause instanceof ProviderError) return faultOf(cause);
  if (cause instanceof ControlSignal) {
    const { keyword, place } = cause;
    const fault = new RunError(`'${keyword}' stands outside of ${WHERE[keyword]}`, "run/control");
    return place === null ? fault : fault.at(place.file, place.node);
  }
  if (isTooDeep(cause)) return tooDeep();
  if (cause instanceof RunError) return cause;
  return new RunError(messageOf(cause), "run/failed");
}
