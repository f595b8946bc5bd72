/** Chains: a set field replaces, an unset one inherits. */

import { FIELDS } from "./fields";
import { only } from "./names";
import type { Capabilities, CapabilityName, ConfigOption, DeclaredConfig, Field } from "./types";

/** Sets nothing. */
export const NO_CONFIG: DeclaredConfig = {
  label: "the config",
  capabilities: {},
  options: {},
  further: [],
  taint: only([]),
};

const NEVER_INHERITED = new Set(FIELDS.filter(spec => !spec.inherits).map(spec => spec.name));

/** `child` over `parent`. A nested block does not inherit `name`, `keep`, `from`; a `with` keeps those of its config. */
export function merge(parent: DeclaredConfig, child: DeclaredConfig, how: "with" | "nested"): DeclaredConfig {
  const capabilities: Record<string, Field<unknown>> = { ...(parent.capabilities as Record<string, Field<unknown>>) };
  for (const [name, field] of Object.entries(child.capabilities) as [CapabilityName, Field<unknown>][]) {
    const before = capabilities[name];
    capabilities[name] = before
      ? {
          ...field,
          options: field.maybeUnset ? [...field.options, ...before.options] : field.options,
          maybeUnset: field.maybeUnset && before.maybeUnset,
          history: [...before.history, ...field.history],
        }
      : field;
  }
  const inherited: Record<string, ConfigOption> =
    how === "with"
      ? parent.options
      : Object.fromEntries(Object.entries(parent.options).filter(([name]) => !NEVER_INHERITED.has(name)));
  return {
    label: how === "with" ? parent.label : child.label,
    place: child.place ?? parent.place,
    capabilities: capabilities as Partial<Capabilities>,
    options: { ...inherited, ...child.options },
    further: [...parent.further, ...child.further],
    taint: only([...parent.taint.items, ...child.taint.items], parent.taint.open || child.taint.open),
  };
}
