/** This process's attachment to one container. */

import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import {
  type Environment,
  type EnvironmentCommand,
  type Outcome,
  type OutputSink,
  ProviderError,
  type SnapshotRef,
} from "../provider";
import type { Dialect } from "./dialect";
import { type Egress, PROXY_VARIABLES } from "./egress/egress";
import { engineError, isUnreachable, statusOf } from "./errors";
import { execute } from "./execute";
import { Guard } from "./guard";
import { outcomeOfGone } from "./lost";
import { removeContainer } from "./remove";
import { noteSetUp } from "./set-up";
import { commitSnapshot } from "./snapshot";
import { type ExecuteContext, NotBegun, StubPool } from "./stub-pool";
import { executeOnTerminal } from "./terminal";

export interface Attachment {
  name: string;
  created: boolean;
  docker: Dockerode;
  container: Dockerode.Container;
  lifeline: Duplex | null;
  labels: Record<string, string>;
  dialect: Dialect;
  /** Container side of a command's folder; empty keeps the image's. */
  folder(cwd: string | undefined): string;
  /** Set when only some names are reachable. */
  egress: Egress | null;
  /** The config's limit for each command, milliseconds. */
  timeoutMs?: number;
  /** Commands that ask for no terminal get one nonetheless. */
  tty?: boolean;
  /** Runs when this process lets go of the environment; `ended` when the environment ends with it. */
  closed(ended: boolean): void | Promise<void>;
}

/** Of a terminal that nobody looks at. */
const TERMINAL = { columns: 80, rows: 24 };

/** Exit codes of an init that could not start its program. */
const NO_PROGRAM = [126, 127];

/** Somebody else released or stopped a named environment in the moment in which it was opened. */
export class Vanished extends Error {
  constructor(override readonly cause: unknown) {
    super("the environment was released while it was being opened");
  }
}

export class DockerEnvironment implements Environment {
  readonly name: string;
  readonly created: boolean;
  readonly #attachment: Attachment;
  readonly #context: ExecuteContext;
  readonly #guard: Guard | null;
  #guarding: Promise<void> | null = null;

  constructor(attachment: Attachment) {
    this.name = attachment.name;
    this.created = attachment.created;
    this.#attachment = attachment;
    // An anonymous environment ends with its owner as a whole.
    this.#guard = attachment.lifeline ? null : new Guard();
    this.#context = {
      container: attachment.container,
      pool: new StubPool(attachment.container, attachment.dialect),
      dialect: attachment.dialect,
      oomCount: 0,
      guard: this.#guard,
    };
  }

  /** Waits until a first command can run. Throws `Vanished`, or `ProviderError` when none will. */
  async ready(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all([this.#context.pool.ready(signal), this.#serveNetwork()]);
    } catch (error) {
      if (!(error instanceof NotBegun)) throw error;
      const gone = await outcomeOfGone(this.#attachment.container);
      if (!gone || isUnreachable(error.cause)) throw engineError("Starting a shell in the environment", error.cause);
      // An anonymous one removes itself before it can be asked; nobody else knows of it.
      const noShell = this.#attachment.lifeline ? true : NO_PROGRAM.includes(gone.exitCode ?? 0);
      if (!noShell) throw new Vanished(error.cause);
      throw new ProviderError(
        "run/no-shell",
        "The environment ended as soon as it started: its image seems to have no /bin/sh, which commands need.",
        "Use an image with a shell (for example one based on Debian or Alpine).",
      );
    }
  }

  async execute(command: EnvironmentCommand, sink: OutputSink, signal: AbortSignal): Promise<Outcome> {
    // Commands that run at once all listen to the run's signal.
    setMaxListeners(0, signal);
    const limits = [command.timeoutMs, this.#attachment.timeoutMs].filter(ms => ms !== undefined && ms > 0) as number[];
    const timeoutMs = limits.length > 0 ? Math.min(...limits) : 0;
    const { egress } = this.#attachment;
    const vars = egress ? { ...PROXY_VARIABLES, ...command.vars } : command.vars;
    const tty = command.tty ?? (this.#attachment.tty ? TERMINAL : undefined);
    const ready = { ...command, ...(tty && { tty }), vars, cwd: this.#attachment.folder(command.cwd), timeoutMs };
    const attempt = async () => {
      await this.#serveNetwork();
      const { dialect, pool } = this.#context;
      if (this.#guard && dialect.guard) this.#guarding ??= this.#guard.start(pool, dialect.guard);
      return ready.tty
        ? executeOnTerminal(this.#context, ready, ready.tty, sink, signal)
        : execute(this.#context, ready, sink, signal);
    };
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted && error === signal.reason) return { kind: "killed", reason: "cancelled" };
      if (!(error instanceof NotBegun)) throw error;
      const { container, lifeline } = this.#attachment;
      const gone = await outcomeOfGone(container);
      if (!gone) throw engineError("Starting a command", error.cause);
      if (gone.exitCode === null || lifeline) return gone.outcome;
      // A kept environment that was stopped meanwhile goes on where it was.
      await container.start().catch(cause => {
        if (statusOf(cause) !== 304) throw engineError("Starting the environment again", cause);
      });
      this.#guarding = null;
      return await attempt().catch(again => {
        throw again instanceof NotBegun ? engineError("Starting a command", again.cause) : again;
      });
    }
  }

  /** What is mounted in it, in the kernel's words. Without a shell inside, this machine is asked. */
  async mountinfo(signal: AbortSignal): Promise<string> {
    const { container, dialect } = this.#attachment;
    if (!dialect.hasShell) {
      try {
        const { State: state } = await container.inspect();
        return readFileSync(`/proc/${state.Pid}/mountinfo`, "utf8");
      } catch (error) {
        throw engineError("Looking at what is mounted in the environment", error);
      }
    }
    const chunks: Uint8Array[] = [];
    const read = 'while IFS= read -r line; do printf "%s\\n" "$line"; done </proc/self/mountinfo';
    await execute(
      this.#context,
      { argv: ["/bin/sh", "-c", read], cwd: "/", vars: {}, secrets: {}, timeoutMs: 0 },
      { stdout: chunk => void chunks.push(chunk), stderr: () => {} },
      signal,
    );
    return Buffer.concat(chunks).toString("utf8");
  }

  /** The agent ends with its container; it is started again with the next command. */
  async #serveNetwork(): Promise<void> {
    const { egress, container } = this.#attachment;
    if (!egress) return;
    try {
      await egress.ready();
    } catch (error) {
      throw (await outcomeOfGone(container)) ? new NotBegun(error) : error;
    }
  }

  async settled(_signal: AbortSignal): Promise<void> {
    const { container, labels } = this.#attachment;
    await noteSetUp(container, labels);
  }

  async snapshot(name: string, _signal: AbortSignal): Promise<SnapshotRef> {
    const { docker, container } = this.#attachment;
    return { ref: await commitSnapshot(docker, container, this.name, name) };
  }

  async release(_signal: AbortSignal): Promise<void> {
    const { container, lifeline } = this.#attachment;
    this.#context.pool.close();
    this.#attachment.egress?.close();
    try {
      await removeContainer(container);
    } finally {
      lifeline?.destroy();
      await this.#attachment.closed(true);
    }
  }

  async detach(): Promise<void> {
    await this.#guard?.dismiss();
    this.#context.pool.close();
    this.#attachment.egress?.close();
    this.#attachment.lifeline?.destroy();
    await this.#attachment.closed(this.#attachment.lifeline !== null);
  }
}
