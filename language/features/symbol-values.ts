import type { Analysis, MlldSymbol } from "../semantics";
import type { AbstractValue } from "../values/abstract";

/** The value behind a name, through imports. */
export function symbolValue(analysis: Analysis, symbol: MlldSymbol): AbstractValue | null {
  if (symbol.kind === "import") return analysis.exportedName(symbol)?.value ?? null;
  if (symbol.kind === "loop" && symbol.declaration?.kind === "ForExpression")
    return itemOf(analysis.evaluate(symbol.declaration.source));
  return symbol.value ? analysis.evaluate(symbol.value) : null;
}

/** An element of a list: one of those that are known, or the one at an index. */
export function itemOf(value: AbstractValue | null, index?: number): AbstractValue | null {
  if (value?.kind !== "array" || value.items.length === 0) return null;
  return index === undefined ? { kind: "oneOf", options: value.items } : (value.items[index] ?? null);
}

export function fieldOf(value: AbstractValue | null, field: string): AbstractValue | null {
  if (value?.kind === "object") return value.entries.find(entry => entry.key === field)?.value ?? null;
  if (value?.kind === "oneOf")
    return value.options.map(option => fieldOf(option, field)).find(found => found !== null) ?? null;
  return null;
}

export function keysOf(value: AbstractValue | null): string[] {
  if (value?.kind === "object") return value.entries.map(entry => entry.key);
  if (value?.kind === "oneOf") return [...new Set(value.options.flatMap(keysOf))];
  return [];
}
