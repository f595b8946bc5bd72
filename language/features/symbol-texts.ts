import type { MlldSymbol, SymbolKind } from "../semantics";

const KIND_TEXT: Record<SymbolKind, string> = {
  var: "variable",
  let: "variable of a block",
  exe: "executable",
  parameter: "parameter",
  loop: "loop variable",
  import: "import",
  namespace: "module",
  policy: "policy",
  auth: "credential",
  guard: "guard",
  hook: "hook",
  reserved: "reserved variable",
  transformer: "transformer",
};

/** `variable, secret`. */
export function labelledKind(symbol: MlldSymbol): string {
  return [KIND_TEXT[symbol.kind], ...symbol.labels].join(", ");
}
