/** `net`. `null` is unset. */
import type { AbstractValue } from "../values/abstract";
import { LIMITED, NO_NET, normaliseNet, parseDeniedItems, parseNetItems } from "./net-sets";
import { listSource, type Reading } from "./reading";
import type { NetItem, NetSet } from "./types";

export function readNet(reading: Reading, value: AbstractValue): NetSet | null {
  const { place } = value;
  if (value.kind === "unknown") return { kind: "unknown", place };
  if (value.kind === "known" && typeof value.value === "string") {
    switch (value.value.trim()) {
      case "*":
        return null;
      case "none":
        return { ...NO_NET, place };
      case "limited":
        return { ...LIMITED, place };
      case "bridge":
      case "host":
        return { kind: value.value.trim() as "bridge" | "host", place };
      default:
        return { kind: "network", name: value.value.trim(), place };
    }
  }
  if (value.kind !== "object") {
    const hosts = listSource(value);
    reading.type(
      "net",
      '"none", "limited", "bridge", "host", the name of a network, or { allow: […] }',
      value,
      hosts && `{ allow: ${hosts} }`,
    );
    return null;
  }
  const sets: Record<"allow" | "deny", NetItem[]> = { allow: [], deny: [] };
  let { open } = value;
  let denialsKnown = true;
  const named = new Set<string>();
  for (const { key, value: list, keyPlace, maybe } of value.entries) {
    if (key !== "allow" && key !== "deny") {
      reading.unknownKey(key, keyPlace, "net", ["allow", "deny"]);
      continue;
    }
    named.add(key);
    if (maybe) denialsKnown = false;
    for (const element of list.kind === "array" ? list.items : [list]) {
      if (element.kind === "known" && typeof element.value === "string") {
        const items = (key === "allow" ? parseNetItems : parseDeniedItems)(element.value);
        if (items) sets[key].push(...items.map(item => ({ ...item, place: element.place })));
        else
          reading.report(
            "env/field-type",
            `'${element.value}' is no host: write a name, *.suffix or *, with or without :PORT${/^[a-z]+:\/\//i.test(element.value) ? ", and no URL" : ""}.`,
            element.place,
          );
      } else if (element.kind === "unknown" || element.kind === "oneOf") {
        if (key === "allow") open = true;
        else denialsKnown = false;
      } else reading.type(`net.${key}`, "a list of host names", element);
    }
    if (list.kind === "array" && list.open) {
      if (key === "allow") open = true;
      else denialsKnown = false;
    }
  }
  if (!denialsKnown) return { kind: "unknown", place };
  // Only denials: everything else may be reached. A misspelt `allow` allows nothing.
  const allow = named.has("deny") && !named.has("allow") ? LIMITED.allow : sets.allow;
  return normaliseNet({ kind: "names", allow, deny: sets.deny, open, place });
}
