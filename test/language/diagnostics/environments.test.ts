import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import type { Host } from "../../../language/host";
import { Program } from "../../../language/semantics";
import { checkText, fixed, told } from "../../support/program";

const SANDBOX = 'var @sandbox = { provider: "@mlld/env-docker", tools: ["Read", "Bash"], net: "none" }\n';

describe("a child is compared with its parent", () => {
  it("with against its config, at the item that is wider", () => {
    const text = `${SANDBOX}env @sandbox with { tools: ["Read", "Write"] } [ show "x" ]\n`;
    const [finding] = checkText(text);
    expect(told(text)).toEqual(['env/tools-widened «"Write"»']);
    const parent = finding!.related[0]!.place;
    expect(text.slice(parent.start, parent.end)).toBe('["Read", "Bash"]');
  });

  it("a nested block against the one around it, and says where it is entered", () => {
    const text = `${SANDBOX}var @wide = { tools: ["Write"] }\nenv @sandbox [\n  let @x = env @wide [ => "x" ]\n  show @x\n]\n`;
    const [finding] = checkText(text);
    expect(told(text)).toEqual(['env/tools-widened «"Write"»']);
    expect(finding!.related.map(({ place }) => text.slice(place.start, place.end))).toContain("env @wide");
  });

  it("a block inside an executable, where the call stands", () => {
    const text = `${SANDBOX}exe @inner() = env { tools: ["Write"] } [ => "x" ]\nenv @sandbox [\n  show @inner()\n]\n`;
    expect(told(text)).toEqual(["env/tools-widened «@inner()»"]);
  });

  it("through several calls, with the arguments put in", () => {
    const text = `${SANDBOX}exe @in(c) = env @c [ => "x" ]\nexe @between(cfg) = [\n  let @x = @in(@cfg.sub)\n  => @x\n]\nenv @sandbox [\n  show @between({ sub: { tools: ["Write"] } })\n  show @between({ sub: { tools: ["Read"] } })\n]\n`;
    expect(told(text)).toEqual(['env/tools-widened «@between({ sub: { tools: ["Write"] } })»']);
  });

  it("executables that call each other in a circle are followed once", () => {
    const text = `${SANDBOX}exe @a(n) = [\n  let @x = @b(@n)\n  => @x\n]\nexe @b(n) = [\n  let @x = @a(@n)\n  let @y = env { tools: ["Write"] } [ => "y" ]\n  => @x\n]\nenv @sandbox [\n  show @a(1)\n]\n`;
    expect(told(text)).toEqual(["env/tools-widened «@a(1)»"]);
  });

  it("an object after a spread inside of a call's environment, as an error", () => {
    const guard = 'guard before op:exe = when [\n  * => env { tools: ["Read", "Bash"] }\n]\n';
    const text = `${SANDBOX}${guard}exe @f() = env { ...@sandbox, tools: ["Glob"] } [ => "x" ]\nshow @f()\n`;
    expect(checkText(text).map(({ code, severity }) => [code, severity])).toEqual([["env/tools-widened", "error"]]);
  });

  it.each([
    'env { tools: ["Read"] } [\n  let @x = env { tools: [] } [ => cmd { ls } ]\n  show @x\n]\n',
    'env { tools: ["Read"] } with { tools: [] } [ run cmd { ls } ]\n',
    'var @ro = { tools: ["Read"] }\nenv { ...@ro, tools: [] } [ run cmd { ls } ]\n',
  ])("no fix would make a block wider: %s", text => {
    const [finding] = checkText(text);
    expect([finding!.code, finding!.fixes]).toEqual(["env/command-needs-bash", []]);
    expect(finding!.message).toContain('Allow "Bash" there and in what it narrows');
  });

  it.each([
    ["dokcer", "docker"],
    ["Docker", "docker"],
    ["@mlld/env-dokcer", "@mlld/env-docker"],
    ["@mlld/sprites", "@mlld/env-sprites"],
  ])("a provider '%s' that is none", (written, meant) => {
    const text = `env { provider: '${written}' } [ run cmd { ls } ]\n`;
    const [finding] = checkText(text);
    expect(finding).toMatchObject({ code: "env/provider-module", severity: "error" });
    expect(fixed(text, finding!, "Change to")).toBe(text.replace(written, meant));
    expect(told(text.replace(written, meant))).toEqual([]);
  });

  it.each([
    ['{ «denny»: ["sh"] }', "deny"],
    ["{ env: { «defualt»: '@mlld/env-docker' } }", "default"],
    ['{ env: { «tool»: ["Read"] } }', "tools"],
    ["{ env: { providers: { '@mlld/env-docker': { «allow»: false } } } }", "allowed"],
  ])("a misspelt field of a policy: %s", (marked, meant) => {
    const text = `policy @p = ${marked.replace(/[«»]/g, "")}\nshow "x"\n`;
    const written = /«(.*)»/.exec(marked)![1]!;
    expect(told(text)).toEqual([`env/unknown-field «${written}»`]);
    const mended = fixed(text, checkText(text)[0]!, meant);
    expect([mended, told(mended)]).toEqual([text.replace(written, meant), []]);
  });

  it("a bare word that is no provider; a module of the registry may be one", () => {
    expect(told('env { provider: "podman" } [ run cmd { ls } ]\n')).toEqual(['env/provider-module «"podman"»']);
    expect(told("env { provider: '@acme/box' } [ run cmd { ls } ]\n")).toEqual([]);
    expect(told("env { provider: '@mlld/env-podman' } [ run cmd { ls } ]\n")).toEqual([]);
  });

  it("a server of a parent that is one text is added as a list", () => {
    const text =
      'var @c = { mcps: "files --read" }\nenv @c with { mcps: ["files --read", "./more.mld"] } [ show "x" ]\n';
    expect(fixed(text, checkText(text)[0]!, "Allow")).toContain('mcps: ["files --read", "./more.mld"] }\nenv');
  });

  it("new and with as values", () => {
    const text = `${SANDBOX}var @n = new @sandbox with { tools: ["Read", "Glob"] }\nvar @w = @sandbox with { net: "host" }\n`;
    expect(told(text)).toEqual(['env/tools-widened «"Glob"»', 'env/net-widened «"host"»']);
  });

  it("an object after a spread, as a warning, where it is used as an environment", () => {
    const unused = `${SANDBOX}var @more = { ...@sandbox, tools: ["Read", "Glob"] }\nshow @more\n`;
    expect(told(unused)).toEqual([]);
    const used = `${unused}env @more [ show "x" ]\n`;
    expect(checkText(used).map(({ code, severity }) => [code, severity])).toEqual([["env/tools-widened", "warning"]]);
  });

  it("an object after a spread inside the block of what is spread, as an error", () => {
    const text = `${SANDBOX}env @sandbox [\n  let @r = env { ...@sandbox, tools: ["Read", "Glob"] } [ => "x" ]\n  show @r\n]\n`;
    expect(checkText(text).map(({ code, severity }) => [code, severity])).toEqual([["env/tools-widened", "error"]]);
  });

  it("with the sandbox that sets nothing, where its default says otherwise", () => {
    const text = 'var @p = { provider: "docker" }\nenv @p with { fs: { read: ["."] } } [ show "x" ]\n';
    const related = checkText(text)[0]?.related ?? [];
    expect(related.map(({ place }) => text.slice(place.start, place.end))).toEqual(['"docker"']);
  });

  it("the choice of an imported guard, at the first operation that it takes", () => {
    const head = 'import "./a.mld" as @a\nimport "./b.mld" as @b\nexe @go() = cmd { ls }\n';
    const files = (guard: string) => ({
      "a.mld": 'import "./sub/guards.mld" as @g\n',
      "b.mld": 'import "./sub/guards.mld" as @g\n',
      "sub/guards.mld": guard,
    });
    const block = `${SANDBOX}env @sandbox [\n  show @go()\n  run cmd { pwd }\n]\n`;
    const wide = 'guard before op:cmd = when [\n  * => env { tools: ["Bash", "Glob"] }\n]\n';
    const [finding, ...more] = checkText(head + block, files(wide));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: "env/tools-widened", severity: "error" });
    expect(finding!.message).toMatch(/^A guard of guards\.mld chooses an environment/);
    expect((head + block).slice(finding!.place.start, finding!.place.end)).toBe("@go()");
    expect(finding!.related.map(({ place }) => place.uri.split("/").at(-1))).toEqual(["guards.mld", "main.mld"]);
    expect(finding!.fixes.filter(({ preferred }) => preferred)).toEqual([]);

    // Not there yet, made for something else, or no wider: paths start at the guard's own folder.
    expect(told(block + head, files(wide))).toEqual([]);
    expect(told(head + block, files(wide.replace("op:cmd", "op:cmd:git")))).toEqual([]);
    expect(told(head + block, files(wide.replace("before", "after")))).toEqual([]);
    const narrow = 'guard before op:cmd = when [\n  * => env { fs: { read: ["./data"] } }\n]\n';
    const reads = `env { provider: "docker", fs: { read: ["./sub/data"] } } [\n  run cmd { ls }\n]\n`;
    expect(told(head + reads, files(narrow))).toEqual([]);
  });

  it("a guard's choice with the blocks whose commands it takes", () => {
    const guard = 'guard before op:run = when [\n  * => env { tools: ["Bash", "Glob"] }\n]\n';
    expect(told(`${SANDBOX}${guard}env @sandbox [ run cmd { ls } ]\n`)).toEqual(['env/tools-widened «"Glob"»']);
    expect(told(`${SANDBOX}${guard}env @sandbox [ show "no command" ]\n`)).toEqual([]);
  });

  const WIDER = '* => env { tools: ["Bash", "Glob"] }';
  it.each([
    ["operations of a language", "before op:cmd", "run cmd { ls }", "run sh { ls }"],
    ["first words of a command", "before op:cmd:git:push", "run cmd { git push x }", "run cmd { git pull }"],
    ["calls", "before op:exe", "show @plain()", "run cmd { ls }"],
    ["a label of an executable", "before danger", "show @risky()", "show @plain()"],
    ["a label of what goes into a command", "before pii", "run cmd { echo @mail }", "run cmd { echo @sandbox.net }"],
    ["a label of what a value is made of", "before pii", "run cmd { echo @greeting }", 'run cmd { echo "hello" }'],
    ["what an executable runs", "before op:sh", "show @script()", "show @plain()"],
  ])("a guard's choice by %s", (_name, filter, fires, not) => {
    const text = `${SANDBOX}guard ${filter} = when [\n  ${WIDER}\n]\nvar pii @mail = "a@b.c"\nvar @greeting = \`hello @mail\`\nexe @plain() = \`x\`\nexe danger @risky() = \`x\`\nexe @script() = sh { ls }\n`;
    expect(told(`${text}env @sandbox [\n  ${fires}\n]\n`)).toEqual(['env/tools-widened «"Glob"»']);
    expect(told(`${text}env @sandbox [\n  ${not}\n]\n`)).toEqual([]);
  });

  const DROPS = 'guard before op:cmd = when [\n  * => env { tools: ["Read"] }\n]\n';
  it.each([
    ["a command outside of every block", "run cmd { ls }\n"],
    ["a command of a block", 'env { tools: ["Read", "Bash"] } [\n  run cmd { ls }\n]\n'],
    ["a command of an executable", "exe @go() = cmd { ls }\nshow @go()\n"],
  ])("a guard's choice without Bash for %s", (_name, text) => {
    const [finding, ...more] = checkText(DROPS + text);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: "env/command-needs-bash", severity: "error" });
    expect(finding!.message).toMatch(/^A command that this guard takes needs the tool Bash/);
    expect((DROPS + text).slice(finding!.place.start, finding!.place.end)).toBe('env { tools: ["Read"] }');
    const mended = fixed(DROPS + text, finding!, "Bash");
    expect(told(mended)).toEqual([]);
    expect(told(DROPS + text.replace("cmd {", "sh {"))).toEqual([]);
    // The choice of an earlier guard is the one that is made.
    expect(told(DROPS.replace('"Read"', '"Bash", "Read"') + DROPS + text)).toEqual([]);
  });

  it("a guard's choice with blocks in executables of other files", () => {
    const lib =
      'exe @go(c) = [\n  let @x = env @c [\n    run cmd { ls }\n    => "x"\n  ]\n  => @x\n]\nexport { @go }\n';
    const head =
      'import { @go } from "./lib.mld"\nguard before op:cmd = when [\n  * => env { tools: ["Bash", "Glob"] }\n]\n';
    const text = (tools: string) => `${head}show @go({ tools: ${tools} })\n`;
    expect(told(text('["Bash"]'), { "lib.mld": lib })).toEqual(['env/tools-widened «"Glob"»']);
    expect(told(text('["Bash", "Glob"]'), { "lib.mld": lib })).toEqual([]);
  });

  it("what a call does in the environment that a guard chooses for it", () => {
    const guard = 'guard before op:exe = when [\n  * => env { tools: ["Read"] }\n]\n';
    const text = (body: string) => `${guard}exe @go() = ${body}\nshow @go()\n`;
    expect(told(text("sh { ls }"))).toEqual(["env/command-needs-bash «sh { ls }»"]);
    expect(told(text('env { tools: ["Glob"] } [ => "x" ]'))).toEqual(['env/tools-widened «"Glob"»']);
    expect(told(text('env { tools: ["Read"] } [ => "x" ]'))).toEqual([]);
  });

  it.each([
    ['deny: ["sh"]', "run sh { ls }", "run cmd { ls }"],
    ['deny: ["sh"]', 'run cmd { bash -c "ls" }', "run cmd { ls }"],
    ['capabilities: { deny: ["network"] }', "run cmd { timeout 5 curl @url }", "run cmd { echo curl }"],
    ['deny: ["cmd:git:push"]', "run cmd { git push @url }", "run cmd { git @url push }"],
    ['allow: ["cmd:git:*"]', "run cmd { ls @url }", "run cmd { @url ls }"],
    ['allow: ["cmd:git:*"]', "let @x = js { return 1 }", "run cmd { git status }"],
    ['allow: ["cmd:git:status:*", "js"]', "run cmd { git push @url }", "run cmd { git @url }"],
    ['env: { tools: ["Bash"] }', "run cmd { rm -rf build }", "run cmd { rm build }"],
    ["deny: @list", "run sh { ls }", "run cmd { ls }"],
  ])("a policy with %s and %s", (rules, denied, allowed) => {
    const policy = `var @list = ["sh"]\nvar @url = "x"\npolicy @p = { ${rules} }\n`;
    const block = (body: string) => `env { } [\n  ${body}\n]\n`;
    expect(told(policy + block(denied)).map(line => line.split(" ")[0])).toEqual(["env/policy-denied"]);
    expect(told(policy + block(allowed))).toEqual([]);
    // Not there yet; or in an executable, where it may be called later.
    expect(told(block(denied.replace("@url", "x")) + policy)).toEqual([]);
    const called = `exe @f() = [\n  ${denied}\n  => 1\n]\n`;
    expect(told(called + policy).map(line => line.split(" ")[0])).toEqual(["env/policy-denied"]);
  });

  it("a guard's choice of an imported config, at the guard", () => {
    const files = { "lib.mld": 'var @wide = { tools: ["Bash", "Glob"] }\n' };
    const guard = "guard before op:cmd = when [\n  * => env @wide\n]\n";
    const text = `import { @wide } from "./lib.mld"\n${guard}${SANDBOX}env @sandbox [ run cmd { ls } ]\n`;
    expect(told(text, files)).toEqual(["env/tools-widened «env @wide»"]);
  });

  it("not with a guard that stands behind the block, or looks only afterwards", () => {
    const guard = (timing: string) => `guard ${timing} op:run = when [\n  ${WIDER}\n]\n`;
    const block = "env @sandbox [ run cmd { ls } ]\n";
    expect(told(`${SANDBOX}${block}${guard("before")}`)).toEqual([]);
    expect(told(`${SANDBOX}${guard("after")}${block}`)).toEqual([]);
  });

  it("what stops the load of an imported file, at the import", () => {
    const base = 'var @ro = { tools: ["Read"] }\n';
    const wrong = {
      "syntax.mld": `${base}var @x = \n`,
      "derived.mld": `${base}var @rw = new @ro with { tools: ["Write"] }\n`,
      "block.mld": `${base}env @ro [\n  run cmd { ls }\n]\n`,
      "through.mld": 'import "./block.mld" as @b\nvar @ro = { tools: [] }\n',
    };
    for (const name of Object.keys(wrong)) {
      const text = `import { @ro } from "./${name}"\nshow @ro\n`;
      expect(told(text, wrong)).toEqual([`name/import-faulty «"./${name}"»`]);
      const place = checkText(text, wrong)[0]!.related[0]!.place.uri;
      expect(place.split("/").at(-1)).toBe(name === "through.mld" ? "block.mld" : name);
    }
    const sound = { "lib.mld": `${base}exe @never() = env @ro [ => cmd { ls } ]\n` };
    expect(told('import { @ro } from "./lib.mld"\nshow @ro\n', sound)).toEqual([]);
    // Of this file it is told where it stands, of another one where it is called.
    expect(told('import { @never } from "./lib.mld"\nshow @never()\n', sound)).toEqual([
      "env/command-needs-bash «@never()»",
    ]);
  });

  it("what an executable derives from its argument", () => {
    const narrow = 'exe @narrow(c) = new @c with { tools: ["Read"] }\n';
    expect(told(`${narrow}show @narrow({ tools: ["Write"] })\n`)).toEqual([
      'env/tools-widened «@narrow({ tools: ["Write"] })»',
    ]);
    expect(told(`${narrow}show @narrow({ tools: ["Read", "Write"] })\n`)).toEqual([]);
  });

  it("a name that the imported file only imports", () => {
    const files = { "a.mld": 'var @x = "x"\n', "b.mld": 'import { @x } from "./a.mld"\nvar @y = "y"\n' };
    const text = 'import { @x } from "./b.mld"\nshow @x\n';
    expect(told(text, files)).toEqual(["name/undefined «@x»"]);
    expect(told(text, { ...files, "b.mld": `${files["b.mld"]}export { @x, @y }\n` })).toEqual([]);
  });

  it("relative paths start at the folder of the file whose block it is", () => {
    const lib = 'exe @f() = env { fs: { read: ["./src"] } } [ => "x" ]\nexport { @f }\n';
    const text = (path: string) =>
      `import { @f } from "./sub/lib.mld"\nenv { provider: "@mlld/env-docker", fs: { read: ["${path}"] } } [\n  show @f()\n]\n`;
    expect(told(text("./sub/src"), { "sub/lib.mld": lib })).toEqual([]);
    const [finding, ...rest] = checkText(text("./src"), { "sub/lib.mld": lib });
    expect(rest).toEqual([]);
    expect(finding!.code).toBe("env/fs-widened");
    // The same words are two folders: the message names them.
    expect(finding!.message).toMatch(/'\.\/src', here \/project\/sub\/src, .* allows reading \/project\/src\./);
    // Other words speak for themselves.
    expect(checkText(text("./docs"), { "sub/lib.mld": lib })[0]!.message).toMatch(
      /'\.\/src' is .* allows reading \.\/docs\./,
    );
  });

  it("a config of another file, told here", () => {
    const text = `import { @wide } from "./shared.mld"\n${SANDBOX}env @sandbox [\n  let @x = env @wide [ => "x" ]\n  show @x\n]\n`;
    expect(told(text, { "shared.mld": 'var @wide = { tools: ["Write"] }\nexport { @wide }\n' })).toEqual([
      "env/tools-widened «env @wide»",
    ]);
  });
});

