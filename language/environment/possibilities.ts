/** The values that a partly known value can take. */
import type { AbstractEntry, AbstractValue } from "../values/abstract";

/** More possibilities are not told apart. */
const MAX_OPTIONS = 16;

/** The options of a choice; one unknown value when there are too many. */
export function optionsOf(value: AbstractValue): AbstractValue[] {
  if (value.kind !== "oneOf") return [value];
  const options = value.options.flatMap(optionsOf);
  return options.length <= MAX_OPTIONS ? options : [tooMany(value)];
}

/** Also the choices inside lists and objects, each combination a value of its own. Too many stay choices inside one value. */
export function possibilitiesOf(value: AbstractValue): AbstractValue[] {
  if (!hasChoice(value)) return [value];
  switch (value.kind) {
    case "oneOf": {
      const options = value.options.flatMap(possibilitiesOf);
      return options.length <= MAX_OPTIONS ? options : [tooMany(value)];
    }
    case "array": {
      const items = product(value.items.map(possibilitiesOf));
      return items?.map(chosen => ({ ...value, items: chosen })) ?? [value];
    }
    case "object": {
      const entries = product(value.entries.map(entryPossibilities));
      return entries?.map(chosen => ({ ...value, entries: chosen.filter(entry => entry !== null) })) ?? [value];
    }
    default:
      return [value];
  }
}

/** Most values are one value: they need no copies. */
function hasChoice(value: AbstractValue): boolean {
  switch (value.kind) {
    case "oneOf":
      return true;
    case "array":
      return value.items.some(hasChoice);
    case "object":
      return value.entries.some(entry => entry.maybe || hasChoice(entry.value));
    default:
      return false;
  }
}

function entryPossibilities(entry: AbstractEntry): (AbstractEntry | null)[] {
  const present = possibilitiesOf(entry.value).map(value => ({ ...entry, value, maybe: false }));
  return entry.maybe ? [...present, null] : present;
}

/** Every way to take one of each; null when there are more than can be told apart. */
function product<T>(choices: readonly T[][]): T[][] | null {
  let rows: T[][] = [[]];
  for (const options of choices) {
    if (rows.length * options.length > MAX_OPTIONS) return null;
    rows = rows.flatMap(row => options.map(option => [...row, option]));
  }
  return rows;
}

function tooMany(value: AbstractValue): AbstractValue {
  return { kind: "unknown", reason: "one of many values", place: value.place };
}
