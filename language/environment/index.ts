/**
 * Environments: one algebra for the language server (while typing) and the runtime (before anything runs). Pure: values in, facts out.
 *
 * The usual way: `readConfig` → `enterBlock` (merges the chain, applies defaults, compares) → `applyPolicy` → `explain`, `describe`, or at
 * run time `grantsOf`, `configHash`, `sameEnvironment`.
 */
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import type {
  Answer,
  CapabilityName,
  ConfigRole,
  DeclaredConfig,
  EnvironmentFacts,
  FieldComparison,
  FixData,
  PathContext,
  Problem,
} from "./types";

export type * from "./types";

// ------------------------------------------------------------------------------------------------------------ fields.ts

export interface FieldSpec {
  name: string;
  /** Other spellings that mean this field. */
  aliases: string[];
  /** Short type for signatures: `string[] | "*"`. */
  type: string;
  /** Markdown. */
  doc: string;
  /** Who enforces it, one sentence. */
  enforcedBy: string;
  /** How a child may narrow it; null when it is outside the order. */
  narrows: string | null;
  allowed: "config" | "both";
  /** A create-time field: part of the config hash and of "same environment". */
  createTime: boolean;
  /** Passed on from an enclosing block. */
  inherits: boolean;
  /** Value snippet with LSP placeholders. */
  snippet: string;
  /** Known values, for completion. */
  values: string[];
  /** Sub-fields, for completion inside the object. */
  fields: FieldSpec[];
  /** Offered by completion; spec-file names that have a better spelling are not. */
  offered: boolean;
}

export declare const FIELDS: readonly FieldSpec[];
/** The field of a name or alias. */
export declare function fieldNamed(name: string): FieldSpec | undefined;

// -------------------------------------------------------------------------------------------------------------- read.ts

export interface ReadContext {
  role: ConfigRole;
  paths: PathContext;
  /** How messages call the config: `@sandbox`; default `the config`. */
  label?: string;
}

/** Reads a config. Unknown values give no problem. */
export declare function readConfig(
  value: AbstractValue,
  context: ReadContext,
): { config: DeclaredConfig; problems: Problem[] };

/**
 * The value of `new @p with {…}` (`how: "new"`) or `@p with {…}` (`how: "with"`): `limits` merged key by key, `"*"` resolved.
 * `problems` holds what is wrong in the overlay and where it widens its base.
 */
export declare function deriveConfig(
  base: AbstractValue,
  overlay: AbstractValue,
  how: "new" | "with",
  context: Omit<ReadContext, "role">,
): { value: AbstractValue; problems: Problem[] };

// ----------------------------------------------------------------------------------------------------- chain.ts, block.ts

/** The environment outside every block: unrestricted. */
export declare const TOP_LEVEL: EnvironmentFacts;

export interface BlockRequest {
  /** The enclosing environment, `TOP_LEVEL` outside every block. */
  parent: EnvironmentFacts;
  /** CONFIG; null when none is written. */
  config: AbstractValue | null;
  /** The `with` clause; null when none is written. */
  with: AbstractValue | null;
  /** Where problems without a better place are reported: the head of the block, or the call that enters it. */
  place?: Place;
  label?: string;
  paths: PathContext;
  policy?: Policy;
}

export interface BlockFacts {
  /** What holds inside, policy applied. */
  environment: EnvironmentFacts;
  /** Everything wrong with the config and every field that is wider than its parent: of `with` against CONFIG, of the result against `parent`, of spreads. */
  problems: Problem[];
  comparisons: FieldComparison[];
}

/** Enters a block, or applies a guard's choice: reads, merges, compares, applies policy. */
export declare function enterBlock(request: BlockRequest): BlockFacts;

/** Compares an environment with the one that holds at a call (`place`): blocks entered through an exe call. */
export declare function compareEnvironments(
  child: EnvironmentFacts,
  parent: EnvironmentFacts,
  place?: Place,
): FieldComparison[];

// ------------------------------------------------------------------------------------------------------------- policy.ts

export interface Policy {
  label: string;
  place?: Place;
  /** Set from `env.default`. */
  defaultProvider: string | null;
}

export declare function readPolicy(
  value: AbstractValue,
  label: string,
  paths: PathContext,
): { policy: Policy; problems: Problem[] };
/** Several policies that hold at once, left to right. */
export declare function unitePolicies(policies: Policy[]): Policy;
/** Meets an environment with policy. A denied provider is a problem of severity error. */
export declare function applyPolicy(
  environment: EnvironmentFacts,
  policy: Policy,
): { environment: EnvironmentFacts; problems: Problem[] };

