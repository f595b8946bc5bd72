import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, type ProcessStat, parseStat } from "../../environments/process-identity";

/** Set in every process of a local environment: `RUN/ENVIRONMENT/COMMAND/`. By it descendants are found that left their process group. */
export const MARK = "MLLD_ENV_PROCESS";
/** Set in processes of ours that must outlive what they watch. */
export const WATCHDOG_MARK = "MLLD_ENV_WATCHDOG";

/** Which processes to end. */
export interface ProcessSelection {
  /** Process groups that were started, by the id of their leader. */
  groups: Iterable<number>;
  /** How the mark begins: up to a `/`, so that it names a run, an environment or a command. */
  mark: string;
  /** When the run started, as `/proc` tells it: older processes are not looked at. */
  since: string | null;
}

const POLL_MS = 15;
/** How long a process may tidy up after SIGTERM, and how long SIGKILL may take to show. */
const TERM_GRACE_MS = 500;
const KILL_GRACE_MS = 600;

/** Ends processes with all their descendants: SIGTERM, then SIGKILL until none is left. True when all are gone. */
export async function endProcesses(selection: ProcessSelection, termGraceMs = TERM_GRACE_MS): Promise<boolean> {
  if (process.platform === "win32") return endTreesOnWindows(selection.groups);
  const started = Date.now();
  let told = false;
  for (;;) {
    const left = findProcesses(selection);
    if (left.groups.length === 0 && left.pids.length === 0) return true;
    const elapsed = Date.now() - started;
    if (elapsed > termGraceMs + KILL_GRACE_MS) return false;
    const signal = told && elapsed >= termGraceMs ? "SIGKILL" : "SIGTERM";
    // SIGTERM is said once, SIGKILL again and again: what forks faster than it is found is caught in the next round.
    if (signal === "SIGKILL" || !told) {
      for (const group of left.groups) send(-group, signal);
      for (const pid of left.pids) send(pid, signal);
    }
    told = true;
    await sleep(POLL_MS);
  }
}

/** Whether a process group has a member that still runs. */
export function groupAlive(group: number): boolean {
  if (process.platform === "win32") return false;
  if (!signalReaches(-group)) return false;
  // Members that ended and wait to be reaped answer to signals too; only /proc tells them apart.
  return process.platform !== "linux" || processTable().some(entry => entry.group === group);
}

interface Found {
  groups: number[];
  pids: number[];
}

function findProcesses({ groups, mark, since }: ProcessSelection): Found {
  if (process.platform !== "linux") return { groups: [...groups].filter(group => signalReaches(-group)), pids: [] };
  const wanted = new Set(groups);
  const oldest = Number(since ?? 0);
  const table = processTable().filter(entry => Number(entry.startTime) >= oldest);
  const chosen = new Set<number>();
  for (const entry of table)
    if (wanted.has(entry.group) || wanted.has(entry.session) || isMarked(entry.pid, mark)) chosen.add(entry.pid);
  // Children of what was chosen, to any depth: they may have cleared their environment and left their group.
  for (let grown = true; grown; ) {
    grown = false;
    for (const entry of table) {
      if (chosen.has(entry.pid) || !chosen.has(entry.parent)) continue;
      chosen.add(entry.pid);
      grown = true;
    }
  }
  chosen.delete(process.pid);
  return { groups: [], pids: [...chosen].filter(pid => !isWatchdog(pid)) };
}

function isMarked(pid: number, mark: string): boolean {
  const wanted = `${MARK}=${mark}`;
  const environment = readOrEmpty(`/proc/${pid}/environ`);
  return environment.startsWith(wanted) || environment.includes(`\0${wanted}`);
}

/** The watchdog of a run inside the run: it has its own processes to end. */
function isWatchdog(pid: number): boolean {
  const environment = readOrEmpty(`/proc/${pid}/environ`);
  return environment.startsWith(`${WATCHDOG_MARK}=`) || environment.includes(`\0${WATCHDOG_MARK}=`);
}

/** Live processes; those that ended and wait to be reaped are left out. */
function processTable(): ProcessStat[] {
  const table: ProcessStat[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = parseStat(readOrEmpty(`/proc/${name}/stat`) || null);
    if (stat && !hasEnded(stat)) table.push(stat);
  }
  return table;
}

/** Processes end while the table is read, and those of other users cannot be looked into. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended by itself, or belongs to somebody else (`sudo`): the caller looks again and reports what is left.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Windows has no process groups: `taskkill` follows the parents' ids. */
async function endTreesOnWindows(pids: Iterable<number>): Promise<boolean> {
  const ends = [...pids].map(
    pid =>
      new Promise<boolean>(resolve =>
        execFile("taskkill", ["/PID", String(pid), "/T", "/F"], error => resolve(!error || error.code === 128)),
      ),
  );
  return (await Promise.all(ends)).every(Boolean);
}
