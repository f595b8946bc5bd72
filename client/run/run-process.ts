import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { RunControl } from "../../protocol/control";
import type { RunEvent } from "../../protocol/events";
import { killProgram } from "../program";
import { JsonLines } from "./json-lines";

/** A cancelled run may take so long to release what it holds before its group is killed. */
const CANCEL_MS = 2500;
/** What is kept of the process's standard error, for when it ends without a word. */
const STDERR_BYTES = 16 * 1024;

export interface RunEnd {
  exitCode: number | null;
  /** Why it ended, when it did not say so itself. */
  trouble?: RunTrouble;
}

/** The process could not be started, or ended without a word; `said` is the last of its standard error. */
export type RunTrouble =
  | { kind: "not-started"; cause: string }
  | { kind: "ended"; exitCode: number | null; signal: string | null; said: string };

interface Listener {
  event(event: RunEvent): void;
  end(end: RunEnd): void;
}

/** One `mlld-env run --json --control` process. */
export class RunProcess {
  private stderr = "";
  private done = false;
  private ended = false;
  private cancelling: NodeJS.Timeout | undefined;

  /** `child` has just been started, or was a spare until now: nothing has been read from it yet. */
  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    listener: Listener,
  ) {
    const lines = new JsonLines<RunEvent>(
      event => {
        if (event.event === "done") this.done = true;
        listener.event(event);
      },
      line => {
        this.stderr = (this.stderr + line + "\n").slice(-STDERR_BYTES);
      },
    );
    const end = (result: RunEnd) => {
      if (this.ended) return;
      this.ended = true;
      clearTimeout(this.cancelling);
      listener.end(result);
    };
    this.child.stdout.on("data", chunk => lines.write(chunk));
    this.child.stderr.on("data", chunk => {
      this.stderr = (this.stderr + String(chunk)).slice(-STDERR_BYTES);
    });
    // The process may end before it has read everything: its end is what counts.
    this.child.stdin.on("error", () => this.child.stdin.destroy());
    this.child.on("error", error => end({ exitCode: null, trouble: { kind: "not-started", cause: error.message } }));
    // `close` comes after the last byte of both streams: nothing is lost.
    this.child.on("close", (code, signal) => {
      lines.end();
      end({
        exitCode: code,
        ...(this.done ? {} : { trouble: { kind: "ended", exitCode: code, signal, said: this.stderr.trim() } }),
      });
    });
  }

  send(message: RunControl): void {
    if (this.child.stdin.writable) this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Asks the run to stop and to release what it holds; kills it when it takes too long. */
  cancel(): void {
    if (this.ended || this.cancelling) return;
    this.send({ type: "cancel" });
    this.cancelling = setTimeout(() => killProgram(this.child), CANCEL_MS);
  }

  get stopping(): boolean {
    return this.cancelling !== undefined;
  }
}
