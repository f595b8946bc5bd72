/** The engine's create request of a spec: mounts, network, limits, user and hardening. */
import type Dockerode from "dockerode";
import { type EnvironmentSpec, type NetGrant, ProviderError } from "../provider";
import { AGENT_PATH } from "./egress/agent-volume";
import { egressRule } from "./egress/rule";
import type { Engine } from "./engine";
import type { ShellKind } from "./labels";
import { mountSettings, type ResolvedMounts } from "./mounts";

/** Processes and threads that an environment may have unless `limits.pids` says otherwise. */
const DEFAULT_PIDS = 1024;
/** Home of a user that the image doesn't know. */
export const HOME = "/home/mlld-env";

/** Anonymous: lives while its owner holds its stdin. Named: until it is stopped, at once, which `sleep` alone wouldn't do. */
const KEEPER: Record<ShellKind, Record<"anonymous" | "named", string[]>> = {
  image: {
    anonymous: ["/bin/sh", "-c", "while read -r line; do :; done"],
    named: ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done"],
  },
  agent: { anonymous: [AGENT_PATH, "keep"], named: [AGENT_PATH, "stay"] },
};

export interface CreateInput {
  spec: EnvironmentSpec;
  image: string;
  containerName: string;
  labels: Record<string, string>;
  mounts: ResolvedMounts;
  user: ContainerUser;
  engine: Engine;
  shell: ShellKind;
  /** Set when the network rule or the lack of a shell needs the agent. */
  agent: Dockerode.MountSettings | null;
}

/** Throws `ProviderError` for a network that cannot be given. */
export function createOptions({
  spec,
  image,
  containerName,
  labels,
  mounts,
  user,
  engine,
  agent,
  shell,
}: CreateInput): Dockerode.ContainerCreateOptions {
  const anonymous = spec.name === undefined;
  const { memoryBytes, cpus, pids } = spec.limits;
  const ports = publishedPorts(spec.ports ?? []);
  return {
    name: containerName,
    Image: image,
    // Whatever the image starts by itself would run with the environment's grants; an empty entry point keeps the image's.
    Entrypoint: KEEPER[shell][anonymous ? "anonymous" : "named"],
    Cmd: [],
    Healthcheck: { Test: ["NONE"] },
    Labels: labels,
    Hostname: "mlld-env",
    User: user.user,
    WorkingDir: spec.workdir ?? "",
    Env: user.home ? [`HOME=${user.home}`] : [],
    Tty: false,
    AttachStdin: anonymous,
    OpenStdin: anonymous,
    StdinOnce: anonymous,
    ExposedPorts: Object.fromEntries(Object.keys(ports).map(port => [port, {}])),
    HostConfig: {
      AutoRemove: anonymous,
      Init: true,
      Mounts: [...mountSettings(mounts.binds), ...(agent ? [agent] : [])],
      Tmpfs: Object.fromEntries(spec.fs.scratch.map(path => [path, "rw,exec,nosuid,nodev,mode=1777"])),
      NetworkMode: networkMode(spec.net, engine),
      ...egressSettings(egressRule(spec.net) !== null),
      PortBindings: ports,
      Memory: memoryBytes,
      // The same as Memory: no swap, or a process over its limit would crawl instead of ending.
      MemorySwap: memoryBytes,
      NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
      PidsLimit: pids ?? DEFAULT_PIDS,
      CapDrop: ["ALL"],
      CapAdd: engine.ownership === "mapped" ? MAPPED_CAPABILITIES : [],
      SecurityOpt: ["no-new-privileges"],
      // A crash would write what the process knew, credentials too, into a file.
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
      Privileged: false,
      RestartPolicy: { Name: "no" },
      // Output goes through execs; what the keeper prints nobody reads.
      LogConfig: { Type: "none", Config: {} },
    },
  };
}

/**
 * Where the engine maps ids, the container's root is an ordinary user outside, and package managers in it need to give files away. Where
 * ids are the host's, containers run as the host's user and get none.
 */
const MAPPED_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

export interface ContainerUser {
  /** Empty: the image's own. */
  user: string;
  /** Set when that user may have no home in the image. */
  home: string | null;
  uid: number;
  gid: number;
}

/** The config's user; else the host's, where files in mounts carry its ids; else the image's. */
export function containerUser(
  spec: EnvironmentSpec,
  ownership: Engine["ownership"],
  host: { uid: number; gid: number } | null,
): ContainerUser {
  const user = spec.user || (ownership === "host" && host ? `${host.uid}:${host.gid}` : "");
  const home = containerHome(user);
  return { user, home: home?.path ?? null, uid: home?.uid ?? 0, gid: home?.gid ?? 0 };
}

/** The home of a user by number, which the image may not know; null for other users and for root. */
export function containerHome(user: string): { path: string; uid: number; gid: number } | null {
  const numbers = user.match(/^(\d+)(?::(\d+))?$/);
  const uid = Number(numbers?.[1] ?? 0);
  return uid > 0 ? { path: HOME, uid, gid: Number(numbers?.[2] ?? 0) } : null;
}

function networkMode(net: NetGrant, engine: Engine): string {
  switch (net.kind) {
    case "default":
    case "bridge":
      return "bridge";
    case "none":
      return "none";
    case "host":
      return engine.hostNetwork ? "host" : "bridge";
    case "network":
      if (/^container:/.test(net.name)) {
        throw new ProviderError(
          "run/network-refused",
          `\`net: "${net.name}"\` would share another container's network.`,
          "Name a network of the engine.",
        );
      }
      return net.name;
    // What gets out goes through the agent.
    case "allow":
    case "limited":
      return "none";
  }
}

/** The agent's DNS server, and the port that it needs without a capability. */
function egressSettings(needed: boolean): Partial<Dockerode.HostConfig> {
  if (!needed) return {};
  return { Dns: ["127.0.0.1"], DnsSearch: ["."], Sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" } };
}

/** `HOST:CONTAINER[/udp]` or `CONTAINER`, published on loopback only. */
function publishedPorts(ports: string[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const match = port.match(/^(?:(?:127\.0\.0\.1|localhost):)?(?:(\d{1,5}):)?(\d{1,5})(\/(?:tcp|udp))?$/);
    if (!match || Number(match[1] ?? 0) > 65535 || Number(match[2]) > 65535) {
      throw new ProviderError(
        "run/ports",
        `\`ports\` holds "${port}".`,
        'Write HOST:CONTAINER, such as "8080:80"; ports are published on 127.0.0.1 only.',
      );
    }
    const key = `${match[2]}${match[3] ?? "/tcp"}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: "127.0.0.1", HostPort: match[1] ?? "" }];
  }
  return bindings;
}
