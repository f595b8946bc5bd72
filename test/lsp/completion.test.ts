// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of snippets look like this
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompletionItem } from "vscode-languageserver/node";
import { edited, marked, Session } from "./harness";

let session: Session;
let count = 0;

beforeAll(async () => {
  session = await Session.start({
    files: {
      "lib/tools.mld": `exe @greet(name, mode) = \`Hi @name\`
var @sandbox = { provider: "docker", tools: ["Read", "Frobnicate"] }
export { @greet, @sandbox }
`,
      "lib/page.att": "Hi @name\n",
      "lib/deep/inner.mld": "var @x = 1\n",
      "other.mld": "var tools @kit = { searchAll: { mlld: @f } }\nexe @f() = `x`\n",
    },
  });
});
afterAll(() => session.stop());

/** Completes at the cursor of a text, in a file of its own. */
async function complete(source: string, path = `c${count++}.mld`): Promise<{ text: string; items: CompletionItem[] }> {
  const { text, cursor } = marked(source);
  await session.open(path, text);
  return { text, items: await session.ask<CompletionItem[]>("textDocument/completion", path, { position: cursor }) };
}

const labels = async (source: string, path?: string) => (await complete(source, path)).items.map(({ label }) => label);

/** The text after a proposal was taken. */
async function taken(source: string, label: string, path?: string): Promise<string> {
  const { text, items } = await complete(source, path);
  const item = items.find(one => one.label === label);
  if (!item) throw new Error(`${label} is not among ${items.map(one => one.label).join(", ")}`);
  return edited(text, [item.textEdit as { range: never; newText: string }]);
}

describe("completion of directives", () => {
  it("offers them at the start of a line, and no statements of blocks", async () => {
    const found = await labels("v‸");
    expect(found).toEqual(expect.arrayContaining(["var", "exe", "env", "policy", "guard", "import"]));
    expect(found).not.toContain("let");
  });

  it("offers statements in blocks", async () => {
    const found = await labels("exe @f() = [\n  l‸\n]\n");
    expect(found).toEqual(expect.arrayContaining(["let", "run", "show", "env", "if"]));
    expect(found).not.toContain("import");
  });

  it("offers them behind a line whose brackets do not fit", async () => {
    expect(await labels('env { tools: ["Read" } [\n  show "x"\n]\nva‸')).toContain("var");
  });

  it("offers them without a slash in a fence of markdown that is run", async () => {
    expect(await labels("Some text\n\n```mlld-run\nvar @x = 1\nsh‸\n```\n", "m3.mld.md")).toContain("show");
    expect(await labels("```text\nsh‸\n```\n", "m4.mld.md")).toEqual([]);
  });

  it("offers them behind a slash in markdown, and nothing in prose", async () => {
    expect(await labels("Some text\n/v‸\n", "m1.mld.md")).toContain("var");
    expect(await labels("Some text ‸\n", "m2.mld.md")).toEqual([]);
  });

  it("writes a template of the directive", async () => {
    expect(await taken("en‸", "env")).toBe("env @${1:config} [\n  $0\n]");
  });

  it("knows the words that go on with a directive", async () => {
    expect(await labels("env @cfg ‸")).toContain("with");
    expect(await labels("guard @g ‸")).toEqual(expect.arrayContaining(["before", "after", "always"]));
    expect(await labels("guard @g before op:‸ = when [ * => allow ]")).toContain("run");
    expect(await labels("guard @g before op:run = when [\n  * => ‸\n]")).toEqual(
      expect.arrayContaining(["allow", "deny", "env"]),
    );
    expect(await labels("output @x ‸")).toContain("to");
  });
});

