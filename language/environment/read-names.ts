/** Fields that are sets of names: tools, MCP servers, credentials, labels. `null` is unset. */
import type { Place } from "../place";
import type { AbstractArray, AbstractValue } from "../values/abstract";
import { ALL_NAMES, only, UNKNOWN_NAMES } from "./names";
import type { Reading } from "./reading";
import { parseServer } from "./servers";
import type { Item, NameSet } from "./types";

export function readTools(reading: Reading, value: AbstractValue): NameSet | null {
  if (value.kind === "object") {
    return {
      ...only(
        value.entries.filter(e => !e.maybe).map(e => toolItem(e.key, e.keyPlace)),
        value.open || value.entries.some(e => e.maybe),
      ),
      place: value.place,
    };
  }
  return readNames(reading, "tools", 'a list of names such as ["Read", "Bash"]', value, toolItem);
}

export function readAuth(reading: Reading, value: AbstractValue): NameSet | null {
  if (value.kind === "known" && value.value === null) return null;
  if (value.kind === "known" && typeof value.value === "string" && value.value !== "*")
    return { ...only([{ key: value.value, text: value.value, place: value.place }]), place: value.place };
  return readNames(reading, "auth", "the name of a credential, or a list of names", value, (text, place) => ({
    key: text,
    text,
    place,
  }));
}

export function readLabels(reading: Reading, value: AbstractValue): NameSet {
  return (
    readNames(reading, "taint", "a list of labels", value, (text, place) => ({ key: text, text, place })) ?? only([])
  );
}

function readNames(
  reading: Reading,
  field: string,
  wanted: string,
  value: AbstractValue,
  item: (text: string, place?: Place) => Item,
): NameSet | null {
  const { place } = value;
  if (value.kind === "unknown") return { ...UNKNOWN_NAMES, place };
  if (value.kind === "known" && typeof value.value === "string") {
    if (value.value.trim() === "*") return reading.role === "new" ? { ...ALL_NAMES, place } : null;
    return { ...only(words(value.value).map(text => item(text, place))), place };
  }
  if (value.kind !== "array") {
    reading.type(field, wanted, value);
    return null;
  }
  return readList(reading, value, field, item);
}

function readList(
  reading: Reading,
  value: AbstractArray,
  field: string,
  item: (text: string, place?: Place) => Item,
): NameSet {
  const items: Item[] = [];
  let { open } = value;
  let star: Place | undefined | null = null;
  for (const element of value.items) {
    if (element.kind === "known" && typeof element.value === "string") {
      const text = element.value.trim();
      if (text === "*") star = element.place;
      else if (text !== "") items.push(item(text, element.place));
    } else if (element.kind === "unknown" || element.kind === "oneOf") open = true;
    else reading.type(`an entry of ${field}`, "a string", element);
  }
  // `["*"]` is any; its place is the star, which is what a widening points at.
  return star !== null ? { ...ALL_NAMES, place: star } : { ...only(items, open), place: value.place };
}

export function readServers(reading: Reading, value: AbstractValue): NameSet | null {
  const { place } = value;
  if (value.kind === "unknown") return { ...UNKNOWN_NAMES, place };
  if (value.kind === "known" && typeof value.value === "string") {
    if (value.value.trim() === "*") return reading.role === "new" ? { ...ALL_NAMES, place } : null;
    return {
      ...only(
        words(value.value).flatMap(text => parseServer({ kind: "known", value: text, place }, reading.paths).items),
      ),
      place,
    };
  }
  if (value.kind !== "array") {
    reading.type("mcps", "a list of servers", value);
    return null;
  }
  const items: Item[] = [];
  let { open } = value;
  for (const element of value.items) {
    if (element.kind === "known" && element.value === "*") return { ...ALL_NAMES, place: element.place };
    const server = parseServer(element, reading.paths);
    items.push(...server.items);
    open ||= server.open;
    if (server.problem) reading.report("env/mcps-entry", server.problem, element.place);
  }
  return { ...only(items, open), place };
}

function toolItem(text: string, place?: Place): Item {
  return { key: text.toLowerCase(), text, place };
}

function words(text: string): string[] {
  return text
    .split(",")
    .map(word => word.trim())
    .filter(word => word !== "");
}
