/** Names of one file: what defines them, where they may be used, and where they are used. */
import type { Action, Node } from "../syntax/tree";

export type SymbolKind =
  | "var"
  | "let"
  | "exe"
  | "parameter"
  | "loop"
  | "import"
  | "namespace"
  | "policy"
  | "auth"
  | "guard"
  | "hook"
  | "reserved"
  | "transformer";

/** A name and what it stands for. Offsets are in the file that was bound. */
export interface MlldSymbol {
  kind: SymbolKind;
  name: string;
  /** The range of the defining name; null for reserved names, transformers, and modules that are called after their file. */
  range: { start: number; end: number } | null;
  /** The statement, parameter, loop or import specifier that defines the name; null for reserved names and transformers. */
  declaration: Node | null;
  /** What the name was first given, where that is an expression. */
  value: Action | null;
  /** `secret`, `untrusted`, … as written at the definition. */
  labels: string[];
  scope: Scope;
  references: Reference[];
  /** Later `@x = …`, `@x += …` and `let @x = …` in the same block. */
  writes: { operator: "=" | "+="; value: Action; start: number; scope: Scope }[];
  /** Where an imported name comes from; `imported` is null for a whole module. */
  import: { index: number; imported: string | null } | null;
}

export type ScopeKind = "file" | "exe" | "block" | "for" | "loop" | "when" | "guard" | "hook" | "template";

export interface Scope {
  kind: ScopeKind;
  start: number;
  end: number;
  parent: Scope | null;
  children: Scope[];
  symbols: Map<string, MlldSymbol>;
  /** The executable whose body this is in; null outside of one. */
  executable: MlldSymbol | null;
}

/** A use of a name. */
export interface Reference {
  name: string;
  /** The range of the name with its sigil, where one is written. */
  start: number;
  end: number;
  /** null when nothing of that name is in scope. */
  symbol: MlldSymbol | null;
  scope: Scope;
  use: "read" | "call" | "write" | "export" | "auth";
  /** True inside a template or a command body, where an undefined name stays literal text. */
  inText: boolean;
  /** True where asking for an undefined name is no fault: `@x?`, `@x ?? y`, `!@x`, a condition. */
  asked: boolean;
  /** True inside the text of a `cmd { … }`. */
  inCommand: boolean;
}
