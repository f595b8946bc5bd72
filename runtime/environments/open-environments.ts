import type { RunEventBody } from "../../protocol/events";
import { messageOf } from "../../protocol/message-of";
import {
  type Environment,
  type EnvironmentCommand,
  type EnvironmentSpec,
  type Outcome,
  type OutputSink,
  type Provider,
  ProviderError,
  type SnapshotRef,
} from "../providers/provider";
import type { Journal } from "./journal";
import type { Redactor } from "./redactor";
import type { ProviderRegistry } from "./registry";
import type { RunEnvironments } from "./run-environments";

export interface RunEnvironmentsOptions {
  registry: ProviderRegistry;
  /** Made before the first environment; also starts the watchdog. */
  journal: () => Journal;
  redactor: Redactor;
  emit: (event: RunEventBody) => void | Promise<void>;
  /** `run --keep`: no environment of this run ends with it; unnamed ones are kept under their generated name. */
  keep?: boolean;
  /** Told of each environment that stays when the run ends, before its `created` event. */
  kept?: (name: string, created: boolean) => void;
  /** How long a backend may take to end an environment, milliseconds. */
  releaseLimitMs?: number;
  /** An environment that was made ahead. */
  spare?: { take(provider: string, spec: EnvironmentSpec, signal: AbortSignal): Promise<Environment | null> };
}

/** From which an environment like one of this run can be made ahead of the next run. */
export interface SpareSeed {
  provider: string;
  spec: EnvironmentSpec;
}

const LOCAL = "local";
/** How long an engine may take to end an environment before the journal is left to the watchdog. Milliseconds. */
const RELEASE_LIMIT_MS = 20_000;
/** How long tidying up after a failed creation may take. */
const TIDY_MS = 5_000;

export function createRunEnvironments(options: RunEnvironmentsOptions): OpenEnvironments {
  return new OpenEnvironments(options);
}

/** The environments that a run has open, and what has to happen to each when the run ends. */
export class OpenEnvironments implements RunEnvironments {
  private readonly held = new Map<Environment, Held>();
  private readonly opening = new Set<Promise<unknown>>();
  private ended = false;
  private anyLost = false;
  private lastSeed: SpareSeed | null = null;

  constructor(private readonly options: RunEnvironmentsOptions) {}

  /** An environment went away in the middle of the run: whatever the program says, this run has not succeeded. */
  get lost(): boolean {
    return this.anyLost;
  }

  /** The last unnamed sandbox of this run; null without one, or where its provider is a program. */
  get seed(): SpareSeed | null {
    return this.lastSeed;
  }

  open(ref: string | null, spec: EnvironmentSpec, signal: AbortSignal): Promise<Environment> {
    const opened = this.openNow(ref, spec, signal);
    this.opening.add(opened);
    const done = () => void this.opening.delete(opened);
    opened.then(done, done);
    return opened;
  }

  private async openNow(ref: string | null, spec: EnvironmentSpec, signal: AbortSignal): Promise<Environment> {
    if (this.ended) throw new Error("the run has ended");
    const provider = await this.options.registry.resolve(ref, spec.folder);
    signal.throwIfAborted();
    const kept = this.options.keep === true || isKept(spec);
    if (kept && spec.name === undefined) spec = { ...spec, name: spec.generatedName };
    const journalled = { provider: provider.ref, name: spec.name ?? spec.generatedName, folder: spec.folder };
    const journal = this.options.journal();
    // Processes have their own entries. A named environment may be somebody else's until the provider says that this run created it.
    const announced = provider.ref !== LOCAL && !provider.namesItself && !kept && spec.name === undefined;
    const spare = announced ? await this.options.spare?.take(provider.ref, spec, signal) : null;
    if (announced && !spare) journal.opening(journalled);
    const environment = spare ?? (await this.attach(provider, spec, signal, announced ? journal : null));
    if (announced) this.lastSeed = { provider: provider.ref, spec };
    if (announced && !spare && environment.name !== journalled.name) journal.closed(journalled.name);
    const releases = !kept && environment.created;
    if (kept && provider.ref !== LOCAL) this.options.kept?.(environment.name, environment.created);
    if (releases && provider.ref !== LOCAL) journal.open({ ...journalled, name: environment.name });
    const tracked = new Tracked(environment, this.options.redactor, () => {
      this.anyLost = true;
    });
    this.held.set(tracked, { environment, releases, journal });
    await this.options.emit({
      event: "created",
      envName: environment.name,
      provider: provider.ref,
      created: environment.created,
    });
    if (signal.aborted || this.ended) {
      await this.close(tracked, releases ? "release" : "keep");
      signal.throwIfAborted();
      throw new Error("the run has ended");
    }
    return tracked;
  }

