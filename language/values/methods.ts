/** The methods of texts and lists. */
import { inlineText } from "./format";
import { isPlainObject } from "./truth";

type Method<Receiver> = (receiver: Receiver, args: unknown[]) => unknown;

const text = (value: unknown): string => inlineText(value ?? "");
const index = (value: unknown): number | undefined =>
  value === undefined || value === null ? undefined : Number(value);

/** Longest text a method may make, so that `repeat` and `padEnd` cannot exhaust the memory. */
const LONGEST = 64 * 1024 * 1024;

const TEXT_METHODS: Record<string, Method<string>> = {
  length: s => s.length,
  includes: (s, [part]) => s.includes(text(part)),
  indexOf: (s, [part]) => s.indexOf(text(part)),
  startsWith: (s, [part]) => s.startsWith(text(part)),
  endsWith: (s, [part]) => s.endsWith(text(part)),
  toLowerCase: s => s.toLowerCase(),
  toUpperCase: s => s.toUpperCase(),
  trim: s => s.trim(),
  split: (s, [separator]) => (separator === undefined ? [s] : s.split(pattern(separator))),
  slice: (s, [from, to]) => s.slice(index(from), index(to)),
  substring: (s, [from, to]) => s.substring(index(from) ?? 0, index(to)),
  replace: (s, [what, by]) =>
    what instanceof RegExp ? s.replace(what, text(by)) : s.replace(text(what), () => text(by)),
  replaceAll: (s, [what, by]) => replaceAll(s, what, by),
  match: (s, [what]) => {
    const found = s.match(what instanceof RegExp ? what : new RegExp(text(what)));
    return found === null ? null : [...found];
  },
  padStart: (s, [length, fill]) => s.padStart(bounded(length), fill === undefined ? " " : text(fill)),
  padEnd: (s, [length, fill]) => s.padEnd(bounded(length), fill === undefined ? " " : text(fill)),
  repeat: (s, [times]) => {
    const count = Number(times);
    if (!(count >= 0) || count * s.length > LONGEST)
      throw new RangeError(`repeat cannot repeat a text ${text(times)} times`);
    return s.repeat(count);
  },
};

const LIST_METHODS: Record<string, Method<unknown[]>> = {
  length: list => list.length,
  includes: (list, [item]) => list.includes(item),
  indexOf: (list, [item]) => list.indexOf(item),
  join: (list, [separator]) => list.map(item => text(item)).join(separator === undefined ? "," : text(separator)),
  slice: (list, [from, to]) => list.slice(index(from), index(to)),
  concat: (list, others) => joinedLists(list, ...others),
  reverse: list => [...list].reverse(),
  sort: list => [...list].sort(),
  flat: (list, [depth]) => list.flat(index(depth) ?? 1),
  at: (list, [position]) => list.at(index(position) ?? 0),
};

const ANY_METHODS: Record<string, Method<unknown>> = {
  isArray: Array.isArray,
  isObject: isPlainObject,
  isString: value => typeof value === "string",
  isNumber: value => typeof value === "number",
  isBoolean: value => typeof value === "boolean",
  isNull: value => value === null || value === undefined,
  isDefined: value => value !== null && value !== undefined,
};

/** Names of the methods by kind of receiver, for completion and for telling a method from an executable. */
export const METHOD_NAMES = {
  text: Object.keys(TEXT_METHODS),
  list: Object.keys(LIST_METHODS),
  any: Object.keys(ANY_METHODS),
} as const;

/** Methods of lists that only move elements: what they return consists of the receiver's own elements. */
export const MOVING_METHODS: ReadonlySet<string> = new Set(["slice", "concat", "reverse", "flat", "at"]);

export type MethodResult = { found: true; value: unknown } | { found: false };

/** Calls a built-in method. `found` is false where the receiver has none of that name. */
export function callMethod(receiver: unknown, name: string, args: unknown[]): MethodResult {
  const any = own(ANY_METHODS, name);
  if (any) return { found: true, value: any(receiver, args) };
  if (typeof receiver === "string") {
    const method = own(TEXT_METHODS, name);
    if (method) return { found: true, value: method(receiver, args) };
  }
  if (Array.isArray(receiver)) {
    const method = own(LIST_METHODS, name);
    if (method) return { found: true, value: method(receiver, args) };
  }
  if (typeof receiver === "number" || typeof receiver === "boolean") {
    const method = own(TEXT_METHODS, name);
    if (method) return { found: true, value: method(String(receiver), args) };
  }
  return { found: false };
}

/** Whether a name is a built-in method of any kind of value. */
export function isMethodName(name: string): boolean {
  return (
    own(ANY_METHODS, name) !== undefined ||
    own(TEXT_METHODS, name) !== undefined ||
    own(LIST_METHODS, name) !== undefined
  );
}

/** Longest list that a program may put together. */
const MOST_ITEMS = 10_000_000;

/** A list with further ones, or further items, behind it. */
export function joinedLists(list: readonly unknown[], ...others: readonly unknown[]): unknown[] {
  const length = others.reduce<number>((sum, other) => sum + (Array.isArray(other) ? other.length : 1), list.length);
  if (length > MOST_ITEMS) throw new RangeError(`A list cannot have more than ${MOST_ITEMS} elements`);
  return list.concat(...others);
}

function own<T>(table: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function pattern(value: unknown): string | RegExp {
  return value instanceof RegExp ? value : text(value);
}

function bounded(length: unknown): number {
  return Math.min(Number(length) || 0, LONGEST);
}

/** With an object every key is replaced by its value, one after another. */
function replaceAll(receiver: string, what: unknown, by: unknown): string {
  if (isPlainObject(what)) {
    return Object.entries(what).reduce((result, [key, value]) => result.replaceAll(key, () => text(value)), receiver);
  }
  if (what instanceof RegExp) {
    return receiver.replace(what.global ? what : new RegExp(what.source, `${what.flags}g`), text(by));
  }
  return receiver.replaceAll(text(what), () => text(by));
}
