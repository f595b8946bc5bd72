import type { Place } from "../place";
import type { Analysis, ImportFact } from "./analysis";
import type { Bound } from "./bound";
import type { HeldPolicy, ModuleSummary } from "./summary";
import { field } from "./values";

/** Policies that hold in a file: those of its imports, then its own, in the order of the text. */
export function policiesOf(
  bound: Bound,
  imported: { module: ModuleSummary; from: number }[],
  evaluate: Analysis["evaluate"],
): HeldPolicy[] {
  const policies = imported.flatMap(({ module, from }) => module.policies.map(policy => ({ ...policy, from })));
  for (const symbol of bound.symbols) {
    // In a block a policy is an error, and holds for nothing.
    if (symbol.kind !== "policy" || symbol.import || !symbol.value || symbol.scope.kind !== "file") continue;
    const label = `@${symbol.name}`;
    const { value } = symbol;
    // Policies that a statement defines hold already; a union also brings in plain objects.
    const union = value.kind === "CallExpression" && value.callee.kind === "BareWord";
    for (const part of union ? value.arguments : [value]) {
      policies.push({ label, value: evaluate(part), from: symbol.range!.start });
    }
  }
  return policies;
}

/** Credentials that a file, its imports and the policies declare; `open` when there may be more. */
export function credentialsOf(
  uri: string,
  bound: Bound,
  policies: HeldPolicy[],
  modules: { imported: ModuleSummary[]; facts: ImportFact[] },
): Analysis["auth"] {
  const names = new Map<string, Place>(modules.imported.flatMap(module => [...module.auth]));
  for (const [name, symbol] of bound.auth) names.set(name, { uri, ...symbol.range! });
  let open = modules.facts.some(isOpaque) || modules.imported.some(module => module.openAuth);
  for (const { value } of policies) {
    const auth = field(value, "auth");
    if (auth.kind === "unknown" || auth.kind === "oneOf") open = true;
    if (auth.kind !== "object") continue;
    open ||= auth.open;
    for (const entry of auth.entries) if (entry.keyPlace) names.set(entry.key, entry.keyPlace);
  }
  return { names, open };
}

/** What could declare something that is not known here; tools of a server, values of the run and templates cannot. */
function isOpaque({ kind, state }: ImportFact): boolean {
  return state !== "loaded" && ["file", "registry", "url", "unknown"].includes(kind);
}
