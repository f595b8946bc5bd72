import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { homeFolder } from "./home";
import { identityOf, type ProcessIdentity, startTimeOf } from "./process-identity";

/** Where journals lie: `MLLD_ENV_STATE_DIR`, else `mlld-env` in the user's state folder. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  if (env.MLLD_ENV_STATE_DIR) return resolve(env.MLLD_ENV_STATE_DIR);
  // The convention has relative ones ignored.
  if (env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME)) return join(env.XDG_STATE_HOME, "mlld-env");
  if (process.platform === "win32" && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, "mlld-env");
  return join(homeFolder(), ".local", "state", "mlld-env");
}

/** How the names of temporary folders begin. */
export const TEMPORARY_FOLDER = "mlld-env-workspace-";

/** An environment that has to be released if its owner dies. */
export interface JournalledEnvironment {
  provider: string;
  name: string;
  /** The folder that a provider's path is relative to. */
  folder: string;
  /** False until the provider said that it made it: a create that died half-way may have left something of that name. */
  open: boolean;
}

/** A process group of a local environment. */
export interface JournalledGroup {
  /** The process id of its leader. */
  group: number;
  /** When its leader started, to tell it from a later process of that id. */
  startTime: string | null;
}

type Entry =
  | { kind: "owner"; owner: ProcessIdentity; runId: string; at: string }
  | { kind: "opening"; provider: string; name: string; folder: string }
  | { kind: "open"; provider: string; name: string; folder: string }
  | { kind: "closed"; name: string }
  | ({ kind: "group" } & JournalledGroup)
  | { kind: "group-ended"; group: number }
  | { kind: "folder" | "folder-gone"; path: string };

/** What a journal says is left of a run. */
export interface JournalState {
  runId: string;
  owner: ProcessIdentity;
  environments: JournalledEnvironment[];
  groups: JournalledGroup[];
  /** Temporary folders. */
  folders: string[];
}

/**
 * What one run has to give back, on disk before it exists: one file a run, a JSON object a line, written synchronously so that it
 * survives a `kill -9`. The file goes away with a clean end.
 */
export class Journal {
  private constructor(
    readonly path: string,
    private readonly descriptor: number,
  ) {}

  /** Throws when the state folder cannot be written: without a journal nothing may be created. */
  static create(folder: string, runId: string): Journal {
    const runs = join(folder, "runs");
    makeFolder(runs);
    const path = join(runs, `${runId}.jsonl`);
    const journal = new Journal(path, openSync(path, "ax", 0o600));
    const owner = identityOf(process.pid);
    if (!owner) throw new Error("this process cannot see itself in the process table");
    journal.write({ kind: "owner", owner, runId, at: new Date().toISOString() });
    return journal;
  }

  opening(environment: Omit<JournalledEnvironment, "open">): void {
    this.write({ kind: "opening", ...environment });
  }

  open(environment: Omit<JournalledEnvironment, "open">): void {
    this.write({ kind: "open", ...environment });
  }

  closed(name: string): void {
    this.write({ kind: "closed", name });
  }

  group(group: number): void {
    this.write({ kind: "group", group, startTime: process.platform === "linux" ? startTimeOf(group) : null });
  }

  groupEnded(group: number): void {
    this.write({ kind: "group-ended", group });
  }

  /** A temporary folder that is about to be made. */
  folder(path: string): void {
    this.write({ kind: "folder", path });
  }

  folderGone(path: string): void {
    this.write({ kind: "folder-gone", path });
  }

  /** Ends the journal. What is left in it stays on disk for the watchdog and the next sweep. */
  close(): void {
    closeSync(this.descriptor);
    const left = readJournal(this.path);
    if (!left || isEmpty(left)) rmSync(this.path, { force: true });
  }

  private write(entry: Entry): void {
    writeSync(this.descriptor, JSON.stringify(entry) + "\n");
  }
}

/** Folder by folder: where a system says that an existing folder does not exist, as below /proc, Node's recursive making never ends. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (existsSync(path) && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || existsSync(parent)) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}

function isEmpty({ environments, groups, folders }: JournalState): boolean {
  return environments.length + groups.length + folders.length === 0;
}

/** Reads what is left of a run; null when the file is gone, or is none of ours. */
export function readJournal(path: string): JournalState | null {
  if (!existsSync(path)) return null;
  let head: Extract<Entry, { kind: "owner" }> | undefined;
  const environments = new Map<string, JournalledEnvironment>();
  const groups = new Map<number, JournalledGroup>();
  const folders = new Set<string>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const entry = parseEntry(line);
    if (!entry) continue;
    if (entry.kind === "owner") head = entry;
    else if (entry.kind === "opening" || entry.kind === "open") {
      const { provider, name, folder } = entry;
      environments.set(name, { provider, name, folder, open: entry.kind === "open" });
    } else if (entry.kind === "closed") environments.delete(entry.name);
    else if (entry.kind === "group") groups.set(entry.group, { group: entry.group, startTime: entry.startTime });
    else if (entry.kind === "group-ended") groups.delete(entry.group);
    else if (entry.kind === "folder") folders.add(entry.path);
    else folders.delete(entry.path);
  }
  if (!head) return null;
  const { runId, owner } = head;
  return {
    runId,
    owner,
    environments: [...environments.values()],
    groups: [...groups.values()],
    folders: [...folders],
  };
}

/** The last line may be half written by a process that was killed. */
function parseEntry(line: string): Entry | null {
  try {
    return line === "" ? null : (JSON.parse(line) as Entry);
  } catch {
    return null;
  }
}

export function listJournals(folder: string): string[] {
  try {
    return readdirSync(join(folder, "runs"))
      .filter(name => name.endsWith(".jsonl"))
      .map(name => join(folder, "runs", name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
