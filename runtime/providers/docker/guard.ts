/** Ends the commands of an owner that was killed: a kept environment lives on, what ran in it for that owner does not. */
import { KILL } from "./kill";
import { MARKER } from "./stub";
import type { StubExec } from "./stub-exec";
import type { StubPool } from "./stub-pool";

/**
 * Waits for the end of its input, which comes with the end of its owner, and kills the commands that were running then: lines
 * `+MARKER SESSION` and `-MARKER SESSION` tell which do. A line `.` ends it in peace.
 */
const GUARD = `${KILL}
m_on=' '
while IFS= read -r m_l; do
  case "$m_l" in
    .) m_say 0 0 0; exit 0 ;;
    +*) m_on="$m_on\${m_l#+};" ;;
    -*) m_x="\${m_l#-};"; case "$m_on" in *"$m_x"*) m_on="\${m_on%%"$m_x"*}\${m_on#*"$m_x"}" ;; esac ;;
  esac
done
IFS=';'
for m_x in $m_on; do
  IFS=' '
  set -- $m_x
  [ -n "$1" ] && m_kill '${MARKER}='"$1" "$2"
done
exit 0
`;

/** Tells a shell in the environment which commands run, as long as this process lives. */
export class Guard {
  readonly #running = new Set<string>();
  #stub: StubExec | null = null;
  #dismissed = false;

  /** Without a guard (the environment may start no more processes) commands run all the same. */
  async start(pool: StubPool): Promise<void> {
    const stub = await pool.take(AbortSignal.timeout(START_WITHIN_MS)).catch(() => null);
    if (!stub) return;
    stub.run(GUARD, { output: () => {}, note: () => {}, ended: () => stub.close(), lost: () => {} });
    stub.ref(false);
    this.#stub = stub;
    for (const command of this.#running) this.#tell(`+${command}`);
    if (this.#dismissed) await this.dismiss();
  }

  began(marker: string, session: number): void {
    this.#running.add(`${marker} ${session}`);
    this.#tell(`+${marker} ${session}`);
  }

  ended(marker: string, session: number): void {
    this.#running.delete(`${marker} ${session}`);
    this.#tell(`-${marker} ${session}`);
  }

  /** The owner goes in peace: what its commands left running stays. */
  async dismiss(): Promise<void> {
    this.#dismissed = true;
    const stub = this.#stub;
    if (!stub || stub.closed) return;
    this.#stub = null;
    await new Promise<void>(resolve => {
      stub.input.once("close", resolve);
      stub.input.end(".\n", resolve);
    });
  }

  #tell(line: string): void {
    if (this.#stub && !this.#stub.closed) this.#stub.input.write(`${line}\n`);
  }
}

const START_WITHIN_MS = 10_000;
