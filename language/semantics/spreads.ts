/** Objects that are put together key by key, with spreads between. */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue, PendingSpread } from "../values/abstract";
import { oneOf, unknown } from "./values";

/** An object in the making. */
export interface Draft {
  entries: AbstractEntry[];
  open: boolean;
  /** Keys that a spread put there and nothing has replaced since. */
  spread: Set<string>;
  pending?: PendingSpread;
}

export function newDraft(): Draft {
  return { entries: [], open: false, spread: new Set() };
}

export function objectOf({ entries, open, pending }: Draft, place: Place | undefined): AbstractObject {
  return { kind: "object", entries, open, place, ...(pending && { pending }) };
}

/** `key: value`; what it replaces of a spread is remembered. */
export function addEntry(draft: Draft, entry: AbstractEntry): void {
  setEntry(draft.entries, entry, draft.spread);
  draft.spread.delete(entry.key);
  draft.pending?.after.push(entry);
}

/** A draft of its own with `...value`, where the value is not one of several; `origin` is how it is called. */
export function withSpread(draft: Draft, value: AbstractValue, origin?: string): Draft {
  if (value.kind === "known" && value.value === null) return copyOf(draft);
  if (value.kind !== "object") {
    // What an unknown object holds may replace everything before it.
    const reason = "a field that a spread may replace";
    const entries = draft.entries.map(entry => ({
      ...entry,
      value: unknown(reason, entry.value.place),
      replaced: undefined,
    }));
    const waits = value.kind === "unknown" && value.parameter && !draft.open;
    const pending = waits ? { value, before: draft.entries, after: [] } : undefined;
    return { entries, open: true, spread: new Set(draft.spread), pending };
  }
  const next = copyOf(draft);
  for (const entry of value.entries) {
    setEntry(next.entries, { ...entry, origin: entry.origin ?? origin }, new Set());
    next.spread.add(entry.key);
  }
  next.open ||= value.open;
  // Only one spread with nothing but keys around it is waited for; it may stand in the object that is spread.
  const { pending } = value;
  next.pending =
    pending && draft.entries.length === 0 && !draft.open ? { ...pending, after: pending.after.slice() } : undefined;
  return next;
}

/** The object when the spread that it waited for is known. */
export function resumed({ before, after }: PendingSpread, value: AbstractValue): Draft {
  const draft = withSpread({ ...newDraft(), entries: before }, value);
  for (const entry of after) addEntry(draft, entry);
  return draft;
}

function copyOf(draft: Draft): Draft {
  const { entries, open, spread, pending } = draft;
  return {
    entries: entries.slice(),
    open,
    spread: new Set(spread),
    ...(pending && { pending: { ...pending, after: pending.after.slice() } }),
  };
}

/** Puts an entry into an object; what it replaces by a spread is remembered. */
function setEntry(entries: AbstractEntry[], entry: AbstractEntry, spread: ReadonlySet<string>): void {
  const at = entries.findIndex(other => other.key === entry.key);
  if (at < 0) {
    entries.push(entry);
    return;
  }
  const before = entries[at]!;
  const replaced = spread.has(entry.key) ? before.value : before.replaced;
  if (entry.maybe) {
    entries[at] = { ...before, value: oneOf([before.value, entry.value]), replaced };
    return;
  }
  entries[at] = replaced ? { ...entry, replaced } : entry;
}
