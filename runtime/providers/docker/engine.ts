/** A connection to a Docker engine. dockerode is loaded with the first one. */
import type Dockerode from "dockerode";
import { type DetectionInput, describeAddress, detectEngine, type EngineAddress } from "./address";
import { engineError, isUnreachable, unreachable } from "./errors";

export interface Engine {
  docker: Dockerode;
  address: EngineAddress;
  /** For lists and messages. */
  label: string;
  /**
   * Who owns what a container writes into a bind mount. `host`: the engine shares our kernel and ids, so containers run as our user.
   * `mapped`: the engine maps ids itself (Docker Desktop, rootless, another machine).
   */
  ownership: "host" | "mapped";
  /** Of the engine's kernel, in its own words: `x86_64`, `aarch64`, … */
  architecture: string;
  /** True where `network: host` means the host's own network. */
  hostNetwork: boolean;
}

/** An engine that takes a connection and says nothing must not hang a run. */
const ANSWER_WITHIN_MS = 10_000;

/** Connects to the engine that `detectEngine` finds. Throws `ProviderError` when none answers. */
export async function connectEngine(input: DetectionInput): Promise<Engine> {
  const address = detectEngine(input);
  const label = describeAddress(address);
  const docker = await load(address);
  let info: EngineFacts;
  try {
    // The types don't know that `info` takes options.
    const ask = docker.info.bind(docker) as unknown as (options: { abortSignal: AbortSignal }) => Promise<EngineFacts>;
    info = await ask({ abortSignal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch (error) {
    if ((error as Error).name === "AbortError")
      throw unreachable(label, address.source, { code: "no answer within 10 s" });
    if (isUnreachable(error)) throw unreachable(label, address.source, error);
    throw engineError(`Asking the engine at ${label}`, error);
  }
  const desktop = /desktop/i.test(info.OperatingSystem ?? "") || /lima|colima|orbstack|rancher/i.test(info.Name ?? "");
  const rootless = (info.SecurityOptions ?? []).some(option => /name=(rootless|userns)/.test(option));
  const local = address.kind === "socket" && (input.platform ?? process.platform) === "linux";
  return {
    docker,
    address,
    label,
    ownership: local && !desktop && !rootless ? "host" : "mapped",
    architecture: info.Architecture ?? "unknown",
    hostNetwork: !desktop && info.OSType !== "windows",
  };
}

/** The fields of `GET /info` that decide something here. */
interface EngineFacts {
  OperatingSystem?: string;
  OSType?: string;
  Architecture?: string;
  Name?: string;
  SecurityOptions?: string[] | null;
}

async function load(address: EngineAddress): Promise<Dockerode> {
  const { default: Docker } = await import("dockerode");
  // Every key is given, also the empty ones: what is left out docker-modem takes from DOCKER_HOST.
  const none = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
  };
  if (address.kind === "socket") return new Docker({ ...none, protocol: "http", socketPath: address.path });
  const { host, port, tls } = address;
  if (!tls) return new Docker({ ...none, protocol: "http", host, port });
  const { Agent } = await import("node:https");
  const agent = tls.verify ? undefined : new Agent({ rejectUnauthorized: false });
  return new Docker({
    ...none,
    protocol: "https",
    host,
    port,
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    ...(agent && { agent: quiet(agent) }),
  } as Dockerode.DockerOptions);
}

/** docker-modem runs `util.inspect` on its options at every call; an agent with open sockets makes that take tens of milliseconds. */
function quiet<T extends object>(agent: T): T {
  return Object.assign(agent, { [Symbol.for("nodejs.util.inspect.custom")]: () => "[Agent]" });
}
