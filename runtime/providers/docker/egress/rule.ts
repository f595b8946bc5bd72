/** Which names and ports a network rule lets through, and which addresses it never reaches. */
import { BlockList, isIP } from "node:net";
import type { networkInterfaces } from "node:os";
import type { NetGrant } from "../../provider";

/** The rules that the egress proxy holds to. */
export type EgressRule = Extract<NetGrant, { kind: "allow" | "limited" }>;

/** What an item without a port means. */
const WEB_PORTS = [443, 80];
/** Where `limited` listens for programs that ignore proxy variables; through the proxy every port works. */
const USUAL_PORTS = [443, 80, 22, 8080, 8443, 9418];

/** True for a rule that needs the proxy; an empty list is no network at all. */
export function egressRule(net: NetGrant): EgressRule | null {
  return net.kind === "limited" || (net.kind === "allow" && net.items.length > 0) ? net : null;
}

/** Ports of `name` to listen at; empty when the rule lets it through nowhere. Names are compared in lower case, without a final dot. */
export function portsOf(rule: EgressRule, name: string): number[] {
  if (!isName(name)) return [];
  const ports =
    rule.kind === "limited"
      ? USUAL_PORTS
      : rule.items
          .filter(item => matches(item.host, name))
          .flatMap(item => (item.port === null ? WEB_PORTS : [item.port]));
  return [...new Set(ports)].filter(port => !denies(rule, name, port));
}

/** True when a connection to `name` at `port` is let through. */
export function lets(rule: EgressRule, name: string, port: number): boolean {
  return rule.kind === "limited" ? isName(name) && !denies(rule, name, port) : portsOf(rule, name).includes(port);
}

function denies(rule: EgressRule, name: string, port: number): boolean {
  return (rule.deny ?? []).some(item => matches(item.host, name) && (item.port === null || item.port === port));
}

/**
 * A name that every resolver takes for what it says: letters, digits, `-` and `_`. A resolver ends a name at a NUL byte and drops or
 * replaces some other characters, so it would look for another name than the one that was compared. One that ends in a number is an
 * address in one of its many notations.
 */
function isName(name: string): boolean {
  return name.length <= 253 && /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/i.test(name) && !ENDS_IN_NUMBER.test(name);
}

const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;

/** `*` is any name, `*.suffix` any below the suffix but not the suffix itself. */
function matches(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase().replace(/\.$/, "");
  if (wanted === "*") return true;
  return wanted.startsWith("*.") ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1 : wanted === name;
}

/** Addresses of the host, of private networks and of no particular place. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv6");
}

/**
 * The networks that this machine is part of: its own addresses and those of its neighbours may be public ones, as every IPv6 address of a
 * home or office is.
 */
export function neighbourhood(interfaces: ReturnType<typeof networkInterfaces>): (address: string) => boolean {
  const list = new BlockList();
  for (const { address, cidr, family } of Object.values(interfaces).flatMap(found => found ?? [])) {
    const type = family === "IPv4" ? "ipv4" : "ipv6";
    const prefix = Number(cidr?.split("/")[1] ?? 0);
    // A tunnel may call the whole internet its network.
    if (prefix >= 8) list.addSubnet(address, prefix, type);
    else list.addAddress(address, type);
  }
  return address => list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** True for an address that a name of the outside world has no business to resolve to. */
export function isPrivateAddress(address: string): boolean {
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i);
  if (mapped) return isPrivateAddress(mapped[1]!);
  const family = isIP(address);
  return family === 0 || PRIVATE.check(address, family === 4 ? "ipv4" : "ipv6");
}