  private async attach(
    provider: Provider,
    spec: EnvironmentSpec,
    signal: AbortSignal,
    journal: Journal | null,
  ): Promise<Environment> {
    const name = spec.name ?? spec.generatedName;
    const sink: OutputSink = {
      stdout: () => {},
      stderr: () => {},
      progress: (message, percent) =>
        void this.options.emit({ event: "progress", message, ...(percent === undefined ? {} : { percent }) }),
      warning: message => void this.options.emit({ event: "warning", message }),
      denied: (host, port, reason) => void this.options.emit({ event: "denied", envName: name, host, port, reason }),
    };
    try {
      return await provider.open(spec, sink, signal);
    } catch (error) {
      if (journal && (await leftNothing(provider, name, error, signal.aborted))) journal.closed(name);
      throw error;
    }
  }

  async close(environment: Environment, how: "release" | "keep"): Promise<void> {
    const held = this.held.get(environment);
    if (!held) return;
    this.held.delete(environment);
    const { name } = held.environment;
    try {
      if (how === "keep" || this.options.keep) {
        await held.environment.detach();
        held.journal.closed(name);
        return;
      }
      await this.release(held.environment);
      held.journal.closed(name);
      await this.options.emit({ event: "released", envName: name });
    } catch (error) {
      // It stays in the journal, so the watchdog and every later process of ours tries again.
      this.anyLost ||= how === "release";
      await this.options.emit({
        event: "warning",
        message: `The environment '${name}' could not be ${how === "release" ? "released" : "detached"}: ${messageOf(error).replace(/\.$/, "")}. It is tried again; 'mlld-env release ${name}' does it by hand.`,
      });
    }
  }

  /** An engine that never answers must not hold up the end of the run. */
  private async release(environment: Environment): Promise<void> {
    const limitMs = this.options.releaseLimitMs ?? RELEASE_LIMIT_MS;
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`its backend has not answered in ${limitMs / 1000} s`));
        late.abort();
      }, limitMs);
    });
    try {
      await Promise.race([environment.release(late.signal), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  async closeAll(): Promise<void> {
    this.ended = true;
    // What is half made is released as soon as it is made.
    await Promise.allSettled(this.opening);
    const left = [...this.held].reverse();
    await Promise.all(left.map(([environment, held]) => this.close(environment, held.releases ? "release" : "keep")));
  }
}

/** Whether a failed creation is tidied up. What cannot be told now stays in the journal. */
async function leftNothing(provider: Provider, name: string, cause: unknown, aborted: boolean): Promise<boolean> {
  if (cause instanceof ProviderError && ["run/engine-missing", "run/token-missing"].includes(cause.code)) return true;
  try {
    const found = await provider.remove?.(name, AbortSignal.timeout(TIDY_MS));
    // An engine may still be making what it was asked for before the cancel.
    return found !== false || !aborted;
  } catch {
    return false;
  }
}

interface Held {
  environment: Environment;
  /** What `closeAll` does with it. */
  releases: boolean;
  journal: Journal;
}

/** `name` means kept, `keep: false` releases it, `keep: true` keeps an unnamed one under its generated name. */
function isKept(spec: EnvironmentSpec): boolean {
  const { keep } = spec.options;
  return keep === true || (spec.name !== undefined && keep !== false);
}

/** Sees to it that secrets are known to the redactor before a command can print them, and that a loss is not overlooked. */
class Tracked implements Environment {
  readonly name: string;
  readonly created: boolean;
  readonly takesLiveInput?: boolean;
  readonly snapshot?: (name: string, signal: AbortSignal) => Promise<SnapshotRef>;
  readonly settled?: (signal: AbortSignal) => Promise<void>;

  constructor(
    private readonly inner: Environment,
    private readonly redactor: Redactor,
    private readonly lost: () => void,
  ) {
    this.name = inner.name;
    this.created = inner.created;
    this.takesLiveInput = inner.takesLiveInput;
    if (inner.snapshot) this.snapshot = (name, signal) => inner.snapshot!(name, signal);
    if (inner.settled) this.settled = signal => inner.settled!(signal);
  }

  async execute(command: EnvironmentCommand, sink: OutputSink, signal: AbortSignal): Promise<Outcome> {
    for (const [name, value] of Object.entries(command.secrets)) this.redactor.add(name, value);
    const outcome = await this.inner.execute(command, sink, signal);
    if (outcome.kind === "lost") this.lost();
    return outcome;
  }

  release(signal: AbortSignal): Promise<void> {
    return this.inner.release(signal);
  }

  detach(): Promise<void> {
    return this.inner.detach();
  }
}
