import type { Place } from "../place";
import type { Statement } from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import type { Analysis } from "./analysis";
import type { Bound } from "./bound";
import type { ExecutableSummary, ExportedName, ModuleSummary } from "./summary";
import type { MlldSymbol } from "./symbols";
import { unknown } from "./values";

/** The facts of a file, and what else a summary needs of it. */
export interface Summarisable extends Analysis {
  bound: Bound;
  /** Policies that hold in the file, as they are written: those of imports first. */
  /** Those of its imports that could be loaded. */
  importedModules(): ModuleSummary[];
  symbolValue(symbol: MlldSymbol): AbstractValue;
}

/** What importers see of a file. It holds no tree, so that the tree of a closed file can go. */
export function summarise(analysis: Summarisable): ModuleSummary {
  const imported = analysis.importedModules();
  return {
    uri: analysis.uri,
    fault: faultOf(analysis),
    exports: exportsOf(analysis),
    effects: analysis.units.list.flatMap(unit =>
      DEFINITIONS.has(unit.statement.kind) ? [] : analysis.effectsOf(unit),
    ),
    executables: new Map(analysis.executables.map(executable => [executable.name, settled(executable)])),
    policies: analysis.policies.map(({ label, value }) => ({ label, value })),
    guards:
      analysis.file.statements.some(isGuard) ||
      imported.some(module => module.guards !== false) ||
      opaqueImport(analysis),
    choices: analysis.guardChoices.map(({ from, ...choice }) => choice),
    auth: analysis.auth.names,
    openAuth: analysis.auth.open,
    imports: analysis.imports.flatMap(({ uri, state }) => (uri !== null && state === "loaded" ? [uri] : [])),
    wanted: analysis.wanted,
  };
}

/** Statements whose parts run later, if at all. */
const DEFINITIONS: ReadonlySet<Statement["kind"]> = new Set([
  "ExeStatement",
  "ExeShadowStatement",
  "GuardStatement",
  "HookStatement",
]);

function faultOf({ uri, file }: Analysis): ModuleSummary["fault"] {
  const [first] = file.errors;
  return first ? { message: first.message, place: { uri, start: first.start, end: first.end } } : null;
}

function isGuard(statement: Statement): boolean {
  return statement.kind === "GuardStatement" || statement.kind === "HookStatement";
}

/** A file that is not loaded may register guards. */
function opaqueImport(analysis: Summarisable): boolean {
  return analysis.imports.some(({ kind, state }) => kind === "file" && state !== "loaded");
}

/** Values that are computed when asked for are put into plain fields. */
function settled(executable: ExecutableSummary): ExecutableSummary {
  return { ...executable };
}

function exportsOf(analysis: Summarisable): Map<string, ExportedName> {
  const exports = new Map<string, ExportedName>();
  const add = (symbol: MlldSymbol, name: string, alias = importAlias(symbol)): void => {
    const exported = exportedAs(analysis, symbol, name);
    if (exported) exports.set(name, alias ? { ...exported, alias: { uri: analysis.uri, ...alias } } : exported);
  };
  const statements = analysis.bound.exports;
  if (statements.length === 0 || statements.some(({ all }) => all)) {
    // What a module imports it passes on only by a list.
    for (const symbol of analysis.scope.symbols.values()) if (!symbol.import) add(symbol, symbol.name);
    for (const symbol of [...analysis.bound.auth.values(), ...analysis.bound.guards]) {
      if (!exports.has(symbol.name)) add(symbol, symbol.name);
    }
  }
  for (const { specifiers } of statements) {
    for (const { name, alias } of specifiers) {
      const symbol = analysis.bound.referenceOf(name)?.symbol;
      if (!symbol?.range) continue;
      if (alias) add(symbol, alias.name, { start: alias.start, end: alias.end });
      else add(symbol, name.name);
    }
  }
  return exports;
}

/** The name behind `as` in an import. */
function importAlias({ import: source, name, range }: MlldSymbol): { start: number; end: number } | null {
  return source?.imported && source.imported !== name ? range : null;
}

function exportedAs(analysis: Summarisable, symbol: MlldSymbol, name: string): ExportedName | null {
  const origin = analysis.exportedName(symbol);
  if (origin) return { ...origin, name };
  if (!symbol.range) return null;
  const place = { uri: analysis.uri, ...symbol.range };
  return { name, kind: symbol.kind, place, value: exportedValue(analysis, symbol, place), labels: symbol.labels };
}

function exportedValue(analysis: Summarisable, symbol: MlldSymbol, place: Place): AbstractValue {
  const plain = ["var", "exe", "policy", "import", "namespace"].includes(symbol.kind);
  return plain ? analysis.symbolValue(symbol) : unknown("no value", place);
}
