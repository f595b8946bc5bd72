/** The language, program by program: what is printed, and how a program fails. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TIMED } from "../../support/timed";
import { folder, runProgram, runText } from "./harness";

async function printed(text: string, options: Parameters<typeof runText>[1] = {}): Promise<string> {
  const record = await runText(text, options);
  expect(record.errors).toEqual([]);
  return record.printed;
}

async function failure(text: string, options: Parameters<typeof runText>[1] = {}): Promise<string> {
  const record = await runText(text, options);
  expect(record.outcome).toMatchObject({ ok: false, exitCode: 1 });
  return record.errors.join("\n");
}

describe("names and scopes", () => {
  it("keeps blocks apart and adds to outer names", async () => {
    const text = 'var @n = 0\nfor @i in [1, 2] [\n  let @x = @i\n  @n += @x\n]\nshow @n\nif @x [ show "leaked" ]';
    expect(await printed(text)).toBe("3\n");
  });
  it("refuses to take a name again", async () => {
    expect(await failure("var @a = 1\nvar @a = 2")).toMatch(/already defined/);
    expect(await failure("var @a = 1\nif true [\n  let @a = 2\n]")).toMatch(/already defined/);
    expect(await failure("var @i = 1\nfor @i in [1] => show @i")).toMatch(/already defined/);
    expect(await failure('var @now = "x"')).toMatch(/reserved/);
  });
  it("lets a parameter shadow a variable, and sees later variables", async () => {
    expect(await printed('var @a = "outer"\nexe @f(a) = `@a @b`\nvar @b = "later"\nshow @f("inner")')).toBe(
      "inner later\n",
    );
  });
  it("leaves a missing argument as its name", async () => {
    expect(await printed('exe @f(a, b) = `a=@a b=@b`\nshow @f("x")')).toBe("a=x b=@b\n");
  });
  it("refuses recursion", async () => {
    expect(await failure("exe @f(n) = [\n  let @x = @g(@n)\n  => @x\n]\nexe @g(n) = @f(@n)\nshow @f(1)")).toMatch(
      /Circular reference/,
    );
  });
});

describe("undefined and missing", () => {
  it("is text in templates and false in conditions", async () => {
    const text =
      'show `hi @nobody.name and bob@host.org`\nif !@nope [ show "no" ]\nvar @o = { a: 1 }\nshow `@o.b`\nshow @nope ?? "d"';
    expect(await printed(text.replace("show @nope ??", "var @d = @nope ??") + "\nshow @d")).toBe(
      "hi @nobody.name and bob@host.org\nno\nnull\nd\n",
    );
  });
  it("fails where a value is needed", async () => {
    expect(await failure("show @nope")).toBe("Variable not found: nope");
    expect(await failure('var @s = "text"\nvar @x = @s.field')).toMatch(
      /Cannot access field "field" on non-object value \(string\)/,
    );
    expect(await failure("var @s = '{\"a\": 1}'\nvar @x = @s.a")).toMatch(/@parse/);
    expect(await failure("show @nope()")).toMatch(/not found: nope/);
    expect(await failure("var @o = { a: 1 }\nshow @o.keys()")).toMatch(/Method not found: keys/);
  });
});

describe("control flow", () => {
  it("returns from executables, also out of loops and conditions", async () => {
    const text =
      'exe @first(list) = [\n  for @i in @list [\n    if @i > 2 [ => `found @i` ]\n  ]\n  => "none"\n]\nshow @first([1, 3, 4])\nshow @first([1])';
    expect(await printed(text)).toBe("found 3\nnone\n");
  });
  it("ends the script at a return", async () => {
    expect(await printed('show "a"\nfor @i in [1, 2] [\n  if @i == 2 [ => "end" ]\n  show @i\n]\nshow "never"')).toBe(
      "a\n1\nend\n",
    );
  });
  it.each([
    ["a call", "let @y = @x + 1\n  @double(@y)", [4, 6]],
    ["an inner loop, which has none", "for @y in [3] => @y", [null, null]],
    ["a `when`, where it matches", 'when [ @x == 1 => "one" ]', ["one", null]],
  ])("takes the value of an iteration from what stands last: %s", async (_, body, values) => {
    const text = `exe @double(n) = js { return n * 2 }\nvar @r = for @x in [1, 2] [\n  ${body}\n]\nshow @r`;
    expect(JSON.parse(await printed(text))).toEqual(values);
  });
  it("loops until done", async () => {
    expect(
      await printed(
        "var @r = loop(5) [\n  let @n = (@input ?? 0) + 1\n  if @n == 3 [ done `at @n` ]\n  continue @n\n]\nshow @r",
      ),
    ).toBe("at 3\n");
    expect(await printed("var @r = loop(2) [\n  continue @mx.loop.iteration\n]\nshow `[@r]`")).toBe("[null]\n");
  });
  it("keeps the order of a parallel loop, and its errors", async () => {
    const text =
      'exe @f(n) = js { await new Promise(r => setTimeout(r, 30 - n * 10)); if (n == 2) throw new Error("two"); return n * 2; }\nvar @r = for parallel(3) @i in [1, 2, 3] => @f(@i)\nshow @r[0]\nshow @r[2]\nshow @mx.errors[0].message';
    expect(await printed(text)).toBe("2\n6\ntwo\n");
    const outer = "var @n = 0\nfor parallel @i in [1, 2] [\n  if @i > 1 [ @n += 1 ]\n]\n";
    expect(await printed(`${outer}show \`@n @mx.errors.length @mx.errors[0].message\``)).toBe(
      "0 1 Parallel for block cannot mutate outer variable @n.\n",
    );
  });
  it("hears of a cancellation in loops that wait for nothing", TIMED, async () => {
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error("stop")), 100);
    const list = `[${Array.from({ length: 300 }, (_, at) => at).join(", ")}]`;
    const text = `var @l = ${list}\nfor @a in @l => for @b in @l => for @c in @l => for @d in @l => @d`;
    await expect(runText(text, { signal: cancel.signal })).rejects.toThrow("stop");
  });
  it("begins the iterations of a paced loop one after another, however many there are", TIMED, async () => {
    const list = `[${Array.from({ length: 40 }, (_, at) => at).join(", ")}]`;
    const started = Date.now();
    expect(await printed(`var @r = for parallel(2, 25ms) @i in ${list} => @i\nshow @r.length`)).toBe("40\n");
    const took = Date.now() - started;
    expect(took).toBeGreaterThan(39 * 25 - 50);
    // Each 25 ms after the one before, and not 25, 50, 75, … ms: those are 10 s.
    expect(took).toBeLessThan(6000);
  });
  it("refuses to go through what is no list", async () => {
    expect(await failure('for @c in "abc" => show @c')).toBe("Type mismatch: for expects an array. Received: string");
  });
  it("bails", async () => {
    expect(await failure('show "a"\nbail "enough"')).toBe("enough");
  });
  it("is a null without a match", async () => {
    expect(await printed('var @q = when [ false => "x" ]\nshow `[@q]`')).toBe("[null]\n");
  });
});

describe("commands and code", () => {
  it("reads results as values", async () => {
    const text =
      "var @o = cmd { echo '{\"a\":1}' }\nvar @n = cmd { echo 42 }\nexe @e() = cmd { echo 42 }\nvar @m = @e()\nshow @o.a\nvar @sum = @n + 1\nshow @sum\nshow @m.isString()\nshow @n.isNumber()";
    expect(await printed(text)).toBe("1\n43\ntrue\ntrue\n");
  });
  it("goes on after a failing command, and the run fails", async () => {
    const record = await runText('run cmd { sh -c "echo out; exit 3" }\nvar @x = cmd { false }\nshow `[@x]`');
    expect(record.printed).toBe("out\n[]\n");
    expect(record.outcome).toMatchObject({ ok: false, exitCode: 1 });
    expect(record.errors).toHaveLength(2);
    expect(record.errors[0]).toMatch(/exit code 3/);
    const exits = record.events.filter(event => event.event === "exit");
    expect(exits.map(exit => exit.exitCode)).toEqual([3, 1]);
  });
  it("passes values to every language", async () => {
    const text = `var @o = { list: [1, "two", null], text: "it's \\"q\\"" }
exe @sh(o) = sh { printf '%s' "$o" }
exe @py(o) = py { return [o["list"][1], o.text, len(o["list"])] }
exe @node(o) = node { return { n: o.list.length, t: o.text, platform: typeof process.platform } }
exe @js(o) = js { return o.list.concat(typeof process) }
show @sh(@o) | @json
show @py(@o)
show @node(@o)
show @js(@o)`;
    expect((await printed(text)).replace(/\s+/g, " ")).toBe(
      '{ "list": [ 1, "two", null ], "text": "it\'s \\"q\\"" } [ "two", "it\'s \\"q\\"", 3 ] { "n": 3, "t": "it\'s \\"q\\"", "platform": "string" } [ 1, "two", null, "undefined" ] ',
    );
  });
  it("takes values of any length", async () => {
    const text =
      'exe @long() = js { return "it\'s $x `y`;".repeat(40000) }\nexe @count(v) = sh { printf %s "$v" | wc -c }\nexe @echo(v) = cmd { printf %s "@v" | wc -c }\nvar @v = @long()\nshow @count(@v)\nshow @echo(@v)';
    expect((await printed(text)).replace(/ /g, "")).toBe("480000\n480000\n");
  });
  it("says which code failed", async () => {
    expect(await failure('exe @f() = js { throw new Error("boom") }\nshow @f()')).toBe("boom");
    expect(await failure("exe @f() = node { nope() }\nshow @f()")).toMatch(/node code failed/);
    const python = await runText('exe @f() = py { raise ValueError("bad") }\nshow `[@f()]`');
    expect(python.printed).toBe("[]\n");
    expect(python.outcome.ok).toBe(false);
  });
  it("keeps the trailer of code out of its output", async () => {
    const record = await runText('exe @f() = node { process.stdout.write("printed"); return "returned" }\nshow @f()');
    expect(record.printed).toBe("printed\nreturned\n");
    const output = record.events.flatMap(event => (event.event === "stdout" ? [event.text] : [])).join("");
    expect(output).toBe("printed");
  });
  it("gives commands standard input and a folder", async () => {
    const place = folder({ "a.txt": "content\n" });
    try {
      const text = `var @d = "${place.path}"\nrun cmd:@d { cat a.txt }\nrun "in" | cmd { cat }\nrun cmd { tr a-z A-Z } with { stdin: "up" }`;
      expect(await printed(text)).toBe("content\nin\nUP\n");
    } finally {
      place.remove();
    }
  });
  it("numbers commands and names their place", async () => {
    const { events } = await runText('show "x"\nrun cmd { echo one }\nvar @x = cmd { echo two }');
    const commands = events.filter(event => event.event === "command");
    expect(commands).toMatchObject([
      { command: 1, argv: ["sh", "-lc", "echo one"], range: { start: { line: 1 } }, echo: true },
      { command: 2, argv: ["sh", "-lc", "echo two"], range: { start: { line: 2 } } },
    ]);
    expect(commands[1]).not.toHaveProperty("echo");
  });
  it("reports a missing interpreter", async () => {
    const record = await runText("exe @f() = py { return 1 }\nshow @f()", {
      variables: { PATH: "/nowhere", HOME: "/nowhere" },
    });
    // The login shell of some systems sets a path of its own; then python is found and the program works.
    if (record.outcome.ok) expect(record.printed).toBe("1\n");
    else expect(record.outcome.errors[0]!.code).toBe("run/interpreter-missing");
  });
  it("is cancelled with what it runs", TIMED, async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("stop")), 150);
    const started = Date.now();
    await expect(runText("run cmd { sleep 30 }", { signal: abort.signal })).rejects.toThrow("stop");
    expect(Date.now() - started).toBeLessThan(2000);
  });
});

describe("pipelines", () => {
  it("hands values on, and stops at an empty text", async () => {
    const text =
      'exe @add(x, y) = `@x-@y`\nexe @empty(x) = js { return "" }\nvar @a = "a" | @add("b") | @upper\nshow @a\nvar @e = "a" | @empty | @add("never")\nshow `[@e]`';
    expect(await printed(text)).toBe("A-B\n[]\n");
  });
  it("gives up after ten tries", async () => {
    expect(await failure('exe @src() = "x"\nexe @never(x) = js { return "retry" }\nvar @r = @src() | @never')).toMatch(
      /retry limit/,
    );
  });
  it("names a stage that is missing", async () => {
    expect(await failure('var @r = "x" | @nothing')).toMatch(/Pipeline function '@nothing' is not defined/);
  });
});

describe("files", () => {
  it("reads, writes and appends", async () => {
    const place = folder({
      "data.json": '{"list":[{"n":1},{"n":2}]}',
      "doc.md": "---\ntitle: T\n---\n# A\none\n# B\ntwo\n",
    });
    try {
      const text = [
        "var @d = <data.json>",
        "show @d.list[1].n",
        "var @s = <doc.md # B>",
        "show @s",
        "var @m = <doc.md>",
        "show @m.mx.fm.title",
        'output @d to "out/copy.json"',
        'append { a: 1 } to "log.jsonl"'.replace("{ a: 1 }", "@d"),
        'append "line" to "log.txt"',
        'append "more" to "log.txt"',
        "show <missing.md>?",
        "show `[<missing.md>]`",
      ].join("\n");
      const record = await runProgram({ path: join(place.path, "program.mld"), text, root: place.path });
      expect(record.errors).toEqual([]);
      expect(record.printed).toBe("2\n# B\n\ntwo\nT\n\n[]\n");
      expect(JSON.parse(readFileSync(join(place.path, "out/copy.json"), "utf8"))).toEqual({
        list: [{ n: 1 }, { n: 2 }],
      });
      expect(readFileSync(join(place.path, "log.jsonl"), "utf8")).toBe('{"list":[{"n":1},{"n":2}]}\n');
      expect(readFileSync(join(place.path, "log.txt"), "utf8")).toBe("line\nmore\n");
    } finally {
      place.remove();
    }
  });
  it("says what is missing", async () => {
    expect(await failure("show <nope.md>")).toMatch(/^File not found: nope.md/);
    expect(await failure('append "x" to "f.json"')).toMatch(/Cannot append to .json/);
    expect(await failure('append "x" to "f.jsonl"')).toMatch(/Only JSON/);
  });
  it("takes definitions out of code", async () => {
    const files = {
      "c.ts": "import x;\nexport function f(a: {}) {\n  return 1;\n}\nconst n = 2;\nclass C {\n  m() {}\n}\n",
    };
    expect(await printed("show <c.ts { f }>\nvar @l = <c.ts { class?? }>\nshow @l", { files })).toBe(
      'export function f(a: {}) {\n  return 1;\n}\n["C"]\n',
    );
  });
});

describe("imports", () => {
  it("runs a module once, silently, and only gives what it exports", async () => {
    const files = {
      "m.mld":
        'show "silent"\nvar @secretOne = "s"\nexe @hidden() = "h"\nexe @open() = `o-@hidden()`\nexport { @open }\n',
    };
    expect(
      await printed('import { @open } from "./m.mld"\nimport "./m.mld" as @m\nshow @open()\nshow @m.open()', { files }),
    ).toBe("o-h\no-h\n");
    expect(await failure('import { @hidden } from "./m.mld"', { files })).toMatch(/Import 'hidden' not found/);
    expect(await failure('import { @x } from "./gone.mld"')).toMatch(/not found/);
    const broken = await runText('import { @x } from "./broken.mld"', { files: { "broken.mld": "var @x =\n" } });
    expect(broken.events.find(it => it.event === "error")).toMatchObject({
      code: "syntax/missing-value",
      file: expect.stringMatching(/broken\.mld$/),
      range: { start: { line: 0 } },
    });
  });
  it("finds a module below the project, also where its name is no template", async () => {
    const files = { "m.mld": "var @a = 5\n" };
    for (const root of ["@root", "@base"])
      expect(await printed(`import { @a } from '${root}/m.mld'\nshow @a`, { files })).toBe("5\n");
  });
  it("ends at a circle", async () => {
    const files = {
      "a.mld": 'import { @b } from "./b.mld"\nvar @a = 1\n',
      "b.mld": 'import { @a } from "./a.mld"\nvar @b = 1\n',
    };
    expect(await failure('import { @a } from "./a.mld"', { files })).toMatch(/Circular import/);
  });
  it("gives modules no credentials of their own accord", async () => {
    const files = { "m.mld": 'exe @peek() = sh { printf "%s" "$TOKEN" }\nexport { @peek }\n' };
    const text = 'auth @t = { from: "env:SRC", as: "TOKEN" }\nimport { @peek } from "./m.mld"\nshow `[@peek()]`';
    expect(await printed(text, { files, variables: { SRC: "very-secret" } })).toBe("[]\n");
  });
});

describe("markdown", () => {
  it("prints the document", async () => {
    const place = folder();
    try {
      const text = "# Title\n\nHello @name.\n/var @x = 1\n>> a comment\n/show `x=@x`\n\n```js\n/show no\n```\n";
      const record = await runProgram({ path: join(place.path, "p.md"), text, root: place.path });
      expect(record.printed).toBe("# Title\n\nHello @name.\n\nx=1\n\n```js\n/show no\n```\n");
    } finally {
      place.remove();
    }
  });
  it("puts a list or a rule right behind what is printed before it", async () => {
    const place = folder();
    try {
      const text = "/show `x`\n\n---\n\n/show `y`\n\n- item\n\n/show `- last`\n";
      const record = await runProgram({ path: join(place.path, "p.md"), text, root: place.path });
      expect(record.printed).toBe("x\n---\n\ny\n- item\n\n- last\n");
    } finally {
      place.remove();
    }
  });
});

describe("robustness", () => {
  it("outlives any deep nesting", async () => {
    const deep = `var @x = ${"[".repeat(100)}${"]".repeat(100)}\nshow @x.length`;
    const record = await runText(deep);
    expect(record.outcome.errors.every(error => error.message !== "")).toBe(true);
  });
  it("says where a value is nested too deeply", async () => {
    const files = { "deep.json": "[".repeat(20000) + "]".repeat(20000) };
    const { events } = await runText("var @x = <deep.json>\nshow @x", { files });
    expect(events.find(it => it.event === "error")).toMatchObject({
      code: "run/too-deep",
      range: { start: { line: 1, character: 0 } },
    });
  });
  it("writes nothing beside what it is told", async () => {
    const place = folder();
    try {
      writeFileSync(join(place.path, "keep"), "k");
      await runProgram({ path: join(place.path, "p.mld"), text: 'show "x"', root: place.path });
      expect(existsSync(join(place.path, "p.mld"))).toBe(false);
      expect(readFileSync(join(place.path, "keep"), "utf8")).toBe("k");
    } finally {
      place.remove();
    }
  });
});
