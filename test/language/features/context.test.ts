import { describe, expect, it } from "vitest";
import { contextAt } from "../../../language/features/completion/context";

function at(source: string, markdown = false) {
  const offset = source.indexOf("‸");
  return contextAt(source.replace("‸", ""), offset, markdown);
}

describe("the context at the cursor", () => {
  it("knows the key whose value is being written, and the keys before it", () => {
    const [frame] = at('var @c = { provider: "docker", tools: ‸').frames;
    expect(frame).toMatchObject({ open: "{", key: "tools", keys: ["provider", "tools"], head: "var @c = " });
  });

  it("stands at a key after a comma and after the brace", () => {
    expect(at("env { tools: [], ‸").frames[0]).toMatchObject({ key: null, keys: ["tools"] });
    expect(at("env @c with { ‸ }").frames[0]).toMatchObject({ key: null, head: "env @c with " });
  });

  it("follows brackets into lists and strings", () => {
    const context = at('env @c with { tools: ["Read", "Ba‸"] } [');
    expect(context.frames.map(frame => frame.open)).toEqual(["{", "["]);
    expect(context.frames[1]).toMatchObject({ head: "tools: ", index: 1 });
    expect(context.quote).toMatchObject({ quote: '"' });
  });

  it("does not look into finished strings, commands and code", () => {
    expect(at('run sh { if [ -f "x{" ]; then echo } }\nvar @x = { a: "}[{", b: ‸').frames).toMatchObject([
      { key: "b" },
    ]);
    expect(at('exe @f() = [\n  run cmd { echo "{" }\n  let @a = ‸').frames).toMatchObject([{ open: "[" }]);
  });

  it("knows comments and bodies of code", () => {
    expect(at("var @x = 1 >> about @‸").comment).not.toBeNull();
    expect(at("run js { return ‸").code).toBe("js");
    expect(at("run { ls ‸").code).toBe("cmd");
    expect(at("exe @f(a) = cmd:@base/x { ls ‸").code).toBe("cmd");
    expect(at("exe @f(a) = cmd { ls } ‸").code).toBeNull();
  });

  it("counts the arguments of a call", () => {
    expect(at("show @f(1, @g(2, 3), ‸").frames).toMatchObject([{ open: "(", index: 2, head: "show @f" }]);
  });

  it("starts again at each directive", () => {
    expect(at("var @broken = {\nvar @x = ‸").frames).toEqual([]);
    expect(at("Text with ' apostrophes {\n/var @x = { ‸", true).frames).toHaveLength(1);
  });

  it("gives the word before the cursor, hyphens inside", () => {
    const source = "var @x = @max-ret‸";
    const { word } = at(source);
    expect(source.slice(word.start, word.end)).toBe("max-ret");
  });
});
