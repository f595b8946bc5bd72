import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, reparse } from "../../../language/syntax";
import type { Mode } from "../../../language/syntax/tree";
import { CORPUS, corpusFiles } from "../../support/corpus";

const LINES = [
  'var @a = { tools: ["Bash"], net: { allow: ["a.example"] } }',
  "exe @build(dir) = cmd { make -C @dir }",
  'env @a with { tools: ["Read"] } [\n  let @x = @build("lib")\n  => @x\n]',
  "show `Part: @a.tools`",
  "  show `indented`",
  ">> a comment",
  "when @a [\n  @a => show `x`\n  * => show `y`\n]",
  "var @t = ::text {{a}}\nand more::",
  "for @i in [1, 2] => show @i",
  "if @a [ show `x` ]\nelse [ show `y` ]",
  "var @n = [[1, 2], [3]]",
  "var @open = [",
  "]]",
  "prose that is none",
  "",
  "---",
];

const MARKDOWN_LINES = [
  ...LINES.filter(line => /^(var|exe|env|show|when|for|if)/.test(line)).map(line => `/${line}`),
  "# Heading",
  "Some prose, that's all.",
  "",
  "",
  "```js\n/var @code = 1\n```",
  "```mlld-run\nshow `x`\n```",
  "```",
  "  /show `indented`",
  "/show `a` and prose behind",
  "  | @upper",
  ">> a comment",
  "[[",
];

const edit = fc.record({
  at: fc.nat({ max: 100_000 }),
  remove: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 60 })),
  insert: fc.oneof(
    fc.constantFrom("", "x", "/", "```", "\n", '"', "`", "'", "]", "]]", "[", "{", "(", " ", "@a", "::", ">> "),
    fc.constantFrom(...LINES).map(line => `\n${line}\n`),
  ),
});

/** Gives the number of edits after which statements were taken over. */
function sameAsWhole(start: string, edits: { at: number; remove: number; insert: string }[], mode: Mode): number {
  let text = start;
  let file = parse(text, mode);
  let taken = 0;
  for (const { at, remove, insert } of edits) {
    const from = at % (text.length + 1);
    text = text.slice(0, from) + insert + text.slice(from + remove);
    const next = reparse(file, text);
    if (next) {
      taken++;
      expect(next, text).toEqual(parse(text, mode));
    }
    file = next ?? parse(text, mode);
  }
  return taken;
}

describe("a tree after an edit", () => {
  it.each([
    ["strict", LINES],
    ["markdown", MARKDOWN_LINES],
  ] as const)("is the tree of the whole text: %s", { timeout: 60_000 }, (mode, from) => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...from), { minLength: 3, maxLength: 20 }),
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        (lines, edits) => {
          sameAsWhole(lines.join("\n"), edits, mode);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it.each([
    ["strict", "var"],
    ["markdown", "/var"],
  ] as const)("takes over all that is far from the edit: %s", (mode, word) => {
    const text = Array.from({ length: 50 }, (_, i) => `${word} @name${i} = ${i}\n`).join("");
    const before = parse(text, mode);
    const { statements } = before;
    const at = text.indexOf("@name25");
    const after = reparse(before, `${text.slice(0, at)}@long${text.slice(at)}`)!;
    expect(after.statements.filter(statement => statements.includes(statement))).toHaveLength(48);
  });

  it.skipIf(!CORPUS)("is the tree of the whole text, all over the corpus", { timeout: 120_000 }, () => {
    const files = ["strict/valid", "strict/invalid", "mutations/invalid", "markdown/valid", "markdown/invalid"]
      .flatMap(folder => corpusFiles(folder))
      .filter(({ text, mode }) => (mode === "strict" || mode === "markdown") && text.length < 20_000);
    const edits = fc.sample(fc.array(edit, { minLength: 8, maxLength: 12 }), { numRuns: files.length, seed: 11 });
    const taken = files.map(({ text, mode }, index) => sameAsWhole(text, edits[index]!, mode));
    expect(taken.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(files.length);
  });
});
