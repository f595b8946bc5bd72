import {
  type CancellationToken,
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type LocationLink,
  LSPErrorCodes,
  type Position,
  type Range,
  ResponseError,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { Edit } from "../../language/diagnostics";
import { usesInCode } from "../../language/features/navigation/code-uses";
import {
  localOccurrences,
  type Occurrence,
  occurrencesOf,
  usesOf,
} from "../../language/features/navigation/occurrences";
import {
  checkName,
  RenameRefused,
  type Renaming,
  renameIn,
  renamingAt,
} from "../../language/features/navigation/rename";
import { type Target, targetAt } from "../../language/features/navigation/target";
import type { Analysis, MlldSymbol } from "../../language/semantics";
import { type Context, type Feature, onDocument } from "../context";
import { locationOf, rangeOf, workspaceEditOf } from "../convert";
import { filesNaming } from "../search";
import { canonicalUri } from "../uris";
import type { Checked } from "../workspace";

interface At {
  textDocument: { uri: string };
  position: Position;
}

const HIGHLIGHT = {
  definition: DocumentHighlightKind.Write,
  write: DocumentHighlightKind.Write,
  read: DocumentHighlightKind.Read,
};

/** Where names are defined and used, in all files, and changing them. */
export const navigation: Feature = {
  capabilities: client => ({
    definitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    renameProvider: client.preparesRename ? { prepareProvider: true } : true,
  }),

  register(context) {
    const { connection } = context;
    connection.onDefinition(
      onDocument<At, LocationLink[] | Location | null>(
        context,
        "textDocument/definition",
        null,
        (checked, { position }) => definition(context, checked, position),
      ),
    );
    connection.onReferences(
      onDocument<At & { context: { includeDeclaration: boolean } }, Location[]>(
        context,
        "textDocument/references",
        [],
        (checked, params, token) =>
          references(context, checked, params.position, params.context.includeDeclaration, token),
      ),
    );
    connection.onDocumentHighlight(
      onDocument<At, DocumentHighlight[]>(context, "textDocument/documentHighlight", [], highlights),
    );
    connection.onPrepareRename(
      onDocument<At, { range: Range; placeholder: string } | null>(
        context,
        "textDocument/prepareRename",
        null,
        ({ analysis, positions }, { position }) => {
          const { span, name } = refusable(() => renamingAt(analysis, positions.offsetAt(position)));
          return { range: rangeOf(positions, span), placeholder: name };
        },
      ),
    );
    connection.onRenameRequest(
      onDocument<At & { newName: string }, WorkspaceEdit | null>(
        context,
        "textDocument/rename",
        null,
        (checked, { position, newName }, token) => rename(context, checked, position, newName, token),
      ),
    );
  },
};

/** What the author did wrong is answered as an error with its message, and not logged as a fault. */
function refusable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RenameRefused ? new ResponseError(LSPErrorCodes.RequestFailed, error.message) : error;
  }
}

async function definition(
  context: Context,
  { analysis, positions }: Checked,
  position: Position,
): Promise<LocationLink[] | Location | null> {
  const target = targetAt(analysis, positions.offsetAt(position));
  const location = target && (await loadedLocation(context, target));
  if (!location || !context.client.definitionLinks) return location;
  const { uri, range } = location;
  return [
    {
      originSelectionRange: rangeOf(positions, target.span),
      targetUri: uri,
      targetRange: range,
      targetSelectionRange: range,
    },
  ];
}

async function loadedLocation({ workspace }: Context, { place }: Target): Promise<Location | null> {
  if (!place) return null;
  const location = locationOf(workspace, place);
  if (location) return location;
  await workspace.disk.load(canonicalUri(place.uri));
  return locationOf(workspace, place);
}

function highlights({ analysis, positions }: Checked, { position }: At): DocumentHighlight[] {
  const target = targetAt(analysis, positions.offsetAt(position));
  if (!target) return [];
  return inFileOf(analysis, target).map(span => ({ range: rangeOf(positions, span), kind: HIGHLIGHT[span.kind] }));
}

function inFileOf(analysis: Analysis, { place, name, symbol, span }: Target): Occurrence[] {
  if (symbol?.range && isLocal(symbol)) {
    const inCode = usesInCode(analysis, symbol).map(
      (use): Occurrence => ({ ...use, kind: "read", spelled: symbol.name }),
    );
    return [...localOccurrences(symbol), ...inCode];
  }
  if (symbol && isLocal(symbol)) return usesOf(analysis, symbol);
  return place && name !== null ? occurrencesOf(analysis, place, name) : [{ ...span, kind: "read", spelled: "" }];
}

/** Names of blocks, of whole modules and of mlld itself are the same name in no other file. */
function isLocal({ scope, kind, range }: MlldSymbol): boolean {
  return range === null || scope.kind !== "file" || kind === "namespace";
}

async function references(
  context: Context,
  checked: Checked,
  position: Position,
  includeDefinition: boolean,
  token: CancellationToken,
): Promise<Location[]> {
  const target = targetAt(checked.analysis, checked.positions.offsetAt(position));
  if (!target || target.name === null) return [];
  const { name, place, symbol } = target;
  const found: Location[] = [];
  const inFile = (file: Checked) => {
    for (const occurrence of inFileOf(file.analysis, target)) {
      if (occurrence.kind === "definition" && !includeDefinition) continue;
      found.push({ uri: context.workspace.clientUri(file.uri), range: rangeOf(file.positions, occurrence) });
    }
  };
  if (!place || (symbol && isLocal(symbol))) inFile(checked);
  else await filesNaming(context, name, [place.uri], token, inFile);
  return found;
}

async function rename(
  context: Context,
  checked: Checked,
  position: Position,
  newName: string,
  token: CancellationToken,
): Promise<WorkspaceEdit | null> {
  const renaming: Renaming = refusable(() => renamingAt(checked.analysis, checked.positions.offsetAt(position)));
  const name = refusable(() => checkName(newName));
  if (name === renaming.name) return { changes: {} };
  const edits: Edit[] = [];
  const inFile = (file: Checked) => {
    for (const { start, end, newText } of refusable(() => renameIn(file.analysis, renaming, name)))
      edits.push({ place: { uri: file.uri, start, end }, newText });
  };
  const { place } = renaming.target;
  if (renaming.local || !place) inFile(checked);
  else await filesNaming(context, renaming.name, [checked.uri, (renaming.alias ?? place).uri], token, inFile);
  return workspaceEditOf(context.workspace, edits);
}