describe("completion of config fields", () => {
  it("offers the fields with their docs, less those that are there", async () => {
    const { items } = await complete('env { provider: "docker", ‸, fs: { read: [] } } [\n  show "x"\n]\n');
    const found = items.map(({ label }) => label);
    expect(found).toEqual(expect.arrayContaining(["tools", "mcps", "net", "limits", "auth", "profile", "name"]));
    expect(found).not.toContain("provider");
    expect(found).not.toContain("fs");
    const tools = items.find(({ label }) => label === "tools")!;
    expect(JSON.stringify(tools.documentation)).toContain("Enforced by");
    expect(tools.detail).toBeTruthy();
  });

  it("offers them in a config that is a variable, on its own line", async () => {
    expect(await labels('var @cfg = {\n  provider: "docker",\n  to‸\n}\n')).toContain("tools");
  });

  it("offers the keys of inner objects", async () => {
    expect(await labels("env { fs: { ‸ } } [ show 1 ]")).toEqual(expect.arrayContaining(["read", "write"]));
    expect(await labels("env { limits: { ‸ } } [ show 1 ]")).toEqual(
      expect.arrayContaining(["mem", "cpu", "pids", "timeout"]),
    );
    expect(await labels("env { mcps: [{ ‸ }] } [ show 1 ]")).toEqual(
      expect.arrayContaining(["command", "args", "module", "npm"]),
    );
    expect(await labels("env { profiles: { full: { ‸ } } } [ show 1 ]")).toEqual(
      expect.arrayContaining(["requires", "description"]),
    );
  });

  it("completes the key only, where the value is there", async () => {
    expect(await taken("env { to‸: [] } [ show 1 ]", "tools")).toBe("env { tools: [] } [ show 1 ]");
  });

  it("offers only values that the parent allows, also where nothing is closed yet", async () => {
    const box =
      'auth @one = "A"\nauth @two = "B"\nvar @c = { provider: "docker", tools: ["Read", "Frobnicate"], net: { allow: ["a.com"] }, auth: "one" }\n';
    for (const end of ["", "] }", "] } [ show 1 ]"])
      expect(await labels(`${box}env @c with { tools: [‸${end}`), end).toEqual(["Read", "Frobnicate"]);
    expect(await labels(`${box}env @c with { tools: ["Fr‸`)).toEqual(["Read", "Frobnicate"]);
    expect(await labels(`${box}env @c with { net: "‸" } [ show 1 ]`)).toEqual(["none"]);
    expect(await labels(`${box}env @c with { auth: ["‸"] } [ show 1 ]`)).toEqual(["one"]);
    expect(await labels(`${box}var @d = new @c with { tools: ["‸"] }`)).toEqual(["Read", "Frobnicate"]);
    expect(await labels('env { tools: ["Read"] } [\n  let @r = env { tools: ["‸"] } [ => 1 ]\n]\n')).toEqual(["Read"]);
    expect(await labels('env { tools: ["‸"] } [ show 1 ]')).toContain("Write");
  });

  it("does not offer what is being typed", async () => {
    expect(await labels('env { provider: "dock‸" } [ show 1 ]')).not.toContain("dock");
  });

  it("offers configs behind env, before other names", async () => {
    const names = 'var @text = "x"\nvar @aaa = [1]\nvar @sandbox = { tools: ["Read"] }\n';
    const bare = await complete(`${names}env ‸`);
    expect(bare.items.map(({ label }) => label)).toEqual(expect.arrayContaining(["@sandbox", "{ … }", "with"]));
    expect(bare.items.map(({ label }) => label)).not.toContain("@text");
    for (const before of ["env @‸", "var @n = new @‸", "env { ...@‸", "guard before op:run = when [\n  * => env @‸"]) {
      const { items } = await complete(names + before);
      const first = items.slice().sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1))[0];
      expect(first?.label, before).toBe("@sandbox");
    }
  });

  it("offers the words of policies and rules", async () => {
    expect(await labels('policy @p = { deny: ["‸"] }')).toEqual(expect.arrayContaining(["sh", "network", "cmd:*"]));
    expect(await labels('policy @p = { env: { tools: { allow: ["‸"] } } }')).toContain("Bash");
    expect(await labels('policy @p = { env: { providers: { "./a.mld": { ‸ } } } }')).toContain("allowed");
    expect(await labels("exe risky @f() = `x`\nguard before ‸")).toEqual(
      expect.arrayContaining(["op:", "secret", "risky"]),
    );
  });

  it("offers in a with clause what can still be narrowed", async () => {
    const wide = await labels('var @c = { provider: "docker", tools: ["Read"] }\nenv @c with { ‸ } [\n  show "x"\n]\n');
    expect(wide).toEqual(expect.arrayContaining(["tools", "profile"]));
    expect(wide).not.toContain("image");
    const narrow = await labels('var @c = { provider: "docker", tools: [] }\nenv @c with { ‸ } [\n  show "x"\n]\n');
    expect(narrow).not.toContain("tools");
    expect(narrow).toContain("profile");
  });

  it("knows the keys of policies, needs and credentials", async () => {
    expect(await labels("policy @p = { ‸ }")).toEqual(expect.arrayContaining(["allow", "deny", "env", "auth"]));
    expect(await labels("policy @p = { env: { ‸ } }")).toEqual(expect.arrayContaining(["default", "tools", "net"]));
    expect(await labels("needs { ‸ }")).toEqual(expect.arrayContaining(["sh", "network", "cmd", "node"]));
    expect(await labels("auth @k = { ‸ }")).toEqual(expect.arrayContaining(["from", "as"]));
  });
});

