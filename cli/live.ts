import type { ProviderRegistry } from "../runtime/environments/registry";
import { type Environment, type EnvironmentInfo, type Provider, ProviderError } from "../runtime/providers/provider";

/** How long an engine may take to answer. Milliseconds. */
export const ANSWER_MS = 20_000;

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
        const infos = (await provider.list?.(AbortSignal.timeout(ANSWER_MS))) ?? [];
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
  return firstOf(await registry.backends(), provider => provider.attach?.(name, AbortSignal.timeout(ANSWER_MS)));
}

/** What a backend knows about an environment; null when none has it. */
export async function inspect(registry: ProviderRegistry, name: string): Promise<unknown> {
  return firstOf(await registry.backends(), async provider => {
    if (provider.inspect) return provider.inspect(name, AbortSignal.timeout(ANSWER_MS));
    const infos = await provider.list?.(AbortSignal.timeout(ANSWER_MS));
    return infos?.find(info => info.name === name) ?? null;
  });
}

/** Ends an environment, whichever backend has it; false when none does. */
export async function remove(registry: ProviderRegistry, name: string): Promise<boolean> {
  const removed = await firstOf(await registry.backends(), async provider => {
    return (await provider.remove?.(name, AbortSignal.timeout(ANSWER_MS))) === true ? true : null;
  });
  return removed === true;
}

async function firstOf<T>(
  providers: Provider[],
  ask: (provider: Provider) => Promise<T | null> | undefined,
): Promise<T | null> {
  let fault: unknown;
  for (const provider of providers) {
    try {
      const answer = await ask(provider);
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