describe("what only the run knows is not told", () => {
  it.each([
    ["an argument", "exe @f(t) = env @sandbox with { tools: @t } [ => 1 ]"],
    ["one of two, of which one fits", 'env @sandbox with { tools: @payload.x ? ["Read"] : ["Glob"] } [ show "x" ]'],
    ["the output of a command", 'var @t = cmd { tools }\nenv @sandbox with { tools: @t } [ show "x" ]'],
    ["a list, or what is inherited", 'env @sandbox with { tools: @payload.x ? ["Glob"] : "*" } [ show "x" ]'],
    [
      "a branch that the argument does not take",
      'exe @t(mode) = when [ @mode == "ro" => ["Glob"]; * => ["Read"] ]\nenv @sandbox with { tools: @t("rw") } [ show "x" ]',
    ],
    ["a config that may set nothing", 'env @sandbox [\n  let @r = env (@payload.x ? { net: "host" } : {}) [ => 1 ]\n]'],
    [
      "a loop over configs of which one fits",
      'var @a = { tools: ["Read"] }\nvar @b = { tools: ["Glob"] }\nenv @sandbox [\n  for @c in [@a, @b] => env @c [ show "x" ]\n]',
    ],
    ["a list that is not known whole", 'env @sandbox with { tools: ["Read", @payload.more] } [ show "x" ]'],
    [
      "what changes",
      'exe @f() = [\n  let @t = ["Read"]\n  for @i in [1] [ @t += ["Glob"] ]\n  let @x = env @sandbox with { tools: @t } [ => 1 ]\n  => @x\n]',
    ],
  ])("%s", (_name, program) => {
    expect(told(`${SANDBOX}${program}\n`)).toEqual([]);
  });

  it.each([
    ["both alternatives are wider", 'env @sandbox with { tools: @payload.x ? ["Grep"] : ["Glob"] } [ show "x" ]'],
    ["an item is wider whatever the rest is", 'env @sandbox with { tools: ["Glob", @payload.more] } [ show "x" ]'],
    [
      "a when whose every branch is wider",
      'var @t = when [ @payload.x => ["Glob"]; * => ["Grep"] ]\nenv @sandbox with { tools: @t } [ show "x" ]',
    ],
    [
      "a list from an executable",
      'exe @t(more) = [ => ["Read", @more] ]\nenv @sandbox with { tools: @t("Glob") } [ show "x" ]',
    ],
    [
      "an argument decides between branches",
      'exe @t(mode) = when [ @mode == "ro" => ["Glob"]; * => ["Read"] ]\nenv @sandbox with { tools: @t("ro") } [ show "x" ]',
    ],
    [
      "an argument decides inside a block",
      'exe @c(mode) = [\n  let @t = @mode == "ro" ? ["Glob"] : ["Read"]\n  => { tools: @t }\n]\nenv @sandbox [\n  let @r = env @c("ro") [ => 1 ]\n  show @r\n]',
    ],
    ["a template", 'var @n = "Glo"\nenv @sandbox with { tools: ["@n\\\\b"] } [ show "x" ]'],
  ])("but known when %s", (_name, program) => {
    expect(told(`${SANDBOX}${program}\n`).some(line => line.startsWith("env/tools-widened"))).toBe(true);
  });
});

