import { RESERVED, TRANSFORMERS } from "./builtins";
import type { MlldSymbol, Scope, ScopeKind, SymbolKind } from "./symbols";

export function newScope(
  kind: ScopeKind,
  range: { start: number; end: number },
  parent: Scope | null,
  executable: MlldSymbol | null = null,
): Scope {
  const { start, end } = range;
  const scope: Scope = { kind, start, end, parent, children: [], symbols: new Map(), executable };
  parent?.children.push(scope);
  return scope;
}

/**
 * The symbol of a name, from the inside out. A `let` counts only after it is written; the file's own names count everywhere,
 * since an executable sees what is defined before it is called. The search ends before the scope `end`.
 */
export function lookUp(name: string, from: Scope, offset: number, end: Scope | null = null): MlldSymbol | null {
  for (let scope: Scope | null = from; scope && scope !== end; scope = scope.parent) {
    const symbol = scope.symbols.get(name);
    if (symbol && (symbol.kind !== "let" || symbol.range!.start <= offset)) return symbol;
  }
  return null;
}

const BUILTINS = new Map<string, MlldSymbol>();
const NOWHERE = newScope("file", { start: 0, end: 0 }, null);

/** Reserved names and transformers are the same in every file; their references are not collected. */
export function builtin(name: string): MlldSymbol | null {
  const known = BUILTINS.get(name);
  if (known) return known;
  // mlld still takes the older spelling in capitals: `@XML`.
  const transformer = Object.hasOwn(TRANSFORMERS, name === name.toUpperCase() ? name.toLowerCase() : name);
  const kind = Object.hasOwn(RESERVED, name) ? "reserved" : transformer ? "transformer" : null;
  if (!kind) return null;
  const symbol = nameless(kind, name, NOWHERE);
  BUILTINS.set(name, symbol);
  return symbol;
}

/** A symbol whose name is written nowhere as a definition. */
export function nameless(kind: SymbolKind, name: string, scope: Scope): MlldSymbol {
  return {
    kind,
    name,
    range: null,
    declaration: null,
    value: null,
    labels: [],
    scope,
    references: [],
    writes: [],
    import: null,
  };
}
