/**
 * What the editor says to a run: lines of JSON on the standard input of `mlld-env run --json --control`. The end of the input means
 * that the owner is gone, and cancels the run. Without `--control` the standard input belongs to the program.
 */
export type RunControl =
  /** The first line, before anything runs, with the credentials from the editor's secret storage. They travel nowhere else. */
  | { type: "start"; secrets: Record<string, string>; terminal?: { columns: number; rows: number } }
  /** Allows so many more bytes of `stdout` and `stderr` text (UTF-8); without credit the run stops reading from the engine. */
  | { type: "credit"; bytes: number }
  /** Typed by the person, for the command that runs. */
  | { type: "input"; text: string }
  /** The end of the command's input (Ctrl+D). */
  | { type: "endOfInput" }
  | { type: "resize"; columns: number; rows: number }
  | { type: "cancel" };

/** What a run may write before the first `credit` line, in bytes. */
export const INITIAL_CREDIT = 256 * 1024;
