/** Capability sets in words, and as mlld source. */
import { isLimited, isNone, netTexts } from "./net-sets";
import { splitGrant } from "./paths";
import { formatLimit } from "./scalar-orders";
import { serverSource } from "./servers";
import type { CapabilityName, FsSet, Item, LimitName, LimitSet, NameSet, NetSet, PathItem, ProviderSet } from "./types";

const UNKNOWN = "what only the run knows";

/** Longer lists are told by their first items, and how many there are besides. */
const MAX_ITEMS = 20;

export function itemsText(items: readonly Item[]): string {
  const texts = [...new Set(items.map(item => item.text))];
  return texts.length === 0 ? "nothing" : listText(texts);
}

function listText(texts: string[]): string {
  const more = texts.length - MAX_ITEMS;
  return more > 1 ? `${texts.slice(0, MAX_ITEMS).join(", ")} and ${more} more` : texts.join(", ");
}

/** One possible value of a field in words. */
export function textOf(field: CapabilityName, value: unknown): string {
  switch (field) {
    case "provider": {
      const set = value as ProviderSet;
      return set.kind === "unknown" ? UNKNOWN : set.ref === null ? "none" : `'${set.ref}'`;
    }
    case "tools":
    case "mcps":
    case "auth": {
      const set = value as NameSet;
      const base = set.all
        ? set.items.length > 0
          ? `everything but ${itemsText(set.items)}`
          : "everything"
        : itemsText(set.items);
      return set.open && !set.all ? (set.items.length > 0 ? `${base} and ${UNKNOWN}` : UNKNOWN) : base;
    }
    case "fs":
      return filesText(value as FsSet);
    case "net":
      return netText(value as NetSet);
    default: {
      const set = value as LimitSet;
      return set.kind === "unknown"
        ? UNKNOWN
        : set.value === null
          ? "no limit"
          : formatLimit(field as LimitName, set.value);
    }
  }
}

function filesText(set: FsSet): string {
  if (set.all) return "everything";
  const parts = [
    ...(set.read.length > 0 ? [`reading ${itemsText(set.read)}`] : []),
    ...(set.write.length > 0 ? [`writing ${itemsText(set.write)}`] : []),
    ...(set.openRead || set.openWrite ? [UNKNOWN] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "no files of the host";
}

function netText(set: NetSet): string {
  switch (set.kind) {
    case "unknown":
      return UNKNOWN;
    case "host":
      return "the host's network";
    case "bridge":
      return "the sandbox's own network, which is open";
    case "network":
      return `the engine network '${set.name}', which is open`;
    case "names": {
      if (isNone(set)) return "no network";
      if (isLimited(set)) return "any name, through the egress proxy";
      const anything = set.allow.some(item => item.host === "*" && item.port === null);
      const allowed = anything ? "any name" : listText(netTexts(set.allow));
      const more = set.open ? (allowed === "" ? UNKNOWN : `${allowed} and ${UNKNOWN}`) : allowed;
      return set.deny.length > 0 ? `${more} but not ${listText(netTexts(set.deny))}` : more;
    }
  }
}

/** A path with its place in the environment, which `{ host, container }` keeps apart; its list says whether it can be written. */
function grantSource({ text, container }: PathItem): string {
  const written = splitGrant(text);
  const target = written.container ?? container;
  return target === null ? written.host : `${written.host}:${target}`;
}

/** A name of a list as an author would write it. */
export function itemSource(field: CapabilityName, item: Item): string {
  return field === "mcps" ? serverSource(item) : JSON.stringify(item.text);
}

/** The value as an author would write it; null when it can't be written. */
export function sourceOf(field: CapabilityName, value: unknown): string | null {
  switch (field) {
    case "provider": {
      const set = value as ProviderSet;
      return set.kind === "unknown" || set.ref === null ? null : `'${set.ref}'`;
    }
    case "tools":
    case "mcps":
    case "auth": {
      const set = value as NameSet;
      return set.open || set.all ? null : `[${set.items.map(item => itemSource(field, item)).join(", ")}]`;
    }
    case "fs": {
      const set = value as FsSet;
      if (set.all || set.openRead || set.openWrite) return null;
      const list = (texts: string[]): string => `[${[...new Set(texts)].map(text => JSON.stringify(text)).join(", ")}]`;
      const written = new Set(set.write.map(({ key }) => key));
      const read = set.read.filter(({ key }) => !written.has(key)).map(grantSource);
      const write = [...set.write.map(grantSource), ...set.scratch.map(({ text }) => text)];
      return `{ read: ${list(read)}, write: ${list(write)} }`;
    }
    case "net": {
      const set = value as NetSet;
      if (set.kind === "bridge" || set.kind === "host") return `"${set.kind}"`;
      if (set.kind === "network") return JSON.stringify(set.name);
      if (set.kind === "unknown" || set.open) return null;
      if (isNone(set)) return '"none"';
      if (isLimited(set)) return '"limited"';
      if (set.deny.length > 0) return null;
      return `{ allow: [${netTexts(set.allow)
        .map(text => JSON.stringify(text))
        .join(", ")}] }`;
    }
    default: {
      const set = value as LimitSet;
      if (set.kind === "unknown" || set.value === null) return null;
      return field === "cpu" || field === "pids"
        ? String(set.value)
        : JSON.stringify(formatLimit(field as LimitName, set.value).replace(" bytes", ""));
    }
  }
}
