/** Work on values that are known before the run only in part. */
import type { Place } from "../place";
import type { AbstractValue, Known, Unknown } from "../values/abstract";
import { truthy } from "../values/truth";

/** More alternatives than this are not followed: the value counts as unknown. */
const MAX_OPTIONS = 8;

export function known(value: Known["value"], place?: Place): Known {
  return { kind: "known", value, place };
}

export function unknown(reason: string, place?: Place): Unknown {
  return { kind: "unknown", reason, place };
}

/** Unknown because of its operands: where those are parameters, a call may know more. */
export function made(reason: string, place: Place | undefined, ...operands: AbstractValue[]): Unknown {
  const derived = operands.some(operand => operand.kind === "unknown" && (operand.parameter || operand.derived));
  return { ...unknown(reason, place), ...(derived && { derived }) };
}

/** One of several values; nested alternatives are flattened. */
export function oneOf(options: AbstractValue[], place?: Place): AbstractValue {
  if (options.length === 1 && options[0]!.kind !== "oneOf") return options[0]!;
  const flat: AbstractValue[] = [];
  for (const option of options) {
    for (const value of option.kind === "oneOf" ? option.options : [option]) {
      if (!flat.some(other => isSameScalar(other, value))) flat.push(value);
      if (flat.length > MAX_OPTIONS) return unknown("one of many values", place);
    }
  }
  if (flat.length === 0) return unknown("no alternative is left", place);
  if (flat.length === 1) return flat[0]!;
  return { kind: "oneOf", options: flat, place };
}

function isSameScalar(a: AbstractValue, b: AbstractValue): boolean {
  return a.kind === "known" && b.kind === "known" && a.value === b.value;
}

/** Applies a function to every alternative. */
export function each(value: AbstractValue, apply: (value: AbstractValue) => AbstractValue): AbstractValue {
  return value.kind === "oneOf" ? oneOf(value.options.map(apply), value.place) : apply(value);
}

/** True, false, or null when that is not known. */
export function truth(value: AbstractValue): boolean | null {
  switch (value.kind) {
    case "known":
      return truthy(value.value);
    case "array":
      return value.items.length > 0 ? true : value.open ? null : false;
    case "object":
      return value.entries.some(entry => !entry.maybe) ? true : value.open || value.entries.length > 0 ? null : false;
    case "executable":
      return true;
    case "oneOf": {
      const all = value.options.map(truth);
      return all.every(one => one === true) ? true : all.every(one => one === false) ? false : null;
    }
    case "unknown":
      return null;
  }
}

/** What mlld says about every value. */
const STATED: ReadonlySet<string> = new Set(["mx", "keep"]);

/** `value.key`, `value[key]`: null for what is not there, as mlld has it. */
export function field(value: AbstractValue, key: string, place?: Place): AbstractValue {
  switch (value.kind) {
    case "object": {
      const entry = value.entries.find(candidate => candidate.key === key);
      if (entry) return entry.maybe ? oneOf([entry.value, known(null, place)], place) : entry.value;
      if (value.open || STATED.has(key)) return unknown("a field that only the run knows", place);
      return known(null, place);
    }
    case "array": {
      const index = Number(key);
      if (key === "length" && !value.open) return known(value.items.length, place);
      if (!Number.isInteger(index) || index < 0) return unknown("a property of a list", place);
      // What is missing from a list that is not known whole may stand before the item.
      if (value.open) return unknown("an item of a list that is not known whole", place);
      return value.items[index] ?? known(null, place);
    }
    case "oneOf":
      return each(value, option => field(option, key, place));
    case "unknown": {
      if (!value.parameter) return unknown(value.reason, place);
      return { ...value, place, parameter: { ...value.parameter, path: [...value.parameter.path, key] } };
    }
    default:
      return key === "length" && value.kind === "known" && typeof value.value === "string"
        ? known(value.value.length, place)
        : unknown("a field of a value that has none", place);
  }
}

/** Values with more parts than this are not followed: lists of lists of one list grow without end. */
const MAX_SIZE = 5_000;
const SIZES = new WeakMap<AbstractValue, number>();

/** The value itself, or unknown where it is too large. Each part is counted once for every place that it stands in. */
export function bounded(value: AbstractValue): AbstractValue {
  return sizeOf(value) > MAX_SIZE ? unknown("a value that is too large to follow", value.place) : value;
}

function sizeOf(value: AbstractValue): number {
  const parts =
    value.kind === "array"
      ? value.items
      : value.kind === "object"
        ? value.entries.map(entry => entry.value)
        : value.kind === "oneOf"
          ? value.options
          : null;
  if (!parts) return 1;
  // A flat value is counted at sight; only deeper ones are worth remembering.
  if (parts.every(isFlat)) return 1 + parts.length;
  const known = SIZES.get(value);
  if (known !== undefined) return known;
  let size = 1;
  for (const part of parts) size += sizeOf(part);
  SIZES.set(value, size);
  return size;
}

function isFlat({ kind }: AbstractValue): boolean {
  return kind !== "array" && kind !== "object" && kind !== "oneOf";
}
