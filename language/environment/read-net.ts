/** `net`. `null` is unset. */
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import { LIMITED, NO_NET, normaliseNet, parseDeniedItems, parseNetItems } from "./net-sets";
import { listSource, type Reading } from "./reading";
import type { NetItem, NetSet } from "./types";

/** What an author who writes such a word means; an engine network that is called so is unlikely. */
const MEANT = new Map([
  ...["none", "limited", "bridge", "host"].map(word => [word, word] as const),
  ...["off", "no", "false", "disabled", "deny", "closed", "offline", "blocked", "null"].map(
    word => [word, "none"] as const,
  ),
  ...["open", "all", "any", "full", "internet", "on", "yes", "true", "enabled"].map(word => [word, "bridge"] as const),
]);

export function readNet(reading: Reading, value: AbstractValue): NetSet | null {
  const { place } = value;
  if (value.kind === "unknown") return { kind: "unknown", place };
  if (value.kind === "known" && typeof value.value === "string") {
    const word = value.value.trim();
    switch (word) {
      case "*":
        return null;
      case "none":
        return { ...NO_NET, place };
      case "limited":
        return { ...LIMITED, place };
      case "bridge":
      case "host":
        return { kind: word, place };
      default:
        warnOfWord(reading, word, place);
        return { kind: "network", name: word, place };
    }
  }
  if (value.kind !== "object") {
    const hosts = listSource(value);
    reading.type(
      "net",
      '"none", "limited", "bridge", "host", the name of a network, or { allow: […] }',
      value,
      value.kind === "known" && value.value === false ? '"none"' : hosts && `{ allow: ${hosts} }`,
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

function warnOfWord(reading: Reading, word: string, place: Place | undefined): void {
  const meant = MEANT.get(word.toLowerCase());
  if (meant === undefined) return;
  const title = `Write "${meant}"`;
  reading.problems.push({
    code: "env/field-type",
    severity: "warning",
    message: `"${word}" is read as the name of an engine network, which is open. Did you mean "${meant}"?`,
    place,
    related: [],
    fixes: place ? [{ kind: "replace", title, place, newText: `"${meant}"`, preferred: true }] : [],
  });
}
