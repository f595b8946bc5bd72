import type { Analysis } from "../../semantics";

/** Names of credentials that a command or config may use at an offset. */
export function credentials(analysis: Analysis, offset: number): Set<string> {
  const names = new Set(analysis.summary.auth.keys());
  for (const symbol of analysis.visibleAt(offset)) if (symbol.kind === "auth") names.add(symbol.name);
  return names;
}
