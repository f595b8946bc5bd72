import { describe, expect, it } from "vitest";
import { LineMap, parse } from "../../../language/syntax";
import type { File, Statement } from "../../../language/syntax/tree";
import { blockAt, sliceOf } from "../../../runtime/plan/slice";
import { stepsOf } from "../../../runtime/plan/steps";
import { unsupported } from "../../../runtime/plan/unsupported";

/** The first lines of the chosen statements, for the block at the line of the text `at`. */
function chosen(text: string, at: string, restricts = false): { lines: string[]; call: string | null } {
  const file = parse(text, "strict");
  expect(file.errors).toEqual([]);
  const lines = new LineMap(text);
  const path = blockAt(file, offset => lines.positionAt(offset).line, lines.positionAt(text.indexOf(at)).line);
  if (path === null) throw new Error("no block");
  const slice = sliceOf(file, path, { restricts: () => restricts });
  const titles = (statements: readonly Statement[]) =>
    statements.filter(s => slice.statements.has(s)).map(s => text.slice(s.start, s.end).split("\n")[0]!);
  const nested = path.flatMap(node => (node.kind === "Block" ? titles(node.statements) : []));
  return { lines: [...titles(file.statements), ...nested], call: slice.call };
}

describe("slice of a block", () => {
  it("finds in markdown what a fence above defines", () => {
    const text =
      '# Text\n\n```mlld-run\nvar @cfg = { tools: [] }\nvar @no = cmd { costly }\n```\n\n/env @cfg [\n  show "x"\n]\n';
    const file = parse(text, "markdown");
    expect(file.errors).toEqual([]);
    const lines = new LineMap(text);
    const path = blockAt(file, offset => lines.positionAt(offset).line, lines.positionAt(text.indexOf("/env")).line)!;
    const { statements } = sliceOf(file, path, { restricts: () => false });
    const fence = file.statements.flatMap(it => (it.kind === "Fence" ? (it.statements ?? []) : []));
    expect(fence.map(statement => statements.has(statement))).toEqual([true, false]);
  });

  it("takes what the block uses, directly and through it, and nothing else", () => {
    const text = `var @a = "1"
var @b = cmd { costly }
var @c = \`x @a\`
exe @f(x) = \`@x @c\`
exe @g() = "no"
show "no"
run cmd { no }
var @cfg = { tools: [@t] }
var @t = "Bash"
env @cfg [
  show @f("y")
]
env { tools: [] } [ show @b ]
`;
    expect(chosen(text, "env @cfg").lines).toEqual([
      'var @a = "1"',
      "var @c = `x @a`",
      "exe @f(x) = `@x @c`",
      "var @cfg = { tools: [@t] }",
      'var @t = "Bash"',
      "env @cfg [",
    ]);
    expect(chosen(text, "env { tools: []").lines).toEqual(["var @b = cmd { costly }", "env { tools: [] } [ show @b ]"]);
  });

  it("keeps what holds for every block: policies, guards, credentials, and imports that bring them", () => {
    const text = `import { @x } from "./x.mld"
import policy @p from "./p.mld"
policy @q = { deny: ["network"] }
auth @k = "KEY"
var @why = "because"
guard before op:cmd = when [
  @mx.op.command == @why => deny "no"
]
env { tools: [] } [ show "in" ]
`;
    expect(chosen(text, "env {").lines.map(line => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "import policy",
      "policy @q",
      "auth @k",
      "var @why",
      "guard before",
      "env {",
    ]);
    expect(chosen(text, "env {", true).lines[0]).toMatch(/^import \{ @x \}/);
  });

  it("calls the executable that holds the block, with what comes before it there", () => {
    const text = `exe @outer(task) = [
  let @used = \`do @task\`
  let @unused = cmd { no }
  let @r = env { tools: ["Bash"] } [
    run cmd { echo @used }
  ]
  show "no"
  => @r
]
exe @other() = env { tools: [] } [ => "x" ]
`;
    const outer = chosen(text, "let @r");
    expect(outer.call).toBe("outer");
    expect(outer.lines).toEqual([
      "exe @outer(task) = [",
      "let @used = `do @task`",
      'let @r = env { tools: ["Bash"] } [',
    ]);
    expect(chosen(text, "exe @other").call).toBe("other");
  });

  it("keeps the loop around a block, with its list", () => {
    const text = `var @list = [1, 2]
var @no = 3
for @i in @list [
  let @x = @i
  show "no"
  env { tools: [] } [ show @x ]
]
`;
    expect(chosen(text, "env {").lines).toEqual([
      "var @list = [1, 2]",
      "for @i in @list [",
      "let @x = @i",
      "env { tools: [] } [ show @x ]",
    ]);
  });

  it("finds the block that begins on the line, else the innermost one around it", () => {
    const text =
      'env { tools: ["Bash"] } [\n  let @a = env { tools: [] } [\n    show "x"\n  ]\n  show "y"\n]\nshow "z"\n';
    const file = parse(text, "strict");
    const lines = new LineMap(text);
    const at = (line: number) => blockAt(file, offset => lines.positionAt(offset).line, line)?.at(-1)?.start;
    expect([0, 1, 2, 4, 6].map(at)).toEqual([
      0,
      text.indexOf("env { tools: []"),
      text.indexOf("env { tools: []"),
      0,
      undefined,
    ]);
  });
});

