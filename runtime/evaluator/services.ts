/** What a run asks of its surroundings. Nothing in the evaluator touches the machine except through these. */
import type { RunEventBody } from "../../protocol/events";
import type { RunEnvironments } from "../environments/run-environments";
import type { LiveInput, TerminalSize } from "../providers/provider";
import type { ScriptHost } from "./code/script-host";

export interface RunServices {
  /** Takes an event and redacts credentials in it; a promise asks the run to wait (back-pressure). */
  emit(event: RunEventBody): void | Promise<void>;
  environments: RunEnvironments;
  files: FileAccess;
  credentials: CredentialStore;
  /** Starts what runs `js` blocks, at the first of them. */
  scripts(): Promise<ScriptHost>;
  /** What commands read that get no input from the program; null when they read nothing. */
  input: CommandInput | null;
  /** Size of the terminal that shows what the program prints; null when none does. */
  terminal: () => TerminalSize | null;
  settings: RunSettings;
}

/** The input of the run, for one command at a time. */
export interface CommandInput {
  /** null while another command has it. Who borrows it gives it back. */
  borrow(): BorrowedInput | null;
}

export interface BorrowedInput extends LiveInput {
  giveBack(): void;
}

/** The files of the host, by absolute path. Grants are checked before a call. */
export interface FileAccess {
  /** null when there is no such file. Throws when it is there and cannot be read. */
  read(path: string): Promise<string | null>;
  write(path: string, text: string): Promise<void>;
  append(path: string, text: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  /** Names in a folder, sorted; empty when it is missing. */
  list(path: string): Promise<string[]>;
  /** Absolute paths of the files below `folder` that match, sorted. */
  glob(pattern: string, folder: string): Promise<string[]>;
  resolved(path: string): Promise<ResolvedPath>;
}

/** Where a path leads, also when nothing is there. */
export interface ResolvedPath {
  real: string;
  /** Each link on the way, by its own place. */
  links: readonly string[];
}

/** Where the value of a credential is looked up. */
export type CredentialRequest =
  | { kind: "keychain"; service: string; account: string }
  | { kind: "variable"; name: string }
  /** A credential that the program does not define, by its name: the editor's secret storage. */
  | { kind: "stored"; name: string };

export interface CredentialStore {
  /** null when there is none. */
  find(request: CredentialRequest): Promise<string | null>;
}

export interface RunSettings {
  /** The project root, absolute. */
  root: string;
  /** Content of `mlld-config.json` at the root; an empty object without one. */
  config: Record<string, unknown>;
  home: string;
  /** Variables of the process that runs, for `@input` and `MLLD_…` names. */
  variables: Record<string, string | undefined>;
  /** Standard input as `@input`; null when none was given. */
  input: string | null;
  /** `@payload`: the values of `--input k=v`. */
  payload: Record<string, unknown>;
  /** The image for a sandbox whose config names none; empty for none. */
  image: string;
  /** `run --provider P`: the provider of every block, whatever its config names. */
  provider: string | null;
  /** `run --keep`: environments of the run's blocks are kept. */
  keep: boolean;
  /** `run --evaluate`: the evaluation set-up of specs runs too. */
  evaluate?: boolean;
}
