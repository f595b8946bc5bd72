/** Ends the whole process tree of a command with nothing but a shell in the image. */
import { MARKER } from "./stub";
import type { StubExec } from "./stub-exec";
import { type ExecuteContext, untilAborted } from "./stub-pool";

/**
 * Shell function `m_kill MARK SESSION`: kills every process that leads back to a command: by session (the stub's own; 0 when it is not
 * known), by the mark in its environment, or by a parent that is one of them; again and again until none is left. Builtins only, so that
 * it works when the environment may start no more processes. Fails when some are left after all.
 */
export const KILL = `
m_kill() {
  m_mark=$1
  m_sid=$2
  m_r=0
  while [ $m_r -lt 300 ]; do
    m_r=$((m_r + 1))
    m_set=' '
    m_grown=1
    while [ $m_grown = 1 ]; do
      m_grown=0
      for m_p in /proc/[0-9]*; do
        m_q=\${m_p#/proc/}
        if [ $m_q = $$ ] || [ $m_q = 1 ]; then continue; fi
        case "$m_set" in *" $m_q "*) continue ;; esac
        m_t=
        { IFS= read -r m_t <$m_p/stat; } 2>/dev/null
        [ -n "$m_t" ] || continue
        set -- \${m_t##*) }
        if [ "$1" = Z ] || [ "$1" = X ]; then continue; fi
        m_hit=0
        if [ $m_sid != 0 ] && [ "$4" = $m_sid ]; then m_hit=1; fi
        case "$m_set" in *" $2 "*) m_hit=1 ;; esac
        if [ $m_hit = 0 ]; then
          m_e=
          { while IFS= read -r m_l || [ -n "$m_l" ]; do m_e="$m_e$m_l"; m_l=; done <$m_p/environ; } 2>/dev/null
          case "$m_e" in *"$m_mark"*) m_hit=1 ;; esac
        fi
        if [ $m_hit = 1 ]; then m_set="$m_set$m_q "; m_grown=1; fi
      done
    done
    m_e=
    [ "$m_set" = ' ' ] && return 0
    kill -KILL $m_set 2>/dev/null
  done
  return 1
}
`;

/** Kills one command; its exit code is 0 when nothing is left. */
function killCode(marker: string, session: number): string {
  return `${KILL}m_kill '${MARKER}=${marker}' ${session}\nm_c=$?\nm_ooms\nm_say $m_c 0 "$m_o"\n`;
}

/**
 * Ends a command's processes and returns when none is left. When no shell can be started for it any more (or the kill doesn't end), the
 * whole container is killed: a kept environment starts again with its next command. An engine that is gone is no error here.
 */
export async function killTree(context: ExecuteContext, marker: string, stub: StubExec | null): Promise<void> {
  const deadline = AbortSignal.timeout(KILL_WITHIN_MS);
  try {
    const killer = await context.pool.take(deadline);
    const left = new Promise<boolean>(resolve => {
      killer.run(killCode(marker, stub?.pid ?? 0), {
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
