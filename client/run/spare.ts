import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { SpareControl } from "../../protocol/control";
import { type Program, startProgram } from "../program";

/** A spare ends by itself after five minutes; one that is nearly that old is left alone. Milliseconds. */
const USABLE_MS = 4.5 * 60_000;

/** The process that waits for the next run of this window, with what the last one needed. At most one. */
export class Spare {
  private waiting: { child: ChildProcessWithoutNullStreams; variables: string; since: number } | undefined;

  constructor(private readonly program: Program) {}

  /** Makes a process ready for a run like the one that said `spare` in its `done` event. */
  prepare(spare: unknown, cwd: string): void {
    this.dispose();
    const child = startProgram(this.program, ["__spare"], cwd);
    const forget = () => {
      if (this.waiting?.child === child) this.waiting = undefined;
    };
    // A spare that cannot be had is no fault: the next run starts without one.
    child.on("error", forget);
    child.on("close", forget);
    child.stdin.on("error", forget);
    child.stdin.write(`${JSON.stringify({ type: "prepare", spare } satisfies SpareControl)}\n`);
    this.waiting = { child, variables: this.variables(), since: Date.now() };
  }

  /** The waiting process, if it can still become the run of these arguments: it has the same settings, and is the caller's from now on. */
  take(args: string[], cwd: string): ChildProcessWithoutNullStreams | undefined {
    const waiting = this.waiting;
    if (!waiting?.child.stdin.writable) return undefined;
    if (waiting.variables !== this.variables() || Date.now() - waiting.since > USABLE_MS) {
      this.dispose();
      return undefined;
    }
    this.waiting = undefined;
    waiting.child.removeAllListeners();
    waiting.child.stdin.removeAllListeners("error");
    waiting.child.stdin.write(`${JSON.stringify({ type: "run", args, cwd } satisfies SpareControl)}\n`);
    return waiting.child;
  }

  /** Ends the waiting process: the end of its input is its sign, and it gives back what it holds. */
  dispose(): void {
    this.waiting?.child.stdin.end();
    this.waiting = undefined;
  }

  private variables(): string {
    return JSON.stringify(this.program.variables());
  }
}
