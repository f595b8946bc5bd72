/** The facts of one file, as `analyse` gives them. */
import type { Place } from "../place";
import type {
  EnvExpression,
  File,
  GuardAction,
  ImportStatement,
  NewExpression,
  Node,
  WithExpression,
} from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import type { ExecutableSummary, ExportedName, ModuleSummary } from "./summary";
import type { MlldSymbol, Reference, Scope } from "./symbols";

export interface Analysis {
  uri: string;
  file: File;
  scope: Scope;
  /** Every symbol that the file defines, in source order. */
  symbols: MlldSymbol[];
  /** Every use of a name, in source order. */
  references: Reference[];
  imports: ImportFact[];
  /** Places where an environment is entered or derived, outer before inner. */
  sites: Site[];
  /** Files that were asked for and are not loaded: load them and analyse again. */
  wanted: string[];
  summary: ModuleSummary;

  /** The innermost scope at an offset. */
  scopeAt(offset: number): Scope;
  /** The definition or use of a name at an offset. */
  symbolAt(offset: number): { symbol: MlldSymbol; start: number; end: number } | null;
  /** Names that may be written at an offset: innermost first, shadowed ones left out. */
  visibleAt(offset: number): MlldSymbol[];
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
  /** The innermost site whose range holds the offset. */
  siteAt(offset: number): Site | null;
  /** Top-level symbols that running a node needs, directly and through executables it calls; in source order. */
  definitionsNeeded(node: Node): MlldSymbol[];
  /** Names that an executable's body takes from outside itself (its free variables). */
  freeVariables(symbol: MlldSymbol): MlldSymbol[];
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

/** Where an environment is entered (`env`), chosen (`guard`) or derived (`new`, `with`). */
export interface Site {
  kind: "block" | "guard" | "new" | "with" | "command";
  node: EnvExpression | GuardAction | NewExpression | WithExpression;
  place: Place;
  /** The enclosing `block` site in the same executable or at top level. */
  parent: Site | null;
  /** The executable whose body holds the site. */
  executable: MlldSymbol | null;
  /** The value of CONFIG; null when none is written. */
  config: AbstractValue | null;
  /** The value of the `with` clause; null when none is written. */
  with: AbstractValue | null;
}
