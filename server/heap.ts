import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Keeps the young generation at its first size. What an analysis leaves behind is dead at once, so that a larger one only costs memory:
 * for a workspace of 500 files some 30 MB.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** When the pages are given back. */
const SECOND_MS = 200;

let collect: (() => void) | undefined;

/**
 * Gives back what a check of many files has left behind; V8 by itself would wait for the next big work. Takes some 20 ms, and as much
 * a moment later: the first collection frees objects, the second one their pages.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  setTimeout(collect, SECOND_MS).unref();
}
