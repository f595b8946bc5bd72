/** What the engine says, turned into errors with a code, plain words and the mend. */
import { ProviderError } from "../provider";

/** The fields that docker-modem puts on its errors. */
interface EngineError extends Error {
  statusCode?: number;
  reason?: string;
  json?: { message?: string } | Buffer | null;
  code?: string;
}

/** HTTP status of a failed engine call, or undefined when the engine didn't answer. */
export function statusOf(error: unknown): number | undefined {
  return (error as EngineError).statusCode;
}

/** The engine's own message, without docker-modem's `(HTTP code …)` frame. */
export function messageOf(error: unknown): string {
  const { json, message } = error as EngineError;
  if (json && !Buffer.isBuffer(json) && typeof json.message === "string") return json.message.trim();
  return (message ?? String(error)).replace(/^\(HTTP code \d+\) .*? - /, "").trim();
}

/** True when no engine answered at all (not running, wrong socket, no permission, connection cut). */
export function isUnreachable(error: unknown): boolean {
  if (statusOf(error) !== undefined) return false;
  const code = (error as EngineError).code;
  return code !== undefined && UNREACHABLE.has(code);
}

/** The connection ended or could not be made again: the engine was there a moment ago. */
function isCut(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === "connect" || code === "ECONNRESET" || code === "EPIPE";
}

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EACCES",
  "EPERM",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Where an engine is looked for when nothing names one. */
export const USUAL_PLACE = "the usual place";

/** The error for an engine that doesn't answer. `source` says where its address came from. */
export function unreachable(address: string, source: string, cause: unknown): ProviderError {
  const code = (cause as EngineError).code;
  if (code === "EACCES" || code === "EPERM") {
    return new ProviderError(
      "run/engine-denied",
      `No permission to use the Docker engine at ${address} (${source}).`,
      "Add yourself to the group that owns the socket (often `docker`) and log in again, or use a rootless engine.",
    );
  }
  if (code === "ENOENT" && source === USUAL_PLACE) {
    return new ProviderError(
      "run/engine-missing",
      "There is no Docker engine on this machine.",
      "Install and start Docker, or set `mlldEnv.docker.host` or DOCKER_HOST to a running engine.",
    );
  }
  if (code === "ENOENT") {
    return new ProviderError(
      "run/engine-socket-missing",
      `There is no socket at ${address}, where ${source} says that the Docker engine is.`,
      `Start that engine, or let ${source} name one that runs.`,
    );
  }
  return new ProviderError(
    "run/engine-unreachable",
    `No Docker engine answers at ${address} (${source}): ${code ?? messageOf(cause)}.`,
    "Start Docker, or set `mlldEnv.docker.host` or DOCKER_HOST to a running engine.",
  );
}

interface Known {
  pattern: RegExp;
  code: string;
  say(match: RegExpMatchArray): string;
  mend: string;
}

/** Messages of the engine that need other words than its own. */
const KNOWN: Known[] = [
  {
    pattern: /no space left on device/i,
    code: "run/disk-full",
    say: () => "The disk of the Docker engine is full.",
    mend: "Free space there, for example with `docker system prune`.",
  },
  {
    pattern: /network ([^\s"]+) not found|could not find network[^"]*?"?([^\s"]+)"?$/i,
    code: "run/network-missing",
    say: m => `The Docker engine has no network named \`${m[1] ?? m[2]}\`.`,
    mend: "Create it (`docker network create`), or choose `none`, `bridge` or `host`.",
  },
  {
    pattern: /exec: "?(\/bin\/sh)"?.*no such file|"\/bin\/sh": stat .*no such file/i,
    code: "run/no-shell",
    say: () => "The image has no /bin/sh, which an environment needs to run its commands.",
    mend: "Use an image with a shell (for example one based on Debian or Alpine).",
  },
  {
    pattern: /unable to find user ([^\s:]+)/i,
    code: "run/user-missing",
    say: m => `The image has no user named \`${m[1]}\`.`,
    mend: "Use a user of the image, or numbers such as `1000:1000`.",
  },
  {
    pattern: /minimum memory limit allowed is (\w+)/i,
    code: "run/limit-refused",
    say: m => `The memory limit is too small: Docker allows no less than ${m[1]}.`,
    mend: "Raise `limits.mem`.",
  },
  {
    pattern: /range of CPUs is from [\d.]+ to ([\d.]+)/i,
    code: "run/limit-refused",
    say: m => `The CPU limit is above what the engine has (${m[1]}).`,
    mend: "Lower `limits.cpu`.",
  },
  {
    pattern: /bind source path does not exist: (.*)$/i,
    code: "run/mount-missing",
    say: m => `The engine does not see the path ${m[1]}.`,
    mend: "Check the path in `fs`; on Docker Desktop share its folder in the settings, on a remote engine host paths are not available.",
  },
  {
    pattern: /(port is already allocated|address already in use)/i,
    code: "run/port-taken",
    say: () => "A port of `ports` is taken on this machine.",
    mend: "Choose another host port, or release what uses it (`mlld-env ls`).",
  },
];

/** A failure of a step of making an environment. */
export function engineError(step: string, cause: unknown): ProviderError {
  if (cause instanceof ProviderError) return cause;
  const message = messageOf(cause);
  for (const known of KNOWN) {
    const match = message.match(known.pattern);
    if (match) return new ProviderError(known.code, known.say(match), known.mend);
  }
  if (isCut(cause)) {
    return new ProviderError(
      "run/engine-unreachable",
      `${step} failed: the Docker engine stopped answering (${message}).`,
      "Look whether it runs (`mlld-env doctor`), then run again.",
    );
  }
  return new ProviderError("run/engine-failed", `${step} failed: ${message}.`.replace(/\.\.$/, "."));
}
