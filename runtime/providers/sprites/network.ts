import { type NetGrant, ProviderError } from "../provider";

export interface NetworkRule {
  domain: string;
  action: "allow" | "deny";
}

const DENY_ALL: NetworkRule = { domain: "*", action: "deny" };

/**
 * The network policy of a grant; null leaves the sprite's own network, which is open. Sprites decides by name alone, so a grant
 * that names a port is refused: it would open the other ports too.
 */
export function networkRules(net: NetGrant): NetworkRule[] | null {
  switch (net.kind) {
    case "default":
    case "bridge":
      return null;
    case "limited":
      return net.deny ? [...denials(net.deny), { domain: "*", action: "allow" }] : null;
    case "none":
      return [DENY_ALL];
    case "allow": {
      const withPort = net.items.find(item => item.port !== null);
      if (withPort) {
        throw new ProviderError(
          "run/net-unsupported",
          `Sprites cannot limit '${withPort.host}' to port ${withPort.port}: its network policy knows names only.`,
          `Write '${withPort.host}' without a port, or use '@mlld/env-docker'.`,
        );
      }
      return [
        ...denials(net.deny),
        ...net.items.map((item): NetworkRule => ({ domain: item.host, action: "allow" })),
        DENY_ALL,
      ];
    }
    case "host":
    case "network":
      throw new ProviderError(
        "run/net-unsupported",
        net.kind === "host"
          ? "A sprite runs elsewhere: it cannot share this machine's network."
          : `A sprite cannot join the engine network '${net.name}'.`,
        'Use "none", { allow: […] } or "limited".',
      );
  }
}

/** Sprites decides by name alone: a denied port denies the name. */
function denials(deny: { host: string }[] = []): NetworkRule[] {
  return deny.map(({ host }) => ({ domain: host, action: "deny" }));
}
