/** Sets of names: finite, or everything but a few; with an unknown rest they are intervals of sets. */
import { type Compared, NARROWER, type Order, UNKNOWN } from "./order";
import type { Item, NameSet } from "./types";

export const ALL_NAMES: NameSet = { all: true, items: [], open: false };
export const UNKNOWN_NAMES: NameSet = { all: false, items: [], open: true };

export function only(items: Item[], open = false): NameSet {
  return normaliseNames({ all: false, items, open });
}

/** Each key once, in key order. */
export function normaliseNames(set: NameSet): NameSet {
  return { ...set, items: uniqueItems(set.items) };
}

export function uniqueItems<I extends Item>(items: readonly I[]): I[] {
  if (items.length < 2) return items.slice();
  const byKey = new Map<string, I>();
  for (const item of items) if (!byKey.has(item.key)) byKey.set(item.key, item);
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Both ends of the interval that a set with an unknown rest can be: an unknown item may be a name or `*`. */
function lowest(set: NameSet): NameSet {
  return set.open ? { all: false, items: set.all ? [] : set.items, open: false } : set;
}
function highest(set: NameSet): NameSet {
  return set.open ? { all: true, items: set.all ? set.items : [], open: false } : set;
}

/** Elements of `left` outside `right`; `null` when infinitely many are. Both closed. */
function outside(left: NameSet, right: NameSet): Item[] | null {
  const keys = new Set(right.items.map(item => item.key));
  if (!left.all) return left.items.filter(item => keys.has(item.key) === right.all);
  if (!right.all) return null;
  const excluded = new Set(left.items.map(item => item.key));
  return right.items.filter(item => !excluded.has(item.key));
}

function compare(child: NameSet, parent: NameSet): Compared {
  if (outside(highest(child), lowest(parent))?.length === 0) return NARROWER;
  const surely = outside(lowest(child), highest(parent));
  return surely?.length === 0 ? UNKNOWN : { answer: "wider", items: surely ?? [] };
}

function meet(left: NameSet, right: NameSet): NameSet {
  const open = left.open || right.open;
  const place = left.place;
  if (left.all && right.all) return normaliseNames({ all: true, items: [...left.items, ...right.items], open, place });
  if (left.all) return { ...meet(right, left), place };
  const keys = new Set(right.items.map(item => item.key));
  // An unknown rest of the right side may hold any item of the left side, so the item can only be kept as part of the unknown rest.
  const items = left.items.filter(item => keys.has(item.key) !== right.all);
  return normaliseNames({ all: false, items, open, place });
}

export const NAME_ORDER: Order<NameSet> = { compare, meet };
