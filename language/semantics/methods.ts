/** What methods, slices and transformers give, where their operands are known. */
import { fromValue, toValue } from "../environment";
import type { Place } from "../place";
import type { AbstractArray, AbstractValue } from "../values/abstract";
import { callMethod, isMethodName, MOVING_METHODS } from "../values/methods";
import { transformer } from "../values/transformers";
import { each, made } from "./values";

const REASON = "the result of a method";

/** Longer texts are not made before the run. */
export const LONGEST_TEXT = 100_000;
/** A pattern may take very long: it is left to the run. */
const LEFT_TO_THE_RUN: ReadonlySet<string> = new Set(["match"]);

/** `value.name(args)`; null for what is no method of mlld. */
export function methodResult(
  receiver: AbstractValue,
  name: string,
  args: AbstractValue[],
  place: Place,
): AbstractValue | null {
  if (!isMethodName(name)) return null;
  return each(receiver, one => {
    if (one.kind === "array" && MOVING_METHODS.has(name)) return moved(one, name, args, place);
    const [subject, ...given] = [one, ...args].map(toValue);
    // Executables stand in a plain value by their name only.
    if (one.kind === "executable" || LEFT_TO_THE_RUN.has(name) || subject === undefined || given.includes(undefined))
      return made(REASON, place, one, ...args);
    return attempt(() => callMethod(subject, name, given), place) ?? made(REASON, place);
  });
}

/** Methods that only move items: those stay what they are, with their places. */
function moved(list: AbstractArray, name: string, args: AbstractValue[], place: Place): AbstractValue {
  if (name === "concat") return args.reduce<AbstractValue>((all, arg) => appended(all, arg, place), { ...list, place });
  const given = args.map(toValue);
  if (list.open || given.includes(undefined)) return made(REASON, place, list, ...args);
  const result = callMethod(list.items.map(nested), name, given);
  return result.found ? wrapped(result.value, place) : made(REASON, place);
}

/** A list with the items of another list, or with one item more. */
export function appended(list: AbstractValue, more: AbstractValue, place: Place | undefined): AbstractValue {
  return each(list, one =>
    each(more, added => {
      if (one.kind !== "array") return made(REASON, place, one, added);
      if (added.kind === "array")
        return { kind: "array", items: [...one.items, ...added.items], open: one.open || added.open, place };
      // What is not known may be a list, or one item.
      if (added.kind === "unknown") return { ...one, open: true, place };
      return { ...one, items: [...one.items, added], place };
    }),
  );
}

function nested(item: AbstractValue): unknown {
  return item.kind === "array" && !item.open ? item.items.map(nested) : item;
}

function wrapped(value: unknown, place: Place): AbstractValue {
  if (Array.isArray(value))
    return { kind: "array", items: value.map(item => wrapped(item, place)), open: false, place };
  return (value as AbstractValue | undefined) ?? { kind: "known", value: null, place };
}

/** `value[from:to]`. */
export function sliceResult(
  object: AbstractValue,
  bounds: [AbstractValue | null, AbstractValue | null],
  place: Place,
): AbstractValue {
  const args = bounds.map(bound => bound ?? ({ kind: "known", value: null } as const));
  const isText = object.kind === "known" && typeof object.value === "string";
  if (object.kind !== "array" && object.kind !== "oneOf" && !isText) return made("a part of a list", place, object);
  return methodResult(object, "slice", args, place)!;
}

/** Transformers whose answer depends on more than their text. */
const IMPURE: ReadonlySet<string> = new Set(["exists", "fileExists", "typeof", "typeInfo"]);

/** What a built-in transformer makes of a text. */
export function transformed(
  value: AbstractValue,
  name: string,
  variant: string | undefined,
  place: Place,
): AbstractValue {
  const found = transformer(name, variant);
  const reason = "the result of a pipeline";
  return each(value, one => {
    if (!found || IMPURE.has(found.name) || one.kind !== "known" || typeof one.value !== "string")
      return made(reason, place, one);
    const text = one.value;
    return attempt(() => ({ found: true, value: found.apply(text, text) }), place) ?? made(reason, place);
  });
}

/** The result as a value; null where there is none: what fails ends the run, and has no value. */
function attempt(work: () => { found: boolean; value?: unknown }, place: Place): AbstractValue | null {
  try {
    const result = work();
    if (typeof result.value === "string" && result.value.length > LONGEST_TEXT) return null;
    return result.found ? { ...fromValue(result.value), place } : null;
  } catch {
    return null;
  }
}
