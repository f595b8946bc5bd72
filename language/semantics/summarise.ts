import type { Place } from "../place";
import type { Statement } from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import type { ImportFact } from "./analysis";
import type { FileAnalysis } from "./file-analysis";
import type { ExecutableSummary, ExportedName, ModuleSummary } from "./summary";
import type { MlldSymbol } from "./symbols";
import { field, unknown } from "./values";

/** What importers see of a file. It holds no tree, so that the tree of a closed file can go. */
export function summarise(analysis: FileAnalysis): ModuleSummary {
  const imported = analysis.importedModules();
  const policies = [...imported.flatMap(module => module.policies), ...ownPolicies(analysis)];
  const auth = new Map<string, Place>(imported.flatMap(module => [...module.auth]));
  for (const [name, symbol] of analysis.bound.auth) auth.set(name, { uri: analysis.uri, ...symbol.range! });
  const openAuth = policyAuth(policies, auth) || imported.some(module => module.openAuth);
  return {
    uri: analysis.uri,
    broken: analysis.file.errors.length > 0,
    exports: exportsOf(analysis),
    executables: new Map(analysis.executables.map(executable => [executable.name, settled(executable)])),
    policies,
    guards:
      analysis.file.statements.some(isGuard) ||
      imported.some(module => module.guards !== false) ||
      opaqueImport(analysis),
    auth,
    openAuth,
    imports: analysis.imports.flatMap(({ uri, state }) => (uri !== null && state === "loaded" ? [uri] : [])),
    wanted: analysis.wanted,
    opaque: analysis.imports.some(isOpaque) || imported.some(module => module.opaque),
  };
}

function isGuard(statement: Statement): boolean {
  return statement.kind === "GuardStatement" || statement.kind === "HookStatement";
}

/** A file that is not loaded may register guards. */
function opaqueImport(analysis: FileAnalysis): boolean {
  return analysis.imports.some(({ kind, state }) => kind === "file" && state !== "loaded");
}

/** What could declare something that is not known here; tools of a server, values of the run and templates cannot. */
function isOpaque({ kind, state }: ImportFact): boolean {
  return state !== "loaded" && ["file", "registry", "url", "unknown"].includes(kind);
}

/** Values that are computed when asked for are put into plain fields. */
function settled(executable: ExecutableSummary): ExecutableSummary {
  return { ...executable };
}

function ownPolicies(analysis: FileAnalysis): ModuleSummary["policies"] {
  const policies: ModuleSummary["policies"] = [];
  for (const symbol of analysis.symbols) {
    if (symbol.kind !== "policy" || symbol.import || !symbol.value) continue;
    const label = `@${symbol.name}`;
    const { value } = symbol;
    if (value.kind === "CallExpression" && value.callee.kind === "BareWord") {
      // Policies that a statement defines hold already; a union also brings in plain objects.
      for (const argument of value.arguments) policies.push({ label, value: analysis.evaluate(argument) });
    } else policies.push({ label, value: analysis.evaluate(value) });
  }
  return policies;
}

/** Adds the credentials that policies declare; true when there may be more. */
function policyAuth(policies: ModuleSummary["policies"], names: Map<string, Place>): boolean {
  let open = false;
  for (const { value } of policies) {
    const auth = field(value, "auth");
    if (auth.kind === "unknown" || auth.kind === "oneOf") open = true;
    if (auth.kind !== "object") continue;
    open ||= auth.open;
    for (const entry of auth.entries) if (entry.keyPlace) names.set(entry.key, entry.keyPlace);
  }
  return open;
}

function exportsOf(analysis: FileAnalysis): Map<string, ExportedName> {
  const exports = new Map<string, ExportedName>();
  const add = (symbol: MlldSymbol, name: string): void => {
    const exported = exportedAs(analysis, symbol, name);
    if (exported) exports.set(name, exported);
  };
  const statements = analysis.bound.exports;
  if (statements.length === 0 || statements.some(({ all }) => all)) {
    for (const symbol of analysis.scope.symbols.values()) add(symbol, symbol.name);
    for (const symbol of [...analysis.bound.auth.values(), ...analysis.bound.guards]) {
      if (!exports.has(symbol.name)) add(symbol, symbol.name);
    }
  }
  for (const { specifiers } of statements) {
    for (const { name, alias } of specifiers) {
      const symbol = analysis.bound.referenceOf.get(name)?.symbol;
      if (symbol?.range) add(symbol, (alias ?? name).name);
    }
  }
  return exports;
}

function exportedAs(analysis: FileAnalysis, symbol: MlldSymbol, name: string): ExportedName | null {
  const origin = analysis.exportedName(symbol);
  if (origin) return { ...origin, name };
  if (!symbol.range) return null;
  const place = { uri: analysis.uri, ...symbol.range };
  return { name, kind: symbol.kind, place, value: exportedValue(analysis, symbol, place), labels: symbol.labels };
}

function exportedValue(analysis: FileAnalysis, symbol: MlldSymbol, place: Place): AbstractValue {
  const plain = ["var", "exe", "policy", "import", "namespace"].includes(symbol.kind);
  return plain ? analysis.symbolValue(symbol) : unknown("no value", place);
}
