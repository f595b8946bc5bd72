/** Reach into the host's files: an order on sets of granted paths. */
import { type Compared, NARROWER, type Order, UNKNOWN } from "./order";
import { isWithin } from "./paths";
import type { FsSet, Item, PathItem } from "./types";

export const ALL_FILES: FsSet = { all: true, read: [], write: [], openRead: false, openWrite: false, scratch: [] };
export const NO_FILES: FsSet = { all: false, read: [], write: [], openRead: false, openWrite: false, scratch: [] };
export const UNKNOWN_FILES: FsSet = { ...NO_FILES, openRead: true, openWrite: true };

/** A path grants what lies at and below it; a glob below a folder contains only its equal. */
function contains(parent: PathItem, child: PathItem): boolean {
  return parent.tail === null
    ? isWithin(child.base, parent.base)
    : parent.base === child.base && parent.tail === child.tail;
}

/** Each grant once, in order. One inside another stays: it may lie elsewhere in the environment. */
export function normaliseFiles(set: FsSet): FsSet {
  if (set.all) return { ...ALL_FILES, scratch: set.scratch, place: set.place };
  return { ...set, read: unique(set.read), write: unique(set.write) };
}

function unique(items: readonly PathItem[]): PathItem[] {
  if (items.length < 2) return items.slice();
  const byTarget = new Map<string, PathItem>();
  for (const item of items) {
    const key = `${item.key}:${item.container ?? ""}`;
    if (!byTarget.has(key)) byTarget.set(key, item);
  }
  return [...byTarget.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
}

const settled = new WeakMap<FsSet, FsSet>();

/** In a sandbox a bare absolute path in `write` is a temporary file system and no reach into the host. */
export function settleFiles(set: FsSet, sandbox: boolean): FsSet {
  if (!sandbox || !set.write.some(item => item.temporary)) return set;
  const before = settled.get(set);
  if (before) return before;
  const scratch: Item[] = set.write
    .filter(item => item.temporary)
    .map(({ key, text, place }) => ({ key, text, place }));
  const result = { ...set, write: set.write.filter(item => !item.temporary), scratch: [...set.scratch, ...scratch] };
  // The same object for the same value: an inherited field stays recognisable as its parent's.
  settled.set(set, result);
  return result;
}

function outside(children: readonly PathItem[], parents: readonly PathItem[]): PathItem[] {
  return children.filter(child => !parents.some(parent => contains(parent, child)));
}

function compare(child: FsSet, parent: FsSet): Compared {
  if (parent.all) return NARROWER;
  if (child.all) return parent.openRead || parent.openWrite ? UNKNOWN : { answer: "wider", items: [] };
  const wideRead = outside(child.read, [...parent.read, ...parent.write]);
  const wideWrite = outside(child.write, parent.write);
  const surely = [...(parent.openRead || parent.openWrite ? [] : wideRead), ...(parent.openWrite ? [] : wideWrite)];
  if (surely.length > 0) return { answer: "wider", items: surely };
  return wideRead.length > 0 || wideWrite.length > 0 || child.openRead || child.openWrite ? UNKNOWN : NARROWER;
}

function meetPaths(left: readonly PathItem[], right: readonly PathItem[]): PathItem[] {
  return left.flatMap(a => right.flatMap(b => (contains(b, a) ? [a] : contains(a, b) ? [b] : [])));
}

function meet(left: FsSet, right: FsSet): FsSet {
  if (left.all) return { ...right, place: left.place };
  if (right.all) return left;
  return normaliseFiles({
    ...left,
    read: meetPaths([...left.read, ...left.write], [...right.read, ...right.write]),
    write: meetPaths(left.write, right.write),
    openRead: left.openRead || right.openRead,
    openWrite: left.openWrite || right.openWrite,
  });
}

export const FILE_ORDER: Order<FsSet> = { compare, meet };
