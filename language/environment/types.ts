/** The shapes of the environment algebra. Everything here is plain data; the functions are exported by `index.ts`. */
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";

/** Three-valued: `unknown` means that it depends on values that only the run knows. */
export type Answer = "narrower" | "wider" | "unknown";

/** How a config value is used, which decides what `"*"` means and which fields may be set. */
export type ConfigRole =
  /** CONFIG of a block, a guard's choice: `"*"` inherits. */
  | "config"
  /** `env @c with {…}`, `@p with {…}`: `"*"` inherits, only some fields may be set. */
  | "with"
  /** `new @p with {…}`: `"*"` is everything. */
  | "new";

/** Where relative paths start. All are absolute paths (not URIs), `/` or `\` separated. */
export interface PathContext {
  /** Folder of the file that the config is used in. */
  folder: string;
  /** Project root: `@base`, `@root`. */
  root: string;
  /** Home folder for `~`; empty where there is none. */
  home: string;
  /** A spec file by its absolute path: null when there is none, undefined while it is not loaded. */
  specFile?(path: string): { uri: string; text: string } | null | undefined;
}

// ------------------------------------------------------------------------------------------------------ what a field can be

/** An element of a set: compared by `key`, shown as `text`. */
export interface Item {
  key: string;
  text: string;
  place?: Place;
}

/** Names (tools, servers, credentials). `all` with items means everything but them; `open` that further unknown items may follow. */
export interface NameSet {
  all: boolean;
  items: Item[];
  open: boolean;
  place?: Place;
}

/** A host path that is granted with everything below it, or only the matches of `tail` (a glob) below it. */
export interface PathItem extends Item {
  /** Absolute, normalised, `/`-separated; drive letters in lower case. */
  base: string;
  tail: string | null;
  /** Absolute path in the environment; null when the entry names none. */
  container: string | null;
  /** Set for a path that was written relative to the file's folder: that path, for its default place in the environment. */
  relative: string | null;
  /** A bare absolute path in `write`: in a sandbox it asks for a temporary file system there, not for the host's folder. */
  temporary: boolean;
}

/** The reach into the host's files. `all` is unrestricted. Readable is `read` and `write` together. */
export interface FsSet {
  all: boolean;
  read: PathItem[];
  write: PathItem[];
  /** Further unknown grants may follow. */
  openRead: boolean;
  openWrite: boolean;
  /** Container paths that get an empty, temporary file system: no authority over the host. */
  scratch: Item[];
  place?: Place;
}

/** A name pattern (`api.x.com`, `*.x.com`, `*`) on one port, or on any port. */
export interface NetItem extends Item {
  host: string;
  /** null is any port. */
  port: number | null;
}

/** `names` is everything from nothing (`allow` empty) to `limited` (`*` on any port), less `deny`. */
export type NetSet =
  | { kind: "names"; allow: NetItem[]; deny: NetItem[]; open: boolean; place?: Place }
  | { kind: "bridge"; place?: Place }
  | { kind: "host"; place?: Place }
  | { kind: "network"; name: string; place?: Place }
  | { kind: "unknown"; place?: Place };

/** An upper bound; null is the provider's default, which compares as no bound. */
export type LimitSet = { kind: "known"; value: number | null; place?: Place } | { kind: "unknown"; place?: Place };

/** A provider reference as it is written; null is none: the host itself. */
export type ProviderSet = { kind: "known"; ref: string | null; place?: Place } | { kind: "unknown"; place?: Place };

/** Where a field got its value. */
export interface Provenance {
  place?: Place;
  /** `set in @sandbox`, `the default of a sandbox`, `policy @p leaves Read`. */
  note: string;
  /** How messages call the config that set it, where one did: the note is `set in` and this. */
  setIn?: string;
  /** The field's possible values after this step, where an author set them. */
  options?: readonly unknown[];
}

