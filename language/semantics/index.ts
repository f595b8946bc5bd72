/** Program facts: scopes, symbols, imports, constant values, environment sites. Pure over a `Host` snapshot. */
export type { Analysis, ImportFact, Site } from "./analysis";
export { BUILTIN_NAMES, RESERVED } from "./builtins";
export { headOf, isDerivedConfig, parameterValues } from "./evaluate";
export { analyse, Program } from "./program";
export type { Effect, ExecutableSummary, ExportedName, HeldChoice, HeldPolicy, ModuleSummary } from "./summary";
export type { MlldSymbol, Reference, Scope, SymbolKind } from "./symbols";
export type { Unit } from "./units";
