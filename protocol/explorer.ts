/** What the explorer process (`mlld-env __explorer`) and the editor say to each other: JSON, one object a line. */

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
  /** As in a config: `none`, `bridge`, `host`, an engine network, or the allowed hosts. */
  net?: string | string[];
  limits?: Record<string, string | number>;
}

/** A backend and whether it answers; `mend` is what to do when it does not. */
export interface ExplorerEngine {
  provider: string;
  state: "ready" | "absent" | "unreachable";
  /** Where it is, or why it does not answer. */
  detail: string;
  mend?: string;
}

/** From the explorer process: the whole list at the start and after each change, and one answer to each command. */
export type ExplorerMessage =
  | { type: "list"; environments: ExplorerEnvironment[]; engines?: ExplorerEngine[] }
  | { type: "answer"; id: number; ok: true; value?: unknown }
  | { type: "answer"; id: number; ok: false; message: string };

/** To the explorer process. `inspect` answers with what the engine knows (secrets left out), `snapshot` with `{ ref }`. */
export type ExplorerCommand =
  | { id: number; command: "release"; name: string }
  | { id: number; command: "inspect"; name: string }
  | { id: number; command: "snapshot"; name: string; as?: string }
  | { id: number; command: "refresh" };
