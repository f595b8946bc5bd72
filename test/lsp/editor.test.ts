import { afterEach, describe, expect, it } from "vitest";
import type {
  CodeAction,
  CodeLens,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Position,
  Range,
  SelectionRange,
  SemanticTokens,
  SemanticTokensDelta,
  SignatureHelp,
  SymbolInformation,
  TextEdit,
} from "vscode-languageserver/node";
import { TOKEN_TYPES } from "../../language/features/tokens";
import { covered, edited, marked, Session, type SessionOptions } from "./harness";

let session: Session | undefined;
afterEach(async () => {
  await session?.stop();
  session = undefined;
});

const SANDBOX = `var @sandbox = { provider: "docker", tools: ["Bash", "Read"], net: { allow: ["api.example.com"] } }
env @sandbox with { tools: ["Bash"] } [
  run cmd { ls }
  let @x = env { tools: [] } [ => 1 ]
]
`;

async function open(
  source: string,
  options: SessionOptions = {},
  path = "a.mld",
): Promise<{ text: string; cursor: Position; range: Range; ask<R>(method: string, more?: object): Promise<R> }> {
  session = await Session.start(options);
  const { text, cursor, range } = marked(source);
  await session.open(path, text);
  return { text, cursor, range, ask: (method, more = {}) => session!.ask(method, path, more) };
}

async function hover(source: string, options: SessionOptions = {}): Promise<string> {
  const { ask, cursor } = await open(source, options);
  const found = await ask<Hover | null>("textDocument/hover", { position: cursor });
  return found ? (found.contents as { value: string }).value : "";
}

