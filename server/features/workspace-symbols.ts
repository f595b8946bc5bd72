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
        const letters = query.replace(/^@/, "").toLowerCase();
        const found: Match[] = [];
        await inSlices(new Set([...workspace.openUris(), ...workspace.files]), token, uri => {
          found.push(...outlines.matching(uri, letters));
        });
        found.sort((a, b) => a.distance - b.distance);
        return found.slice(0, MAX_SYMBOLS).map(({ symbol }) => symbol);
      }),
    );
  },
};

interface Match {
  symbol: SymbolInformation;
  distance: number;
}

/** The outlines of files, kept as long as their text. They need the tree only, so files are not analysed for them. */
class Outlines {
  private readonly known = new Map<string, { text: string; symbols: SymbolInformation[] }>();

  constructor(private readonly workspace: Workspace) {}

  matching(uri: string, letters: string): Match[] {
    return this.of(uri).flatMap(symbol => {
      const distance = distanceOf(letters, symbol.name);
      return distance === null ? [] : [{ symbol, distance }];
    });
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

/**
 * As clients expect: null unless the letters, in lower case, stand in the name in order. The same name is nearest, then one that begins
 * with them, one that holds them together, any other.
 */
function distanceOf(letters: string, name: string): number | null {
  const text = name.replace(/^@/, "").toLowerCase();
  if (text === letters) return 0;
  const together = text.indexOf(letters);
  if (together >= 0) return together === 0 ? 1 : 2;
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return null;
  }
  return 3;
}
