import {
  type CompletionItem,
  CompletionItemKind,
  type CompletionParams,
  CompletionTriggerKind,
  InsertTextFormat,
} from "vscode-languageserver";
import {
  type CompletionEntry,
  complete,
  type EntryKind,
  type PathRequest,
  plainOf,
} from "../../language/features/completion";
import { resolvePath } from "../../language/semantics/uri";
import { type Context, type Feature, onDocument } from "../context";
import { rangeOf } from "../convert";
import type { FolderEntry } from "../file-system";
import { plainText } from "../plain-text";
import { canonicalUri, parentUri } from "../uris";
import type { Checked } from "../workspace";
import { Worlds } from "./completion-world";

const KIND: Record<EntryKind, CompletionItemKind> = {
  keyword: CompletionItemKind.Keyword,
  variable: CompletionItemKind.Variable,
  function: CompletionItemKind.Function,
  method: CompletionItemKind.Method,
  field: CompletionItemKind.Property,
  value: CompletionItemKind.Value,
  module: CompletionItemKind.Module,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
  credential: CompletionItemKind.Constant,
  snippet: CompletionItemKind.Snippet,
  operator: CompletionItemKind.Operator,
};

/** Proposals while typing. */
export const completion: Feature = {
  capabilities: () => ({
    completionProvider: { triggerCharacters: ["@", ".", "{", '"', "'", "/", ":", "<", "|", " ", ","] },
  }),

  register(context) {
    const worlds = new Worlds(context.workspace);
    context.connection.onCompletion(
      onDocument<CompletionParams, CompletionItem[]>(
        context,
        "textDocument/completion",
        [],
        async (checked, { position, context: asked }) => {
          const offset = checked.positions.offsetAt(position);
          const { entries, path } = complete(checked.analysis, offset, {
            ...worlds.of(checked),
            bySpace: asked?.triggerKind === CompletionTriggerKind.TriggerCharacter && asked.triggerCharacter === " ",
          });
          const all = path ? [...entries, ...(await pathEntries(context, checked, path))] : entries;
          return all.map(entry => itemOf(context, checked, entry));
        },
      ),
    );
  },
};

function itemOf({ client }: Context, { positions }: Checked, entry: CompletionEntry): CompletionItem {
  const snippet = entry.snippet === true && client.snippets;
  return {
    label: entry.label,
    kind: KIND[entry.kind],
    ...(entry.detail && { detail: entry.detail }),
    ...(entry.doc && {
      documentation: client.markdownCompletion ? { kind: "markdown", value: entry.doc } : plainText(entry.doc),
    }),
    ...(entry.filter !== undefined && { filterText: entry.filter }),
    sortText: `${String(entry.rank).padStart(3, "0")} ${entry.label}`,
    insertTextFormat: snippet ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
    textEdit: {
      range: rangeOf(positions, entry.replace),
      newText: entry.snippet && !snippet ? plainOf(entry.insert) : entry.insert,
    },
  };
}

/** Names in the folder that a path being typed leads to. */
async function pathEntries({ workspace }: Context, { uri }: Checked, path: PathRequest): Promise<CompletionEntry[]> {
  const start = path.from === "root" ? workspace.host(uri, new Map()).root(uri) : parentUri(uri);
  const folder = canonicalUri(resolvePath(start, path.folder)).replace(/(?<!\/)\/$/, "");
  const own = uri.slice(uri.lastIndexOf("/") + 1);
  const fits = ({ name, folder: isFolder }: FolderEntry) =>
    isFolder || path.extensions.length === 0 || path.extensions.some(extension => name.endsWith(extension));
  const entries = (await workspace.disk.entries(folder)).filter(
    entry =>
      !entry.name.startsWith(".") &&
      entry.name !== "node_modules" &&
      fits(entry) &&
      path.fits(`${path.written}${entry.name}`),
  );
  return entries
    .filter(({ name }) => parentUri(uri) !== folder || name !== own)
    .map(({ name, folder: isFolder }) => ({
      label: isFolder ? `${name}/` : name,
      kind: isFolder ? "folder" : "file",
      insert: isFolder && !path.inner ? `${name}/` : name,
      replace: path.replace,
      rank: isFolder ? 1 : 0,
    }));
}
