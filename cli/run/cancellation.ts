/** Why a run ends before its program does. */
export type CancelReason = "user" | "timeout" | "signal";

/** After cancelling, how long a program may take to notice before its environments are ended under it. Milliseconds. */
const NOTICE_MS = 800;

/** However the run is cancelled, its process ends after this time: what is not given back by then is the watchdog's. Milliseconds. */
const LAST_MS = 1_700;

/** One switch for every way to end a run early: signals, the time-out, the editor, a reader that went away. */
export class Cancellation {
  private readonly controller = new AbortController();
  private readonly listeners: (() => void)[] = [];
  reason: CancelReason | null = null;
  /** Called when the time to tidy up is over. */
  onLast: () => void = () => {};

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  cancel(reason: CancelReason): void {
    if (this.reason !== null) return;
    this.reason = reason;
    // Stays when all is tidied up: a program that goes on regardless must not keep the process.
    setTimeout(() => this.onLast(), LAST_MS).unref();
    const why = reason === "timeout" ? "the run took too long" : "the run was cancelled";
    this.controller.abort(new DOMException(why, reason === "timeout" ? "TimeoutError" : "AbortError"));
  }

  /** Listens to the signals that end a process, until `dispose`. A second one doesn't wait any longer. */
  listen(): void {
    for (const name of SIGNALS) {
      const received = () => (this.reason === null ? this.cancel("signal") : this.onLast());
      process.on(name, received);
      this.listeners.push(() => process.off(name, received));
    }
  }

  after(timeoutMs: number): void {
    const timer = setTimeout(() => this.cancel("timeout"), timeoutMs);
    this.listeners.push(() => clearTimeout(timer));
  }

  /** A program that is cancelled may ignore it: undefined then, and its environments end under it. */
  until<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      this.signal.addEventListener("abort", () => setTimeout(resolve, NOTICE_MS, undefined), { once: true });
    });
  }

  dispose(): void {
    for (const stop of this.listeners.splice(0)) stop();
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
