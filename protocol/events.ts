/** Run events: what a run says to a terminal, the explorer and `mlld-env run --json` (one JSON object a line). */

export interface EventRange {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

/** A diagnostic as `check --json` and `refused` print it: zero-based lines, UTF-16 characters. */
export interface ReportedFinding {
  file: string;
  range: EventRange;
  severity: "error" | "warning" | "information" | "hint";
  code: string;
  message: string;
  related: { file: string; range: EventRange; message: string }[];
  fixes: { title: string; edits: { file: string; range: EventRange; newText: string }[] }[];
}

/** A statement that the plan will run, in order. */
export interface PlanStep {
  file: string;
  range: EventRange;
  /** `var @x`, `run cmd { ls }`: one line, for people. */
  title: string;
  /** True when evaluating it starts a process or touches a file. */
  effect: boolean;
  /** `local`, `docker`, … where its commands run. */
  target: string;
}

/** An environment that a run enters. */
export interface PlannedEnvironment {
  file: string;
  /** The head, from `env` to before the block. */
  range: EventRange;
  /** How messages call its config. */
  label: string;
  target: string;
  /** What it allows, for people: `{ tools: "Bash", net: "no network" }`. */
  allows: Record<string, string>;
}

export type RunEvent = { time: string } & (
  | {
      event: "plan";
      file: string;
      block: EventRange | null;
      target: string;
      steps: PlanStep[];
      /** Of a block, its own, in the form of `explain --json`. */
      environment: unknown;
      /** All that are known before the run, also those of executables that are called: that of the block first. */
      environments: PlannedEnvironment[];
    }
  | { event: "progress"; message: string; percent?: number }
  | { event: "created"; envName: string; provider: string; created: boolean }
  | {
      event: "command";
      command: number;
      envName: string | null;
      argv: string[];
      range: EventRange;
      file: string;
      /** True when its standard output is output of the program (`run cmd {…}`): no `show` repeats it. */
      echo?: boolean;
    }
  | { event: "stdout"; command: number; text: string }
  | { event: "stderr"; command: number; text: string }
  | { event: "exit"; command: number; exitCode: number | null; outcome: ExitOutcome; durationMs: number }
  | { event: "show"; text: string; stream?: "stdout" | "stderr" }
  | { event: "denied"; envName: string; host: string; port: number; reason: string }
  | { event: "warning"; message: string; finding?: ReportedFinding }
  | { event: "result"; value: unknown; labels: string[] }
  /** `run --spec`: how the entry ended, with the ends of long texts. `exitCode` is null where it did not run or did not end by itself. */
  | {
      event: "finished";
      exitCode: number | null;
      stdout: string;
      stderr: string;
      setupStdout: string;
      setupStderr: string;
      /** Seconds. */
      elapsed: number;
      timedOut: boolean;
    }
  | { event: "released"; envName: string }
  | { event: "refused"; findings: ReportedFinding[] }
  | { event: "error"; message: string; code?: string; file?: string; range?: EventRange }
  | { event: "cancelled"; reason: "user" | "timeout" | "signal" }
  | {
      event: "done";
      ok: boolean;
      exitCode: number;
      durationMs: number;
      /** Under `--control`: what the `prepare` line of a spare process takes to be ready for such a run. */
      spare?: unknown;
    }
);

export type ExitOutcome = "exited" | "timeout" | "cancelled" | "memory" | "lost";

/** A run event before the sender stamps it. */
export type RunEventBody = RunEvent extends infer E ? (E extends unknown ? Omit<E, "time"> : never) : never;
