import { Worker } from "node:worker_threads";
import { type ScriptCall, ScriptError, type ScriptHost, type ScriptResult } from "./script-host";

/** To the thread: one block. */
export interface ScriptRequest {
  id: number;
  call: Omit<ScriptCall, "onError">;
}

/** From the thread: a line of `console.error`, or how a block ended. */
export type ScriptReply =
  | { id: number; line: string }
  | { id: number; result: ScriptResult }
  | { id: number; error: string; expected: boolean };

interface Waiting {
  onError: ScriptCall["onError"];
  resolve(result: ScriptResult): void;
  reject(error: unknown): void;
}

/** A thread may finish by itself after cancelling; code that never gives way is ended with it. Milliseconds. */
const GRACE_MS = 250;

/** QuickJS in a thread of its own: code that never gives way can still be cancelled. */
export class ScriptThread implements ScriptHost {
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;

  private constructor(private readonly worker: Worker) {
    worker.on("message", (reply: ScriptReply) => this.answered(reply));
    worker.on("error", error => this.ended(error));
    worker.on("exit", () => this.ended(new ScriptError("the thread of js blocks ended")));
    // Nothing waits for a thread that has nothing to do.
    worker.unref();
  }

  /** `file` is the bundle of `script-worker.ts`. */
  static async start(file: string): Promise<ScriptThread> {
    return new ScriptThread(new Worker(file, { env: {}, stdin: false, stdout: false, stderr: false }));
  }

  run({ onError, ...call }: ScriptCall, signal: AbortSignal): Promise<ScriptResult> {
    signal.throwIfAborted();
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      let grace: ReturnType<typeof setTimeout> | undefined;
      const cancelled = (): void => {
        grace = setTimeout(() => {
          reject(signal.reason);
          this.dispose();
        }, GRACE_MS);
      };
      const over = (): void => {
        clearTimeout(grace);
        signal.removeEventListener("abort", cancelled);
        this.waiting.delete(id);
        if (this.waiting.size === 0) this.worker.unref();
      };
      signal.addEventListener("abort", cancelled, { once: true });
      this.worker.ref();
      this.waiting.set(id, {
        onError,
        resolve: result => {
          over();
          resolve(result);
        },
        reject: error => {
          over();
          reject(signal.aborted ? signal.reason : error);
        },
      });
      this.worker.postMessage({ id, call } satisfies ScriptRequest);
    });
  }

  dispose(): void {
    void this.worker.terminate();
  }

  private answered(reply: ScriptReply): void {
    const call = this.waiting.get(reply.id);
    if ("line" in reply) call?.onError(reply.line);
    else if ("result" in reply) call?.resolve(reply.result);
    else call?.reject(reply.expected ? new ScriptError(reply.error) : new Error(reply.error));
  }

  private ended(error: unknown): void {
    for (const call of [...this.waiting.values()]) call.reject(error);
  }
}
