import type { SymbolInformation, WorkspaceSymbolParams } from "vscode-languageserver";
import { type OutlineEntry, outline } from "../../language/features/outline";
import { modeOf, parse } from "../../language/syntax";
import { type Feature, guarded } from "../context";
import { rangeOf } from "../convert";
import { inSlices } from "../slices";
import type { Workspace } from "../workspace";
import { SYMBOL_KIND } from "./structure";

const MAX_SYMBOLS = 1000;

/** Definitions and env blocks of all files by name. */
export const workspaceSymbols: Feature = {
  capabilities: () => ({ workspaceSymbolProvider: true }),

  register(context) {
    const { connection, workspace } = context;
    const outlines = new Outlines(workspace);
    connection.onWorkspaceSymbol(
      guarded<WorkspaceSymbolParams, SymbolInformation[]>(context, "workspace/symbol", async ({ query }, token) => {
        await context.ready();
        const found: SymbolInformation[] = [];
        await inSlices(new Set([...workspace.openUris(), ...workspace.files]), token, uri => {
          if (found.length < MAX_SYMBOLS) found.push(...outlines.matching(uri, query));
        });
        return found.slice(0, MAX_SYMBOLS);
      }),
    );
  },
};

/** The outlines of files, kept as long as their text. They need the tree only, so files are not analysed for them. */
class Outlines {
  private readonly known = new Map<string, { text: string; symbols: SymbolInformation[] }>();

  constructor(private readonly workspace: Workspace) {}

  matching(uri: string, query: string): SymbolInformation[] {
    return this.of(uri).filter(symbol => isSubsequence(query, symbol.name));
  }

  private of(uri: string): SymbolInformation[] {
    const text = this.workspace.text(uri);
    const positions = this.workspace.positions(uri);
    if (typeof text !== "string" || !positions) {
      this.known.delete(uri);
      return [];
    }
    const before = this.known.get(uri);
    if (before?.text === text) return before.symbols;
    const symbols: SymbolInformation[] = [];
    const add = (entry: OutlineEntry, container?: string) => {
      if (entry.kind !== "heading")
        symbols.push({
          name: entry.name,
          kind: SYMBOL_KIND[entry.kind],
          location: { uri: this.workspace.clientUri(uri), range: rangeOf(positions, entry.selection) },
          ...(container && { containerName: container }),
        });
      for (const child of entry.children) add(child, entry.name);
    };
    for (const entry of outline(parse(text, modeOf(uri)))) add(entry);
    this.known.set(uri, { text, symbols });
    return symbols;
  }
}

/** As clients expect: the letters of the query in order, upper and lower case alike. */
function isSubsequence(query: string, name: string): boolean {
  const letters = query.replace(/^@/, "").toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
