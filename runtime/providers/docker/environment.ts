/** This process's attachment to one container. */
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import type { Environment, EnvironmentCommand, Outcome, OutputSink } from "../provider";
import { engineError, statusOf } from "./errors";
import { execute } from "./execute";
import { type ExecuteContext, StubPool } from "./stub-pool";

export interface Attachment {
  name: string;
  created: boolean;
  container: Dockerode.Container;
  lifeline: Duplex | null;
  /** Container side of a command's folder; empty keeps the image's. */
  folder(cwd: string | undefined): string;
  /** The config's limit for each command, milliseconds. */
  timeoutMs?: number;
  /** Runs when this process lets go of the environment; `ended` when the environment ends with it. */
  closed(ended: boolean): void;
}

export class DockerEnvironment implements Environment {
  readonly name: string;
  readonly created: boolean;
  readonly #attachment: Attachment;
  readonly #context: ExecuteContext;

  constructor(attachment: Attachment) {
    this.name = attachment.name;
    this.created = attachment.created;
    this.#attachment = attachment;
    this.#context = { container: attachment.container, pool: new StubPool(attachment.container), oomCount: 0 };
  }

  /** Starts the shells that wait for commands. */
  warm(): void {
    this.#context.pool.warm();
  }

  execute(command: EnvironmentCommand, sink: OutputSink, signal: AbortSignal): Promise<Outcome> {
    const limits = [command.timeoutMs, this.#attachment.timeoutMs].filter(ms => ms !== undefined && ms > 0) as number[];
    const timeoutMs = limits.length > 0 ? Math.min(...limits) : 0;
    return execute(this.#context, { ...command, cwd: this.#attachment.folder(command.cwd), timeoutMs }, sink, signal);
  }

  async release(_signal: AbortSignal): Promise<void> {
    const { container, lifeline } = this.#attachment;
    this.#context.pool.close();
    try {
      await container.remove({ force: true, v: true });
    } catch (error) {
      // 404: it is gone; 409: the engine is removing it, as it does by itself when the lifeline of an anonymous one ends.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw engineError("Releasing the environment", error);
    } finally {
      lifeline?.destroy();
      this.#attachment.closed(true);
    }
  }

  async detach(): Promise<void> {
    this.#context.pool.close();
    this.#attachment.lifeline?.destroy();
    this.#attachment.closed(this.#attachment.lifeline !== null);
  }
}
