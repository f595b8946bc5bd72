import type { Stats } from "node:fs";

/** Who opens a pipe waits for another process, perhaps for ever, and cannot be stopped. Those that a shell makes (`<(…)`) have an other end. */
export function isWaitingPipe(path: string, found: Stats): boolean {
  return found.isFIFO() && !/^\/(?:dev|proc)\//.test(path);
}