// ------------------------------------------------------------------------------------------------------------ explain.ts

/** `explain --json`: `"*"` unrestricted, `null` unknown until run time. */
export interface Explanation {
  provider: string | null;
  capabilities: {
    tools: unknown;
    mcps: unknown;
    fs: unknown;
    net: unknown;
    limits: unknown;
    auth: unknown;
    taint: unknown;
  };
  provenance: { field: string; place: Place | null; note: string }[];
  profile: string | null;
}

export declare function explain(environment: EnvironmentFacts): Explanation;
/** Markdown for hover. */
export declare function describe(environment: EnvironmentFacts): string;
/** One field in words: `Read, Write`, `everything`, `unknown until run time`. */
export declare function describeField(environment: EnvironmentFacts, field: CapabilityName): string;

// ------------------------------------------------------------------------------------------------------------ run time

/** A plain JSON-like value as an abstract one, without places. Functions and other exotic values become executables or unknown. */
export declare function fromValue(value: unknown): AbstractValue;
/** A known abstract value as plain data; `undefined` when any part is unknown. Executables become `{ executable: name }`. */
export declare function toValue(value: AbstractValue): unknown;

/** Concrete grants in the shapes of the provider interface. */
export interface Grants {
  provider: string | null;
  fs: {
    mounts: { host: string; container: string | null; tail: string | null; mode: "ro" | "rw" }[] | null;
    scratch: string[];
  };
  net:
    | { kind: "default" }
    | { kind: "none" }
    | {
        kind: "allow";
        items: { host: string; port: number | null }[];
        deny: { host: string; port: number | null }[];
      }
    | { kind: "limited" }
    | { kind: "bridge" }
    | { kind: "host" }
    | { kind: "network"; name: string };
  limits: { memoryBytes?: number; cpus?: number; pids?: number; timeoutMs?: number };
  auth: string[];
  taint: string[];
  /** Lower-case names; null for all. `deniedTools` is taken off. */
  tools: string[] | null;
  deniedTools: string[];
  name?: string;
  /** undefined: not said. */
  keep?: boolean;
  from?: string;
  image?: string;
  /** Absolute. */
  build?: string;
  workdir?: string;
  user?: string;
  ports?: string[];
  tty?: boolean;
  /** Every field and further key of the merged config, as plain data, for providers written in mlld. */
  options: Record<string, unknown>;
}

/** The grants of an environment whose values are all known; `unknown` names the fields that are not. */
export declare function grantsOf(environment: EnvironmentFacts): { grants: Grants } | { unknown: string[] };
/** Hex hash of the create-time fields. */
export declare function configHash(grants: Grants): string;
/** Whether a nested block runs in its parent's environment: equal create-time fields, no `name` or `from` of its own. */
export declare function sameEnvironment(child: Grants, parent: Grants): boolean;
/** Whether a tool may be used: `narrower` yes, `wider` no. */
export declare function allowsTool(environment: EnvironmentFacts, tool: string): Answer;
/** `env/command-needs-bash`, when the tools surely lack Bash. `what` is `this command`, `@build, which runs a command`. */
export declare function commandProblem(environment: EnvironmentFacts, what: string, place?: Place): Problem | null;

// -------------------------------------------------------------------------------------------- providers and spec models

export interface ProviderKind {
  kind: "none" | "docker" | "sprites" | "module" | "registry";
}
/** What a `provider:` reference names. `module` is a path to an mlld file. */
export declare function providerKind(ref: string | null): ProviderKind["kind"];

/** The exports that a provider written in mlld must have. */
export declare const PROVIDER_EXPORTS: readonly {
  name: string;
  parameters: readonly string[];
  required: boolean;
  stub: string;
}[];
/** Checks a provider module where it is used. `parameters` is null when the count is not known. */
export declare function checkProviderModule(
  exports: { name: string; executable: boolean; parameters: number | null; place?: Place }[],
  ref: string,
  place?: Place,
): Problem[];

/** Edits of a fix, given the texts of the files it touches; null when a text is missing. */
export declare function editsOf(
  fix: FixData,
  textOf: (uri: string) => string | undefined,
): { place: Place; newText: string }[] | null;
