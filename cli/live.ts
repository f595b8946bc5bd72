import type { ProviderRegistry } from "../runtime/environments/registry";
import { type Environment, type EnvironmentInfo, type Provider, ProviderError } from "../runtime/providers/provider";

/** How long an engine may take to answer. Milliseconds. */
export const ANSWER_MS = 15_000;

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

/** What a backend knows about an environment; null when none has it. */
export async function inspect(registry: ProviderRegistry, name: string): Promise<unknown> {
  return firstOf(await registry.backends(), async (provider, signal) => {
    if (provider.inspect) return provider.inspect(name, signal);
    const infos = await provider.list?.(signal);
    return infos?.find(info => info.name === name) ?? null;
  });
}

/** Ends an environment, whichever backend has it; false when none does. */
export async function remove(registry: ProviderRegistry, name: string): Promise<boolean> {
  const removed = await firstOf(await registry.backends(), async (provider, signal) => {
    return (await provider.remove?.(name, signal)) === true ? true : null;
  });
  return removed === true;
}

async function firstOf<T>(
  providers: Provider[],
  ask: (provider: Provider, signal: AbortSignal) => Promise<T | null> | undefined,
): Promise<T | null> {
  let fault: unknown;
  for (const provider of providers) {
    try {
      const answer = await answered(provider, signal => ask(provider, signal));
      if (answer) return answer;
    } catch (error) {
      if (!isAbsent(error)) fault ??= error;
    }
  }
  if (fault !== undefined) throw fault;
  return null;
}

export function isAbsent(error: unknown): boolean {
  return error instanceof ProviderError && error.code === "run/engine-missing";
}

/** A fault in one line, with what to do about it. */
export function faultText(error: unknown): string {
  if (error instanceof ProviderError && error.mend !== undefined) return `${error.message} ${error.mend}`;
  return error instanceof Error ? error.message : String(error);
}