describe("completion of values", () => {
  it("offers providers, quoted where no quotes are", async () => {
    expect(await taken("env { provider: ‸ } [ show 1 ]", "docker")).toBe('env { provider: "docker" } [ show 1 ]');
    expect(await taken('env { provider: "do‸" } [ show 1 ]', "docker")).toBe('env { provider: "docker" } [ show 1 ]');
  });

  it("offers the tools that the workspace knows, less those that are listed", async () => {
    const found = await labels('env { tools: ["Read", "‸"] } [ show 1 ]');
    expect(found).toEqual(expect.arrayContaining(["Bash", "Frobnicate", "searchAll"]));
    expect(found).not.toContain("Read");
    expect(await taken('env { tools: ["Read", ‸] } [ show 1 ]', "Frobnicate")).toBe(
      'env { tools: ["Read", "Frobnicate"] } [ show 1 ]',
    );
  });

  it("offers credentials", async () => {
    const source = 'auth @brave = "BRAVE"\n';
    expect(await labels(`${source}env { auth: "‸" } [ show 1 ]`)).toEqual(["brave"]);
    expect(await labels(`${source}run cmd { ls } using auth:‸`)).toEqual(["brave"]);
  });

  it("offers the profiles of the config", async () => {
    const source = "var @c = { profiles: { full: { requires: { sh: true } }, offline: { requires: {} } } }\n";
    expect(await labels(`${source}env @c with { profile: "‸" } [ show 1 ]`)).toEqual(["full", "offline"]);
  });
});

describe("completion of names", () => {
  it("offers variables, with what is nearest first", async () => {
    const { items } = await complete("var @outer = 1\nexe @f(param) = [\n  let @inner = 2\n  show @‸\n]\n");
    const found = [...items].sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1)).map(({ label }) => label);
    expect(found).toEqual(expect.arrayContaining(["@outer", "@param", "@inner", "@f"]));
    expect(found.indexOf("@inner")).toBeLessThan(found.indexOf("@outer"));
  });

  it("writes the parameters of an executable", async () => {
    expect(await taken("exe @greet(name, mode) = `Hi`\nshow @gr‸", "@greet")).toBe(
      "exe @greet(name, mode) = `Hi`\nshow @greet(${1:name}, ${2:mode})",
    );
    expect(await taken('import { @greet } from "./lib/tools.mld"\nshow @gr‸', "@greet")).toContain(
      "show @greet(${1:name}, ${2:mode})",
    );
  });

  it("offers transformers behind a pipe, without parentheses", async () => {
    expect(await taken("var @x = 1\nvar @y = @x | @up‸", "@upper")).toBe("var @x = 1\nvar @y = @x | @upper");
    expect(await labels("var @x = 1\nvar @y = @x | ‸")).toContain("@trim");
  });

  it("offers names in templates and commands, not in code and simple quotes", async () => {
    expect(await labels("var @who = 1\nshow `Hi @w‸`")).toContain("@who");
    expect(await labels("var @who = 1\nrun cmd { echo @w‸ }")).toContain("@who");
    expect(await labels("var @who = 1\nrun js { @w‸ }")).toEqual([]);
    expect(await labels("var @who = 1\nshow '@w‸'")).toEqual([]);
    expect(await labels("var @who = 1 >> @w‸")).toEqual([]);
  });

  it("offers fields of objects and exports of modules", async () => {
    expect(await labels("var @o = { alpha: { beta: 1 } }\nshow @o.‸")).toContain("alpha");
    expect(await labels("var @o = { alpha: { beta: 1 } }\nshow @o.alpha.‸")).toContain("beta");
    expect(await labels('import "./lib/tools.mld" as @lib\nshow @lib.‸')).toEqual(
      expect.arrayContaining(["greet", "sandbox"]),
    );
  });

  it("offers what a module exports between the braces of an import", async () => {
    expect(await taken('import { @gr‸ } from "./lib/tools.mld"\n', "@greet")).toBe(
      'import { @greet } from "./lib/tools.mld"\n',
    );
    expect(await labels('import { @greet, ‸ } from "./lib/tools.mld"\n')).toEqual(["@sandbox"]);
  });
});

