/** Blocks and choices that name no provider, but are only entered inside a sandbox: there their restrictions hold. */
import { type EnvironmentFacts, type Problem, providerKind } from "../environment";
import type { Analysis, Effect } from "../semantics";
import type { UnitReport } from "./unit-report";

/** What is not enforced and stands outside of every sandbox. */
export function exposedProblems(reports: UnitReport[]): Problem[] {
  const unenforced = reports.flatMap(report => report.unenforced);
  if (unenforced.length === 0) return [];
  const inside = new Set(reports.flatMap(report => report.inside));
  const outside = new Set(reports.flatMap(report => report.outside));
  const firing = new Set(reports.flatMap(report => report.firing.map(({ start }) => start)));
  return unenforced.flatMap(({ problem, head, executable }) => {
    const sheltered = executable !== undefined && inside.has(executable) && !outside.has(executable);
    return sheltered || firing.has(head.start) ? [] : [problem];
  });
}

export function isSandboxed(environment: EnvironmentFacts): boolean {
  return environment.capabilities.provider.options.every(
    option => option.kind === "known" && providerKind(option.ref) !== "none",
  );
}

/** Executables of the file that are called directly here, outside of further blocks. */
export function callsIn(effects: readonly Effect[], { uri }: Analysis): string[] {
  return effects.flatMap(effect => (effect.kind === "call" && effect.callee?.uri === uri ? [effect.callee.name] : []));
}
