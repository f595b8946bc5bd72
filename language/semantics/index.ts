/** Program facts: scopes, symbols, imports, constant values, environment sites. Pure over a `Host` snapshot. */
export type { Analysis, ImportFact, Site } from "./analysis";
export { BUILTIN_NAMES, RESERVED, TRANSFORMERS } from "./builtins";
export { headOf, parameterValues } from "./evaluate";
export { analyse, Program } from "./program";
export type { Effect, ExecutableSummary, ExportedName, ModuleSummary } from "./summary";
export type { MlldSymbol, Reference, Scope, ScopeKind, SymbolKind } from "./symbols";
