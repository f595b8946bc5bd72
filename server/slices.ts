import type { CancellationToken } from "vscode-languageserver";

/** Longest stretch of background work before messages of the client get their turn. */
const SLICE_MS = 8;

export interface Stopped {
  readonly isCancellationRequested: boolean;
}

/** Lets waiting messages be handled. Works in Node and in a worker, where a timer costs a millisecond or more. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/**
 * Handles items one after the other and yields between slices; ends early when the token is cancelled.
 * @returns whether all were handled
 */
export async function inSlices<T>(
  items: Iterable<T>,
  token: CancellationToken | Stopped,
  handle: (item: T) => void | Promise<void>,
): Promise<boolean> {
  let began = performance.now();
  for (const item of items) {
    if (token.isCancellationRequested) return false;
    const waited = handle(item);
    if (waited) await waited;
    if (performance.now() - began > SLICE_MS) {
      await nextTurn();
      began = performance.now();
    }
  }
  return !token.isCancellationRequested;
}
