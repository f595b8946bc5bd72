import { describe, expect, it } from "vitest";
import { toValue } from "../../../language/environment";
import type { AbstractValue } from "../../../language/values/abstract";
import { analyseText } from "../../support/program";

/** The value of the last `var` of a program. */
function last(text: string, files: Record<string, string> = {}): AbstractValue {
  const analysis = analyseText(text, files);
  const symbol = analysis.symbols.filter(({ kind }) => kind === "var").at(-1)!;
  expect(analysis.file.errors).toEqual([]);
  return analysis.evaluate(symbol.value!);
}

describe("known values", () => {
  it.each<[string, unknown]>([
    ["var @v = 5", 5],
    ["var @v = 'a @b'", "a @b"],
    ['var @n = "x"\nvar @v = `a @n b`', "a x b"],
    ['var @v = "@mlld/env-docker"', "@mlld/env-docker"],
    ['var @v = "@base/src"', "@base/src"],
    ['var @v = [1, "a", null, [true]]', [1, "a", null, [true]]],
    ["var @a = { x: 1, y: 2 }\nvar @v = { ...@a, y: 3 }", { x: 1, y: 3 }],
    ["var @a = { x: { y: [7, 8] } }\nvar @v = @a.x.y[1]", 8],
    ["var @a = { x: 1 }\nvar @v = @a.nothing", null],
    ["var @v = 2 + 3", 5],
    ['var @v = "5" == 5', true],
    ["var @v = true ? 1 : 2", 1],
    ['var @e = null\nvar @v = @e ?? "d"', "d"],
    ['var @m = "b"\nvar @v = when @m [ "a" => 1; "b" => 2; * => 3 ]', 2],
    ["var @no = false\nvar @v = { a?: @no, b?: 1 }", { b: 1 }],
    ["var @no = false\nvar @v = [1, @no?, 2]", [1, 2]],
    ["exe @f(x) = { tools: [@x], other: @x.y }\nvar @v = @f({ y: 1 })", { tools: [{ y: 1 }], other: 1 }],
    ['exe @f() = [\n  let @a = "x"\n  => { a: @a }\n]\nvar @v = @f()', { a: "x" }],
    [
      'var @a = { limits: { mem: "1g", cpu: 2 } }\nvar @v = new @a with { limits: { cpu: 1 } }',
      { limits: { mem: "1g", cpu: 1 } },
    ],
    ['var @a = ["Read"]\nvar @v = @a.concat(["Bash"], "Glob").reverse()', ["Glob", "Bash", "Read"]],
    [
      "var @a = [[1], [2, 3]]\nvar @v = [@a.flat(), @a.at(-1), @a.slice(0, 1), @a.length]",
      [[1, 2, 3], [2, 3], [[1]], 2],
    ],
    [
      'var @a = ["x", "y", "z"]\nvar @v = [@a[1:], @a.join("-"), @a.includes("y"), @a.indexOf("q")]',
      [["y", "z"], "x-y-z", true, -1],
    ],
    ['var @s = " Read,Bash "\nvar @v = @s.trim().toLowerCase().split(",")', ["read", "bash"]],
    ['var @v = `{ "tools": ["Read"] }` | @parse', { tools: ["Read"] }],
    ['var @v = " a " | @trim | @upper', "A"],
    ['var @v = @lower("Read")', "read"],
    ["exe @f() = [\n  let @a = [1]\n  @a += [2]\n  @a += 3\n  => @a\n]\nvar @v = @f()", [1, 2, 3]],
    ["exe @f() = [\n  let @a = 1\n  let @b = @a\n  let @a = 2\n  => [@b, @a]\n]\nvar @v = @f()", [1, 2]],
    [
      "exe @f() = [\n  let @a = { x: 1 }\n  @a += { y: 2 }\n  => { ...@a, z: 3 }\n]\nvar @v = @f()",
      { x: 1, y: 2, z: 3 },
    ],
    ["exe @f(p) = { a: 1, ...@p, c: 3 }\nvar @v = @f({ a: 7, b: 2, c: 9 })", { a: 7, b: 2, c: 3 }],
    ["exe @g(q) = { ...@q, d: 4 }\nexe @f(p) = @g({ ...@p, b: 2 })\nvar @v = @f({ a: 1, d: 0 })", { a: 1, d: 4, b: 2 }],
    ["exe @g(q) = { ...@q, d: 4 }\nexe @f(p) = @g(@p)\nvar @v = @f({ a: 1 })", { a: 1, d: 4 }],
    ['exe @f(n) = { read: [`./@n`], x: @n.toUpperCase() }\nvar @v = @f("src")', { read: ["./src"], x: "SRC" }],
    ["var @v = <cfg.json>", { tools: ["Read"] }],
    ['import { @shared } from "./lib.mld"\nvar @v = @shared.list', [1]],
    ['import "./lib.mld" as @lib\nvar @v = @lib.shared.list', [1]],
    ['import { @make } from "./lib.mld"\nvar @v = @make("q")', { name: "q" }],
  ])("%s", (text, value) => {
    const files = {
      "cfg.json": '{"tools": ["Read"]}',
      "lib.mld": "var @shared = { list: [1] }\nexe @make(n) = { name: @n }\n",
    };
    expect(toValue(last(`${text}\n`, files))).toEqual(value);
  });
});

