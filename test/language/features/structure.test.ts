import { describe, expect, it } from "vitest";
import { folds } from "../../../language/features/folding";
import { moved, relativePath } from "../../../language/features/moves";
import { type OutlineEntry, outline } from "../../../language/features/outline";
import { selections } from "../../../language/features/selection";
import { tokens } from "../../../language/features/tokens";
import { vocabularyOf } from "../../../language/features/vocabulary";
import { type Analysis, analyse } from "../../../language/semantics";
import { parse } from "../../../language/syntax";
import { FOLDER, memoryHost } from "../../support/program";
import { TIMED } from "../../support/timed";

describe("folding", () => {
  it("folds blocks, objects, templates, comments and imports", () => {
    const text = `import { @a } from "./a.mld"
import { @b } from "./b.mld"

>> one
>> two
var @t = \`
x
\`
env { tools: [
  "Read"
] } [
  show @a
]
`;
    const found = folds(parse(text, "strict")).map(fold => ({
      kind: fold.kind,
      first: text.slice(fold.start).split("\n")[0],
    }));
    expect(found).toContainEqual({ kind: "imports", first: 'import { @a } from "./a.mld"' });
    expect(found).toContainEqual({ kind: "comment", first: ">> one" });
    expect(found).toContainEqual({ kind: "region", first: "`" });
    expect(found.filter(fold => fold.first === "[")).toHaveLength(2);
  });

  it("folds the sections of a markdown file", () => {
    const text = "# One\n\ntext\n\n## Inner\n\nmore\n\n# Two\n\nend\n";
    const found = folds(parse(text, "markdown")).map(fold => text.slice(fold.start, fold.end));
    expect(found).toEqual(
      expect.arrayContaining(["# One\n\ntext\n\n## Inner\n\nmore", "## Inner\n\nmore", "# Two\n\nend"]),
    );
  });
});

describe("tokens", () => {
  it("take no name for a keyword, also where nothing defines it", () => {
    const text = "show `@policy @box-name`\nif @env [ show @run(1) ]\nexe @js = { a }\n";
    const found = tokens(analyse(`${FOLDER}/a.mld`, memoryHost({ "a.mld": text })));
    const keywords = found.filter(({ type }) => type === "keyword").map(({ start, end }) => text.slice(start, end));
    expect(keywords).toEqual(["show", "if", "show", "exe"]);
  });
});

describe("selection", () => {
  it("grows from the word to the file", () => {
    const text = 'var @c = { tools: ["Read", "Bash"] }\n';
    const grown = selections(parse(text, "strict"), text.indexOf("Bash") + 1).map(span =>
      text.slice(span.start, span.end),
    );
    expect(grown.slice(0, 4)).toEqual(["Bash", '"Bash"', '"Read", "Bash"', '["Read", "Bash"]']);
    expect(grown.at(-1)).toBe(text);
    for (let i = 1; i < grown.length; i++) expect(grown[i]!.length).toBeGreaterThan(grown[i - 1]!.length);
  });
});

describe("outline", () => {
  const names = (entries: OutlineEntry[]): unknown[] =>
    entries.map(entry => (entry.children.length > 0 ? [entry.name, names(entry.children)] : entry.name));

  it("nests env blocks in what holds them", () => {
    const text =
      'var @c = { tools: [] }\nexe @f(a) = env @c [\n  let @x = env @c with { tools: [] } [ => 1 ]\n]\nauth @k = "K"\n';
    expect(names(outline(parse(text, "strict")))).toEqual([
      "@c",
      ["@f", [["env @c", ["env @c with { tools: [] }"]]]],
      "@k",
    ]);
  });

  it("puts definitions under the headings of a markdown file", () => {
    const text = "# One\n\n/var @a = 1\n\n## Two\n\n/var @b = 2\n\n# Three\n";
    expect(names(outline(parse(text, "markdown")))).toEqual([["One", ["@a", ["Two", ["@b"]]]], "Three"]);
  });
});

describe("moves", () => {
  it("writes paths as imports do", () => {
    expect(relativePath("file:///w/a", "file:///w/a/b.mld")).toBe("./b.mld");
    expect(relativePath("file:///w/a", "file:///w/lib/c%20d.mld")).toBe("../lib/c d.mld");
    expect(relativePath("file:///w/a", "file:///w/a/x/y.mld")).toBe("./x/y.mld");
  });

  it("moves folders with what is in them, by segments", () => {
    const moves = [{ from: "file:///w/a", to: "file:///w/b" }];
    expect(moved("file:///w/a/x.mld", moves)).toBe("file:///w/b/x.mld");
    expect(moved("file:///w/ab/x.mld", moves)).toBe("file:///w/ab/x.mld");
  });
});

describe("large files", TIMED, () => {
  const analysisOf = (text: string) => analyse(`${FOLDER}/main.mld`, memoryHost({ "main.mld": text }));
  const many = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join("");

  // Each took well over ten seconds when it was done pair by pair.
  it.each<[string, string, (analysis: Analysis) => unknown]>([
    ["keywords among comments", many(40_000, i => `>> show ${i}\nvar @v${i} = 1\n`), tokens],
    [
      "a choice of many values",
      `exe @f(a) = when [\n${many(12_000, i => `  @a == ${i} => "${i}"\n`)}]\n`,
      it => it.summary,
    ],
  ])("take no time for %s", (_title, text, work) => {
    const analysis = analysisOf(text);
    const start = performance.now();
    work(analysis);
    expect(performance.now() - start).toBeLessThan(4000);
  });
});

describe("vocabulary", () => {
  it("finds tools, providers and modules in text, finished or not", () => {
    const text = `import { @x } from @acme/lib
var @c = { provider: "docker", tools: ["Read", "Bash"] }
env @c with { tools: "Edit, Grep" } [
var tools @t = { search: { mlld: @f, labels: ["x"] }, fetch: { mlld: @g } }
var @p = { provider: '@acme/box', tools: [`;
    expect(vocabularyOf(text)).toEqual({
      tools: ["Read", "Bash", "Edit", "Grep", "search", "fetch"],
      providers: ["docker", "@acme/box"],
      modules: ["@acme/lib"],
    });
  });
});