describe("commands need Bash", () => {
  const READER = 'var @reader = { tools: ["Read"] }\n';
  it.each([
    ["run cmd { ls }", "cmd { ls }"],
    ["run sh { ls }", "sh { ls }"],
    ["run bash { ls }", "bash { ls }"],
    ["run node { return 1 }", "node { return 1 }"],
    ["let @x = python { return 1 }", "python { return 1 }"],
    ["let @x = cmd { ls }", "cmd { ls }"],
    ["if true [ run cmd { ls } ]", "cmd { ls }"],
    ["for @i in [1] [ run cmd { ls } ]", "cmd { ls }"],
  ])("%s", (statement, at) => {
    expect(told(`${READER}env @reader [\n  ${statement}\n]\n`)).toEqual([`env/command-needs-bash «${at}»`]);
  });

  it.each(["run js { 1 }", 'output "x" to "f"'])("not %s", statement => {
    expect(told(`${READER}env @reader [\n  ${statement}\n]\n`)).toEqual([]);
  });

  it("in an executable it is told at the call, and not where it is called freely", () => {
    const text = `${READER}exe @list() = cmd { ls }\nenv @reader [\n  show @list()\n]\nshow @list()\n`;
    expect(told(text)).toEqual(["env/command-needs-bash «@list()»"]);
  });

  it("also by modules that are called after their file, and by data", () => {
    const files = {
      "my-lib.mld": 'var @ro = { tools: ["Read"] }\n',
      "data.json": '{ "ro": { "tools": ["Read"] } }',
    };
    const head =
      'import "./my-lib.mld"\nimport { * as @all } from "./my-lib.mld"\nimport "./data.json"\nimport { ro } from "./data.json"\n';
    for (const config of ["@my_lib.ro", "@all.ro", "@data.ro", "@ro"])
      expect(told(`${head}env ${config} [ run cmd { ls } ]\n`, files)).toEqual(["env/command-needs-bash «cmd { ls }»"]);
    expect(told('import { rw } from "./data.json"\nshow @rw\n', files)).toEqual(["name/undefined «rw»"]);
    expect(told('import { rw } from "./bad.json"\nshow @rw\n', { "bad.json": "{" })).toEqual([
      'name/import-faulty «"./bad.json"»',
    ]);
  });

  it("also through a pipeline, an alias and a module", () => {
    const lib = "exe @list() = cmd { ls }\nexport { @list }\n";
    const head = `import "./lib.mld" as @lib\n${READER}exe @again() = @lib.list()\n`;
    const text = `${head}env @reader [\n  show @lib.list()\n  let @x = "x" | @again\n]\n`;
    expect(told(text, { "lib.mld": lib })).toEqual([
      "env/command-needs-bash «@lib.list()»",
      "env/command-needs-bash «@again»",
    ]);
  });

  it("also of functions that come from Node.js", () => {
    const head = `import { basename } from node @path\nimport { URL } from node @url\n${READER}`;
    const calls =
      'exe @last(p) = @basename(@p)\nenv @reader [\n  show @last("a/b")\n  let @u = new @URL("http://a.example")\n  let @b = "a/b" | @basename\n]\n';
    expect(told(`${head}${calls}`)).toEqual([
      'env/command-needs-bash «@last("a/b")»',
      'env/command-needs-bash «new @URL("http://a.example")»',
      "env/command-needs-bash «@basename»",
    ]);
  });

  it("a call says what kind of process it starts", () => {
    const text = `${READER}exe @one() = py { return 1 }\nenv @reader [\n  show @one()\n]\n`;
    expect(checkText(text)[0]!.message).toMatch(
      /^A Python process that @one runs needs the tool Bash, which @reader does not allow/,
    );
  });

  it("says what took Bash away", () => {
    const narrowed =
      'var @wide = { tools: ["Read", "Bash"] }\nenv @wide with { tools: ["Read"] } [\n  run cmd { ls }\n]\n';
    expect(checkText(narrowed)[0]!.message).toBe(
      'This command needs the tool Bash, which the narrowed tools of @wide leave out. Add "Bash" to the tools, or remove the command.',
    );
    const around = 'var @a = { tools: ["Read"] }\nvar @b = { auth: [] }\nenv @a [\n  env @b [ run cmd { ls } ]\n]\n';
    expect(checkText(around)[0]!.message).toMatch(/^This command needs the tool Bash, which @a does not allow\./);
    const tail = 'var @b = { auth: [] }\nenv @b with { tools: ["Read"] } [\n  run cmd { ls }\n]\n';
    expect(checkText(tail)[0]!.message).toMatch(
      /^This command needs the tool Bash, which the tools in its `with` leave out\./,
    );
  });

  it("adding Bash mends it", () => {
    const text = `${READER}env @reader [\n  run cmd { ls }\n]\n`;
    expect(checkText(fixed(text, checkText(text)[0]!, "Bash"))).toEqual([]);
  });
});

