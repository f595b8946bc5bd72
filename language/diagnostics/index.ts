/** The catalog of diagnostics and the rules behind them. */
export { CATALOG, type CatalogEntry, type Example } from "./catalog";
export { check } from "./check";
export type { Edit, Finding, Fix, Severity } from "./finding";
