/** What `@mx.policy.configs` shows: the policies in force as one. Decisions are made in `policy.ts`. */
import { isPlainObject } from "../../language/values";
import { define } from "./value";

type Config = Record<string, unknown>;
type Merge = (left: unknown, right: unknown) => unknown;

/** How each section of two policies becomes one; the later policy's section counts for the rest. */
const SECTIONS: Readonly<Record<string, Merge>> = {
  allow: byKey((left, right) => lists(left, right, (a, b) => a.filter(item => b.includes(item)))),
  deny: byKey((left, right) => lists(left, right, (a, b) => [...new Set([...a, ...b])])),
  danger: (left, right) => lists(left, right, (a, b) => a.filter(item => b.includes(item))),
  limits: byKey((left, right) => (Number(left) <= Number(right) ? left : right)),
};

/** The policies in force, merged in the order in which they came. */
export function mergedPolicies(policies: readonly Config[]): Config {
  const merged: Config = {};
  for (const policy of policies) {
    for (const [section, value] of Object.entries(policy)) {
      const merge = Object.hasOwn(SECTIONS, section) ? SECTIONS[section] : undefined;
      const known = Object.hasOwn(merged, section) && merge !== undefined;
      define(merged, section, known ? merge(merged[section], value) : value);
    }
  }
  return merged;
}

function byKey(merge: Merge): Merge {
  return (left, right) => {
    if (!isPlainObject(left) || !isPlainObject(right)) return merge(left, right);
    const fields: Config = { ...left };
    for (const [key, value] of Object.entries(right))
      define(fields, key, Object.hasOwn(left, key) ? merge(left[key], value) : value);
    return fields;
  };
}

function lists(left: unknown, right: unknown, merge: (a: unknown[], b: unknown[]) => unknown[]): unknown {
  return Array.isArray(left) && Array.isArray(right) ? merge(left, right) : right;
}
