import type { NodeBase } from "../../language/syntax/tree";

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
  /** What other guards, asking for another try, had to say. */
  hints: { hint: string }[];
}

/** Something that policy, a guard, the tools or an environment's grants forbid. */
export class DeniedError extends RunError {
  constructor(
    message: string,
    code: string,
    /** The guard or policy that said no, and about what: `denied` handlers see it. */
    readonly denial: Denial = { reason: message, guard: null, filter: null, hints: [] },
  ) {
    super(message, code);
    this.name = "DeniedError";
  }
}

/** Leaves loops and pipelines from inside an expression; never reaches the author as an error. */
export class ControlSignal {
  constructor(
    readonly keyword: "skip" | "done" | "continue" | "retry",
    readonly value: unknown,
  ) {}
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
