/** Guards and labels: what rules see, what they may change, and what they cannot be talked out of. */
import { describe, expect, it } from "vitest";
import { runText } from "./harness";

async function printed(text: string): Promise<string> {
  const record = await runText(text);
  expect(record.errors).toEqual([]);
  return record.printed;
}

describe("guards", () => {
  it("change what goes in and what comes out", async () => {
    expect(
      await printed(
        'guard before op:exe = when [\n  * => allow "in"\n]\nguard after op:exe = when [\n  * => allow `(@output)`\n]\nexe @f(v) = js { return v + "!" }\nshow @f("x")',
      ),
    ).toBe("(in!)\n");
  });

  it("let a denial count more than the wish for another try", async () => {
    const text = `var secret @t = "abc"
exe @f(v) = when [
  denied => \`@mx.guard.decision: @mx.guard.reason (@mx.guard.hints[0].hint)\`
  * => "ran"
]
guard @deny for secret = when [ @mx.op.name == "f" => deny "stop"; * => allow ]
guard @again for secret = when [ @mx.op.name == "f" => retry "again"; * => allow ]
var @r = @t | @f
show @r`;
    expect(await printed(text)).toBe("deny: stop (again)\n");
  });

  it.each(["", '"x"'])("of a label watch executables with it, whatever they are given: (%s)", async given => {
    const text = `guard before risky = when [ * => deny "no" ]\nexe risky @f(a) = js { return 1 }\nshow @f(${given})`;
    expect((await runText(text)).errors).toEqual(["Guard risky denied f: no"]);
    expect(await printed(text.replace("exe risky", "exe"))).toBe("1\n");
  });

  it("can be chosen by name, but a privileged one stays", async () => {
    const guard = (privileged: string) =>
      `guard ${privileged}@no before op:show = when [\n  * => deny "no"\n]\nshow "x" with { guards: { except: ["@no"] } }\n`;
    expect(await printed(guard(""))).toBe("x\n");
    const record = await runText(guard("privileged "));
    expect(record.printed).toBe("");
    expect(record.outcome.errors[0]!.code).toBe("GUARD_DENIED");
  });

  it("run again what an after guard does not like, three times at most", async () => {
    const text = (limit: number) =>
      `guard after @again for flaky = when [\n  @output < ${limit} => retry "more"\n  * => allow\n]\nexe @n() = js { return globalThis.n = (globalThis.n || 0) + 1 }\nvar flaky @v = @n()\nshow @v`;
    expect(await printed(text(3))).toBe("3\n");
    expect((await runText(text(9))).outcome.errors[0]!.code).toBe("GUARD_DENIED");
  });

  it("need a privilege to take labels off", async () => {
    const text = (privileged: string) =>
      `guard ${privileged}@clean after secret = when [\n  * => !secret @output\n]\nexe secret @f() = "v"\nvar @x = @f()\nshow @x.mx.labels.includes("secret")`;
    expect(await printed(text("privileged "))).toBe("false\n");
    expect((await runText(text(""))).outcome.errors[0]!.code).toBe("LABEL_PRIVILEGE_REQUIRED");
  });

  it("see the output of a command before it is printed", async () => {
    const record = await runText(
      'guard after op:cmd = when [\n  @output.includes("secret") => deny "leak"\n  * => allow\n]\nrun cmd { echo a secret }',
    );
    expect(record.printed).toBe("");
    expect(record.outcome.errors[0]!.code).toBe("GUARD_DENIED");
  });

  it("come with imports, before those of the file", async () => {
    const files = {
      "g.mld": "guard @g for secret = when [\n  * => allow `@input-g`\n]\nexport { @g }\n".replace(
        "@input-g",
        "@input\\-g",
      ),
    };
    const text =
      'import { @g } from "./g.mld"\nvar secret @s = "s"\nguard @l for secret = when [\n  * => allow `@input\\-l`\n]\nshow @s';
    expect((await runText(text, { files })).printed).toBe("s-g-l\n");
  });
});

describe("hooks", () => {
  it("look on before and after", async () => {
    const record = await runText(
      'hook before op:cmd = [ log "before" ]\nhook @after after @f = [ => `[@output]` ]\nexe @f() = cmd { echo v }\nshow @f()',
    );
    expect(record.errors).toEqual([]);
    expect(record.printed).toBe("[v]\n");
    expect(record.events).toContainEqual({ event: "show", text: "before\n", stream: "stderr" });
  });
});

describe("labels", () => {
  it("stay with what is made of a value", async () => {
    const text = `var secret @k = "sk-1"
exe @js(v) = js { return v.length }
exe @cmd(v) = cmd { printf %s "@v" }
var @a = \`key @k\`
var @b = @js(@k)
var @c = @cmd(@k)
var @d = { nested: [@k] }
var @e = @d.nested[0]
var @f = @k.toUpperCase().slice(0, 2)
var @g = for @x in [@k] => @x
var @h = @k | @upper
var @i = true ? @k : "no"
var @j = "plain"
for @v in [@a, @b, @c, @d, @e, @f, @g, @h, @i] [
  if !@v.mx.labels.includes("secret") [ show \`lost in @v\` ]
]
show @j.mx.labels.length`;
    expect(await printed(text)).toBe("0\n");
  });

  it.each([
    ["nothing without a policy", [], "[]"],
    ["what a policy says", ["trusted"], '["trusted"]'],
    ["the stricter of two", ["untrusted", "trusted"], '["untrusted"]'],
  ])("of what comes from outside without one: %s", async (_, defaults, labels) => {
    const policies = defaults.map((label, i) => `policy @p${i} = { defaults: { unlabeled: "${label}" } }\n`).join("");
    const text = `${policies}var @file = <m.txt>\nvar @said = cmd { echo a }\nvar secret @own = "s"\nexe @f(v) = js { return v }\nvar @result = @f(@own)\n`;
    const show = (name: string) => `show @${name}.mx.labels | @json\n`;
    const files = { "m.txt": "hi" };
    expect(JSON.parse((await runText(text + show("file"), { files })).printed)).toEqual(JSON.parse(labels));
    expect(JSON.parse((await runText(text + show("said"), { files })).printed)).toEqual(JSON.parse(labels));
    expect(JSON.parse((await runText(text + show("result"), { files })).printed)).toEqual(["secret"]);
  });

  it("cannot be claimed by code", async () => {
    const text =
      'var secret @k = "sk"\nexe @f(v) = js { return { text: v, mx: { labels: [] }, labels: [], own: "x" } }\nvar @r = @f(@k)\nshow @r.mx.labels';
    expect(await printed(text)).toBe(`["secret"]\n`);
  });
});
