/** The facts of one file, as `analyse` gives them. */

import type { BlockFacts, EnvironmentFacts, PathContext, Policy, Problem } from "../environment";
import type { Place } from "../place";
import type {
  CallExpression,
  EnvExpression,
  File,
  GuardAction,
  ImportStatement,
  NewExpression,
  Node,
  WithExpression,
} from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import type { Effect, ExecutableSummary, ExportedName, HeldChoice, HeldPolicy, ModuleSummary } from "./summary";
import type { MlldSymbol, Reference, Scope } from "./symbols";
import type { Unit, Units } from "./units";

export interface Analysis {
  uri: string;
  file: File;
  scope: Scope;
  /** Every symbol that the file defines, in source order. */
  symbols: MlldSymbol[];
  /** Every use of a name, in source order. */
  references: Reference[];
  /** Every call, in source order. */
  calls: CallExpression[];
  imports: ImportFact[];
  /** Places where an environment is entered or derived, outer before inner. */
  sites: Site[];
  /** The top-level statements, and which of them say the same as in the text before. */
  units: Units;
  /** Files that were asked for and are not loaded: load them and analyse again. */
  wanted: string[];
  /** Policies that hold in the file, as they are written: those of imports first. */
  policies: HeldPolicy[];
  /** The same, united. */
  policy: Policy;
  /** What is wrong in them. */
  policyProblems: Problem[];
  /** Where relative paths of configs start. */
  paths: PathContext;
  /** Credentials that `auth` and policies declare, here and in imports; `open` when there may be more. */
  auth: { names: Map<string, Place>; open: boolean };
  /** Environments that guards choose here, those of imports first. */
  guardChoices: HeldChoice[];
  /** What runs at top level, outside of every executable. */
  effects: Effect[];
  /** Executables that the file defines, in source order. */
  executables: ExecutableSummary[];
  summary: ModuleSummary;

  /** The innermost scope at an offset. */
  scopeAt(offset: number): Scope;
  /** The definition or use of a name at an offset. */
  symbolAt(offset: number): { symbol: MlldSymbol; start: number; end: number } | null;
  /** Names that may be written at an offset: innermost first, shadowed ones left out. */
  visibleAt(offset: number): MlldSymbol[];
  /** The use of a name that a node is. */
  referenceOf(node: Node): Reference | null;
  /** What an expression is, as far as it is known before the run. */
  evaluate(node: Node): AbstractValue;
  /** Where a name is defined: through imports, in the file that really defines it. */
  definitionOf(symbol: MlldSymbol): Place | null;
  /** The module behind a namespace import or an imported file; null when it is not known. */
  moduleOf(symbol: MlldSymbol): ModuleSummary | null;
  /** The exported name behind an imported symbol. */
  exportedName(symbol: MlldSymbol): ExportedName | null;
  /** The executable that a name or member expression calls; null when that is not known. */
  executableOf(callee: Node): ExecutableSummary | null;
  /** The innermost block site whose range, with the statement around it, holds the offset. */
  siteAt(offset: number): Site | null;
  /** What entering a site gives, seen from its place in the text: a body of an executable as if it were called at top level. */
  factsOf(site: Site): BlockFacts;
  /** The environment that holds around a site. */
  around(site: Site): EnvironmentFacts;
  /** The sites of one unit. */
  sitesOf(unit: Unit): Site[];
  /** What running a top-level statement does; calling it, for an executable. */
  effectsOf(unit: Unit): Effect[];
  /** The executable of that name in a file. */
  executable(uri: string, name: string): ExecutableSummary | null;
  /** What an imported file, or one that it imports, says of itself. */
  module(uri: string): ModuleSummary | null;
  /** The text of a file that the analysis can see. */
  textOf(uri: string): string | null | undefined;
  /** The file of a provider written in mlld; null when it is none, or not known. */
  providerModule(reference: string): ModuleSummary | "missing" | null;
}

export interface ImportFact {
  statement: ImportStatement;
  /** The text of the source, as written, with constants put in. */
  specifier: string | null;
  kind: "file" | "folder" | "registry" | "url" | "special" | "mcp" | "node" | "unknown";
  /** For `file`: what was resolved. */
  uri: string | null;
  /** `missing` is known not to exist, `wanted` is not loaded yet. */
  state: "loaded" | "wanted" | "missing" | "cycle" | "none";
}

/** Where an environment is entered (`env`), chosen (`guard`), derived (`new`, `with`) or given to one command (`with` as its tail). */
export interface Site {
  kind: "block" | "guard" | "new" | "with" | "command";
  node: EnvExpression | GuardAction | NewExpression | WithExpression;
  place: Place;
  /** From `env` to before the block; the whole site where there is no block. */
  head: Place;
  /** How messages call the config: `@sandbox`. */
  label: string | undefined;
  /** The enclosing `block` site in the same executable or at top level. */
  parent: Site | null;
  /** The executable whose body holds the site. */
  executable: MlldSymbol | null;
  /** The value of CONFIG, or of what is derived from; null when none is written. */
  config: AbstractValue | null;
  /** The value of the `with` clause; null when none is written. */
  with: AbstractValue | null;
  /** What runs directly inside a block. */
  effects: Effect[];
}
