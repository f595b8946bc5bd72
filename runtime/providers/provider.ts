/** The interface between the life of an environment and a backend. */
import type { FsGrants, LimitGrants, NetGrant } from "../../language/environment";
import type { EnvironmentDetails, ExplorerEnvironment, FileChange, SnapshotInfo } from "../../protocol/explorer";

export type { LimitGrants, MountGrant, NetGrant } from "../../language/environment";

/** Everything a backend needs to make an environment: the effective capabilities on concrete values, and its own options. */
export interface EnvironmentSpec {
  /** Set for a named environment; unset ones are anonymous and die with their owner. */
  name?: string;
  /** The name the core chose (and journalled) for an anonymous environment. */
  generatedName: string;
  /** A snapshot to start from. */
  from?: string;
  image?: string;
  /** Path of a Dockerfile or its folder, absolute. */
  build?: string;
  fs: FsGrants;
  net: NetGrant;
  limits: LimitGrants;
  /** The folder of the file that is run, absolute: relative grants and `cwd` start there. */
  folder: string;
  /** Project root, absolute; writable mounts of it protect what the host later runs. */
  workspace: string;
  /** The `.mld` file, absolute. */
  file: string;
  /** One-based line of the env block, where one made it. */
  line?: number;
  /** Names of the allowed tools, for lists; unset for all. The core holds to them. */
  tools?: string[];
  workdir?: string;
  user?: string;
  /** `["8080:80"]`, published on loopback only. */
  ports?: string[];
  tty?: boolean;
  /** On this machine: which of its variables commands inherit, the basic ones (`PATH`, `HOME`, …) or, unset, all. */
  inherits?: "all" | "basic";
  /** Set-up follows: a kept environment is ready when `settled` was called, and one whose maker died before that is made anew. */
  setUp?: boolean;
  /** Hash of the create-time fields: a live environment of that name with another hash is an error. */
  configHash: string;
  /** The whole config with its unknown fields, for providers written in mlld. */
  options: Record<string, unknown>;
}

export interface EnvironmentCommand {
  argv: string[];
  cwd?: string;
  vars: Record<string, string>;
  /** Values never reach argv, logs, labels or events. */
  secrets: Record<string, string>;
  stdin?: string | Uint8Array | LiveInput;
  tty?: TerminalSize & {
    /** Calls back with each new size until the command ends. */
    onResize?(resized: (size: TerminalSize) => void): void;
  };
  /** Per command, milliseconds. */
  timeoutMs?: number;
}

/** Input that comes while the command runs: what a person types, what a pipe brings. Its end closes the command's stdin. */
export interface LiveInput extends AsyncIterable<Uint8Array> {
  /** Where it can be had without this process in between: a process of this machine then takes no more than it reads. */
  readonly descriptor?: number;
  /** Takes back what the command was given and did not read. */
  unread?(rest: Uint8Array): void;
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Takes output as it comes. A promise asks the source to wait (back-pressure). */
export interface OutputSink {
  stdout(chunk: Uint8Array): void | Promise<void>;
  stderr(chunk: Uint8Array): void | Promise<void>;
  /** Progress of slow steps (pull, build), one line. */
  progress?(message: string, percent?: number): void;
  /** Something that the person should know and that stops nothing. */
  warning?(message: string): void;
  /** A connection that the network rule refused. */
  denied?(host: string, port: number, reason: string): void;
}

export type Outcome =
  | { kind: "exited"; exitCode: number }
  | { kind: "killed"; reason: "timeout" | "cancelled" | "memory" }
  | { kind: "lost"; cause: string };

export interface SnapshotRef {
  /** What `from` takes to restore it. */
  ref: string;
}

/** An attachment of this process to one environment. */
export interface Environment {
  readonly name: string;
  /** False when it was there already. */
  readonly created: boolean;
  /** False where the input of a command has to be known before it starts. */
  readonly takesLiveInput?: boolean;
  execute(command: EnvironmentCommand, sink: OutputSink, signal: AbortSignal): Promise<Outcome>;
  snapshot?(name: string, signal: AbortSignal): Promise<SnapshotRef>;
  /** Notes in the environment that its set-up has run to its end. */
  settled?(signal: AbortSignal): Promise<void>;
  /** Ends the environment. */
  release(signal: AbortSignal): Promise<void>;
  /** Ends only what this process holds in it. */
  detach(): Promise<void>;
}

/** A row of `list`. */
export interface EnvironmentInfo extends ExplorerEnvironment {
  /** True for an anonymous environment whose owner is dead. */
  orphaned?: boolean;
}

export interface Provider {
  /** The reference as written in `provider:`, or `local`. */
  readonly ref: string;
  /** True when it makes up names itself: what it left half made cannot be found by the generated name. */
  readonly namesItself?: boolean;
  /** Create or exists: reuses a running environment of that name, starts a stopped one, creates a missing one. */
  open(spec: EnvironmentSpec, sink: OutputSink, signal: AbortSignal): Promise<Environment>;
  list?(signal: AbortSignal): Promise<EnvironmentInfo[]>;
  /** Attaches to a live environment of ours, named or anonymous, whatever its config; null when there is none of that name. */
  attach?(name: string, signal: AbortSignal): Promise<Environment | null>;
  /** Ends the environment of that name in whatever state it is (also half created); false when there is none of ours. */
  remove?(name: string, signal: AbortSignal): Promise<boolean>;
  /** Names of anonymous environments whose owner is known to be dead; `remove` ends them. */
  orphans?(signal: AbortSignal): Promise<string[]>;
  /** What is known about an environment, without its variables; null when there is none of that name. */
  inspect?(name: string, signal: AbortSignal): Promise<EnvironmentDetails | null>;
  /** Stops a kept environment: its processes end, its files stay. False when there is none of that name; so do the next two. */
  stop?(name: string, signal: AbortSignal): Promise<boolean>;
  start?(name: string, signal: AbortSignal): Promise<boolean>;
  /** Puts a kept environment back to a snapshot, with the grants that it has. When that fails it is as it was. */
  restore?(name: string, ref: string, signal: AbortSignal): Promise<boolean>;
  /** What the files of an environment differ in from where it started; null when there is none of that name. */
  changes?(name: string, signal: AbortSignal): Promise<FileChange[] | null>;
  /** The first `limit` bytes of a file of an environment; null when there is no such plain file, or no such environment. */
  readFile?(name: string, path: string, limit: number, signal: AbortSignal): Promise<Uint8Array | null>;
  /** Snapshots, newest first: of one environment, or all. */
  snapshots?(environment: string | undefined, signal: AbortSignal): Promise<SnapshotInfo[]>;
  /** False when there is none of that reference. */
  removeSnapshot?(ref: string, signal: AbortSignal): Promise<boolean>;
  /** Calls back after each change of an environment of ours, until the signal aborts. */
  watch?(changed: () => void, signal: AbortSignal): Promise<void>;
}

/** A failure with the code that the reference gives it (`ENV_PROVIDER_…`, `run/…`) and what to do about it. */
export class ProviderError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly mend?: string,
  ) {
    super(message);
    this.name = "ProviderError";
  }
}
