import type { EnvironmentDetails, ExplorerEnvironment, FileChange, SnapshotInfo } from "../protocol/explorer";
import { messageOf } from "../protocol/message-of";
import { removeLog } from "../runtime/environments/environment-log";
import { stateFolder } from "../runtime/environments/journal";
import type { ProviderRegistry } from "../runtime/environments/registry";
import { type Environment, type EnvironmentInfo, type Provider, ProviderError } from "../runtime/providers/provider";

/** How long an engine may take to answer. Milliseconds. */
export const ANSWER_MS = 15_000;
/** For what copies files. */
const SLOW_MS = 110_000;

/** Asks a backend; one that accepts the question and never answers is a fault like any other. */
export function answered<T>(
  provider: Provider,
  ask: (signal: AbortSignal) => Promise<T> | undefined,
  limitMs = ANSWER_MS,
): Promise<T | undefined> {
  const signal = AbortSignal.timeout(limitMs);
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => {
      const mend = "Restart the engine, or set DOCKER_HOST to another one.";
      reject(
        new ProviderError(
          "run/engine-unreachable",
          `The backend ${provider.ref} has not answered in ${limitMs / 1000} s.`,
          mend,
        ),
      );
    });
    Promise.resolve(ask(signal)).then(resolve, reject);
  });
}

/** The live environments of every backend, and what kept a backend from answering. */
export interface LiveEnvironments {
  environments: { provider: Provider; info: EnvironmentInfo }[];
  faults: Error[];
}

export async function liveEnvironments(registry: ProviderRegistry): Promise<LiveEnvironments> {
  const live: LiveEnvironments = { environments: [], faults: [] };
  await Promise.all(
    (await registry.backends()).map(async provider => {
      try {
        const infos = (await answered(provider, signal => provider.list?.(signal))) ?? [];
        live.environments.push(...infos.map(info => ({ provider, info })));
      } catch (error) {
        // Nobody has to have an engine: without one there are no environments in it.
        if (!isAbsent(error)) live.faults.push(error as Error);
      }
    }),
  );
  live.environments.sort((a, b) => a.info.name.localeCompare(b.info.name));
  return live;
}

/** Attaches to an environment, whichever backend has it; null when none does. Throws what kept a backend from answering. */
export async function attach(registry: ProviderRegistry, name: string): Promise<Environment | null> {
  return firstOf(await registry.backends(), (provider, signal) => provider.attach?.(name, signal));
}

/** All that is known about an environment. */
export async function inspect(registry: ProviderRegistry, name: string): Promise<EnvironmentDetails> {
  return existing(registry, name, async (provider, signal) => {
    if (provider.inspect) return provider.inspect(name, signal);
    const info = (await provider.list?.(signal))?.find(info => info.name === name);
    return info ? { ...shown(info), kept: true } : null;
  });
}

/** What the files of an environment differ in from where it started. */
export async function changes(registry: ProviderRegistry, name: string): Promise<FileChange[]> {
  return existing(registry, name, (provider, signal) => provider.changes?.(name, signal), "tell what changed in");
}

/** The beginning of a file of an environment; null where there is no such plain file. */
export async function readFile(
  registry: ProviderRegistry,
  name: string,
  path: string,
  limit: number,
): Promise<Uint8Array | null> {
  return firstOf(await registry.backends(), (provider, signal) => provider.readFile?.(name, path, limit, signal));
}

export async function stop(registry: ProviderRegistry, name: string): Promise<void> {
  await existing(registry, name, async (provider, signal) => (await provider.stop?.(name, signal)) || null, "stop");
}

export async function start(registry: ProviderRegistry, name: string): Promise<void> {
  await existing(registry, name, async (provider, signal) => (await provider.start?.(name, signal)) || null, "start");
}

/** Puts an environment back to a snapshot of it. */
export async function restore(registry: ProviderRegistry, name: string, ref: string): Promise<void> {
  await existing(
    registry,
    name,
    async (provider, signal) => (await provider.restore?.(name, ref, signal)) || null,
    "restore",
    SLOW_MS,
  );
}

/** Snapshots of one environment, or of all; what kept a backend from answering is thrown. */
export async function snapshots(registry: ProviderRegistry, name?: string): Promise<SnapshotInfo[]> {
  const lists = await Promise.all(
    (await registry.backends()).map(async provider => {
      try {
        return (await answered(provider, signal => provider.snapshots?.(name, signal))) ?? [];
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    }),
  );
  return lists.flat();
}

/** Removes a snapshot; false when no backend has it. */
export async function removeSnapshot(registry: ProviderRegistry, ref: string): Promise<boolean> {
  const removed = await firstOf(
    await registry.backends(),
    async (provider, signal) => (await provider.removeSnapshot?.(ref, signal)) || null,
  );
  return removed === true;
}

/** Ends an environment, whichever backend has it, and its log; false when none does. */
export async function remove(registry: ProviderRegistry, name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const removed = await firstOf(
    await registry.backends(),
    async (provider, signal) => (await provider.remove?.(name, signal)) || null,
  );
  if (removed) removeLog(stateFolder(env), name);
  return removed === true;
}

/** What a row shows; whether it is an orphan is for `release --orphans`. */
export function shown({ orphaned: _, ...row }: EnvironmentInfo): ExplorerEnvironment {
  return row;
}

/** Asks the backend that has an environment. Throws when none has it, or when that one has no such ability. */
async function existing<T>(
  registry: ProviderRegistry,
  name: string,
  ask: (provider: Provider, signal: AbortSignal) => Promise<T | null> | undefined,
  ability?: string,
  limitMs?: number,
): Promise<T> {
  const answer = await firstOf(await registry.backends(), ask, limitMs);
  if (answer !== null) return answer;
  const { environments } = await liveEnvironments(registry);
  const found = environments.find(({ info }) => info.name === name);
  if (found && ability) throw new Error(`The backend ${found.provider.ref} cannot ${ability} environments.`);
  throw noEnvironment(name);
}

export function noEnvironment(name: string): Error {
  return new Error(`There is no environment '${name}'; 'mlld-env ls' lists those that live.`);
}

async function firstOf<T>(
  providers: Provider[],
  ask: (provider: Provider, signal: AbortSignal) => Promise<T | null> | undefined,
  limitMs?: number,
): Promise<T | null> {
  let fault: unknown;
  for (const provider of providers) {
    try {
      const answer = await answered(provider, signal => ask(provider, signal), limitMs);
      if (answer) return answer;
    } catch (error) {
      if (!isAbsent(error)) fault ??= error;
    }
  }
  if (fault !== undefined) throw fault;
  return null;
}

export function isAbsent(error: unknown): boolean {
  return error instanceof ProviderError && ["run/engine-missing", "run/token-missing"].includes(error.code);
}

/** A fault in one line, with what to do about it. */
export function faultText(error: unknown): string {
  if (error instanceof ProviderError && error.mend !== undefined) return `${error.message} ${error.mend}`;
  return messageOf(error);
}
