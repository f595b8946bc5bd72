import type { SpareSeed } from "../../runtime/environments/open-environments";
import type { Environment, EnvironmentSpec } from "../../runtime/providers/provider";
import type { Ground } from "./ground";

/** How long an engine may take to make or end the spare environment. Milliseconds. */
const LIMIT_MS = 60_000;

/**
 * An environment that is made before it is asked for, for the next block of the same config. It belongs to this process from the start:
 * its journal lists it, and it goes when the process goes.
 */
export class SpareEnvironment {
  private readonly opening: Promise<Environment | null>;
  private taken = false;

  constructor(
    private readonly seed: SpareSeed,
    private readonly ground: Ground,
  ) {
    this.opening = this.make().catch(() => null);
  }

  /** The environment, if it is what is asked for and still lives; else it is released, and null is the answer. */
  async take(provider: string, spec: EnvironmentSpec, signal: AbortSignal): Promise<Environment | null> {
    if (this.taken) return null;
    if (provider !== this.seed.provider || likeness(spec) !== likeness(this.seed.spec)) {
      await this.release();
      return null;
    }
    this.taken = true;
    const environment = await this.opening;
    if (!environment) return null;
    const made = await this.ground.registry.resolve(this.seed.provider, this.seed.spec.folder);
    // It may have been removed while it waited.
    const alive = await made.attach?.(environment.name, signal).catch(() => null);
    if (alive) return environment;
    this.ground.journal().closed(environment.name);
    return null;
  }

  /** Ends it, unless it was taken. */
  async release(): Promise<void> {
    if (this.taken) return;
    this.taken = true;
    const environment = await this.opening;
    if (!environment) return;
    try {
      await environment.release(AbortSignal.timeout(LIMIT_MS));
      this.ground.journal().closed(environment.name);
    } catch {
      // It stays in the journal, and the watchdog tries again.
    }
  }

  private async make(): Promise<Environment> {
    const { provider, spec } = this.seed;
    const maker = await this.ground.registry.resolve(provider, spec.folder);
    const entry = { provider, name: spec.generatedName, folder: spec.folder };
    this.ground.journal().opening(entry);
    const silent = { stdout: () => {}, stderr: () => {} };
    const environment = await maker.open(spec, silent, AbortSignal.timeout(LIMIT_MS));
    this.ground.journal().open(entry);
    return environment;
  }
}

/** Two specs that are alike make environments that cannot be told apart, but for the line of their block: an edit above it moves that. */
function likeness({ generatedName: _, line: __, ...rest }: EnvironmentSpec): string {
  return JSON.stringify(rest);
}