describe("fixes", () => {
  it.each([
    ["removing the wider item", "Remove", 'env @sandbox with { tools: ["Read"] }'],
    ["allowing it in the parent", "Allow", 'tools: ["Read", "Bash", "Write"]'],
  ])("%s", (_name, title, expected) => {
    const text = `${SANDBOX}env @sandbox with { tools: ["Read", "Write"] } [ show "x" ]\n`;
    const [finding] = checkText(text);
    const titled = finding!.fixes.find(fix => fix.title.toLowerCase().includes(title.toLowerCase()));
    expect(titled, finding!.fixes.map(fix => fix.title).join()).toBeDefined();
    const mended = fixed(text, finding!, titled!.title);
    expect(mended).toContain(expected);
    expect(checkText(mended)).toEqual([]);
  });

  it("removing all of several wider items", () => {
    const text = `${SANDBOX}env @sandbox with { tools: ["Grep", "Read", "Glob"] } [ show "x" ]\n`;
    const found = checkText(text);
    expect(found).toHaveLength(2);
    const mended = fixed(text, found[1]!, "Keep only");
    expect(mended).toContain('with { tools: ["Read"] }');
    expect(checkText(mended)).toEqual([]);
  });

  it.each([
    [
      "a star in a list is replaced with its list",
      'env { tools: ["Read"] } [\n  let @r = env { tools: ["*"] } [ => 1 ]\n  show @r\n]\n',
      "Use what",
      'let @r = env { tools: ["Read"] }',
    ],
    [
      "a second credential makes a list of one",
      'auth @a = "A"\nauth @b = "B"\nvar @p = { auth: "a" }\nenv @p with { auth: ["b"] } [ show "x" ]\n',
      "Allow 'b'",
      'var @p = { auth: ["a", "b"] }',
    ],
    [
      "a server of npm is written as one",
      'var @p = { mcps: [] }\nenv @p with { mcps: [{ npm: "files" }] } [ show "x" ]\n',
      "Allow",
      'var @p = { mcps: [{ npm: "files" }] }',
    ],
    [
      "what both allow keeps temporary file systems and places in the environment",
      'var @p = { provider: "docker", fs: { read: ["."] } }\nenv @p with { fs: { read: [{ host: "./a", container: "/a" }, "/etc"], write: ["/tmp"] } } [ show "x" ]\n',
      "Keep what both",
      'with { fs: { read: ["./a:/a"], write: ["/tmp"] } }',
    ],
  ])("%s", (_name, text, title, expected) => {
    const mended = fixed(text, checkText(text)[0]!, title);
    expect(mended).toContain(expected);
    expect(checkText(mended)).toEqual([]);
  });

  it("no list of paths is written where mounts are", () => {
    const text =
      'var @p = { provider: "docker", fs: { read: ["./src"] } }\nenv @p with { mounts: ["./src:/a", "./lib:/b:rw"] } [ show "x" ]\n';
    expect(checkText(text)[0]!.fixes.map(({ title }) => title)).toEqual(["Remove './lib:/b:rw'"]);
  });

  it("declaring a credential", () => {
    const text = 'import { @x } from "./x.mld"\nrun cmd { deploy @x } using auth:prod\n';
    const files = { "x.mld": "var @x = 1\n" };
    const mended = fixed(text, checkText(text, files)[0]!, "Declare");
    expect(mended.split("\n")[1]).toBe('auth @prod = "PROD_API_KEY"');
    expect(checkText(mended, files)).toEqual([]);
  });

  it("exporting a name from the other file", () => {
    const lib = "var @one = 1\nvar @two = 2\nexport { @one }\n";
    const [finding] = checkText('import { @two } from "./lib.mld"\nshow @two\n', { "lib.mld": lib });
    expect(fixed(lib, finding!, "Export")).toContain("export { @one, @two }");
  });

  it("a field that resembles none is told as information: it may be the author's own", () => {
    const severities = (fields: string) =>
      checkText(`var @cfg = { ${fields} }\nenv @cfg [ show "x" ]\n`).map(({ code, severity }) => [code, severity]);
    expect(severities('model: "small"')).toEqual([["env/unknown-field", "information"]]);
    expect(severities('tolls: ["Read"]')).toEqual([["env/unknown-field", "warning"]]);
  });

  it("correcting a misspelt field", () => {
    const text = 'var @cfg = { tolos: ["Read"] }\nenv @cfg [ show "x" ]\n';
    expect(fixed(text, checkText(text)[0]!, "tools")).toContain('{ tools: ["Read"] }');
  });
});