describe("hover", () => {
  const GLOBS = 'en‸v { fs: { read: ["./a/**", "./b/**/*.ts"] }, tools: ["a|b", "_x_", "*y*"] } [ show 1 ]\n';

  it("shows globs, bars and underscores as they are written", async () => {
    const text = await hover(GLOBS);
    expect(text).toContain(String.raw`reading ./a/\*\*, ./b/\*\*/\*.ts`);
    expect(text).toContain(String.raw`\*y\*, \_x\_, a\|b`);
  });

  it("is plain text for a client without Markdown", async () => {
    const text = await hover(GLOBS, { capabilities: {} });
    expect(text).toMatch(/^env \{.*\n\nEnvironment/);
    expect(text).toContain("\nfs: reading ./a/**, ./b/**/*.ts (set");
    expect(text).toContain("\ntools: *y*, _x_, a|b (set");
    expect(text).not.toMatch(/```|\*\*Env|---|\\/);
  });

  it("tells the first of many, and what several have in common once", async () => {
    const many = Array.from({ length: 60 }, (_, i) => `"T${i}"`).join(", ");
    expect(await hover(`en‸v { tools: [${many}] } [ show 1 ]\n`)).toMatch(/T0, .* and 40 more \| set/);
    expect(await hover("exe @f(cfg) = [\n  en‸v @cfg [ show 1 ]\n]\n")).toMatch(
      /\| `provider`, `tools`, .*`limits\.timeout` \| known only at run time \|/,
    );
  });

  it("explains the environment of a block: what holds and what narrowed it", async () => {
    const text = await hover(SANDBOX.replace("env @sandbox", "en‸v @sandbox"));
    expect(text).toContain("env @sandbox with");
    expect(text).toMatch(/tools/);
    expect(text).toContain("Bash");
    expect(text).not.toMatch(/tools[^\n]*Read/);
    expect(text).toContain("api.example.com");
    expect(text).toContain("docker");
  });

  it("explains a nested block with what it inherits", async () => {
    const text = await hover(SANDBOX.replace("= env {", "= e‸nv {"));
    expect(text).toContain("docker");
    expect(text).toContain("api.example.com");
  });

  it("says once what a nested block has from the same config", async () => {
    const text = await hover(
      'var @box = { tools: ["Read"] }\nenv @box [\n  en‸v @box with { auth: [] } [ show 1 ]\n]\n',
    );
    expect(text).toMatch(/`tools`[^\n]*set in @box \|/);
  });

  it("names the config that a derivation or a spread took a field from", async () => {
    const text = await hover(
      'var @box = { tools: ["Read"], limits: { mem: "1g", cpu: 2 } }\nvar @more = { ...@box, auth: [] }\nvar @less = new @more with { limits: { mem: "512m" } }\nen‸v @less [ show 1 ]\n',
    );
    expect(text).toMatch(/`tools`[^\n]*set in @box \|/);
    expect(text).toMatch(/`limits.mem`[^\n]*set in @less \|/);
    expect(text).toMatch(/`limits.cpu`[^\n]*set in @box \|/);
    expect(text).toMatch(/`auth`[^\n]*set in @more \|/);
  });

  it("names the sources of every capability, and what is compared only at run time", async () => {
    const text = await hover(SANDBOX.replace("env @sandbox", "en‸v @sandbox"));
    expect(text).toMatch(/`tools`[^\n]*set in @sandbox; narrowed by with/);
    expect(text).toMatch(/`fs`[^\n]*default of a sandbox/);
    await session!.stop();
    const unsure = await hover('exe @f(list) = en‸v { tools: ["Read"] } with { tools: @list } [ => 1 ]\n');
    expect(unsure).toMatch(/`tools` \| known only at run time \|[^\n]*the parameter @list/);
    await session!.stop();
    const inner = 'exe @f(list) = env { tools: ["Read"] } [\n  let @x = en‸v { tools: @list } [ => 1 ]\n  => @x\n]\n';
    expect(await hover(inner)).toMatch(/known only at run time, and compared then: `tools`/);
  });

  it("explains derived configs, variables that hold one, and fields in their environment", async () => {
    const box = 'var @box = { tools: ["Read", "Bash"] }\n';
    expect(await hover(`${box}var @n = ne‸w @box with { tools: ["Read"] }\n`)).toMatch(/`tools` \| Read \|/);
    await session!.stop();
    expect(await hover(`${box}env @bo‸x [ show "x" ]\n`)).toMatch(/`tools` \| Bash, Read \|/);
    await session!.stop();
    expect(await hover(`${box}env @box with { to‸ols: ["Read"] } [ show "x" ]\n`)).toMatch(
      /In this environment:\* Read — set in @box; narrowed by with/,
    );
  });

  it("explains a field, who enforces it and how it narrows", async () => {
    const text = await hover(SANDBOX.replace('tools: ["Bash", "Read"]', 'to‸ols: ["Bash", "Read"]'));
    expect(text).toMatch(/\*\*tools\*\*/);
    expect(text).toMatch(/Enforced by/);
    expect(text).toMatch(/Narrows/);
  });

  it("explains names: parameters, the comment above, the value", async () => {
    expect(await hover('>> Says hello.\nexe @greet(name) = `Hi @name`\nshow @gr‸eet("x")\n')).toMatch(
      /@greet\(name\)[\s\S]*executable[\s\S]*Says hello\./,
    );
    await session!.stop();
    expect(await hover("var secret @port = 8080\nshow @po‸rt\n")).toMatch(/variable, secret[\s\S]*8080/);
    await session!.stop();
    expect(await hover("show @n‸ow\n")).toMatch(/reserved variable/);
    await session!.stop();
    expect(await hover("var @a = 1\nvar @b = @a | @up‸per\n")).toMatch(/transformer[\s\S]*[Uu]pper case/);
    await session!.stop();
    expect(await hover('var @a = [1]\nshow @a.jo‸in(",")\n')).toMatch(/one text/);
  });

  it("says so when a value is known only at run time", async () => {
    expect(await hover("var @x = cmd { date }\nshow @‸x\n")).toMatch(/only when it runs/);
  });

  it("explains the keys of policies, and shows members of what is known", async () => {
    expect(await hover('policy @p = { de‸ny: ["sh"] }\n')).toMatch(/\*\*deny\*\*: `patterns`/);
    await session!.stop();
    expect(await hover("var @o = { a: { b: 42 } }\nshow @o.a.b‸\n")).toMatch(/\.b[\s\S]*42/);
  });

  it("explains directives", async () => {
    expect(await hover("po‸licy @p = { deny: [] }\n")).toMatch(/\*\*policy\*\*/);
  });
});

describe("signature help", () => {
  it("shows the parameter at the cursor", async () => {
    const { ask, cursor } = await open('exe @greet(name, mode) = `Hi`\nshow @greet("a", ‸)\n');
    const help = await ask<SignatureHelp>("textDocument/signatureHelp", { position: cursor });
    expect(help.signatures[0]!.label).toBe("@greet(name, mode)");
    expect(help.activeParameter).toBe(1);
  });

  it("works in commands, not in texts that take no names", async () => {
    const command = await open("exe @greet(name, mode) = `Hi`\nrun cmd { echo @greet(1, ‸) }\n");
    expect(await command.ask<SignatureHelp>("textDocument/signatureHelp", { position: command.cursor })).toMatchObject({
      activeParameter: 1,
    });
    await session!.stop();
    const simple = await open("exe @greet(name, mode) = `Hi`\nshow '@greet(1, ‸)'\n");
    expect(await simple.ask("textDocument/signatureHelp", { position: simple.cursor })).toBeNull();
  });

  it("tells what stands above the definition, also in another file", async () => {
    const files = { "lib.mld": ">> Greets\n>> politely.\nexe @hi(name) = `Hi @name`\n" };
    const { ask, cursor } = await open('import { @hi as @hello } from "./lib.mld"\nshow @hello(‸"x")\n', { files });
    const help = await ask<SignatureHelp>("textDocument/signatureHelp", { position: cursor });
    expect(JSON.stringify(help.signatures[0]!.documentation)).toContain("politely");
    const found = await ask<Hover>("textDocument/hover", { position: { ...cursor, character: 7 } });
    expect(JSON.stringify(found.contents)).toContain("politely");
  });

  it.each([
    ["a list", 'show @greet("a", [1, ‸', 1],
    ["an object", "show @greet({ a: 1, b: ‸", 0],
    ["a stage, whose first argument is piped", 'var @x = "a" | @greet(‸)', 1],
    ["a parallel call, which is given nothing", "var @x = || @greet(‸) || @greet()", 0],
  ])("counts the parameters in %s", async (_title, source, active) => {
    const { ask, cursor } = await open(`exe @greet(name, mode) = \`Hi\`\n${source}\n`);
    expect(await ask<SignatureHelp>("textDocument/signatureHelp", { position: cursor })).toMatchObject({
      activeParameter: active,
    });
  });

  it("works in templates and for transformers, not in definitions", async () => {
    const first = await open("exe @greet(name, mode) = `Hi`\nshow `x @greet(1, ‸`\n");
    expect(await first.ask<SignatureHelp>("textDocument/signatureHelp", { position: first.cursor })).toMatchObject({
      activeParameter: 1,
    });
    await session!.stop();
    const second = await open("exe @greet(name, ‸) = `Hi`\n");
    expect(await second.ask("textDocument/signatureHelp", { position: second.cursor })).toBeNull();
  });
});

describe("code lenses", () => {
  it("run and explain each block, with its target and plain arguments", async () => {
    const { ask } = await open(SANDBOX);
    const lenses = await ask<CodeLens[]>("textDocument/codeLens");
    expect(lenses.map(({ command }) => command!.title)).toEqual([
      "Run env block (docker)",
      "Explain environment",
      "Run env block (docker)",
      "Explain environment",
    ]);
    expect(lenses[0]!.command).toMatchObject({ command: "mlldEnv.runBlock", arguments: [session!.uri("a.mld"), 1] });
    expect(lenses[1]!.command).toMatchObject({ command: "mlldEnv.explain", arguments: [session!.uri("a.mld"), 1] });
    expect(lenses[2]!.command!.arguments![1]).toBe(3);
  });

  it("can be turned off, each for itself", async () => {
    const { ask } = await open(SANDBOX, { settings: { codeLens: { run: false } } });
    await session!.diagnostics("a.mld");
    expect((await ask<CodeLens[]>("textDocument/codeLens")).map(({ command }) => command!.title)).toEqual([
      "Explain environment",
      "Explain environment",
    ]);
    session!.settings = { "codeLens.run": false, "codeLens.explain": false };
    await session!.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(await ask<CodeLens[]>("textDocument/codeLens")).toEqual([]);
  });
});

describe("inlay hints", () => {
  it("show behind the line that opens a block what it may do, so that no text moves", async () => {
    const { ask, text } = await open(SANDBOX);
    const everywhere = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
    const hints = await ask<InlayHint[]>("textDocument/inlayHint", { range: everywhere });
    expect(hints[0]!.label).toMatch(/tools: .*[Bb]ash.*net: api\.example\.com/);
    const head = covered(text, { start: { line: 1, character: 0 }, end: hints[0]!.position });
    expect(head).toBe('env @sandbox with { tools: ["Bash"] } [');
    expect(
      await ask<InlayHint[]>("textDocument/inlayHint", {
        range: { start: { line: 0, character: 0 }, end: { line: 0, character: 5 } },
      }),
    ).toEqual([]);
  });

  it("can be turned off", async () => {
    const { ask } = await open(SANDBOX, { settings: { inlayHints: { enabled: false } } });
    await session!.diagnostics("a.mld");
    expect(
      await ask("textDocument/inlayHint", {
        range: { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } },
      }),
    ).toEqual([]);
  });
});