describe("completion of paths", () => {
  it("offers modules and folders in an import", async () => {
    const found = await labels('import { @x } from "./‸"\n');
    expect(found).toEqual(expect.arrayContaining(["lib/", "other.mld"]));
    expect(await labels('import { @x } from "./lib/‸"\n')).toEqual(
      ["page.att", "tools.mld", "deep/"].sort((a, b) => (a < b ? -1 : 1)),
    );
    expect(await taken('import { @x } from "./lib/to‸"\n', "tools.mld")).toBe('import { @x } from "./lib/tools.mld"\n');
  });

  it("offers only templates to an executable", async () => {
    expect(await labels('exe @page(name) = template "./lib/‸"\n')).toEqual(
      expect.arrayContaining(["page.att", "deep/"]),
    );
    expect(await labels('exe @page(name) = template "./lib/‸"\n')).not.toContain("tools.mld");
  });

  it("looks into no address and no other machine", async () => {
    expect(await labels('import { @x } from "https://example.com/‸"\n')).toEqual([]);
    expect(await labels('import { @x } from "//server/share/‸"\n')).toEqual([]);
  });
});

describe("completion in comments", () => {
  it("offers the codes that can be ignored", async () => {
    const found = await labels(">> mlld-env-ignore env/tools-widened, env/‸\n");
    expect(found).toContain("env/net-widened");
    expect(found).not.toContain("env/tools-widened");
    expect(await taken(">> mlld-env-ignore env/ne‸\n", "env/net-widened")).toBe(">> mlld-env-ignore env/net-widened\n");
    expect(await labels(">> some words ‸\n")).toEqual([]);
  });
});

describe("the version of the language", () => {
  it("decides which spelling comes first", async () => {
    const order = async (languageVersion: string) => {
      const own = await Session.start({ settings: { languageVersion } });
      await own.open("a.mld", "x");
      const items = await own.ask<CompletionItem[]>("textDocument/completion", "a.mld", {
        position: { line: 0, character: 1 },
      });
      await own.stop();
      const sorted = [...items].sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1)).map(({ label }) => label);
      return sorted.filter(label => label === "env" || label === "box");
    };
    expect(await order("auto")).toEqual(["env", "box"]);
    expect(await order("2.0.4")).toEqual(["env"]);
    expect(await order("2.0.5")).toEqual(["box", "env"]);
  });
});

describe("completion of paths in odd folders", () => {
  const files = { "ä b/one two.mld": "var @a = 1\n", "ä b/deep #1/x.mld": "var @b = 1\n" };
  const taken = async (source: string, label: string): Promise<string> => {
    const own = await Session.start({ files });
    const { text, cursor } = marked(source);
    await own.open("main.mld", text);
    const items = await own.ask<CompletionItem[]>("textDocument/completion", "main.mld", { position: cursor });
    await own.stop();
    const item = items.find(one => one.label === label);
    return item
      ? edited(text, [item.textEdit as { range: never; newText: string }])
      : items.map(one => one.label).join();
  };

  it.each([
    ['import { @a } from "./ä b/‸"', "one two.mld", 'import { @a } from "./ä b/one two.mld"'],
    ['import { @a } from "./ä b/one‸ two.mld"', "one two.mld", 'import { @a } from "./ä b/one two.mld"'],
    ['import { @a } from "./‸ä b/one two.mld"', "ä b/", 'import { @a } from "./ä b/one two.mld"'],
    ["import { @a } from './ä b/de‸'", "deep #1/", "import { @a } from './ä b/deep #1/'"],
    ["var @t = <ä b/‸>", "one two.mld", "var @t = <ä b/one two.mld>"],
    ["import { @a } from ‸", '"…"', 'import { @a } from "./"'],
  ])("%s", async (source, label, expected) => {
    expect((await taken(source, label)).replace("$1", "")).toBe(expected);
  });
});