describe("providers written in mlld", () => {
  const CREATE = 'exe @create(opts) = { envName: "e" }\n';
  it("are told where they are used, and each missing export can be added", () => {
    const text = "env { provider: './box.mld', anything: 1 } [\n  run cmd { ls }\n]\n";
    const found = checkText(text, { "box.mld": CREATE });
    expect(found.map(({ code }) => code)).toEqual(["env/provider-module"]);
    expect(found[0]!.fixes.map(({ title }) => title)).toEqual([
      "Add @execute to the provider",
      "Add @release to the provider",
    ]);
    expect(found[0]!.fixes[0]!.edits[0]!.place.uri).toContain("box.mld");
  });

  it.each([
    [
      "only export what is there",
      'exe @release(envName) = "x"\nexport { @create, @execute }\n',
      "export { @release }\n",
    ],
    [
      "add and export where the file names its exports",
      "export { @create, @execute }\n",
      "exe @release(envName) = { }\nexport { @release }\n",
    ],
  ])("%s", (_name, rest, added) => {
    const text = "env { provider: './box.mld' } [\n  run cmd { ls }\n]\n";
    const box = `${CREATE}exe @execute(envName, command) = "x"\n${rest}`;
    const [finding] = checkText(text, { "box.mld": box });
    expect(finding!.message).toContain("does not export @release(envName)");
    expect(finding!.fixes[0]!.edits.map(({ newText }) => newText)).toEqual([added]);
    expect(checkText(text, { "box.mld": box + added })).toEqual([]);
  });

  it("take every field", () => {
    const whole = `${CREATE}exe @execute(envName, command) = "x"\nexe @release(envName) = "x"\n`;
    expect(told("env { provider: './box.mld', anything: 1 } [\n  run cmd { ls }\n]\n", { "box.mld": whole })).toEqual(
      [],
    );
  });
});

