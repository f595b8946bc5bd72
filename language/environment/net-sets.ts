/** Reach into the network: none ⊑ list ⊑ limited ⊑ bridge ⊑ host, none ⊑ named ⊑ host. */
import { type Compared, NARROWER, type Order, UNKNOWN } from "./order";
import type { NetItem, NetSet } from "./types";

/** An item without a port means these. */
const DEFAULT_PORTS = [443, 80];

type Names = Extract<NetSet, { kind: "names" }>;

export const NO_NET: Names = { kind: "names", allow: [], deny: [], open: false };
export const LIMITED: Names = { kind: "names", allow: [netItem("*", null, "limited")], deny: [], open: false };

function netItem(host: string, port: number | null, text: string): NetItem {
  return { key: `${host}:${port ?? "*"}`, text, host, port };
}

/** `HOST[:PORT]`: exact, `*.suffix`, `*`; null for anything else. */
export function parseNetItems(text: string): NetItem[] | null {
  const match =
    /^(\*|(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])\.?(?::(\d{1,5}))?$/.exec(
      text.trim(),
    );
  if (!match) return null;
  const host = match[1]!.toLowerCase();
  if (match[2] === undefined) return DEFAULT_PORTS.map(port => netItem(host, port, text));
  const port = Number(match[2]);
  return port >= 1 && port <= 65535 ? [netItem(host, port, text)] : null;
}

function hostContains(parent: string, child: string): boolean {
  if (parent === "*" || parent === child) return true;
  if (!parent.startsWith("*.")) return false;
  const suffix = parent.slice(1);
  return child.startsWith("*.")
    ? child.slice(1).endsWith(suffix)
    : child.endsWith(suffix) && child.length > suffix.length;
}

function contains(parent: NetItem, child: NetItem): boolean {
  return hostContains(parent.host, child.host) && (parent.port === null || parent.port === child.port);
}

function overlaps(a: NetItem, b: NetItem): boolean {
  return (
    (hostContains(a.host, b.host) || hostContains(b.host, a.host)) &&
    (a.port === null || b.port === null || a.port === b.port)
  );
}

export function normaliseNet(set: NetSet): NetSet {
  return set.kind === "names" ? { ...set, allow: maximal(set.allow), deny: maximal(set.deny) } : set;
}

function maximal(items: readonly NetItem[]): NetItem[] {
  const kept: NetItem[] = [];
  for (const item of items) {
    if (kept.some(other => contains(other, item))) continue;
    for (let at = kept.length - 1; at >= 0; at--) if (contains(item, kept[at]!)) kept.splice(at, 1);
    kept.push(item);
  }
  return kept.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

export const isNone = (set: NetSet): boolean => set.kind === "names" && set.allow.length === 0 && !set.open;
export const isLimited = (set: NetSet): boolean =>
  set.kind === "names" && set.allow.some(item => item.host === "*" && item.port === null) && set.deny.length === 0;

const WIDER: Compared = { answer: "wider", items: [] };

function compare(child: NetSet, parent: NetSet): Compared {
  if (parent.kind === "host" || isNone(child)) return NARROWER;
  if (child.kind === "unknown" || parent.kind === "unknown") return UNKNOWN;
  switch (child.kind) {
    case "host":
      return WIDER;
    case "bridge":
      return parent.kind === "bridge" ? NARROWER : parent.kind === "names" && parent.open ? UNKNOWN : WIDER;
    case "network":
      return parent.kind === "network" && parent.name === child.name ? NARROWER : WIDER;
    case "names":
      if (parent.kind === "bridge") return NARROWER;
      if (parent.kind === "network") return child.allow.length === 0 ? UNKNOWN : WIDER;
      return compareNames(child, parent);
  }
}

function compareNames(child: Names, parent: Names): Compared {
  const beyond = child.allow.filter(item => !parent.allow.some(other => contains(other, item)));
  // What the parent takes away, the child has to take away too, where it reaches there at all.
  const regained = child.allow.filter(item =>
    parent.deny.some(denied => overlaps(item, denied) && !child.deny.some(other => contains(other, denied))),
  );
  const wider = [...new Set([...beyond, ...regained])];
  if (wider.length > 0) return parent.open ? UNKNOWN : { answer: "wider", items: uniqueTexts(wider) };
  return child.open && !isLimited(parent) ? UNKNOWN : NARROWER;
}

/** An item without a port is two items with one text. */
function uniqueTexts(items: NetItem[]): NetItem[] {
  return items.filter(
    (item, at) => items.findIndex(other => other.text === item.text && other.place === item.place) === at,
  );
}

function meetItem(a: NetItem, b: NetItem): NetItem[] {
  if (!overlaps(a, b)) return [];
  const narrow = hostContains(a.host, b.host) ? b : a;
  const port = a.port ?? b.port;
  return [{ ...narrow, port, key: `${narrow.host}:${port ?? "*"}` }];
}

function meet(left: NetSet, right: NetSet): NetSet {
  const place = left.place;
  if (right.kind === "host" || isNone(left)) return left;
  if (left.kind === "host" || isNone(right)) return { ...right, place };
  if (left.kind === "unknown" || right.kind === "unknown") return { kind: "unknown", place };
  if (left.kind === "bridge") return right.kind === "network" ? { ...NO_NET, place } : { ...right, place };
  if (right.kind === "bridge") return left.kind === "network" ? { ...NO_NET, place } : left;
  if (left.kind === "network" || right.kind === "network")
    return left.kind === "network" && right.kind === "network" && left.name === right.name
      ? left
      : { ...NO_NET, place };
  return normaliseNet({
    kind: "names",
    allow: left.allow.flatMap(a => right.allow.flatMap(b => meetItem(a, b))),
    deny: [...left.deny, ...right.deny],
    open: left.open || right.open,
    place,
  });
}

export const NET_ORDER: Order<NetSet> = { compare, meet };
