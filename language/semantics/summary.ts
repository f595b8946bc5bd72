/** What a file tells its importers: enough to check them without its tree. */
import type { ProcessLanguage } from "../environment";
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import type { SymbolKind } from "./symbols";

export interface ModuleSummary {
  uri: string;
  /** The first mistake for which the file cannot be read, so that names may be missing. */
  fault: { message: string; place: Place } | null;
  /** Names that may be imported; without an `export` statement every name that it defines at top level. */
  exports: Map<string, ExportedName>;
  /** What its statements do when it is imported. */
  effects: Effect[];
  /** Every top-level executable by name: exported ones call private ones. */
  executables: Map<string, ExecutableSummary>;
  /** Policies that importing this file activates, in order, with those of its own imports. */
  policies: { label: string; value: AbstractValue }[];
  /** False when importing this file surely registers no guards or hooks, here or in its imports. */
  guards?: boolean;
  /** Environments that its guards choose, and those of its imports. */
  choices: GuardChoice[];
  /** Names declared by `auth`, here and in imported files. */
  auth: Map<string, Place>;
  /** True when credentials may be declared that are not known: by a policy, or by an import that could not be followed. */
  openAuth: boolean;
  /** Files that this one imports and that could be resolved. */
  imports: string[];
  /** Files that its imports, and theirs, still lack. */
  wanted: string[];
}

/** An environment that a guard chooses for the operations that it looks at. */
export interface GuardChoice {
  /** `operation` for `op:run`, `label` for `secret`, `function` for `@fn`. */
  filter: "operation" | "label" | "function";
  /** `run`, `cmd.git.status`, `secret`, `fn`. */
  name: string;
  config: AbstractValue | null;
  /** How messages call the config. */
  label: string | undefined;
  /** `env @config` in the guard. */
  head: Place;
  /** Whether no rule of the guard comes before, and the choice has no condition. */
  always: boolean;
}

/** A choice, and from which offset of the file on it can be made: a block in front of the guard runs before it is there. */
export interface HeldChoice extends GuardChoice {
  from: number;
}

export interface ExportedName {
  name: string;
  kind: SymbolKind;
  /** The definition. */
  place: Place;
  /** Where the name is given, when it is another than the definition's: behind `as`, in an export or an import. */
  alias?: Place;
  value: AbstractValue;
  labels: string[];
}

/** A policy, and from which offset of the file on it holds. */
export interface HeldPolicy {
  label: string;
  value: AbstractValue;
  from: number;
}

/** What calling an executable does, as far as it can be known from its text. */
export interface ExecutableSummary {
  name: string;
  uri: string;
  place: Place;
  labels: string[];
  /** null when no parentheses are written. */
  parameters:
    | { name: string; type: string | null /** Its value goes into the text of a command. */; inCommand: boolean }[]
    | null;
  /** Whether the body is a block, a command, code in a language, a template, a value. */
  body: string;
  /** The value of a call, where the body is a pure value; parameters stand in it as unknowns that name them. */
  result: AbstractValue;
  effects: Effect[];
}

/** Something that happens when a statement runs, in the order of the text. */
export type Effect = CommandEffect | EnvironmentEffect | CallEffect | DerivationEffect;

export interface CommandEffect {
  kind: "command";
  /** `js` starts no process. */
  language: ProcessLanguage | "js";
  place: Place;
}

export interface EnvironmentEffect {
  kind: "environment";
  /** How messages call the config: `@sandbox`. */
  label?: string;
  config: AbstractValue | null;
  with: AbstractValue | null;
  /** The head, from `env` to before the block. */
  place: Place;
  effects: Effect[];
}

/** `new @p with {…}`, `@p with {…}`: wider than `@p` is refused where it is made. */
export interface DerivationEffect {
  kind: "derivation";
  how: "new" | "with";
  label?: string;
  config: AbstractValue;
  with: AbstractValue;
  place: Place;
}

export interface CallEffect {
  kind: "call";
  /** null when the callee is not known: a parameter, a computed member, an unresolved import. */
  callee: { uri: string; name: string } | null;
  /** As written: `@docker.run`. */
  name: string;
  arguments: AbstractValue[];
  place: Place;
}
