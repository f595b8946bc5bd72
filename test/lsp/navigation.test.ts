import { afterEach, describe, expect, it } from "vitest";
import { type DocumentHighlight, type Location, ResponseError, type WorkspaceEdit } from "vscode-languageserver/node";
import { covered, marked, Session } from "./harness";

let session: Session | undefined;
afterEach(async () => {
  await session?.stop();
  session = undefined;
});

const LIB = `exe @greet(name) = \`Hi @name\`
var @sandbox = { provider: "docker", tools: ["Read"] }
var @page = @greet("lib")
export { @greet, @sandbox }
`;
const MAIN = `import { @greet, @sandbox as @box } from "./lib.mld"
import "./lib.mld" as @lib
var @name = "Ada"
env @box [
  show @greet(@name)
  show @lib.greet("x")
]
`;

async function workspace(
  main = MAIN,
  lib = LIB,
): Promise<{ ask<R>(method: string, more?: object): Promise<R>; text: string }> {
  session = await Session.start({ files: { "lib.mld": lib, "main.mld": main.replace(/[‸«»]/g, "") } });
  const { text, cursor } = marked(main);
  await session.open("main.mld", text);
  return { text, ask: (method, more = {}) => session!.ask(method, "main.mld", { position: cursor, ...more }) };
}

const place = (location: Location) => `${location.uri.split("/").at(-1)}:${location.range.start.line}`;

describe("definition", () => {
  it.each([
    ["a variable of the file", MAIN.replace("@greet(@name)", "@greet(@na‸me)"), "main.mld:2"],
    ["an imported executable", MAIN.replace("show @greet", "show @gr‸eet"), "lib.mld:0"],
    ["an alias", MAIN.replace("env @box", "env @b‸ox"), "lib.mld:1"],
    ["a member of a module", MAIN.replace("@lib.greet", "@lib.gre‸et"), "lib.mld:0"],
    ["the path of an import", MAIN.replace('from "./lib', 'from "./l‸ib'), "lib.mld:0"],
    ["a name in the braces of an import", MAIN.replace("{ @greet", "{ @gre‸et"), "lib.mld:0"],
    ["a key of an object", "var @o = {\n  one: 1\n}\nshow @o.o‸ne\n", "main.mld:1"],
    ["a credential in a config", 'auth @k = "K"\nenv { auth: ["‸k"] } [ show 1 ]\n', "main.mld:0"],
    ["a provider written in mlld", "env { provider: './li‸b.mld' } [ show 1 ]\n", "lib.mld:0"],
    ["a server that is a module", 'env { mcps: ["./li‸b.mld"] } [ show 1 ]\n', "lib.mld:0"],
    ["a file reference", "show <./li‸b.mld>\n", "lib.mld:0"],
    [
      "a profile",
      'var @c = {\n  profiles: { full: {} }\n}\nenv @c with { profile: "fu‸ll" } [ show 1 ]\n',
      "main.mld:1",
    ],
    ["a parameter", "exe @f(who) = [\n  show @wh‸o\n]\n", "main.mld:0"],
    ["a parameter in code", "exe @f(who) = js {\n  return wh‸o + 1\n}\n", "main.mld:0"],
    ["a parameter in a shell script", 'exe @f(who) = sh {\n  echo "$wh‸o"\n}\n', "main.mld:0"],
  ])("finds %s", async (_, source, expected) => {
    const { ask } = await workspace(source);
    const found = await ask<Location>("textDocument/definition");
    expect(place(found)).toBe(expected);
  });

  it("is null where nothing is known", async () => {
    const { ask } = await workspace("show ‸`text`\n");
    expect(await ask("textDocument/definition")).toBeNull();
  });
});

describe("references", () => {
  it("are found in all files, through imports, aliases and modules", async () => {
    const { ask } = await workspace(MAIN.replace("show @greet", "show @gr‸eet"));
    const found = await ask<Location[]>("textDocument/references", { context: { includeDeclaration: true } });
    expect(found.map(place).sort()).toEqual([
      "lib.mld:0",
      "lib.mld:2",
      "lib.mld:3",
      "main.mld:0",
      "main.mld:4",
      "main.mld:5",
    ]);
    const uses = await ask<Location[]>("textDocument/references", { context: { includeDeclaration: false } });
    expect(uses.map(place).sort()).toEqual(["lib.mld:2", "lib.mld:3", "main.mld:0", "main.mld:4", "main.mld:5"]);
  });

  it("of a parameter stay in its executable", async () => {
    const { ask, text } = await workspace("exe @f(who) = `Hi @who`\nexe @g(who) = [\n  show @wh‸o\n]\n");
    const found = await ask<Location[]>("textDocument/references", { context: { includeDeclaration: true } });
    expect(found.map(({ range }) => [range.start.line, covered(text, range)])).toEqual([
      [1, "who"],
      [2, "@who"],
    ]);
  });
});

describe("highlight", () => {
  it("tells writing from reading", async () => {
    const { ask } = await workspace("exe @f() = [\n  let @total = 0\n  @tot‸al += 1\n  => @total\n]\n");
    const found = await ask<DocumentHighlight[]>("textDocument/documentHighlight");
    expect(found.map(({ range, kind }) => [range.start.line, kind])).toEqual([
      [1, 3],
      [2, 3],
      [3, 2],
    ]);
  });

  it("finds a parameter in the code that is given it", async () => {
    const { ask } = await workspace("exe @f(na‸me) = js {\n  return name\n}\n");
    const found = await ask<DocumentHighlight[]>("textDocument/documentHighlight");
    expect(found.map(({ range }) => range.start.line)).toEqual([0, 1]);
    expect(await ask("textDocument/references", { context: { includeDeclaration: false } })).toHaveLength(1);
  });

  it("works for built-in names", async () => {
    const { ask } = await workspace("var @a = 1\nvar @b = @a | @up‸per\nvar @c = @b | @upper\n");
    expect(await ask<DocumentHighlight[]>("textDocument/documentHighlight")).toHaveLength(2);
  });
});

