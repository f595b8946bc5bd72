/** Names that are defined although they stand for something already. */
import { type Analysis, type MlldSymbol, RESERVED, type SymbolKind } from "../semantics";
import type { Statement } from "../syntax/tree";
import type { Finding } from "./finding";

const RESERVABLE = new Set<SymbolKind>(["var", "let", "loop", "import"]);
/** What a `let` cannot take from the blocks around it, and what a loop cannot. */
const KEPT_FROM: { [kind in SymbolKind]?: ReadonlySet<SymbolKind> } = {
  let: new Set(["var", "exe", "parameter", "loop"]),
  loop: new Set(["var", "exe"]),
};
const DEFINING = new Set<SymbolKind>(["var", "exe", "import", "namespace", "policy"]);

type Range = { start: number; end: number };
type Named = MlldSymbol & { range: Range };

export function takenNames(analysis: Analysis): Finding[] {
  const named = analysis.symbols.filter((symbol): symbol is Named => symbol.range !== null && symbol.name !== "");
  const topLevel = new Set<unknown>(analysis.units.list.map(({ statement }) => statement));
  return [
    ...reserved(named, analysis),
    ...definedAgain(named, topLevel, analysis),
    ...shadowing(named, topLevel, analysis),
  ];
}

/** A program's own `@now` hides mlld's. Parameters and executables may have any name. */
function reserved(symbols: readonly Named[], { uri }: Analysis): Finding[] {
  return symbols.flatMap((symbol): Finding[] => {
    const { kind, name, range } = symbol;
    const own = Object.hasOwn(RESERVED, name) ? RESERVED[name]! : null;
    if (!own || own.redefined === "free" || !RESERVABLE.has(kind)) return [];
    const refused = own.redefined === "refused" && (kind !== "loop" || isLookedAt(symbol));
    if (kind === "import" && !refused) return [];
    const end = refused ? "a run ends where it is defined." : "a run here takes it, mlld itself refuses it.";
    const message = `@${name} is mlld's own name. ${own.doc} Choose another name: ${end}`;
    return [{ code: "name/reserved", severity: "warning", message, place: { uri, ...range }, related: [], fixes: [] }];
  });
}

/** The first definition of a file's name stays: the run ends at the second one. */
function definedAgain(symbols: readonly Named[], topLevel: ReadonlySet<unknown>, analysis: Analysis): Finding[] {
  const first = new Map<string, Named>();
  return symbols.flatMap(symbol => {
    const { name, kind, scope, declaration } = symbol;
    // `@_` takes what nobody needs.
    if (scope.kind !== "file" || !DEFINING.has(kind) || name === "_") return [];
    // What one of several branches defines may be defined in another, and an optional one may not be there.
    const statement = declaration as Statement;
    if (kind !== "import" && !topLevel.has(statement)) return [];
    if (statement.kind === "ExeStatement" && statement.metadata !== null) return [];
    const before = first.get(name);
    if (before)
      return kind === "policy" || (kind === "exe" && before.kind === "exe") ? [] : [again(symbol, before, analysis)];
    if (!(statement.kind === "VarStatement" && statement.optional)) first.set(name, symbol);
    return [];
  });
}

/** What a block or loop takes from those around it. A `when` or guard may. */
function shadowing(symbols: readonly Named[], topLevel: ReadonlySet<unknown>, analysis: Analysis): Finding[] {
  return symbols.flatMap(symbol => {
    const { kind, name, range } = symbol;
    const kept = KEPT_FROM[kind];
    if (!kept || name === "_" || symbol.scope.kind === "file") return [];
    if (kind === "loop" && !isLookedAt(symbol)) return [];
    let called = false;
    for (let scope = symbol.scope; scope.parent; scope = scope.parent) {
      if (kind === "let" && (scope.kind === "when" || scope.kind === "guard")) return [];
      called ||= scope.kind === "exe" || scope.kind === "hook";
      const taken = scope.parent.symbols.get(name);
      if (!taken?.range) continue;
      const outer = scope.parent.kind === "file";
      // Code that is called sees what is defined behind it.
      if (taken.range.start > range.start && !(outer && called)) continue;
      if (!kept.has(taken.kind) || (outer && !topLevel.has(taken.declaration))) return [];
      return [again(symbol, taken as Named, analysis)];
    }
    return [];
  });
}

/** The run looks at the variable of a loop, not at its key, nor at the loops of a template. */
function isLookedAt({ declaration, range }: Named): boolean {
  return declaration?.kind === "ForExpression" && declaration.variable.start === range.start;
}

function again({ name, range }: Named, before: Named, { uri }: Analysis): Finding {
  const message = `@${name} is defined already, and mlld refuses to define it again. Choose another name.`;
  const related = [{ place: { uri, ...before.range }, message: `@${name} is defined here` }];
  return { code: "name/redefined", severity: "warning", message, place: { uri, ...range }, related, fixes: [] };
}
