/** Evaluates an mlld program: the whole file, or the slice that a plan chose. */
import type { File, Statement } from "../../language/syntax/tree";
import type { RunServices } from "./services";

export type { CredentialRequest, CredentialStore, FileAccess, RunServices, RunSettings } from "./services";

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
}

export interface RunOutcome {
  ok: boolean;
  /** 0, or 1 after a failure. */
  exitCode: number;
  /** The document of a markdown file, normalised as mlld prints it; null for a strict file. */
  document: string | null;
  /** The value that ended the script (`=> v`), as JSON; undefined without one. */
  value: unknown;
  labels: string[];
  /** Why the run failed: already emitted as `error` events. */
  errors: { message: string; code?: string }[];
}

/** Runs to the end and never throws for a fault of the program: it is in the outcome, and was emitted as an event. */
export declare function evaluate(program: RunProgram, services: RunServices, signal: AbortSignal): Promise<RunOutcome>;
