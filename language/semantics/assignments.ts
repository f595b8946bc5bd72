/** What a `let` that is written again holds at one place. */
import type { Node } from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import { appended, LONGEST_TEXT } from "./methods";
import { addEntry, newDraft, objectOf } from "./spreads";
import type { MlldSymbol, Scope } from "./symbols";
import { each, known, made, oneOf, unknown } from "./values";

/** More writes of one name are not followed: each use goes through all of them. */
const MOST_WRITES = 50;

/** Bodies that run again and again: what is written there counts before it, too. */
const REPEATED: ReadonlySet<Scope["kind"]> = new Set(["for", "loop"]);

/**
 * The writes before a use, one after the other: those of the `let`'s own block surely happened, those of blocks in it perhaps. Null for
 * names of the file, which executables read whenever they are called.
 */
export function valueAt(
  symbol: MlldSymbol,
  use: { scope: Scope; start: number },
  evaluate: (node: Node) => AbstractValue,
): AbstractValue | null {
  if (symbol.kind !== "let" || symbol.scope.kind === "file" || !symbol.value) return null;
  const round = repeatedAround(use.scope, symbol.scope);
  const changes = unknown(`@${symbol.name} changes while the program runs`);
  if (symbol.writes.length > MOST_WRITES) return changes;
  let value = evaluate(symbol.value);
  for (const write of symbol.writes.toSorted((a, b) => a.start - b.start)) {
    const earlierRound = round !== null && round.start <= write.start && write.start < round.end;
    if (write.value.end > use.start && !earlierRound) continue;
    const repeated = repeatedAround(write.scope, symbol.scope) !== null;
    if (repeated && write.operator === "+=") return changes;
    const given = evaluate(write.value);
    const next = write.operator === "=" ? given : sum(value, given);
    value = write.scope === symbol.scope ? next : oneOf([value, next]);
  }
  return value;
}

/** The outermost loop between a scope and the one around it that holds the name. */
function repeatedAround(from: Scope, end: Scope): Scope | null {
  let found: Scope | null = null;
  for (let scope: Scope | null = from; scope && scope !== end; scope = scope.parent)
    if (REPEATED.has(scope.kind)) found = scope;
  return found;
}

/** `+=`: numbers add, texts append, lists append a list or an item, objects merge. */
function sum(old: AbstractValue, added: AbstractValue): AbstractValue {
  const { place } = added;
  return each(old, one =>
    each(added, more => {
      if (one.kind === "array") return appended(one, more, place);
      if (one.kind === "known" && one.value === null) return more;
      if (one.kind === "object" && more.kind === "object" && !more.open) {
        const sum = { ...newDraft(), entries: one.entries.slice(), open: one.open };
        for (const entry of more.entries) addEntry(sum, entry);
        return objectOf(sum, place);
      }
      if (one.kind === "known" && more.kind === "known") {
        const { value: a } = one;
        const { value: b } = more;
        if (typeof a === "number" && typeof b === "number") return known(a + b, place);
        if (typeof a === "string" && typeof b === "string" && a.length + b.length < LONGEST_TEXT)
          return known(a + b, place);
      }
      return made("a sum that is not known", place, one, more);
    }),
  );
}
