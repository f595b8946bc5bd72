import { isPlainObject, typeName } from "../../language/values";
import { RunError } from "./errors";
import { elementOf, itemsOf, makeValue, type Value } from "./value";

export interface Iteration {
  item: Value;
  /** Key of an object, index of a list as text. */
  key: Value;
  /** True for the entries of an object: they have a key of their own. */
  keyed: boolean;
}

/** What `for` goes through: the items of a list, the entries of an object. */
export function iterationsOf(source: Value): Iteration[] {
  if (Array.isArray(source.data)) {
    return itemsOf(source).map((item, index) => ({
      item: item.stating({ index }),
      key: makeValue(String(index)),
      keyed: false,
    }));
  }
  if (isPlainObject(source.data)) {
    return Object.entries(source.data).map(([key, item]) => ({
      item: elementOf(source, item).stating({ key }),
      key: makeValue(key, source.own),
      keyed: true,
    }));
  }
  throw new RunError(`Type mismatch: for expects an array. Received: ${typeName(source.data)}`, "TypeMismatch");
}
