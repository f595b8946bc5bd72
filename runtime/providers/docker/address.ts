/** Finds the engine as the Docker command line does: setting, DOCKER_HOST, contexts with TLS, known sockets. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { homeFolder } from "../../environments/home";
import { ProviderError } from "../provider";
import { USUAL_PLACE } from "./errors";

/** Where an engine is, and who said so. */
export type EngineAddress = { source: string } & (
  | { kind: "socket"; path: string }
  | { kind: "tcp"; host: string; port: number; tls: Tls | null }
);

interface Tls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** False accepts any certificate (`SkipTLSVerify` of a context). */
  verify: boolean;
}

/** What detection looks at; tests give their own. */
export interface DetectionInput {
  /** The settings `docker.host` and `docker.context`; empty means unset. */
  host?: string;
  context?: string;
  env: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  home?: string;
  uid?: number;
}

/** The address in words, for messages and lists. */
export function describeAddress(address: EngineAddress): string {
  if (address.kind === "socket")
    return /^[\\/]{2}/.test(address.path) ? `npipe://${address.path}` : `unix://${address.path}`;
  return `${address.tls ? "https" : "tcp"}://${address.host}:${address.port}`;
}

/**
 * The address of the engine, without connecting. Order: the setting, `DOCKER_HOST`, the context of the setting, of `DOCKER_CONTEXT` or of
 * the Docker configuration, then the first known socket that exists. Throws `ProviderError` for an address that cannot be used.
 */
export function detectEngine(input: DetectionInput): EngineAddress {
  const home = input.home ?? homeFolder();
  const { env } = input;
  const configFolder = env.DOCKER_CONFIG || join(home, ".docker");
  if (input.host) return parseHost(input.host, "the setting mlldEnv.docker.host", tlsFromEnv(env, configFolder));
  const context = input.context ? { name: input.context, source: "the setting mlldEnv.docker.context" } : undefined;
  if (context) return fromContext(context.name, context.source, configFolder, input);
  if (env.DOCKER_HOST) return parseHost(env.DOCKER_HOST, "DOCKER_HOST", tlsFromEnv(env, configFolder));
  if (env.DOCKER_CONTEXT) return fromContext(env.DOCKER_CONTEXT, "DOCKER_CONTEXT", configFolder, input);
  const current = currentContext(configFolder);
  if (current) return fromContext(current, `the Docker context \`${current}\``, configFolder, input);
  return knownSocket(input, home);
}