describe("values that are known in part", () => {
  it.each([
    ["one of the branches", "var @v = @payload.x ? 1 : 2", { kind: "oneOf", options: [{ value: 1 }, { value: 2 }] }],
    [
      "a when that may match nothing",
      "var @v = when [ @payload.x => 1 ]",
      { kind: "oneOf", options: [{ value: 1 }, { value: null }] },
    ],
    ["an item of a loop's list", "var @v = @payload", { kind: "unknown" }],
    [
      "a spread of what is not known may replace everything",
      "var @v = { a: 1, ...@payload }",
      { kind: "object", open: true, entries: [{ value: { kind: "unknown" } }] },
    ],
    [
      "what comes after it is known",
      "var @v = { ...@payload, a: 1 }",
      { kind: "object", open: true, entries: [{ value: { value: 1 } }] },
    ],
    [
      "what a spread put there is remembered",
      "var @p = { a: 1 }\nvar @v = { ...@p, a: 2 }",
      { entries: [{ value: { value: 2 }, replaced: { value: 1 } }] },
    ],
    [
      "a let that a branch may change",
      "exe @f() = [\n  let @a = 1\n  if @payload.x [ @a = 2 ]\n  => [@a]\n]\nvar @v = @f()",
      { kind: "array", items: [{ kind: "oneOf", options: [{ value: 1 }, { value: 2 }] }] },
    ],
    [
      "a let that a loop adds to",
      "exe @f() = [\n  let @a = []\n  for @i in [1] [ @a += [@i] ]\n  => [@a]\n]\nvar @v = @f()",
      { kind: "array", items: [{ kind: "unknown" }] },
    ],
    [
      "a let that an earlier round may have changed",
      "exe @f() = [\n  let @a = 1\n  let @r = for @i in [1] => [\n    let @b = @a\n    @a = @b.mx\n    => @b\n  ]\n  => [@a]\n]\nvar @v = @f()",
      { kind: "array", items: [{ kind: "oneOf" }] },
    ],
    ["a list with an item that may be missing", "var @a = [1, @payload.x?, 2]\nvar @v = @a[1]", { kind: "unknown" }],
    ["what is known of a value", "var @a = { x: 1 }\nvar @v = @a.mx.keys", { kind: "unknown" }],
    ["a method that fails", 'var @a = "a"\nvar @v = @a.repeat(-1)', { kind: "unknown" }],
    ["a text of great length", 'var @a = "abc"\nvar @v = @a.repeat(1000000)', { kind: "unknown" }],
    [
      "a text that doubles again and again",
      `exe @f() = [\n  let @a = "ab"\n${"  @a += @a\n".repeat(45)}  => @a\n]\nvar @v = @f()`,
      { kind: "unknown" },
    ],
    [
      "a list that doubles again and again",
      `exe @f() = [\n  let @a = [1]\n${"  @a += @a\n".repeat(45)}  => @a\n]\nvar @v = @f()`,
      { kind: "unknown" },
    ],
    ["a text that is no JSON", 'var @v = "{" | @parse', { kind: "unknown" }],
    [
      "a list with an unknown one behind",
      "var @a = [1]\nvar @v = @a.concat(@payload.x)",
      { kind: "array", open: true },
    ],
    ["a command", "var @v = cmd { ls }", { kind: "unknown", reason: "the output of a command" }],
    ["a value made of itself", "var @a = @v\nvar @v = @a", { kind: "unknown" }],
    ["an executable that calls itself", "exe @f(n) = @f(@n)\nvar @v = @f(1)", { kind: "unknown" }],
    ["an early return", "exe @f(x) = [\n  if @x [ => 1 ]\n  => 2\n]\nvar @v = @f(3)", { kind: "unknown" }],
  ])("%s", (_name, text, shape) => {
    expect(last(`${text}\n`)).toMatchObject(shape);
  });
});
