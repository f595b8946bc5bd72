import { describe, expect, it } from "vitest";
import { applyChanges } from "../../../language/features/format";
import { occurrencesOf } from "../../../language/features/navigation/occurrences";
import { RenameRefused, renameIn, renamingAt } from "../../../language/features/navigation/rename";
import type { Host } from "../../../language/host";
import { analyse } from "../../../language/semantics";
import { CORPUS, corpusFiles } from "../../support/corpus";

const URI = {
  strict: "file:///w/a.mld",
  markdown: "file:///w/a.mld.md",
  att: "file:///w/a.att",
  mtt: "file:///w/a.mtt",
};

function analysisOf(text: string, mode: keyof typeof URI) {
  const host: Host = {
    text: uri => (uri === URI[mode] ? text : null),
    exists: () => false,
    root: () => "file:///w",
    home: "",
    settings: { languageVersion: "auto", severities: {} },
  };
  return analyse(URI[mode], host);
}

describe.skipIf(!CORPUS)("renaming in the corpus", () => {
  it("changes every place of a name and nothing else", () => {
    let renamed = 0;
    const files = corpusFiles("strict/valid", "markdown/valid").filter((_, i) => i % 4 === 0);
    for (const { path, text, mode } of files) {
      const before = analysisOf(text, mode);
      for (const symbol of before.symbols.slice(0, 5)) {
        if (!symbol.range || symbol.kind === "import") continue;
        let changes: ReturnType<typeof renameIn>;
        try {
          changes = renameIn(before, renamingAt(before, symbol.range.start + 1), "fresh_name");
        } catch (error) {
          if (error instanceof RenameRefused) continue;
          throw error;
        }
        renamed++;
        const after = analysisOf(applyChanges(text, changes), mode);
        expect(after.file.errors.length, path).toBe(before.file.errors.length);
        expect(after.references.length, path).toBe(before.references.length);
        // The name and only the name stands for the same thing in the same number of places.
        const uses = (analysis: typeof before, name: string) => {
          const named = analysis.symbols.filter(one => one.name === name);
          return new Set(named.flatMap(one => [one.range!.start, ...one.references.map(({ start }) => start)])).size;
        };
        expect(uses(after, "fresh_name"), `${path}: @${symbol.name}`).toBe(changes.length);
        expect(uses(after, symbol.name), `${path}: @${symbol.name}`).toBe(uses(before, symbol.name) - changes.length);
        const place = before.definitionOf(symbol);
        if (place && symbol.scope.kind === "file")
          expect(occurrencesOf(before, place, symbol.name).length, path).toBe(changes.length);
      }
    }
    expect(renamed).toBeGreaterThan(200);
  });
});
