/** What commands wrote in a kept environment: on this machine's disk, for as long as the environment lives. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { RunEventBody } from "../../protocol/events";
import { makeFolder } from "./journal";

type Logged = Extract<RunEventBody, { event: "command" | "stdout" | "stderr" | "exit" | "denied" }>;

/** One line of a log. `omitted` stands for what a command wrote between the beginning and the end that are kept. */
export type LogEntry = { time: string; run: string } & (Logged | { event: "omitted"; command: number; length: number });
type LogEntryBody = LogEntry extends infer E ? (E extends unknown ? Omit<E, "time" | "run"> : never) : never;

/** Kept of each command's output: so much of its beginning, and as much of its end. UTF-16 units. */
const KEPT_LENGTH = 64 * 1024;
/** A log that is longer goes on in a new file; the one before it is kept too. Bytes. */
const FILE_LIMIT = 4 * 1024 * 1024;

/** Folder of the logs in the state folder. */
export function logFolder(stateFolder: string): string {
  return join(stateFolder, "logs");
}

/** Name of an environment's log in that folder: readable where the name allows it, and never the same for two. */
export function logFile(name: string): string {
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.replace(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 60)}-${hash}.jsonl`;
}

/** The file that a log went on from. */
export function earlierFile(file: string): string {
  return `${file}.1`;
}

/** The log of an environment, oldest first; null when nothing of this machine has used it. */
export function readLog(stateFolder: string, name: string): LogEntry[] | null {
  const path = join(logFolder(stateFolder), logFile(name));
  const texts = [earlierFile(path), path].map(readOrNull);
  return texts.every(text => text === null) ? null : texts.flatMap(text => logEntries(text ?? ""));
}

/** Whole lines as entries; others (a process that was killed while it wrote) are left out. */
export function logEntries(text: string): LogEntry[] {
  return text.split("\n").flatMap(line => {
    try {
      return line === "" ? [] : [JSON.parse(line) as LogEntry];
    } catch {
      return [];
    }
  });
}

/** An environment that is no more has no log. */
export function removeLog(stateFolder: string, name: string): void {
  const path = join(logFolder(stateFolder), logFile(name));
  for (const file of [path, earlierFile(path)]) rmSync(file, { force: true });
}

/** Writes the logs of the kept environments that one run uses, from its events: secrets are blanked out in them already. */
export class EnvironmentLogs {
  private readonly logs = new Map<string, Log>();
  private readonly commands = new Map<number, { log: Log; length: number; end: Output[]; endLength: number }>();

  constructor(
    private readonly stateFolder: string,
    private readonly run: string,
    /** Told once when a log cannot be written; the run goes on without. */
    private readonly failed: (cause: Error) => void,
  ) {}

  /** From now on what runs in this environment is logged. One that was just made starts a new log. */
  keep(name: string, created: boolean): void {
    if (this.logs.has(name)) return;
    this.guarded(() => {
      if (created) removeLog(this.stateFolder, name);
      this.logs.set(name, new Log(this.stateFolder, name));
    });
  }

  take(event: RunEventBody): void {
    if (this.logs.size === 0) return;
    switch (event.event) {
      case "command":
        this.begin(event);
        break;
      case "stdout":
      case "stderr":
        this.output(event);
        break;
      case "exit":
        this.end(event);
        break;
      case "denied": {
        const log = this.logs.get(event.envName);
        if (!log) break;
        this.write(log, event);
        // A command may ask for names without end.
        this.guarded(() => log.turnOver());
        break;
      }
      case "released":
        this.logs.get(event.envName)?.close();
        this.logs.delete(event.envName);
        this.guarded(() => removeLog(this.stateFolder, event.envName));
    }
  }

  close(): void {
    for (const log of this.logs.values()) log.close();
    this.logs.clear();
    this.commands.clear();
  }

  private begin(event: Extract<RunEventBody, { event: "command" }>): void {
    const log = event.envName === null ? undefined : this.logs.get(event.envName);
    if (!log) return;
    this.commands.set(event.command, { log, length: 0, end: [], endLength: 0 });
    this.write(log, event);
  }

  private end(event: Extract<RunEventBody, { event: "exit" }>): void {
    const command = this.commands.get(event.command);
    if (!command) return;
    this.commands.delete(event.command);
    const omitted = command.length - KEPT_LENGTH - command.endLength;
    if (omitted > 0) this.write(command.log, { event: "omitted", command: event.command, length: omitted });
    for (const text of command.end) this.write(command.log, text);
    this.write(command.log, event);
    this.guarded(() => command.log.turnOver());
  }

  private output(event: Output): void {
    const command = this.commands.get(event.command);
    if (!command) return;
    const room = Math.max(0, KEPT_LENGTH - command.length);
    command.length += event.text.length;
    if (room > 0) this.write(command.log, { ...event, text: event.text.slice(0, room) });
    const rest = event.text.slice(room).slice(-KEPT_LENGTH);
    if (rest === "") return;
    command.end.push({ ...event, text: rest });
    command.endLength += rest.length;
    while (command.endLength > KEPT_LENGTH) {
      const [first] = command.end;
      const over = Math.min(command.endLength - KEPT_LENGTH, first!.text.length);
      if (over === first!.text.length) command.end.shift();
      else command.end[0] = { ...first!, text: first!.text.slice(over) };
      command.endLength -= over;
    }
  }

  private write(log: Log, entry: LogEntryBody): void {
    this.guarded(() => log.write({ time: new Date().toISOString(), run: this.run, ...entry } as LogEntry));
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.close();
      this.failed(error as Error);
    }
  }
}

type Output = Extract<RunEventBody, { event: "stdout" | "stderr" }>;

/** An open log. Lines are appended whole: several runs may write to it. */
class Log {
  private descriptor: number;
  private size = 0;
  private readonly path: string;

  constructor(stateFolder: string, name: string) {
    const folder = logFolder(stateFolder);
    makeFolder(folder);
    this.path = join(folder, logFile(name));
    this.descriptor = openSync(this.path, "a", 0o600);
  }

  write(entry: LogEntry): void {
    this.size += writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
  }

  turnOver(): void {
    if (this.size < FILE_LIMIT) return;
    closeSync(this.descriptor);
    renameSync(this.path, earlierFile(this.path));
    this.descriptor = openSync(this.path, "a", 0o600);
    this.size = 0;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
