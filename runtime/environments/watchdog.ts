import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { WATCHDOG_MARK } from "../providers/local/processes";
import { recover } from "./recovery";
import type { ProviderRegistry } from "./registry";

/**
 * Pauses between tries, in milliseconds: the run may still be on its way out, its engine be away for a while, or still be making what it was
 * asked for. In the end the journal is left to the next sweep.
 */
const RETRIES_MS = [0, 20, 250, 750, 2_000, 8_000, 10_000];
const TRY_TIMEOUT_MS = 20_000;

/**
 * Starts the process that gives back what `journalPath` lists when this one is gone, however it went. It holds the read end of a pipe
 * whose other end closes with this process. `program` is the command line of ours that has the hidden subcommand `__watchdog`.
 */
export function startWatchdog(program: string[], journalPath: string, failed: (error: Error) => void): ChildProcess {
  const [command = process.execPath, ...args] = program;
  const child = spawn(command, [...args, "__watchdog", journalPath], {
    // Its own session: what ends this process's group must not end it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { ...process.env, [WATCHDOG_MARK]: "1" },
    windowsHide: true,
  });
  child.once("error", failed);
  child.stdin?.on("error", () => {});
  child.unref();
  (child.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return child;
}

/** The watchdog's own life: waits for the end of its input, then gives back what is left. */
export async function watch(
  input: NodeJS.ReadableStream,
  journalPath: string,
  registry: ProviderRegistry,
): Promise<boolean> {
  await new Promise<void>(resolve => {
    input
      .once("end", resolve)
      .once("close", resolve)
      .once("error", () => resolve());
    input.resume();
  });
  for (const pause of RETRIES_MS) {
    await sleep(pause);
    if (await recover(journalPath, registry, AbortSignal.timeout(TRY_TIMEOUT_MS), true)) return true;
  }
  return false;
}
