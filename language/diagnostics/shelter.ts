/** Blocks and choices that name no provider, but are only entered inside a sandbox: there their restrictions hold. */
import { type EnvironmentFacts, providerKind } from "../environment";
import type { Analysis, Effect, Site } from "../semantics";
import type { GuardRules } from "./guards";

export function shelteredSites(analysis: Analysis, guards: GuardRules): ReadonlySet<Site> {
  const inside = new Set<string>();
  const outside = new Set<string>();
  const sheltered = new Set<Site>();
  for (const effects of [analysis.effects, ...analysis.executables.map(executable => executable.effects)])
    for (const name of callsIn(effects, analysis)) outside.add(name);
  for (const site of analysis.sites) {
    if (site.kind !== "block") continue;
    const facts = analysis.factsOf(site);
    const sandboxed = isSandboxed(facts.environment);
    for (const name of callsIn(site.effects, analysis)) (sandboxed ? inside : outside).add(name);
    if (sandboxed) for (const choice of guards.firingIn(site)) sheltered.add(choice);
  }
  for (const site of analysis.sites) {
    const name = site.executable?.name;
    if (name !== undefined && inside.has(name) && !outside.has(name)) sheltered.add(site);
  }
  return sheltered;
}

function isSandboxed(environment: EnvironmentFacts): boolean {
  return environment.capabilities.provider.options.every(
    option => option.kind === "known" && providerKind(option.ref) !== "none",
  );
}

/** Executables of the file that are called directly here, outside of further blocks. */
function callsIn(effects: readonly Effect[], { uri }: Analysis): string[] {
  return effects.flatMap(effect => (effect.kind === "call" && effect.callee?.uri === uri ? [effect.callee.name] : []));
}