describe("steps", () => {
  const steps = (file: File) =>
    stepsOf(file, file.statements, {
      path: "/f.mld",
      range: () => ({ start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }),
      targetOf: () => "local",
    });
  it("tells which statements do something outside, also through calls", () => {
    const text = `var @a = 1
exe @f() = cmd { ls }
exe @g() = @f()
exe @pure() = js { return 1 }
var @b = @g()
var @c = @pure()
var @d = <a.md>
run sh { ls }
`;
    const found = steps(parse(text, "strict"));
    expect(found.filter(step => step.effect).map(step => step.title)).toEqual([
      "var @b = @g()",
      "var @d = <a.md>",
      "run sh { ls }",
    ]);
  });
});

describe("what is not built", () => {
  it("is named with its place", () => {
    const text =
      'import tools { @x } from mcp "srv"\nvar @ok = 1\nsign @ok\nbox [\n  show "x"\n]\nfile "a" = "b"\nimport { @y } from @author/mod\nshow <https://h.example/x.md>\nimport { @z } from "./z.mld"\n';
    const file = parse(text, "strict");
    const found = unsupported(file.statements, "file:///f.mld", {
      sandboxed: () => false,
      importKind: node => (node.source.kind === "ModuleReference" ? "registry" : "file"),
    });
    expect(
      found.map(finding => [
        finding.message.split(" is not run")[0],
        text.slice(finding.place.start).split("\n")[0]!.slice(0, 12),
      ]),
    ).toEqual([
      ["This import", "import tools"],
      ["sign", "sign @ok"],
      ["box", "box ["],
      ["file", 'file "a" = "'],
      ["This import", "import { @y "],
      ["Loading <https://…>", "<https://h.e"],
    ]);
    expect(
      unsupported(parse('box { provider: "docker" } [ show "x" ]', "strict").statements, "u", {
        sandboxed: () => true,
        importKind: () => "file",
      }),
    ).toEqual([]);
  });
});

describe("running a slice", () => {
  it("runs the block and what it needs, in every position", async () => {
    const text = `var @n = cmd { echo needed }
show "no"
exe @outer(task) = [
  show "no"
  let @r = env { tools: ["Bash"] } [ run cmd { echo "@n for @task" } ]
  show "no"
  => "no"
]
for @i in [1, 2] [
  show "no"
  env { tools: ["Bash"] } [ run cmd { echo "loop @i" } ]
]
var @w = when [
  @n == "x" => env { tools: [] } [ show "x" ]
  @n == "needed" => [ show "no" ]
]
`;
    const run = async (at: string, payload: Record<string, unknown> = {}) => {
      const { runText } = await import("../evaluator/harness");
      const file = parse(text, "strict");
      const lines = new LineMap(text);
      const path = blockAt(file, offset => lines.positionAt(offset).line, lines.positionAt(text.indexOf(at)).line)!;
      return runText(text, { file, slice: sliceOf(file, path, { restricts: () => false }), payload });
    };
    expect((await run("let @r", { task: "me" })).printed).toBe("needed for me\n");
    expect((await run('env { tools: ["Bash"] } [ run cmd { echo "loop')).printed).toBe("loop 1\nloop 2\n");
    const unmatched = await run('env { tools: [] } [ show "x"');
    expect(unmatched.printed).toBe("");
    expect(unmatched.errors).toEqual([]);
  });
});
