/** Ends the commands of an owner that was killed: a kept environment lives on, what ran in it for that owner does not. */
import type { Request } from "./dialect";
import type { StubExec } from "./stub-exec";
import type { StubPool } from "./stub-pool";

/** Tells a shell in the environment which commands run, as long as this process lives. */
export class Guard {
  readonly #running = new Set<string>();
  #stub: StubExec | null = null;
  #dismissed = false;

  /** Without a guard (the environment may start no more processes) commands run all the same. */
  async start(pool: StubPool, request: Request): Promise<void> {
    const stub = await pool.take(AbortSignal.timeout(START_WITHIN_MS)).catch(() => null);
    if (!stub) return;
    stub.run(request, { output: () => {}, note: () => {}, ended: () => stub.close(), lost: () => {} });
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
