/**
 * What the editor says to a run: lines of JSON on the standard input of `mlld-env run --json --control`. The end of the input means
 * that the owner is gone, and cancels the run. Without `--control` the standard input belongs to the program.
 */
export type RunControl =
  /** The first line, before anything runs, with the credentials from the editor's secret storage. They travel nowhere else. */
  | { type: "start"; secrets: Record<string, string>; terminal?: TerminalSize }
  /** Allows so many more bytes of `stdout` and `stderr` text (UTF-8); without credit the run stops reading from the engine. */
  | { type: "credit"; bytes: number }
  /** What a person typed, for the command that reads; without one it waits for the next. `secret`: it was not shown, and output must not show it. */
  | { type: "input"; text: string; secret?: boolean }
  /** The end of the input of the command that reads. */
  | { type: "input-end" }
  | { type: "resize"; terminal: TerminalSize }
  | { type: "cancel" };

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Typed text that waits for a command may be so long, in bytes; what is more is dropped with a warning. */
export const LONGEST_INPUT = 1024 * 1024;

/**
 * What the editor says to a spare process (`mlld-env __spare`) before it becomes a run: first what to be ready for, the `spare` of the
 * last run's `done`, then the arguments (`run --json --control …`). `start` and all the rest follow as for any run.
 */
export type SpareControl = { type: "prepare"; spare?: unknown } | { type: "run"; args: string[]; cwd: string };

/** What a run may write before the first `credit` line, in bytes. */
export const INITIAL_CREDIT = 256 * 1024;
