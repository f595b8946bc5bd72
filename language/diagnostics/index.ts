/** The catalog of diagnostics and the rules behind them. */
export type { Edit, Finding, Fix, Severity } from "./finding";
