import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { children, MAX_LENGTH, parse, pathAt, print, walk } from "../../../language/syntax";
import type { Mode, Node } from "../../../language/syntax/tree";
import { CORPUS, corpusFiles } from "../../support/corpus";

const MODES: Mode[] = ["strict", "markdown", "att", "mtt"];

/** Punctuation and words of the language, so that random texts get somewhere. */
const PIECES = (
  "var exe show run env box with for in when if else import export guard policy auth let loop until parallel foreach cmd sh js " +
  "template prose: stream using auth: as by before op:run = => += | || [ ] { } ( ) < > >> << , ; : :: ::: ? ?? ! == != ~= && + - * / % " +
  "... . @ @x @y.z @f( \" ' ` ``` {{ }} \\ # ## /for /end --- 1 2.5 10s null none true \n \n  \t"
).split(" ");

/** A parse holds what every tree promises: it covers the text, nests properly, prints back, and places its errors inside. */
function checkTree(text: string, mode: Mode): void {
  const file = parse(text, mode);
  expect(file.start).toBe(0);
  expect(file.end).toBe(text.length);
  expect(print(file)).toBe(text);
  for (const error of file.errors) {
    expect(error.start).toBeGreaterThanOrEqual(0);
    expect(error.end).toBeGreaterThanOrEqual(error.start);
    expect(error.end).toBeLessThanOrEqual(text.length);
    expect(error.message).not.toBe("");
  }
  walk(file, node => {
    let last = node.start;
    for (const child of children(node)) {
      if (child.start < last || child.end < child.start || child.end > node.end) {
        expect.fail(
          `${child.kind} ${child.start}-${child.end} in ${node.kind} ${node.start}-${node.end}, after ${last}`,
        );
      }
      last = child.end;
    }
  });
}

describe("any text", () => {
  test("random characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.constantFrom(...MODES), (text, mode) =>
        checkTree(text, mode),
      ),
      { numRuns: 1500 },
    );
  });

  test("random pieces of the language", () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map(list => list.join(" "));
    fc.assert(
      fc.property(pieces, fc.constantFrom(...MODES), (text, mode) => checkTree(text, mode)),
      { numRuns: 4000 },
    );
  });

  test("random pieces without spaces", () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map(list => list.join(""));
    fc.assert(
      fc.property(pieces, fc.constantFrom(...MODES), (text, mode) => checkTree(text, mode)),
      { numRuns: 2000 },
    );
  });
});

describe.skipIf(CORPUS === null)("the corpus, damaged", () => {
  const files = CORPUS === null ? [] : corpusFiles("strict/valid", "markdown/valid", "template/valid");

  test("a hundred files cut off at every offset", () => {
    const small = files.filter(file => file.text.length < 1200);
    for (let n = 0; n < 100; n++) {
      const { text, mode } = small[Math.floor((n * small.length) / 100)]!;
      for (let end = 0; end < text.length; end++) parse(text.slice(0, end), mode);
      for (let end = 0; end < text.length; end += 23) checkTree(text.slice(0, end), mode);
    }
  });

  test("characters and pieces inserted, removed and doubled", () => {
    const damage = fc.tuple(fc.nat(), fc.nat(), fc.nat(40), fc.constantFrom("", ...PIECES));
    fc.assert(
      fc.property(damage, ([which, where, length, piece]) => {
        const { text, mode } = files[which % files.length]!;
        const at = where % (text.length + 1);
        checkTree(text.slice(0, at) + piece + text.slice(at + length), mode);
      }),
      { numRuns: 1500 },
    );
  });

  test("a node at every offset, with its parents", () => {
    for (const { text, mode } of files.slice(0, 40)) {
      const file = parse(text, mode);
      for (let offset = 0; offset <= text.length; offset += 7) {
        const path: Node[] = pathAt(file, offset);
        expect(path[0]).toBe(file);
        for (const node of path) {
          expect(node.start).toBeLessThanOrEqual(offset);
          expect(node.end).toBeGreaterThanOrEqual(offset);
        }
      }
    }
  });
});

