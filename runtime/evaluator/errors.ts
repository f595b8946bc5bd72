import type { NodeBase } from "../../language/syntax/tree";
import { ProviderError } from "../providers/provider";

export { messageOf } from "../../protocol/message-of";

/** A fault of the program: ends the run with exit code 1. */
export class RunError extends Error {
  /** Where it happened; the first place that is known stays. */
  place: { file: { path: string; text: string }; node: NodeBase } | null = null;

  constructor(
    message: string,
    /** The reference's code, or `run/…`. */
    readonly code?: string,
  ) {
    super(message);
    this.name = "RunError";
  }

  at(file: { path: string; text: string }, node: NodeBase): this {
    this.place ??= { file, node };
    return this;
  }
}

export interface Denial {
  reason: string;
  guard: string | null;
  filter: string | null;
  /** Of every guard that denied. */
  reasons: readonly string[];
  /** What other guards, asking for another try, had to say. */
  hints: readonly { hint: string }[];
  /** What each guard decided, in order. */
  trace: readonly GuardDecision[];
  /** What is known of the values that were denied. */
  labels: readonly string[];
  taint: readonly string[];
}

/** A guard's decision, as `@mx.guard.trace` and `@p.guards` show it. */
export interface GuardDecision {
  guardName: string | null;
  decision: string;
  reason: string | null;
  hint: string | null;
  /** The value that the guard put in the place of the input. */
  replacement: unknown;
}

/** A denial with only its reason. */
export function denialFor(reason: string): Denial {
  return { reason, guard: null, filter: null, reasons: [reason], hints: [], trace: [], labels: [], taint: [] };
}

/** Something that policy, a guard, the tools or an environment's grants forbid. */
export class DeniedError extends RunError {
  constructor(
    message: string,
    code: string,
    /** The guard or policy that said no, and about what: `denied` handlers see it. */
    readonly denial: Denial = denialFor(message),
  ) {
    super(message, code);
    this.name = "DeniedError";
  }
}

/** Leaves loops and pipelines from inside an expression; it reaches the author only where there is nothing to leave. */
export class ControlSignal {
  constructor(
    readonly keyword: "skip" | "done" | "continue" | "retry",
    readonly value: unknown,
    /** The statement that said it; null where the evaluator did. */
    readonly place: RunError["place"] = null,
  ) {}
}

const FILE_FAULTS: Record<string, string> = {
  EISDIR: "it is a folder, no file",
  EACCES: "this user may not",
  EPERM: "this user may not",
  ENOTDIR: "a part of the path is no folder",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the path is too long",
  ESPIPE: "it is a pipe, and another process would have to be waited for",
  ERR_INVALID_ARG_VALUE: "the path holds a null byte",
};

/** JavaScript's stack is full. */
export function isTooDeep(cause: unknown): boolean {
  return cause instanceof Error && /call stack/i.test(cause.message);
}

export function tooDeep(): RunError {
  return new RunError("A value or the program is nested too deeply", "run/too-deep");
}

/** JavaScript's words for a text of more than half a milliard characters. */
const TOO_LONG: Record<string, string> = {
  "Invalid string length": "The text becomes longer than a text can be; write its parts to a file with append",
};

/** Where in the program a backend failed. */
const PLACES = new WeakMap<ProviderError, NonNullable<RunError["place"]>>();

/** What a backend says, as a fault of the program. */
export function faultOf(cause: ProviderError): RunError {
  const { message, mend, code } = cause;
  const fault = new RunError(mend === undefined ? message : `${message} ${mend}`, code);
  fault.place = PLACES.get(cause) ?? null;
  return fault;
}

/** A fault with its place in the program; the disk's refusal to read or write a file becomes a fault of the program. */
export function placed(cause: unknown, file: { path: string; text: string }, node: NodeBase): unknown {
  if (cause instanceof RunError) return cause.at(file, node);
  if (cause instanceof ProviderError) {
    // It stays what it is: no loop, `when` or guard goes on after it.
    if (!PLACES.has(cause)) PLACES.set(cause, { file, node });
    return cause;
  }
  if (!(cause instanceof Error)) return cause;
  // A value that grows too large, or a pattern that is none.
  if (isTooDeep(cause)) return tooDeep().at(file, node);
  if (cause instanceof SyntaxError || cause instanceof RangeError)
    return new RunError(TOO_LONG[cause.message] ?? cause.message, "run/failed").at(file, node);
  const { code = "", path } = cause as NodeJS.ErrnoException;
  const reason = FILE_FAULTS[code];
  if (reason === undefined) return cause;
  const what = path === undefined ? "The file" : `The file ${path}`;
  return new RunError(`${what} cannot be read or written: ${reason}`, "FileAccess").at(file, node);
}
