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

/** `HOST[:PORT]`: exact, `*.suffix`, `*`; null for anything else. Without a port it means `ports`. */
function parseItems(text: string, ports: readonly (number | null)[]): NetItem[] | null {
  const match =
    /^(\*|(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])\.?(?::(\d{1,5}))?$/.exec(
      text.trim(),
    );
  if (!match) return null;
  const host = match[1]!.toLowerCase();
  if (match[2] === undefined) return ports.map(port => netItem(host, port, host));
  const port = Number(match[2]);
  return port >= 1 && port <= 65535 ? [netItem(host, port, `${host}:${port}`)] : null;
}

/** An allowed host: without a port 443 and 80. */
export function parseNetItems(text: string): NetItem[] | null {
  return parseItems(text, DEFAULT_PORTS);
}

/** A denied host: without a port every port. */
export function parseDeniedItems(text: string): NetItem[] | null {
  return parseItems(text, [null]);
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

/**
 * The normal form of a list: no allowed item inside another or denied as a whole, and of what is denied only the part that would
 * be allowed. Equal sets have equal keys.
 */
export function normaliseNet(set: NetSet): NetSet {
  if (set.kind !== "names") return set;
  const allow = maximal(set.allow.filter(item => !set.deny.some(denied => contains(denied, item))));
  const deny = set.open ? set.deny : set.deny.flatMap(denied => allow.flatMap(item => meetItem(denied, item)));
  return { ...set, allow, deny: maximal(deny) };
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
      return parent.kind === "bridge" ? NARROWER : WIDER;
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
    parent.deny.some(denied =>
      meetItem(item, denied).some(common => !child.deny.some(other => contains(other, common))),
    ),
  );
  // An unknown rest of the parent may allow more, but not what the parent denies.
  const surely = parent.open ? regained : [...new Set([...beyond, ...regained])];
  if (surely.length > 0) return { answer: "wider", items: uniqueTexts(surely) };
  if (beyond.length > 0) return UNKNOWN;
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
  const text = narrow.port === port ? narrow.text : port === null ? narrow.host : `${narrow.host}:${port}`;
  return [{ ...narrow, port, text, key: `${narrow.host}:${port ?? "*"}` }];
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

/** Items as an author writes them: one name for both web ports, else a name with its port. */
export function netTexts(items: readonly NetItem[]): string[] {
  const ports = new Map<string, (number | null)[]>();
  for (const { host, port } of items) ports.set(host, [...(ports.get(host) ?? []), port]);
  return [...ports].flatMap(([host, found]) => {
    const web = DEFAULT_PORTS.every(port => found.includes(port));
    const rest = found.filter(port => port !== null && !(web && DEFAULT_PORTS.includes(port)));
    return [...(web || found.includes(null) ? [host] : []), ...rest.map(port => `${host}:${port}`)];
  });
}