describe("limits", () => {
  const deep: [string, string][] = [
    ["arrays", `var @x = ${"[".repeat(100_000)}`],
    ["closed arrays", `var @x = ${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["objects", `var @x = ${"{a:".repeat(100_000)}`],
    ["parentheses", `var @x = ${"(".repeat(100_000)}`],
    ["calls", `var @x = ${"@f(".repeat(100_000)}`],
    ["negations", `var @x = ${"!".repeat(100_000)}@y`],
    ["conditionals", `var @x = ${"@a ? ".repeat(50_000)}`],
    ["operators", `var @x = ${"1 + ".repeat(50_000)}1`],
    ["indexes", `var @x = ${"@a[".repeat(50_000)}`],
    ["blocks", "if @x [ ".repeat(50_000)],
    ["env blocks", "env @x [ ".repeat(50_000)],
    ["objects on lines of their own", "env @x with {\n".repeat(50_000)],
    ["templates on lines of their own", "var @x = `a\n".repeat(50_000)],
    ["blocks on lines of their own", "env @x [\n".repeat(50_000)],
    ["values on lines of their own", "var @x =\n".repeat(50_000)],
    ["calls on lines of their own", "show @f(\n".repeat(50_000)],
    ["commands on lines of their own", "run cmd {\n".repeat(50_000)],
    ["loops", "for @x in @y => ".repeat(50_000)],
    ["whens", "when @x => ".repeat(50_000)],
    ["when lists", `var @x = ${"when [ * => ".repeat(50_000)}`],
    ["else ifs", `if @x [ skip ] ${"else if @x [ skip ] ".repeat(20_000)}`],
    ["template loops", `var @x = \`${"\n/for @a in @b".repeat(20_000)}\``],
    ["fragments", `var @x = \`${'@a?"`@a?'.repeat(20_000)}`],
    ["labels", `exe @f() = [ => ${"trusted!,".repeat(50_000)}`],
    ["pipelines", `var @x = @a ${"| @f ".repeat(50_000)}`],
    ["streams", `var @x = ${"stream ".repeat(50_000)}`],
    ["news", `var @x = ${"new @a with { b: ".repeat(50_000)}`],
    ["needs", `needs { ${"a: { ".repeat(50_000)}`],
    ["proses", `exe @f() = ${"prose:@x template ".repeat(20_000)}`],
    ["nots", `var @x = ${"not @x and ".repeat(20_000)}`],
    ["members", `var @x = @a${".b".repeat(50_000)}`],
    ["section variables", `var @x = <a # ${"@b ".repeat(20_000)}>`],
  ];

  test.each(deep)("%s nested without end give a tree and no overflow", (_, text) => {
    const start = process.cpuUsage();
    const file = parse(text, "strict");
    expect(file.end).toBe(text.length);
    expect(print(file)).toBe(text);
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(4000);
  });

  test("too deep nesting is reported where the limit lies, once", () => {
    const file = parse(`var @x = ${"[".repeat(1000)}${"]".repeat(1000)}\nvar @y = 1\n`, "strict");
    expect(file.errors.map(error => error.code)).toEqual(["syntax/too-deep"]);
    expect(file.statements.map(statement => statement.kind)).toEqual(["VarStatement", "VarStatement"]);
  });

  test("a file of 50 MB is refused with one error", () => {
    const text = "show `a`\n".repeat(5_600_000);
    expect(text.length).toBeGreaterThan(50_000_000);
    const file = parse(text, "strict");
    expect(text.length).toBeGreaterThan(MAX_LENGTH);
    expect(file.errors.map(error => error.code)).toEqual(["syntax/too-large"]);
    expect(file.statements).toHaveLength(1);
  });
});

describe("linear time", () => {
  const repeated: [string, string][] = [
    ["statements", 'var @x = { a: [1, @b.c], d: "e @f" }\n'],
    ["broken statements", "var x = {\n"],
    ["unclosed code", "run sh { ' \n"],
    ["unclosed commands", "run cmd { ' \n"],
    ["unclosed templates", "var @x = `\n"],
    ["unclosed strings", "var @x = 'a\n"],
    ["angles in templates", "show `<<<<<<<< < < <a <b `\n"],
    ["one line of angles", "<"],
    ["one line of quotes", "'"],
    ["one line of calls", "@f("],
    ["one line of fragments", '@x?"'],
    ["raw arguments", "show @f(a b, c d (e) f)\n"],
    ["fences", "```\n"],
    ["comments", ">> a [ b\n"],
    ["blank lines", "\n"],
    ["spaces", " "],
    ["members over lines", "@a\n\n"],
    ["double brackets", "[["],
    ["references in brackets", "[@a "],
    ["arrays of references", "var @x = [@a(1), @b]\n"],
    ["glob comments", "run sh { a/*/b }\n"],
    ["colons", "::a "],
  ];

  /** Processor time of the fastest of three parses, in milliseconds: a busy machine changes it little. */
  const time = (text: string, mode: Mode) => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) {
      const start = process.cpuUsage();
      parse(text, mode);
      const { user, system } = process.cpuUsage(start);
      best = Math.min(best, (user + system) / 1000);
    }
    return best;
  };

  const CASES: [Mode, string][] = [
    ["strict", ""],
    ["strict", "exe @f() = [\n"],
    ["strict", "var @x = `"],
    ["strict", "run cmd { "],
    ["strict", "var @x = "],
    ["att", ""],
    ["markdown", "/show `"],
  ];

  test.each(repeated)("%s", { timeout: 60_000 }, (_, unit) => {
    for (const [mode, prefix] of CASES) {
      // Eight times the text takes about eight times as long; quadratic work would take sixty-four times. Collecting garbage
      // may spoil one measurement, hardly four.
      let growth = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 4 && growth > 28; attempt++) {
        const small = time(prefix + unit.repeat(10_000 / unit.length), mode);
        const large = time(prefix + unit.repeat(80_000 / unit.length), mode);
        growth = large < 12 ? 1 : large / small;
      }
      expect(growth, `${prefix}… ${mode}`).toBeLessThan(28);
    }
  });
});