describe("code actions", () => {
  const WIDER = 'var @parent = { tools: ["Read"] }\nenv @parent with { tools: ["Read", "Bash"] } [\n  show "x"\n]\n';

  async function actions(source: string, only?: string[]): Promise<{ text: string; found: CodeAction[] }> {
    const { ask, range, text } = await open(source);
    return {
      text,
      found: await ask<CodeAction[]>("textDocument/codeAction", {
        range,
        context: { diagnostics: [], ...(only && { only }) },
      }),
    };
  }

  it("fix a finding, the preferred way first", async () => {
    const { found } = await actions(WIDER.replace('"Bash"', '«"Bash"»'));
    const preferred = found.find(({ isPreferred }) => isPreferred)!;
    expect(preferred.kind).toBe("quickfix");
    expect(preferred.diagnostics![0]!.code).toBe("env/tools-widened");
    expect(session!.after("a.mld", preferred.edit!)).toBe(WIDER.replace(', "Bash"', ""));
  });

  it("leave no finding behind", async () => {
    const { found } = await actions(WIDER.replace('"Bash"', '«"Bash"»'), ["quickfix"]);
    expect(found.length).toBeGreaterThan(1);
    for (const { edit, title } of found) {
      await session!.change("a.mld", WIDER);
      await session!.change("a.mld", session!.after("a.mld", edit!));
      const left = await session!.diagnostics("a.mld");
      expect(
        left.map(({ code }) => code),
        title,
      ).not.toContain("env/tools-widened");
    }
  });

  it("suppress a finding by a comment", async () => {
    const { found } = await actions(WIDER.replace('"Bash"', '«"Bash"»'));
    const ignore = found.find(({ title }) => title.startsWith("Ignore"))!;
    const after = session!.after("a.mld", ignore.edit!);
    expect(after).toContain(">> mlld-env-ignore env/tools-widened\nenv @parent");
  });

  it("suppress a finding in the middle of a directive, and a second one by the same comment", async () => {
    const source =
      'env { tools: ["Read"] } [\n  let @x = env { tools: ["Bash"], net: "host", limts: {} } [ => 1 ]\n  => @x\n]\n';
    session = await Session.start();
    await session.open("a.mld", source);
    for (let i = 0; i < 5; i++) {
      const [first] = await session.diagnostics("a.mld");
      if (!first) break;
      const found = await session.ask<CodeAction[]>("textDocument/codeAction", "a.mld", {
        range: first.range,
        context: { diagnostics: [] },
      });
      const ignore = found.find(({ title }) => title === `Ignore ${first.code} here`)!;
      await session.change("a.mld", session.after("a.mld", ignore.edit!));
    }
    expect(await session.diagnostics("a.mld")).toEqual([]);
    expect(session.text("a.mld")).toMatch(/\n {2}>> mlld-env-ignore env\/\S+, env\/\S+.*\n {2}let @x/);
  });

  it("fix all at once", async () => {
    const twice = WIDER + WIDER.replaceAll("@parent", "@second");
    const { found } = await actions(`‸${twice}`, ["source.fixAll"]);
    expect(found.map(({ kind }) => kind)).toEqual(["source.fixAll.mlld-env"]);
    expect(session!.after("a.mld", found[0]!.edit!)).toBe(twice.replaceAll(', "Bash"', ""));
  });

  it("fix all without granting anything", async () => {
    const { found } = await actions('‸env { tools: ["Read"] } [\n  run cmd { ls }\n]\n', ["source.fixAll"]);
    expect(found).toEqual([]);
  });

  it("are none where nothing is wrong", async () => {
    const { found } = await actions("«var @x = 1»\n");
    expect(found).toEqual([]);
  });
});

