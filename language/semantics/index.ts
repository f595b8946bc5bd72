/** Program facts: scopes, symbols, imports, constant values, environment sites. Pure over a `Host` snapshot. */
export type { Analysis, ImportFact, Site } from "./analysis";
export type { Effect, ExecutableSummary, ExportedName, ModuleSummary } from "./summary";
export type { MlldSymbol, Reference, Scope, ScopeKind, SymbolKind } from "./symbols";