describe("restrictions that nothing enforces", () => {
  const unenforced = (program: string) => told(program).filter(line => line.startsWith("env/not-enforced"));
  const CHOICE = 'guard before op:run = when [\n  * => env { net: "none" }\n]\n';
  const EXE = 'exe @f() = env { net: "none" } [ => cmd { ls } ]\n';
  it.each([
    ["a guard's choice in a sandbox", `${SANDBOX}${CHOICE}env @sandbox [ run cmd { ls } ]\n`, 0],
    ["a guard's choice without one", `${CHOICE}run cmd { ls }\n`, 1],
    ["a block that is only called in a sandbox", `${SANDBOX}${EXE}env @sandbox [\n  show @f()\n]\n`, 0],
    ["a block that is also called outside", `${SANDBOX}${EXE}env @sandbox [\n  show @f()\n]\nshow @f()\n`, 1],
    ["a block that nothing calls", EXE, 1],
    ["a box, which is a shell in memory", 'box { net: "none" } [\n  show "x"\n]\n', 0],
  ])("%s", (_name, program, count) => {
    expect(unenforced(program)).toHaveLength(count);
  });
});

describe("profiles", () => {
  it.each([
    ["an entry that is no object", "{ a: 5 }", "env/field-type «5»"],
    ["a misspelt key", "{ a: { require: { sh: true } } }", "env/unknown-field «require»"],
    ["a need that there is not", "{ a: { requires: { shell: true } } }", "env/unknown-field «shell»"],
    ["needs as a list", '{ a: { requires: ["sh"] } }', 'env/field-type «["sh"]»'],
    ["a description that is no text", "{ a: { description: 1 } }", "env/field-type «1»"],
  ])("%s", (_name, profiles, expected) => {
    expect(told(`var @cfg = { profiles: ${profiles} }\nenv @cfg [\n  show "x"\n]\n`)).toEqual([expected]);
  });

  it("a name is unknown only if every possible one is", () => {
    const text = (name: string) =>
      `var @cfg = { profiles: { full: { requires: {} } } }\nenv @cfg with { profile: @payload.x ? ${name} : "no" } [ show "x" ]\n`;
    expect(told(text('"full"'))).toEqual([]);
    expect(told(text('"ful"'))).toEqual(['env/unknown-profile «"ful"»']);
  });
});