describe("rename", () => {
  it("changes a definition and its uses in all files, and keeps aliases", async () => {
    const { ask } = await workspace(MAIN.replace("show @greet", "show @gr‸eet"));
    const edit = await ask<WorkspaceEdit>("textDocument/rename", { newName: "welcome" });
    expect(session!.after("main.mld", edit)).toBe(MAIN.replaceAll("greet", "welcome"));
    expect(session!.after("lib.mld", edit, LIB)).toBe(LIB.replaceAll("greet", "welcome"));
  });

  it("at an alias changes the alias alone", async () => {
    const { ask } = await workspace(MAIN.replace("env @box", "env @b‸ox"));
    const edit = await ask<WorkspaceEdit>("textDocument/rename", { newName: "@cell" });
    expect(Object.keys(edit.changes!)).toEqual([session!.uri("main.mld")]);
    expect(session!.after("main.mld", edit)).toBe(MAIN.replaceAll("@box", "@cell"));
  });

  it("at a definition keeps the aliases of importers", async () => {
    session = await Session.start({ files: { "lib.mld": LIB, "main.mld": MAIN } });
    const { text, cursor } = marked(LIB.replace("var @sandbox", "var @sand‸box"));
    await session.open("lib.mld", text);
    const edit = await session.ask<WorkspaceEdit>("textDocument/rename", "lib.mld", {
      position: cursor,
      newName: "cell",
    });
    expect(session.after("lib.mld", edit)).toBe(LIB.replaceAll("sandbox", "cell"));
    expect(session.after("main.mld", edit, MAIN)).toBe(MAIN.replace("@sandbox as @box", "@cell as @box"));
  });

  it("reaches into templates and commands", async () => {
    const source = "var @wh‸o = 1\nshow `Hi @who.`\nrun cmd { echo @who }\nshow :::{{who}}:::\n";
    const { ask } = await workspace(source);
    const edit = await ask<WorkspaceEdit>("textDocument/rename", { newName: "name" });
    expect(session!.after("main.mld", edit)).toBe(source.replace("‸", "").replaceAll("who", "name"));
  });

  it("of a credential reaches into configs and commands", async () => {
    const source = 'auth @bra‸ve = "BRAVE"\nenv { auth: "brave" } [\n  run cmd { ls } using auth:brave\n]\n';
    const { ask } = await workspace(source);
    const edit = await ask<WorkspaceEdit>("textDocument/rename", { newName: "search" });
    expect(session!.after("main.mld", edit)).toBe(source.replace("‸", "").replaceAll("brave", "search"));
  });

  it("prepares with the name alone", async () => {
    const { ask, text } = await workspace(MAIN.replace("show @greet", "show @gr‸eet"));
    const prepared = await ask<{ range: Location["range"]; placeholder: string }>("textDocument/prepareRename");
    expect(prepared.placeholder).toBe("greet");
    expect(covered(text, prepared.range)).toBe("greet");
  });

  it.each([
    ["a name that is taken", "var @a = 1\nvar @b = @‸a\n", "b", /already exists/],
    ["no name", "var @‸a = 1\n", "1x", /is no name/],
    ["a reserved name", "var @‸a = 1\n", "now", /reserved/],
    ["a built-in", "var @a = 1\nshow @n‸ow\n", "x", /cannot be renamed|built/],
    ["nothing", "show ‸`x`\n", "x", /no name here/],
  ])("refuses %s, in words for the author", async (_, source, newName, message) => {
    const { ask } = await workspace(source);
    const answer = ask("textDocument/rename", { newName });
    await expect(answer).rejects.toBeInstanceOf(ResponseError);
    await expect(answer).rejects.toThrow(message);
    expect(session!.logged).toEqual([]);
  });
});

describe("renaming files", () => {
  it("updates the imports of others and its own", async () => {
    const inner = 'import { @x } from "../lib.mld"\nvar @y = @x\n';
    session = await Session.start({
      files: {
        "lib.mld": "var @x = 1\n",
        "main.mld": 'import { @x } from "./lib.mld"\nimport { @y } from "./sub/inner.mld"\n',
        "sub/inner.mld": inner,
      },
    });
    const rename = (from: string, to: string) =>
      session!.client.sendRequest<WorkspaceEdit>("workspace/willRenameFiles", {
        files: [{ oldUri: session!.uri(from), newUri: session!.uri(to) }],
      });
    const moved = await rename("lib.mld", "core/base.mld");
    expect(session.after("main.mld", moved, 'import { @x } from "./lib.mld"\n')).toBe(
      'import { @x } from "./core/base.mld"\n',
    );
    expect(session.after("sub/inner.mld", moved, inner)).toBe(inner.replace("../lib.mld", "../core/base.mld"));
    const folder = await rename("sub", "deep/er");
    expect(session.after("sub/inner.mld", folder, inner)).toBe(inner.replace("../lib.mld", "../../lib.mld"));
    expect(
      Object.values(folder.changes!)
        .flat()
        .map(({ newText }) => newText),
    ).toContain('"./deep/er/inner.mld"');
  });
});
