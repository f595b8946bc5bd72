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
    ["a command", "var @v = cmd { ls }", { kind: "unknown", reason: "the output of a command" }],
    ["a value made of itself", "var @a = @v\nvar @v = @a", { kind: "unknown" }],
    ["an executable that calls itself", "exe @f(n) = @f(@n)\nvar @v = @f(1)", { kind: "unknown" }],
    ["an early return", "exe @f(x) = [\n  if @x [ => 1 ]\n  => 2\n]\nvar @v = @f(3)", { kind: "unknown" }],
  ])("%s", (_name, text, shape) => {
    expect(last(`${text}\n`)).toMatchObject(shape);
  });
});
