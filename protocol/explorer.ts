/** What the explorer process (`mlld-env __explorer`) and the editor say to each other: JSON, one object a line. */

/** What can be done with an environment, as its backend says. */
export type EnvironmentAbility = "shell" | "stop" | "start" | "snapshot" | "restore" | "changes";

/** An environment as the explorer shows it. Optional fields are absent where the backend cannot tell them. */
export interface ExplorerEnvironment {
  name: string;
  provider: string;
  state: "running" | "stopped" | "creating" | "dead";
  image: string;
  engine: string;
  /** Absolute path of the project root that made it. */
  workspace: string;
  /** Absolute path of the file that made it. */
  file: string;
  /** One-based line of the env block. */
  line?: number;
  /** ISO 8601. */
  createdAt: string;
  mounts?: { host: string; container: string; mode: "ro" | "rw" }[];
  /** As in a config: `none`, `limited`, `bridge`, `host`, an engine network, or the allowed hosts. */
  net?: string | string[];
  /** As in a config. */
  limits?: Record<string, string | number>;
  /** Names of the allowed tools; null for all. */
  tools?: string[] | null;
  abilities: EnvironmentAbility[];
}

/** All that is known about one environment. */
export interface EnvironmentDetails extends ExplorerEnvironment {
  /** ISO 8601; set while it runs. */
  startedAt?: string;
  /** ISO 8601; set once it stopped. */
  stoppedAt?: string;
  /** False for one that ends with its run. */
  kept: boolean;
  user?: string;
  workdir?: string;
  ports?: { host: string; container: string }[];
  /** Folders in memory. */
  scratch?: string[];
  /** Bytes and counts of now; absent while it does not run. */
  usage?: { memoryBytes?: number; processes?: number };
  /** The engine's own answer, without variables. */
  engineAnswer?: unknown;
}

export interface FileChange {
  path: string;
  kind: "added" | "changed" | "deleted";
}

export interface SnapshotInfo {
  /** What `from` and `restore` take. */
  ref: string;
  name: string;
  /** The environment that it was taken of. */
  environment: string;
  /** ISO 8601. */
  createdAt: string;
  sizeBytes?: number;
}

/**
 * A backend and whether it answers. `absent`: there is none on this machine; `missing`: a socket is named and not there; `denied`: no
 * permission; `address`: what names it cannot be used.
 */
export interface ExplorerEngine {
  provider: string;
  state: "ready" | "absent" | "missing" | "denied" | "address" | "unreachable";
  /** Who says where it is, when it does not answer: a setting of ours, a variable of Docker's, or its current context. */
  named?: "setting" | "variable" | "context";
  /** Where it is, or why it does not answer. */
  detail: string;
  /** What to do when it does not answer. */
  mend?: string;
}

/** From the explorer process: the whole list at the start and after each change, and one answer to each command. */
export type ExplorerMessage =
  | { type: "list"; environments: ExplorerEnvironment[]; engines?: ExplorerEngine[] }
  | { type: "answer"; id: number; ok: true; value?: unknown }
  | { type: "answer"; id: number; ok: false; message: string };

/** What the commands take, and what each answers with. */
export interface ExplorerCommands {
  refresh: { takes: object; answer: undefined };
  /** From the editor's secret storage, by name; they travel nowhere else. */
  credentials: { takes: { secrets: Record<string, string> }; answer: undefined };
  release: { takes: { name: string }; answer: undefined };
  stop: { takes: { name: string }; answer: undefined };
  start: { takes: { name: string }; answer: undefined };
  inspect: { takes: { name: string }; answer: EnvironmentDetails };
  /** The shells that are there, by path or name, the best first. */
  shells: { takes: { name: string }; answer: string[] };
  changes: { takes: { name: string }; answer: FileChange[] };
  /** The text of a file, its beginning where it is long; null when it is gone or no text. */
  read: { takes: { name: string; path: string }; answer: { text: string; cut: boolean } | null };
  snapshots: { takes: { name: string }; answer: SnapshotInfo[] };
  snapshot: { takes: { name: string; as?: string }; answer: { ref: string } };
  restore: { takes: { name: string; ref: string }; answer: undefined };
  removeSnapshot: { takes: { ref: string }; answer: undefined };
}

/** To the explorer process. */
export type ExplorerCommand = {
  [C in keyof ExplorerCommands]: { id: number; command: C } & ExplorerCommands[C]["takes"];
}[keyof ExplorerCommands];