describe("semantic tokens", () => {
  const decode = (text: string, { data }: SemanticTokens) => {
    const lines = text.split("\n");
    const found: [string, string][] = [];
    let line = 0;
    let character = 0;
    for (let i = 0; i < data.length; i += 5) {
      line += data[i]!;
      character = data[i] === 0 ? character + data[i + 1]! : data[i + 1]!;
      found.push([lines[line]!.slice(character, character + data[i + 2]!), TOKEN_TYPES[data[i + 3]!]!]);
    }
    return found;
  };

  it("tell what names stand for", async () => {
    const { ask, text } = await open(
      'exe @f(who) = [\n  let @x = @who | @upper\n  => @x\n]\nvar @c = { tools: ["Read"], other: 1 }\nenv @c [ show @f(1) ]\n',
    );
    const found = decode(text, await ask("textDocument/semanticTokens/full"));
    expect(found).toEqual(
      expect.arrayContaining([
        ["exe", "keyword"],
        ["@f", "function"],
        ["who", "parameter"],
        ["@who", "parameter"],
        ["let", "keyword"],
        ["@x", "variable"],
        ["@upper", "function"],
        ["tools", "property"],
        ["env", "keyword"],
        ["1", "number"],
      ]),
    );
  });

  it("come as a delta, and for a range", async () => {
    const source = "var @a = 1\nvar @b = @a\n";
    const { ask, text } = await open(source);
    const full = await ask<SemanticTokens>("textDocument/semanticTokens/full");
    await session!.change("a.mld", `${source}var @c = @b\n`);
    const delta = await ask<SemanticTokensDelta>("textDocument/semanticTokens/full/delta", {
      previousResultId: full.resultId,
    });
    const data = [...full.data];
    for (const edit of [...delta.edits].reverse()) data.splice(edit.start, edit.deleteCount, ...(edit.data ?? []));
    const again = await ask<SemanticTokens>("textDocument/semanticTokens/full");
    expect(data).toEqual(again.data);
    const range = await ask<SemanticTokens>("textDocument/semanticTokens/range", {
      range: { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } },
    });
    expect(decode(text, range).map(([word]) => word)).toEqual(["var", "@b", "@a"]);
  });

  it("are only about environments where the official extension colours", async () => {
    const { ask, text } = await open('var @c = { tools: ["Read"] }\nenv @c [ show "x" ]\n', {
      settings: { coexistence: "always" },
    });
    await session!.diagnostics("a.mld");
    expect(decode(text, await ask("textDocument/semanticTokens/full")).map(([word]) => word)).toEqual(["tools", "env"]);
  });
});