describe("silencing", () => {
  const WIDE = 'env @sandbox with { tools: ["Glob"] } [ show "x" ]';
  it.each([
    ["on the line", `${WIDE} >> mlld-env-ignore env/tools-widened\n`],
    ["on the line before", `>> mlld-env-ignore env/net-widened, env/tools-widened\n${WIDE}\n`],
    ["whatever it is", `>> mlld-env-ignore\n${WIDE}\n`],
    ["whatever it is, with a reason", `>> mlld-env-ignore: tried on purpose\n${WIDE}\n`],
  ])("%s", (_name, program) => {
    expect(told(SANDBOX + program)).toEqual([]);
  });

  it.each([
    ["another code", `${WIDE} >> mlld-env-ignore env/net-widened\n`],
    ["a code that is none", `>> mlld-env-ignore env/tools\n${WIDE}\n`],
    ["two lines before", `>> mlld-env-ignore env/tools-widened\n\n${WIDE}\n`],
  ])("not by %s", (_name, program) => {
    expect(told(SANDBOX + program)).toHaveLength(1);
  });
});

describe("imports that fail, from one text to the next", () => {
  it("are told until the imported file is mended, and again when it is wrong again", () => {
    const wrong = 'env { tools: ["Read"] } [\n  run cmd { ls }\n]\n';
    const sound = 'var @help = "text"\n';
    const files: Record<string, string> = { "file:///p/help.mld": wrong };
    const host: Host = {
      text: uri => files[uri] ?? null,
      exists: uri => uri in files,
      root: () => "file:///p/",
      home: "",
      settings: { languageVersion: "auto", severities: {} },
    };
    const program = new Program();
    const codes = (help: string, shown: string) => {
      files["file:///p/help.mld"] = help;
      files["file:///p/a.mld"] = `import "./help.mld" as @h\nshow "${shown}"\n`;
      return check(program.analyse("file:///p/a.mld", host), host).map(({ code }) => code);
    };
    expect(codes(wrong, "a")).toEqual(["name/import-faulty"]);
    expect(codes(wrong, "ab")).toEqual(["name/import-faulty"]);
    expect(codes(sound, "ab")).toEqual([]);
    expect(codes(sound, "abc")).toEqual([]);
    expect(codes(wrong, "abc")).toEqual(["name/import-faulty"]);
  });
});