/** Parses `unix://`, `npipe://`, `tcp://`, `http(s)://`, a bare path or `host:port`. */
function parseHost(text: string, source: string, tls: Tls | null): EngineAddress {
  const bad = (why: string, mend?: string) =>
    new ProviderError(
      "run/engine-address",
      `The Docker engine address \`${withoutPassword(text)}\` of ${source} ${why}.`,
      mend,
    );
  const pipe = text.match(/^npipe:\/*(.+)$/i);
  if (pipe) return { kind: "socket", path: `//${pipe[1]}`, source };
  const socket = text.match(/^unix:\/\/(.*)$/i);
  if (socket) return { kind: "socket", path: socket[1] || "/var/run/docker.sock", source };
  if (text.startsWith("/")) return { kind: "socket", path: text, source };
  if (/^ssh:/i.test(text)) {
    throw bad(
      "goes over ssh, which is not supported yet",
      "Forward the socket yourself (`ssh -L /tmp/docker.sock:/var/run/docker.sock HOST`) and set DOCKER_HOST=unix:///tmp/docker.sock.",
    );
  }
  let url: URL;
  try {
    url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `tcp://${text}`);
  } catch {
    throw bad("cannot be read", "Write it like unix:///var/run/docker.sock or tcp://127.0.0.1:2375.");
  }
  if (!["tcp:", "http:", "https:"].includes(url.protocol)) throw bad(`has the unknown scheme ${url.protocol}//`);
  if (!url.hostname) throw bad("names no host");
  const secure = tls ?? (url.protocol === "https:" || url.port === "2376" ? { verify: true } : null);
  return {
    kind: "tcp",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (secure ? 2376 : 2375),
    tls: secure,
    source,
  };
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/@]*@/, "//…@");
}

function tlsFromEnv(env: NodeJS.ProcessEnv, configFolder: string): Tls | null {
  if (!env.DOCKER_TLS_VERIFY && !env.DOCKER_TLS) return null;
  const folder = env.DOCKER_CERT_PATH || configFolder;
  return { ...tlsFiles(folder, "DOCKER_CERT_PATH"), verify: Boolean(env.DOCKER_TLS_VERIFY) };
}

function tlsFiles(folder: string, source: string): Omit<Tls, "verify"> {
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new ProviderError(
        "run/engine-address",
        `The TLS file ${join(folder, name)} of ${source} cannot be read: ${(error as Error).message}.`,
      );
    }
  };
  const files = { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
  return Object.fromEntries(Object.entries(files).filter(([, value]) => value));
}

function currentContext(configFolder: string): string | undefined {
  const path = join(configFolder, "config.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // No Docker configuration: the usual case on a machine that never logged in.
    return undefined;
  }
  try {
    const name: unknown = JSON.parse(text).currentContext;
    return typeof name === "string" && name !== "" && name !== "default" ? name : undefined;
  } catch (error) {
    throw new ProviderError(
      "run/engine-address",
      `The Docker configuration ${path} is not valid JSON: ${(error as Error).message}.`,
    );
  }
}

interface ContextMeta {
  Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
}

/** Reads a context from the store: `contexts/meta/<sha256 of the name>/meta.json`, its TLS files beside it under `contexts/tls`. */
function fromContext(name: string, source: string, configFolder: string, input: DetectionInput): EngineAddress {
  if (name === "default") return knownSocket(input, input.home ?? homeFolder());
  const id = createHash("sha256").update(name).digest("hex");
  const path = join(configFolder, "contexts", "meta", id, "meta.json");
  let meta: ContextMeta;
  try {
    meta = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ProviderError(
      "run/engine-address",
      `The Docker context \`${name}\` (${source}) cannot be read: ${(error as Error).message}.`,
      "List the contexts with `docker context ls`.",
    );
  }
  const endpoint = meta.Endpoints?.docker;
  if (!endpoint?.Host)
    throw new ProviderError("run/engine-address", `The Docker context \`${name}\` (${source}) names no engine.`);
  const files = tlsFiles(join(configFolder, "contexts", "tls", id, "docker"), `the context \`${name}\``);
  const tls = Object.keys(files).length > 0 ? { ...files, verify: !endpoint.SkipTLSVerify } : null;
  return parseHost(endpoint.Host, source, tls);
}

/** Sockets of Docker, Desktop, rootless Docker, Colima, Rancher Desktop, OrbStack and Podman, in this order. */
function socketCandidates(input: DetectionInput, home: string): string[] {
  if ((input.platform ?? process.platform) === "win32")
    return ["//./pipe/docker_engine", "//./pipe/podman-machine-default"];
  const uid = input.uid ?? process.getuid?.() ?? 0;
  const runtime = input.env.XDG_RUNTIME_DIR || `/run/user/${uid}`;
  return [
    "/var/run/docker.sock",
    join(runtime, "docker.sock"),
    join(home, ".docker", "run", "docker.sock"),
    join(home, ".docker", "desktop", "docker.sock"),
    join(home, ".colima", "default", "docker.sock"),
    join(home, ".rd", "docker.sock"),
    join(home, ".orbstack", "run", "docker.sock"),
    join(runtime, "podman", "podman.sock"),
    "/run/podman/podman.sock",
    join(home, ".local", "share", "containers", "podman", "machine", "podman.sock"),
  ];
}

function knownSocket(input: DetectionInput, home: string): EngineAddress {
  const candidates = socketCandidates(input, home);
  const found = candidates.find(exists) ?? candidates[0]!;
  return { kind: "socket", path: found, source: USUAL_PLACE };
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