describe("structure", () => {
  it("folds, selects and lists", async () => {
    const { ask } = await open(SANDBOX);
    expect(await ask<FoldingRange[]>("textDocument/foldingRange")).toEqual([{ startLine: 1, endLine: 3 }]);
    const [selection] = await ask<SelectionRange[]>("textDocument/selectionRange", {
      positions: [{ line: 2, character: 13 }],
    });
    let depth = 0;
    for (let at: SelectionRange | undefined = selection; at; at = at.parent) depth++;
    expect(depth).toBeGreaterThan(3);
    const symbols = await ask<DocumentSymbol[]>("textDocument/documentSymbol");
    expect(symbols.map(({ name }) => name)).toEqual(["@sandbox", 'env @sandbox with { tools: ["Bash"] }']);
    expect(symbols[1]!.children!.map(({ name }) => name)).toEqual(["env { tools: [] }"]);
  });

  it("finds symbols of the whole workspace", async () => {
    session = await Session.start({
      files: { "a.mld": "var @alpha = 1\nexe @beta() = `x`\n", "sub/b.mld": "policy @gamma = { deny: [] }\n" },
    });
    const find = async (query: string) =>
      (await session!.client.sendRequest<SymbolInformation[]>("workspace/symbol", { query })).map(({ name }) => name);
    expect((await find("")).sort()).toEqual(["@alpha", "@beta", "@gamma"]);
    expect(await find("gma")).toEqual(["@gamma"]);
    expect(await find("@alpha")).toEqual(["@alpha"]);
  });
});