/** Followed to the end these would take years: the limit is for machines that have other work. Milliseconds. */
const SOON = 20_000;

describe("hard programs end soon", { timeout: 2 * SOON }, () => {
  it("calls that double at every step", () => {
    const steps = Array.from(
      { length: 40 },
      (_, i) => `exe @f${i}(x) = [\n  let @a = @f${i + 1}(@x)\n  let @b = @f${i + 1}(@x)\n  => @a\n]\n`,
    );
    const text = `${steps.join("")}exe @f40(x) = cmd { ls }\nenv { tools: ["Read"] } [\n  show @f0(1)\n]\n`;
    const start = performance.now();
    expect(told(text)).toEqual(["env/command-needs-bash «@f0(1)»"]);
    expect(performance.now() - start).toBeLessThan(SOON);
  });

  it("values that double at every step", () => {
    const lists = Array.from({ length: 40 }, (_, i) => `var @v${i + 1} = [@v${i}, @v${i}]\n`).join("");
    const exes = Array.from(
      { length: 40 },
      (_, i) => `exe @g${i + 1}(x) = { a: @g${i}(@x), b: @g${i}([@x, @x]) }\n`,
    ).join("");
    const text = `var @v0 = ["Read"]\nexe @g0(x) = { tools: @x }\n${lists}${exes}env { tools: @v40 } [ show "x" ]\nenv @g40("Read") [ show "x" ]\n`;
    const start = performance.now();
    expect(() => told(text)).not.toThrow();
    expect(performance.now() - start).toBeLessThan(SOON);
  });

  it("long chains of values and of calls", () => {
    const chain = (line: (i: number) => string) => Array.from({ length: 3000 }, (_, i) => `${line(i + 1)}\n`).join("");
    const values = `var @v0 = ["Read"]\n${chain(i => `var @v${i} = @v${i - 1}`)}env { tools: @v3000 } [ show "x" ]\n`;
    expect(told(values)).toEqual([]);
    const nested = `var @v0 = ["Read"]\n${chain(i => `var @v${i} = [@v${i - 1}]`)}env { tools: @v3000 } [ show "x" ]\n`;
    expect(() => told(nested)).not.toThrow();
    const calls = `exe @f0(x) = @x\n${chain(i => `exe @f${i}(x) = @f${i - 1}(@x)`)}env { tools: @f3000(["Read"]) } [ show @f3000(1) ]\n`;
    expect(() => told(calls)).not.toThrow();
    const configs = `var @c0 = { tools: ["Read"] }\n${chain(i => `var @c${i} = new @c${i - 1} with { net: "none" }`)}env @c3000 [ show "x" ]\n`;
    expect(() => told(configs)).not.toThrow();
  });

  it("deep nesting", () => {
    const deep = `var @v = ${"[".repeat(3000)}${"]".repeat(3000)}\nenv { tools: @v } [ show "x" ]\n`;
    expect(() => told(deep)).not.toThrow();
    const blocks = `${"env { tools: [] } [\n".repeat(300)}show "x"\n${"]\n".repeat(300)}`;
    expect(() => told(blocks)).not.toThrow();
  });
});
