/** Ends the whole process tree of a command. */
import type { StubExec } from "./stub-exec";
import { type ExecuteContext, untilAborted } from "./stub-pool";

/**
 * Ends a command's processes and returns when none is left. When no shell can be started for it any more (or the kill doesn't end), the
 * whole container is killed: a kept environment starts again with its next command. An engine that is gone is no error here.
 */
export async function killTree(context: ExecuteContext, marker: string, stub: StubExec | null): Promise<void> {
  const deadline = AbortSignal.timeout(KILL_WITHIN_MS);
  try {
    const killer = await context.pool.take(deadline);
    const left = new Promise<boolean>(resolve => {
      killer.run(context.dialect.kill(marker, stub?.pid ?? 0), {
        output: () => {},
        note: () => {},
        ended: ({ exitCode }) => resolve(exitCode !== 0),
        lost: () => resolve(true),
      });
    });
    if (await untilAborted(left, deadline)) throw new Error("processes are left");
  } catch {
    await context.container.kill().catch(() => {});
  } finally {
    stub?.close();
  }
}

const KILL_WITHIN_MS = 5000;
