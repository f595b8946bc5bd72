import { describe, expect, it } from "vitest";
import { complete } from "../../../language/features/completion";
import type { Host } from "../../../language/host";
import { analyse } from "../../../language/semantics";
import { pathAt } from "../../../language/syntax";
import { CORPUS, corpusFiles } from "../../support/corpus";

const URI = "file:///w/a.mld";
const WORLD = {
  languageVersion: "auto" as const,
  tools: [],
  providers: [],
  modules: [],
  narrowable: () => true,
  exportsOf: () => null,
};

function analysisOf(text: string) {
  const host: Host = {
    text: uri => (uri === URI ? text : null),
    exists: () => false,
    root: () => "file:///w",
    home: "",
    settings: { languageVersion: "auto", severities: {} },
  };
  return analyse(URI, host);
}

/** The first ten proposals at an offset that begin with what is typed. */
function first(text: string, offset: number, typed: string): string[] {
  return complete(analysisOf(text), offset, WORLD)
    .entries.filter(({ label }) => label.toLowerCase().startsWith(typed.toLowerCase()))
    .sort((a, b) => a.rank - b.rank || (a.label < b.label ? -1 : 1))
    .slice(0, 10)
    .map(({ label }) => label);
}

describe.skipIf(!CORPUS)("completion in the corpus", () => {
  it("offers what the author wrote, after its first letter", () => {
    // What can be known: names that are used, fields, and words that begin something.
    const kinds: Record<string, (path: string[], token: string) => boolean> = {
      name: (path, token) => path.at(-1) === "VariableReference" && token.startsWith("@"),
      member: path => path.at(-1) === "PropertyName",
      statement: path => /Statement$/.test(path.at(-1)!) && path.at(-2) === "File",
    };
    const counts = new Map(Object.keys(kinds).map(kind => [kind, { asked: 0, hits: 0 }]));
    for (const { text } of corpusFiles("strict/valid").filter((_, i) => i % 8 === 0)) {
      const { file } = analysisOf(text);
      const tokens = [...text.matchAll(/@?[A-Za-z_][\w-]*/g)];
      for (const { 0: token, index } of tokens.filter((_, i) => i % 3 === 0)) {
        const path = pathAt(file, index + (token.startsWith("@") ? 1 : 0)).map(({ kind }) => kind);
        const kind = Object.keys(kinds).find(one => kinds[one]!(path, token));
        if (!kind) continue;
        const typed = token.slice(0, token.startsWith("@") ? 2 : 1);
        const rest = text.slice(index + token.length);
        const count = counts.get(kind)!;
        count.asked++;
        if (first(text.slice(0, index) + typed + rest, index + typed.length, typed).includes(token)) count.hits++;
      }
    }
    const rate = (kind: string) => counts.get(kind)!.hits / counts.get(kind)!.asked;
    expect(counts.get("name")!.asked).toBeGreaterThan(100);
    expect(rate("name")).toBeGreaterThan(0.85);
    expect(rate("member")).toBeGreaterThan(0.6);
    expect(rate("statement")).toBeGreaterThan(0.9);
  });
});