describe("links", () => {
  it("lead to files that exist, and to addresses", async () => {
    const { ask, text } = await open(
      'import { @x } from "./lib.mld"\nimport { @y } from "./missing.mld"\nexe @p() = template "./page.att"\nvar @d = <./docs/a.md>\nvar @w = <https://example.com/x.md>\n',
      {
        files: { "lib.mld": "var @x = 1\n", "page.att": "Hi\n", "docs/a.md": "# A\n" },
      },
    );
    const found = await ask<DocumentLink[]>("textDocument/documentLink");
    expect(found.map(({ range, target }) => [covered(text, range), target])).toEqual([
      ["./lib.mld", session!.uri("lib.mld")],
      ["./page.att", session!.uri("page.att")],
      ["./docs/a.md", session!.uri("docs/a.md")],
      ["https://example.com/x.md", "https://example.com/x.md"],
    ]);
  });
});

describe("symbols of a large workspace", () => {
  it("are found nearest first, however many fit", async () => {
    const many = Array.from({ length: 1200 }, (_, i) => `var @r_u_n_${i} = 1\n`).join("");
    session = await Session.start({
      files: { "a.mld": many, "z.mld": "var @rerun = 1\nvar @runner = 1\nvar @run = 1\n" },
    });
    const found = await session.client.sendRequest<SymbolInformation[]>("workspace/symbol", { query: "Run" });
    expect(found.slice(0, 3).map(({ name }) => name)).toEqual(["@run", "@runner", "@rerun"]);
    expect(found.length).toBe(1000);
  });
});

describe("formatting", () => {
  it("brings a document and a range to the usual form", async () => {
    const { ask, text } = await open("var   @x=1\nvar   @y=2\n");
    const options = { tabSize: 2, insertSpaces: true };
    expect(edited(text, await ask<TextEdit[]>("textDocument/formatting", { options }))).toBe(
      "var @x = 1\nvar @y = 2\n",
    );
    const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 5 } };
    expect(edited(text, await ask<TextEdit[]>("textDocument/rangeFormatting", { options, range }))).toBe(
      "var   @x=1\nvar @y = 2\n",
    );
  });
});

describe("requests of the client", () => {
  it("list the blocks and explain one", async () => {
    const { ask } = await open(SANDBOX);
    expect(await ask("mlldEnv/blocks")).toMatchObject([
      {
        title: 'env @sandbox with { tools: ["Bash"] }',
        target: "docker",
        depth: 0,
        range: { start: { line: 1 }, end: { line: 4 } },
      },
      { title: "env { tools: [] }", target: "docker", depth: 1 },
    ]);
    expect(await ask("mlldEnv/explain", { position: { line: 2, character: 4 } })).toMatchObject({
      markdown: expect.stringContaining("api.example.com"),
    });
    expect(await ask("mlldEnv/explain", { position: { line: 0, character: 0 } })).toBeNull();
  });
});

describe("what stands beside the text", () => {
  it("is asked for again when settings or imports change", async () => {
    const capabilities = {
      workspace: {
        configuration: true,
        codeLens: { refreshSupport: true },
        inlayHint: { refreshSupport: true },
        semanticTokens: { refreshSupport: true },
      },
    };
    session = await Session.start({ capabilities, files: { "lib.mld": 'var @c = { tools: ["Read"] }\n' } });
    const asked: string[] = [];
    for (const method of [
      "workspace/codeLens/refresh",
      "workspace/inlayHint/refresh",
      "workspace/semanticTokens/refresh",
    ])
      session.client.onRequest(method, () => void asked.push(method));
    const until = async (count: number) => {
      for (let i = 0; i < 50 && asked.length < count; i++) await new Promise(resolve => setTimeout(resolve, 50));
      return asked.splice(0).sort();
    };
    await session.open("a.mld", 'import { @c } from "./lib.mld"\nenv @c [ show "x" ]\n');
    await session.open("lib.mld", 'var @c = { tools: ["Read"] }\n');
    await session.diagnostics("a.mld");
    await new Promise(resolve => setTimeout(resolve, 500));
    asked.length = 0;
    await session.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    expect(await until(3)).toEqual([
      "workspace/codeLens/refresh",
      "workspace/inlayHint/refresh",
      "workspace/semanticTokens/refresh",
    ]);
    await session.change("lib.mld", 'var @c = { tools: ["Bash"] }\n');
    expect(await until(3)).toHaveLength(3);
  });
});
