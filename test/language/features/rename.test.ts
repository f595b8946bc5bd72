import { describe, expect, it } from "vitest";
import { applyChanges } from "../../../language/features/format";
import { occurrencesOf } from "../../../language/features/navigation/occurrences";
import { RenameRefused, renameIn, renamingAt } from "../../../language/features/navigation/rename";
import type { Host } from "../../../language/host";
import { analyse } from "../../../language/semantics";
import { pathAt } from "../../../language/syntax";
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

function unlessRefused<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof RenameRefused) return null;
    throw error;
  }
}

/** The text after renaming what stands at the cursor `‸`, or why that is refused. */
function renamed(source: string, newName = "fresh"): string {
  const text = source.replace("‸", "");
  const analysis = analysisOf(text, "strict");
  try {
    return applyChanges(text, renameIn(analysis, renamingAt(analysis, source.indexOf("‸")), newName));
  } catch (error) {
    if (error instanceof RenameRefused) return error.message;
    throw error;
  }
}

describe("renaming", () => {
  it.each([
    [
      "the key of a loop",
      "for @it‸em in @list [ show `@item @item_key` ]",
      "for @fresh in @list [ show `@fresh @fresh_key` ]",
    ],
    [
      "variables of a shell",
      "exe @f(na‸me) = sh { echo $name ${name:-x} $names '$name' name }",
      "exe @f(fresh) = sh { echo $fresh ${fresh:-x} $names '$fresh' name }",
    ],
    [
      "variables of JavaScript, and no properties, keys and texts",
      "exe @f(na‸me) = js { const o = { name: 1 }; return [name, o.name, 'name', ...name] // name\n}",
      "exe @f(fresh) = js { const o = { name: 1 }; return [fresh, o.name, 'name', ...fresh] // name\n}",
    ],
    [
      "variables of Python",
      "exe @f(na‸me) = py { print(name == 1, name) }",
      "exe @f(fresh) = py { print(fresh == 1, fresh) }",
    ],
    [
      "no module that is called after its file",
      'import "./my-lib.mld"\nshow @my_l‸ib.a',
      "@my_lib is called after its file: write `as @name` behind the import.",
    ],
    ["what code is given", "var @na‸me = 1\nrun js (@name) { name }", "var @fresh = 1\nrun js (@fresh) { fresh }"],
    [
      "names in prose",
      'exe @f(na‸me) = prose:@cfg { session "Do @name" @names @name-x @name.a }',
      'exe @f(fresh) = prose:@cfg { session "Do @fresh" @names @name-x @fresh.a }',
    ],
    [
      "guards where they are chosen",
      'guard @na‸me before secret = when [ * => allow ]\nshow @x with { guards: { except: ["@name", "@other"] } }',
      'guard @fresh before secret = when [ * => allow ]\nshow @x with { guards: { except: ["@fresh", "@other"] } }',
    ],
    [
      "nothing in the code of others",
      "exe @g(name) = js { name }\nexe @f(na‸me) = `@name`",
      "exe @g(name) = js { name }\nexe @f(fresh) = `@fresh`",
    ],
  ])("changes %s", (_title, source, expected) => {
    expect(renamed(source)).toBe(expected);
  });

  it.each([
    ["a shorthand property", "exe @f(na‸me) = js { return { name } }", /js code uses name/],
    ["a template of code", "exe @f(na‸me) = js { return `${name}` }", /js code uses name/],
    ["a named argument", "exe @f(na‸me) = py { g(name=name) }", /py code uses name/],
    ["a name that the code has", "exe @f(na‸me) = js { const fresh = name }", /has a fresh already/],
    ["a name that a text mentions", 'var @na‸me = 1\nshow "ask @fresh about @name"', /is written in a text/],
  ])("is refused for %s", (_title, source, message) => {
    expect(renamed(source)).toMatch(message);
  });

  it("is refused for a name that code cannot have", () => {
    expect(renamed("exe @f(na‸me) = sh { echo $name }", "new-name")).toMatch(/no name in the sh code/);
  });
});

describe.skipIf(!CORPUS)("renaming in the corpus", () => {
  it("changes every place of a name and nothing else", () => {
    let renamed = 0;
    let returned = 0;
    const files = corpusFiles("strict/valid", "markdown/valid").filter((_, i) => i % 4 === 0);
    for (const { path, text, mode } of files) {
      const before = analysisOf(text, mode);
      for (const symbol of before.symbols.slice(0, 5)) {
        if (!symbol.range || symbol.kind === "import") continue;
        const changes = unlessRefused(() =>
          renameIn(before, renamingAt(before, symbol.range!.start + 1), "fresh_name"),
        );
        if (!changes) continue;
        renamed++;
        const after = analysisOf(applyChanges(text, changes), mode);
        const back = after.symbols.find(one => one.name === "fresh_name" && one.range)!;
        // Refused where the old name still stands for something, or for itself in a text.
        const again = unlessRefused(() => renameIn(after, renamingAt(after, back.range!.start + 1), symbol.name));
        if (again) {
          expect(applyChanges(after.file.text, again), path).toBe(text);
          returned++;
        }
        // In code the name is no reference.
        const mlld = changes.filter(({ start }) => !pathAt(before.file, start).some(({ kind }) => kind === "CodeBody"));
        expect(after.file.errors.length, path).toBe(before.file.errors.length);
        expect(after.references.length, path).toBe(before.references.length);
        // The name and only the name stands for the same thing in the same number of places.
        const uses = (analysis: typeof before, name: string) => {
          const named = analysis.symbols.filter(one => one.name === name);
          return new Set(named.flatMap(one => [one.range!.start, ...one.references.map(({ start }) => start)])).size;
        };
        expect(uses(after, "fresh_name"), `${path}: @${symbol.name}`).toBe(mlld.length);
        expect(uses(after, symbol.name), `${path}: @${symbol.name}`).toBe(uses(before, symbol.name) - mlld.length);
        const place = before.definitionOf(symbol);
        if (place && symbol.scope.kind === "file")
          expect(occurrencesOf(before, place, symbol.name).length, path).toBe(mlld.length);
      }
    }
    expect(renamed).toBeGreaterThan(200);
    expect(returned).toBeGreaterThan(renamed * 0.9);
  });
});
