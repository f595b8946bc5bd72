import type { CallExpression, ExportStatement, File, ImportStatement, Node } from "../syntax/tree";
import type { MlldSymbol, Reference, Scope } from "./symbols";

/** What a tree says by itself: scopes, symbols, uses of names, imports and exports. */
export interface Bound {
  file: File;
  scope: Scope;
  symbols: MlldSymbol[];
  references: Reference[];
  /** Where a reference or binding node points. */
  referenceOf(node: Node): Reference | null;
  symbolOf(node: Node): MlldSymbol | null;
  /** Every call, in source order. */
  calls: CallExpression[];
  imports: ImportStatement[];
  exports: ExportStatement[];
  auth: Map<string, MlldSymbol>;
  guards: MlldSymbol[];
}
