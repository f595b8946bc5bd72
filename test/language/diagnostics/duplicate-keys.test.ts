import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import { Program } from "../../../language/semantics";
import { checkText, FOLDER, memoryHost, told } from "../../support/program";

describe("a key that is written twice", () => {
  it("is told at the second one, with the first", () => {
    const text = 'var @c = { tools: ["Read"], net: "none", "tools": ["Bash"] }\nshow @c.net\n';
    const [finding, ...rest] = checkText(text);
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({ code: "name/duplicate-key", severity: "warning" });
    expect(text.slice(finding!.place.start, finding!.place.end)).toBe('"tools"');
    expect(finding!.related.map(({ place }) => place.start)).toEqual([text.indexOf("tools")]);
  });

  it.each([
    'env {} with { tools: [], tools: [] } [\n  show "in"\n]\n',
    'var @c = { fs: { read: [], read: ["./a"] } }\nshow @c.fs\n',
    "exe @f(x) = [\n  => { a: @x, a: 1 }\n]\nshow @f(1)\n",
  ])("is told wherever an object stands: %j", text => {
    expect(told(text)).toHaveLength(1);
    expect(told(text)[0]).toMatch(/^name\/duplicate-key/);
  });

  it.each([
    "var @p = { a: 1 }\nvar @c = { a: 0, ...@p, a: 2 }\nshow @c.a\n",
    'var @x = ""\nvar @c = { a: 1, a?: @x }\nshow @c.a\n',
    "var @c = { a: { a: 1 }, b: { a: 2 } }\nshow @c.a\n",
  ])("is right where it replaces on purpose, or in another object: %j", text => expect(told(text)).toEqual([]));

  it("moves with its statement", () => {
    const text = "var @c = { a: 1, a: 2 }\nshow @c.a\n";
    const program = new Program();
    const starts = [text, `>> above\n${text}`].map(now => {
      const host = memoryHost({ "main.mld": now });
      return check(program.analyse(`${FOLDER}/main.mld`, host), host).map(({ place }) => now.slice(0, place.start));
    });
    expect(starts).toEqual([["var @c = { a: 1, "], [">> above\nvar @c = { a: 1, "]]);
  });
});