/** What is known about one field: all its possible values. */
export interface Field<S> {
  /** Never empty. Two fields that hold the same option *object* got it from the same evaluation. */
  options: S[];
  /** The field may also be unset. */
  maybeUnset: boolean;
  /** False for a default. */
  declared: boolean;
  /** Range of the value. */
  place?: Place;
  /** Range of the key. */
  keyPlace?: Place;
  /** What the field was before an entry after a spread replaced it. */
  replaced?: Field<S>;
  /** Oldest first. */
  history: Provenance[];
}

export type LimitName = "mem" | "cpu" | "pids" | "timeout";

/** The fields of the order. `mem` in bytes, `cpu` in CPUs, `timeout` in milliseconds. */
export interface Capabilities {
  provider: Field<ProviderSet>;
  tools: Field<NameSet>;
  mcps: Field<NameSet>;
  fs: Field<FsSet>;
  net: Field<NetSet>;
  auth: Field<NameSet>;
  mem: Field<LimitSet>;
  cpu: Field<LimitSet>;
  pids: Field<LimitSet>;
  timeout: Field<LimitSet>;
}

export type CapabilityName = keyof Capabilities;

/** A field outside the order: options of the sandbox, `name`, `keep`, `profile`, `profiles`, `taint`, … */
export interface ConfigOption {
  /** Its canonical name. */
  name: string;
  value: AbstractValue;
  keyPlace?: Place;
}

/** A key that is no field. */
export interface FurtherField extends ConfigOption {
  /** A field that it may have been meant to be. */
  suggestion: string | null;
  /** True in a `with`, where only some fields may be set. */
  inWith: boolean;
}

/** A config object, or a chain of them, read field by field. A missing capability is unset. */
export interface DeclaredConfig {
  place?: Place;
  /** How messages call it: `@sandbox`, `the config`. */
  label: string;
  capabilities: Partial<Capabilities>;
  options: Record<string, ConfigOption>;
  further: FurtherField[];
  /** Labels; they only accumulate. */
  taint: NameSet;
}

/** What holds inside a block: every capability, with its default where the chain says nothing. */
export interface EnvironmentFacts {
  label: string;
  place?: Place;
  capabilities: Capabilities;
  /** The merged chain that it comes from. */
  declared: DeclaredConfig;
  /** Name in `@mx.profile`; null none, undefined unknown. */
  profile: string | null | undefined;
  /** What policy changed. */
  removed: Removal[];
}

/** Something that policy took away; it is explained, not reported. */
export interface Removal {
  field: CapabilityName;
  text: string;
  place?: Place;
}

// ------------------------------------------------------------------------------------------------------------------ answers

export type EnvironmentCode =
  | "env/tools-widened"
  | "env/mcps-widened"
  | "env/fs-widened"
  | "env/net-widened"
  | "env/limits-widened"
  | "env/auth-widened"
  | "env/provider-weakened"
  | "env/unknown-field"
  | "env/field-type"
  | "env/config-not-object"
  | "env/unknown-profile"
  | "env/mcps-entry"
  | "env/fs-target"
  | "env/command-needs-bash"
  | "env/not-enforced"
  | "env/provider-module"
  | "env/policy-denied"
  | "env/spec-file";

/** What a quick fix does; `editsOf` turns it into text edits. */
export type FixData =
  | { kind: "replace"; title: string; place: Place; newText: string; preferred?: boolean }
  /** Removes an item with its comma from the list, or a property with its comma from the object, that it stands in. */
  | { kind: "remove"; title: string; place: Place; preferred?: boolean }
  /** Adds an item at the end of the array at `place`. */
  | { kind: "append"; title: string; place: Place; newText: string; preferred?: boolean };

/** What starts a process in an environment; `js` blocks do not. */
export type ProcessLanguage = "cmd" | "sh" | "bash" | "node" | "py";

/** A finding without severity settings applied. `place` is missing only for values that no text made (at run time). */
export interface Problem {
  code: EnvironmentCode;
  severity: "error" | "warning" | "information";
  /** One or more plain sentences: what is wrong, what the parent says, what to do. */
  message: string;
  place?: Place;
  related: { place: Place; message: string }[];
  fixes: FixData[];
}

/** The answer for one field. */
export interface FieldComparison {
  field: CapabilityName;
  answer: Answer;
  /** For `wider`. */
  problem?: Problem;
}
