import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process that another one can recognise later: a process id alone is reused by the system. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own unit; null where the system doesn't tell (Windows). */
  startTime: string | null;
  host: string;
  /** Changes with every boot; null where the system doesn't tell. */
  boot: string | null;
  /** The process id namespace, so that a container with a shared home folder doesn't judge processes it can't see. */
  namespace: string | null;
}

/** The identity of a live process, or null when there is none. */
export function identityOf(pid: number): ProcessIdentity | null {
  if (!exists(pid)) return null;
  return { pid, startTime: startTimeOf(pid), host: hostname(), boot: bootId(), namespace: pidNamespace() };
}

/** `unknown` means that this process cannot tell: another machine, or another process id namespace. */
export function stateOf(identity: ProcessIdentity): "alive" | "dead" | "unknown" {
  if (identity.host !== hostname()) return "unknown";
  if (identity.boot !== bootId()) return "dead";
  if (identity.namespace !== pidNamespace()) return "unknown";
  if (!exists(identity.pid) || isUnreaped(identity.pid)) return "dead";
  return identity.startTime === startTimeOf(identity.pid) ? "alive" : "dead";
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isUnreaped(pid: number): boolean {
  const stat = process.platform === "linux" ? parseStat(readOrNull(`/proc/${pid}/stat`)) : null;
  return stat !== null && hasEnded(stat);
}

/** When a process started, in the system's own unit; null when there is none, or the system doesn't tell. */
export function startTimeOf(pid: number): string | null {
  if (process.platform === "linux") return parseStat(readOrNull(`/proc/${pid}/stat`))?.startTime ?? null;
  if (process.platform === "win32") return null;
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    // `ps` fails when the process ended in the meantime.
    return null;
  }
}

export interface ProcessStat {
  pid: number;
  state: string;
  parent: number;
  group: number;
  session: number;
  startTime: string;
}

/** Whether a process has ended and only waits for its parent to look at its exit code. */
export function hasEnded({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/** The fields of `/proc/PID/stat` that matter here. The command name may hold spaces and parentheses, so fields count from its last `)`. */
export function parseStat(text: string | null): ProcessStat | null {
  if (text === null) return null;
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  const [state, parent, group, session] = fields;
  const startTime = fields[19];
  if (end < 0 || !state || !startTime) return null;
  return {
    pid: Number.parseInt(text, 10),
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime,
  };
}

const bootId = once(() => readOrNull("/proc/sys/kernel/random/boot_id")?.trim() ?? null);

const pidNamespace = once(() => {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
});

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