describe("completion of what usually comes next", () => {
  /** The first ten, as an editor shows them. */
  async function first(source: string, path?: string): Promise<string[]> {
    const { items } = await complete(source, path);
    return items
      .sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1))
      .slice(0, 10)
      .map(({ label }) => label);
  }

  it.each([
    [
      "fields that the file takes elsewhere",
      "for @t in @payload.x [ show `@t.title` ]\nfor @t in @payload.y [ show @t.‸ ]",
      ["title"],
    ],
    ["the metadata of a value", 'var secret @k = "v"\nshow @k.‸', ["mx"]],
    ["what the metadata holds", 'var secret @k = "v"\nshow @k.mx.‸', ["labels", "taint", "filename"]],
    [
      "the context's fields, the most used first",
      "guard before op:run = when [ @mx.‸ => allow ]",
      ["op", "guard", "try"],
    ],
    ["reserved names before transformers", "var @a = 1\nshow @‸", ["@a", "@mx", "@payload", "@input"]],
    ["members in double braces", "var @c = { port: 1 }\nshow :::On {{c.‸}}:::", ["port"]],
    ["names in double braces", "var @conf = { port: 1 }\nshow :::On {{co‸}}:::", ["@conf"]],
    ["bodies of an executable", "exe @f(a) = ‸", ["@a", "cmd", "js", "sh", "template", "when"]],
    ["effects of an action", "var @x = when [\n  @mx.try < 2 => ‸\n]", ["show", "retry", "skip"]],
    ["effects and commands as stages", 'var @x = "a" | ‸', ["show", "cmd", "output"]],
    ["labels", "var ‸", ["tools", "secret", "pii", "untrusted"]],
    ["labels of executables", "exe llm, ‸ @f() = `x`", ["destructive", "network"]],
    ["what a guard is for", "guard @g for ‸", ["op:", "secret"]],
    ["the word behind a loop's variable", "var @all = for @x ‸", ["in"]],
    ["directives, the most used first", "‸", ["var", "exe", "run", "show", "import", "env"]],
    ["rules of a policy", "policy @p = { labels: { secret: { ‸ } } }", ["allow", "deny"]],
    ["kinds of operations", "policy @p = { operations: { ‸ } }", ["exfil", "destructive", "privileged"]],
    ["modules that the workspace imports", "import { @a } from @acme/one\nimport { @b } from @‸", ["@acme/one"]],
  ])("offers %s", async (_title, source, expected) => {
    expect(await first(source)).toEqual(expect.arrayContaining(expected));
  });

  it("offers nothing behind the name of somebody's address", async () => {
    expect(await first('var @x = "bob@example.‸"')).toEqual([]);
  });

  it.each([
    ["an indentation", "exe @f() = [\n  ‸\n]"],
    ["a command that is complete", "run cmd { ls } ‸"],
    ["the word of a definition", "var ‸"],
  ])("offers nothing that Enter would take after a space behind %s", async (_title, source) => {
    const { text, cursor } = marked(source);
    const path = `c${count++}.mld`;
    await session.open(path, text);
    const ask = (context: object) =>
      session.ask<CompletionItem[]>("textDocument/completion", path, { position: cursor, context });
    expect(await ask({ triggerKind: 2, triggerCharacter: " " })).toEqual([]);
    expect(await ask({ triggerKind: 1 })).not.toEqual([]);
  });
});

describe("clients without snippets", () => {
  it("get plain text", async () => {
    const plain = await Session.start({ capabilities: {} });
    const { text, cursor } = marked("exe @greet(name) = `Hi`\nshow @gr‸");
    await plain.open("a.mld", text);
    const items = await plain.ask<CompletionItem[]>("textDocument/completion", "a.mld", { position: cursor });
    expect(items.find(({ label }) => label === "@greet")).toMatchObject({
      insertTextFormat: 1,
      textEdit: { newText: "@greet(name)" },
    });
    await plain.stop();
  });
});
