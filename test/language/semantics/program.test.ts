import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import type { Host } from "../../../language/host";
import { Program } from "../../../language/semantics";
import { FOLDER, memoryHost } from "../../support/program";

const MAIN = `${FOLDER}/main.mld`;

/** A host that knows a file only after it was loaded. */
function loading(files: Record<string, string>): { host: Host; load(uri: string): void } {
  const world = memoryHost(files);
  const loaded = new Set([MAIN]);
  return {
    host: { ...world, text: uri => (loaded.has(uri) ? world.text(uri) : undefined) },
    load: uri => loaded.add(uri),
  };
}

describe("a program", () => {
  it("says which files it wants, until it has them", () => {
    const { host, load } = loading({
      "main.mld": 'import { @cfg } from "./a.mld"\nenv @cfg [ show "x" ]\n',
      "a.mld": 'import { @cfg } from "./b.mld"\nexport { @cfg }\n',
      "b.mld": "var @cfg = 5\n",
    });
    const program = new Program();
    const asked: string[] = [];
    for (let round = 0; round < 5; round++) {
      const { wanted } = program.analyse(MAIN, host);
      asked.push(...wanted);
      wanted.forEach(load);
    }
    expect(asked).toEqual([`${FOLDER}/a.mld`, `${FOLDER}/b.mld`]);
    expect(check(program.analyse(MAIN, host), host).map(({ code }) => code)).toEqual(["env/config-not-object"]);
  });

  it("keeps an analysis while nothing that it looked at changes", () => {
    const files: Record<string, string> = {
      "main.mld": 'import { @a } from "./a.mld"\nshow @a\n',
      "a.mld": "var @a = 1\nexe @f() = cmd { ls }\n",
    };
    const program = new Program();
    const analyse = () => program.analyse(MAIN, memoryHost(files));
    const first = analyse();
    expect(analyse()).toBe(first);
    // A change behind the names that a.mld gives leaves its importers as they are.
    files["a.mld"] += "\n>> a comment\n";
    expect(analyse()).toBe(first);
    files["a.mld"] = "var @a = 2\nexe @f() = cmd { ls }\n";
    expect(analyse()).not.toBe(first);
    expect(analyse().exportedName(analyse().symbols[0]!)!.value).toMatchObject({ value: 2 });
  });

  it("sees a file that was missing when it appears", () => {
    const files: Record<string, string> = { "main.mld": 'import { @a } from "./a.mld"\nshow @a\n' };
    const program = new Program();
    const codes = () => {
      const host = memoryHost(files);
      return check(program.analyse(MAIN, host), host).map(({ code }) => code);
    };
    expect(codes()).toEqual(["name/import-missing"]);
    files["a.mld"] = "var @a = 1\n";
    expect(codes()).toEqual([]);
  });

  it("makes summaries again that it dropped, and knows them as the same", () => {
    const files: Record<string, string> = {};
    for (let i = 0; i < 60; i++) files[`m${i}.mld`] = `var @c${i} = { tools: ["Bash"] }\n`;
    const imports = Object.keys(files).map((name, i) => `import { @c${i} } from "./${name}"\n`);
    files["main.mld"] = `${imports.join("")}env { tools: ["Bash"] } [\n  env @c0 [ => 1 ]\n]\n`;
    const host = memoryHost(files);
    const program = new Program();
    const first = program.analyse(MAIN, host);
    expect(check(first, host)).toEqual([]);
    expect(program.analyse(MAIN, host)).toBe(first);
    files["m0.mld"] = 'var @c0 = { tools: ["Bash", "Write"] }\n';
    expect(check(program.analyse(MAIN, host), host).map(({ code }) => code)).toEqual(["env/tools-widened"]);
  });
});
