/** The stubs of one container: some wait ahead, so that a command starts without waiting for a new exec. */
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { Dialect } from "./dialect";
import { statusOf } from "./errors";
import { StubExec } from "./stub-exec";

/** What the commands of one environment share. */
export interface ExecuteContext {
  container: Dockerode.Container;
  pool: StubPool;
  dialect: Dialect;
  /** The kernel's count of processes killed for memory, as last seen. */
  oomCount: number;
  /** Hears of every command that runs, in a kept environment. */
  guard: { began(marker: string, session: number): void; ended(marker: string, session: number): void } | null;
}

/** No shell could be started in the container, so the command has not begun. */
export class NotBegun extends Error {
  constructor(override readonly cause: unknown) {
    super("no shell could be started in the environment");
  }
}

const WARM_AFTER_MS = 25;
const START_ATTEMPTS = 3;
const START_AGAIN_MS = 100;
/** How many stubs wait. Two: the next command's, and one that can kill it when the environment may start no more processes. */
const AHEAD = 2;
/** Idle stubs above this are closed: what a burst of parallel commands left. */
const MOST_IDLE = 6;

export class StubPool {
  readonly #container: Dockerode.Container;
  readonly #dialect: Dialect;
  readonly #stubs = new Set<StubExec>();
  readonly #abort = new AbortController();
  #warming: NodeJS.Timeout | null = null;
  #starting = 0;
  #waiting = 0;
  #wake: (() => void)[] = [];

  constructor(container: Dockerode.Container, dialect: Dialect) {
    this.#container = container;
    this.#dialect = dialect;
  }

  /** Not at once: starting one would slow the command that has just begun, or the release of an environment of one command. */
  #warmSoon(): void {
    this.#warming ??= setTimeout(() => {
      this.#warming = null;
      this.#warm();
    }, WARM_AFTER_MS).unref();
  }

  /** Starts the stubs that wait ahead, in the background and one after the other. */
  #warm(): void {
    const idle = [...this.#stubs].filter(stub => stub.idle).length;
    if (this.#abort.signal.aborted || this.#starting > 0 || idle >= AHEAD) return;
    this.#start().then(
      () => this.#warm(),
      // It shows again, with its reason, when a command needs a stub.
      () => {},
    );
  }

  /** An idle stub, taken from the pool's count; a new one when none waits. Throws `NotBegun` when no stub can be started. */
  async take(signal: AbortSignal): Promise<StubExec> {
    let failures = 0;
    for (;;) {
      signal.throwIfAborted();
      const idle = [...this.#stubs].find(stub => stub.idle);
      if (idle) {
        idle.idle = false;
        this.#warmSoon();
        return idle;
      }
      if (this.#starting > this.#waiting) {
        await this.#next(signal);
        continue;
      }
      try {
        await untilAborted(this.#start(), signal);
      } catch (error) {
        signal.throwIfAborted();
        // A container that stops or is full fails like one that is broken; only the engine's clear word ends it at once.
        if (statusOf(error) !== undefined || ++failures === START_ATTEMPTS) throw new NotBegun(error);
        await sleep(START_AGAIN_MS);
      }
    }
  }

  /** Waits for a first stub, and starts the others that wait ahead. Throws `NotBegun`. */
  async ready(signal: AbortSignal): Promise<void> {
    const stub = await this.take(signal);
    stub.idle = true;
    this.#changed(stub);
  }

  /** Ends every stub; commands that still run in one are lost. */
  close(): void {
    this.#abort.abort();
    for (const stub of this.#stubs) stub.close();
    this.#stubs.clear();
  }

  /** Waits until a stub changes its state. */
  async #next(signal: AbortSignal): Promise<void> {
    this.#waiting++;
    try {
      await untilAborted(new Promise<void>(resolve => this.#wake.push(resolve)), signal);
    } finally {
      this.#waiting--;
    }
  }

  #changed(stub: StubExec): void {
    if (stub.closed) this.#stubs.delete(stub);
    const idle = [...this.#stubs].filter(s => s.idle);
    for (const surplus of idle.slice(MOST_IDLE)) surplus.close();
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #start(): Promise<void> {
    this.#starting++;
    try {
      const stub = await StubExec.start(this.#container, this.#dialect, this.#abort.signal);
      if (this.#abort.signal.aborted) {
        stub.close();
        throw new Error("the environment was closed");
      }
      stub.changed = () => this.#changed(stub);
      this.#stubs.add(stub);
      await stub.ready;
    } finally {
      this.#starting--;
      for (const wake of this.#wake.splice(0)) wake();
    }
  }
}

/** Rejects with the signal's reason as soon as it aborts; what is waited for goes on. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
