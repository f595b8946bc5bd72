import type { AbstractEntry, AbstractValue } from "../values/abstract";
import { objectOf, resumed } from "./spreads";
import { each, field, oneOf } from "./values";

/** Puts a call's arguments in the place of the parameters that stand in a value. */
export function substitute(
  value: AbstractValue,
  executable: string,
  argument: (name: string) => AbstractValue | null,
): AbstractValue {
  switch (value.kind) {
    case "unknown": {
      if (value.parameter?.executable !== executable) return value;
      const start = argument(value.parameter.name);
      return start ? value.parameter.path.reduce((part, key) => field(part, key), start) : value;
    }
    case "array": {
      const items = value.items.map(item => substitute(item, executable, argument));
      return items.every((item, i) => item === value.items[i]) ? value : { ...value, items };
    }
    case "object": {
      const put = (entry: AbstractEntry) => substituteEntry(entry, executable, argument);
      const { pending } = value;
      if (pending?.value.parameter?.executable === executable) {
        const waiting = { ...pending, before: pending.before.map(put), after: pending.after.map(put) };
        const given = substitute(pending.value, executable, argument);
        return each(given, option => objectOf(resumed(waiting, option), value.place));
      }
      const entries = value.entries.map(put);
      return entries.every((entry, i) => entry === value.entries[i]) ? value : { ...value, entries };
    }
    case "oneOf": {
      const options = value.options.map(option => substitute(option, executable, argument));
      return options.every((option, i) => option === value.options[i]) ? value : oneOf(options, value.place);
    }
    default:
      return value;
  }
}

function substituteEntry(
  entry: AbstractEntry,
  executable: string,
  argument: (name: string) => AbstractValue | null,
): AbstractEntry {
  const value = substitute(entry.value, executable, argument);
  const replaced = entry.replaced && substitute(entry.replaced, executable, argument);
  return value === entry.value && replaced === entry.replaced ? entry : { ...entry, value, replaced };
}
