import type { Analysis, MlldSymbol } from "../semantics";
import { TRANSFORMERS } from "../semantics/builtins";

/** Parameters of what a symbol calls, as an editor shows them; null for what is no executable. */
export function parametersOf(analysis: Analysis, symbol: MlldSymbol): string[] | null {
  switch (symbol.kind) {
    case "exe": {
      const { declaration } = symbol;
      return declaration?.kind === "ExeStatement" ? (declaration.parameters ?? []).map(labelOf) : [];
    }
    case "import": {
      const exported = analysis.exportedName(symbol);
      if (exported?.kind !== "exe") return null;
      const summary = analysis.moduleOf(symbol)?.executables.get(exported.name);
      return summary ? (summary.parameters ?? []).map(labelOf) : [];
    }
    case "transformer":
      return TRANSFORMERS[symbol.name]?.parameters ?? [];
    default:
      return null;
  }
}

function labelOf({ name, type }: { name: string; type: string | null }): string {
  return type ? `${name}: ${type}` : name;
}
