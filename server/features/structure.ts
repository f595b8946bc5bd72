import {
  type DocumentSymbol,
  type FoldingRange,
  FoldingRangeKind,
  type Position,
  type SelectionRange,
  type SymbolInformation,
  SymbolKind,
} from "vscode-languageserver";
import { folds } from "../../language/features/folding";
import { type OutlineEntry, type OutlineKind, outline } from "../../language/features/outline";
import { selections } from "../../language/features/selection";
import { type Feature, onDocument } from "../context";
import { rangeOf } from "../convert";
import type { Checked, Positions } from "../workspace";

/** What follows from the tree alone: folding, selection and the outline. */
export const structure: Feature = {
  capabilities: () => ({ foldingRangeProvider: true, selectionRangeProvider: true, documentSymbolProvider: true }),

  register(context) {
    const { connection, client } = context;
    connection.onFoldingRanges(onDocument(context, "textDocument/foldingRange", [], checked => foldingRanges(checked)));
    connection.onSelectionRanges(
      onDocument(
        context,
        "textDocument/selectionRange",
        [],
        (checked, { positions }: { textDocument: { uri: string }; positions: Position[] }) =>
          positions.map(position => selectionRange(checked, position)),
      ),
    );
    connection.onDocumentSymbol(
      onDocument<{ textDocument: { uri: string } }, DocumentSymbol[] | SymbolInformation[]>(
        context,
        "textDocument/documentSymbol",
        [],
        (checked, { textDocument }) => {
          const entries = outline(checked.analysis.file);
          return client.hierarchicalSymbols
            ? entries.map(entry => symbolOf(checked.positions, entry))
            : flat(checked.positions, textDocument.uri, entries);
        },
      ),
    );
  },
};

const FOLDING_KIND = { region: undefined, comment: FoldingRangeKind.Comment, imports: FoldingRangeKind.Imports };

function foldingRanges({ analysis, positions }: Checked): FoldingRange[] {
  const byLine = new Map<number, FoldingRange>();
  for (const fold of folds(analysis.file)) {
    const startLine = positions.positionAt(fold.start).line;
    const last = positions.positionAt(fold.end).line;
    // The line of a closing bracket stays visible.
    const endLine = fold.closed ? last - 1 : last;
    if (endLine <= startLine || (byLine.get(startLine)?.endLine ?? -1) >= endLine) continue;
    const kind = FOLDING_KIND[fold.kind];
    byLine.set(startLine, { startLine, endLine, ...(kind && { kind }) });
  }
  return [...byLine.values()].sort((a, b) => a.startLine - b.startLine);
}

function selectionRange({ analysis, positions }: Checked, position: Position): SelectionRange {
  const spans = selections(analysis.file, positions.offsetAt(position));
  let range: SelectionRange | undefined;
  for (const span of spans.reverse()) range = { range: rangeOf(positions, span), ...(range && { parent: range }) };
  return range ?? { range: { start: position, end: position } };
}

export const SYMBOL_KIND: Record<OutlineKind, SymbolKind> = {
  variable: SymbolKind.Variable,
  object: SymbolKind.Object,
  function: SymbolKind.Function,
  environment: SymbolKind.Namespace,
  policy: SymbolKind.Interface,
  credential: SymbolKind.Key,
  guard: SymbolKind.Event,
  hook: SymbolKind.Event,
  heading: SymbolKind.String,
  template: SymbolKind.File,
};

function symbolOf(positions: Positions, entry: OutlineEntry): DocumentSymbol {
  return {
    name: entry.name,
    ...(entry.detail && { detail: entry.detail }),
    kind: SYMBOL_KIND[entry.kind],
    range: rangeOf(positions, entry),
    selectionRange: rangeOf(positions, entry.selection),
    children: entry.children.map(child => symbolOf(positions, child)),
  };
}

function flat(positions: Positions, uri: string, entries: OutlineEntry[], container?: string): SymbolInformation[] {
  return entries.flatMap(entry => [
    {
      name: entry.name,
      kind: SYMBOL_KIND[entry.kind],
      location: { uri, range: rangeOf(positions, entry) },
      ...(container && { containerName: container }),
    },
    ...flat(positions, uri, entry.children, entry.name),
  ]);
}
