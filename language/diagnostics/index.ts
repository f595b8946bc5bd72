/** The catalog of diagnostics and the rules behind them. */
export { CATALOG, type Example } from "./catalog";
export { check } from "./check";
export type { Edit, Finding, Severity } from "./finding";
