/** What the functions of this module take and give. */
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import type {
  ConfigRole,
  EnvironmentFacts,
  FieldComparison,
  Item,
  NameSet,
  NetSet,
  PathContext,
  Problem,
} from "./types";

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

export interface ReadContext {
  role: ConfigRole;
  paths: PathContext;
  /** How messages call the config: `@sandbox`; default `the config`. */
  label?: string;
}

export interface BlockRequest {
  /** The enclosing environment, `TOP_LEVEL` outside every block. */
  parent: EnvironmentFacts;
  /** CONFIG; null when none is written. */
  config: AbstractValue | null;
  /** Where CONFIG stands in the block's own text. */
  configPlace?: Place;
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

export interface Policy {
  label: string;
  place?: Place;
  /** Set from `env.default`. */
  defaultProvider: string | null;
}

export interface ProviderRule {
  /** The policy that says so. */
  policy: string;
  allowed: boolean;
  auth: Item[];
  taint: Item[];
  place?: Place;
}

/** Everything of a policy that touches environments. */
export interface EnvironmentPolicy extends Policy {
  providers: Map<string, ProviderRule>;
  tools: NameSet;
  mcps: NameSet;
  /** null is unrestricted. */
  net: NetSet | null;
  /** Provider that whoever runs the program chose for all its environments: null is this machine, undefined leaves them as written. */
  chosenProvider?: string | null;
  /** Capabilities denied as a whole (`sh`, `network`, …): they decide which profile is chosen. */
  denied: ReadonlySet<string>;
}

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

/** A host path and where it lies in the environment; `container` null means the default place. `tail` is a glob below `host`. */
export interface MountGrant {
  host: string;
  container: string | null;
  tail: string | null;
  mode: "ro" | "rw";
}

export interface FsGrants {
  /** null: the chain declares no `fs`, so a sandbox gets nothing of the host and a local run everything. */
  mounts: MountGrant[] | null;
  /** Absolute container paths that get a tmpfs. */
  scratch: string[];
}

interface HostItem {
  host: string;
  port: number | null;
}

export type NetGrant =
  | { kind: "default" }
  | { kind: "none" }
  /** In `items` no port means 443 and 80; `deny` takes away again, without a port on every port. */
  | { kind: "allow"; items: HostItem[]; deny?: HostItem[] }
  | { kind: "limited"; deny?: HostItem[] }
  | { kind: "bridge" }
  | { kind: "host" }
  | { kind: "network"; name: string };

/** Unset means the provider's default. */
export interface LimitGrants {
  memoryBytes?: number;
  cpus?: number;
  pids?: number;
  timeoutMs?: number;
}

/** Concrete grants in the shapes of the provider interface. */
export interface Grants {
  provider: string | null;
  fs: FsGrants;
  net: NetGrant;
  limits: LimitGrants;
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
