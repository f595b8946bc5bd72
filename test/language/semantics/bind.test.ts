import { describe, expect, it } from "vitest";
import { analyseText } from "../../support/program";

/** `name → kind@line` of every use, `?` for a name that nothing defines. */
function uses(text: string, files: Record<string, string> = {}): string[] {
  return analyseText(text, files).references.map(({ name, symbol }) => {
    const line = symbol?.range ? text.slice(0, symbol.range.start).split("\n").length : 0;
    return symbol ? `${name} → ${symbol.kind}${line ? `@${line}` : ""}` : `${name} → ?`;
  });
}

describe("names", () => {
  it("of the file count everywhere, also before they are written", () => {
    expect(uses("exe @f() = `@later`\nvar @later = 1\n")).toEqual(["later → var@2"]);
  });

  it("of a parameter hide the file's", () => {
    expect(uses("var @x = 1\nexe @f(x) = `@x`\nshow @x\n")).toEqual(["x → parameter@2", "x → var@1"]);
  });

  it("of a let are known after it, in its block only", () => {
    const text = "env {} [\n  let @a = 1\n  show @a\n]\nshow @a\n";
    expect(uses(text)).toEqual(["a → let@2", "a → ?"]);
  });

  it("of a loop hold in its filter and body, not in its source", () => {
    const text = "var @xs = [1]\nfor @i in @xs when @i > 0 [ show `@i @i_key` ]\nshow @i\n";
    expect(uses(text)).toEqual(["xs → var@1", "i → loop@2", "i → loop@2", "i_key → loop@2", "i → ?"]);
  });

  it("of a when's let hold in the entries after it", () => {
    const text = "exe @f(k) = when [\n  let @low = @k\n  @low => 1\n]\n";
    expect(uses(text)).toEqual(["k → parameter@1", "low → let@2"]);
  });

  it("are written, called, exported and named as credentials", () => {
    const text =
      'auth @key = "K"\nexe @f() = cmd { ls }\nexe @g() = [\n  let @n = 1\n  @n += 2\n  run cmd { ls } using auth:key\n  => @f()\n]\nexport { @g }\n';
    const analysis = analyseText(text);
    expect(analysis.references.map(({ name, use }) => `${use} ${name}`)).toEqual([
      "write n",
      "auth key",
      "call f",
      "export g",
    ]);
    expect(analysis.references.every(({ symbol }) => symbol !== null)).toBe(true);
  });

  it("of a module that is given none are its file's, where nothing else has that name", () => {
    const files = { "my-lib.mld": "var @a = 1\n", "cfg.json": '{"tools": ["Read"]}' };
    expect(uses('import "./my-lib.mld"\nshow @my_lib.a\n', files)).toEqual(["my_lib → namespace"]);
    expect(uses("import @corp/utils\nshow @utils.f()\n")).toEqual(["utils → namespace"]);
    expect(uses('import "./cfg.json"\nvar @cfg = 1\nshow @cfg\n', files)).toEqual(["cfg → var@2"]);
    expect(uses('import { * as @all } from "./my-lib.mld"\nshow @all.a\n', files)).toEqual(["all → namespace@1"]);
    expect(uses('import { * } from "./my-lib.mld"\nshow @my_lib.a\n', files)).toEqual(["my_lib → ?"]);
  });

  it("that every program has are there, and may be given to something else", () => {
    expect(uses('show @now\nvar @x = "a" | @upper\n')).toEqual(["now → reserved", "upper → transformer"]);
    expect(uses('exe @upper(x) = `@x`\nvar @x = "a" | @upper\n')).toEqual(["x → parameter@1", "upper → exe@1"]);
  });

  it("can be listed at a place, the innermost first", () => {
    const text = "var @x = 1\nexe @f(x, y) = `|`\n";
    const visible = analyseText(text).visibleAt(text.indexOf("|"));
    expect(visible.slice(0, 3).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "parameter x",
      "parameter y",
      "exe f",
    ]);
  });
});

describe("imports", () => {
  const LIB = 'exe @help(x) = `@x`\nexe @hidden() = "h"\nvar @cfg = { tools: ["Read"] }\nexport { @help, @cfg }\n';

  it("lead to the definition in the other file", () => {
    const analysis = analyseText('import { @help as @h } from "./lib"\nshow @h("x")\n', { "lib.mld": LIB });
    const place = analysis.definitionOf(analysis.references[0]!.symbol!)!;
    expect(place.uri).toMatch(/lib\.mld$/);
    expect(LIB.slice(place.start, place.end)).toBe("@help");
  });

  it("through a second file too", () => {
    const analysis = analyseText('import { @help } from "./mid.mld"\nshow @help("x")\n', {
      "lib.mld": LIB,
      "mid.mld": 'import { @help } from "./lib.mld"\nexport { @help }\n',
    });
    expect(analysis.definitionOf(analysis.references[0]!.symbol!)!.uri).toMatch(/lib\.mld$/);
  });

  it.each([
    ['import { @cfg } from "./lib.mld"', "lib.mld", "loaded"],
    ['import { @cfg } from "@base/sub/lib.mld"', "sub/lib.mld", "loaded"],
    ["import { @cfg } from <lib.mld>", "lib.mld", "loaded"],
    ['import "./lib.mld" as @lib', "lib.mld", "loaded"],
    ['import { @cfg } from "@local/lib"', "mods/lib.mld", "loaded"],
    ['import { @cfg } from "./nope.mld"', "", "missing"],
    ["import { @cfg } from @someone/thing", "", "none"],
    ['import tools from mcp "server" as @t', "", "none"],
  ])("%s", (statement, file, state) => {
    const config =
      '{"resolvers":{"prefixes":[{"prefix":"@local/","resolver":"LOCAL","config":{"basePath":"./mods"}}]}}';
    const files: Record<string, string> = { "mlld-config.json": config };
    if (file) files[file] = LIB;
    const [fact] = analyseText(`${statement}\n`, files).imports;
    expect(fact!.state).toBe(state);
    if (file) expect(fact!.uri).toBe(`file:///project/${file}`);
  });

  it("in a circle end, and each file keeps its own names", () => {
    const analysis = analyseText('import { @b } from "./b.mld"\nvar @a = 1\nshow @b\n', {
      "b.mld": 'import { @a } from "./main.mld"\nvar @b = 2\n',
    });
    expect(analysis.exportedName(analysis.references[0]!.symbol!)!.value).toMatchObject({ kind: "known", value: 2 });
  });
});
