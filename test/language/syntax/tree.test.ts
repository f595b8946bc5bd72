import { describe, expect, test } from "vitest";
import { children, LineMap, modeOf, parse, pathAt, walk } from "../../../language/syntax";
import type { File, Mode, Node } from "../../../language/syntax/tree";
import { CORPUS, corpusFiles } from "../../support/corpus";

/** A tree as nested lists of kinds and texts, to compare with. */
function outline(node: Node, text: string): unknown {
  const below = children(node);
  if (below.length === 0) return `${node.kind} ${text.slice(node.start, node.end)}`;
  return [node.kind, ...below.map(child => outline(child, text))];
}

const statements = (text: string, mode: Mode = "strict") =>
  parse(text, mode).statements.map(node => outline(node, text));

describe("trees", () => {
  test("operators bind by precedence, to the left", () => {
    expect(statements("var @x = @a + 1 * 2 == 3 && !@b || @c ?? 4")).toEqual([
      [
        "VarStatement",
        "Binding @x",
        [
          "BinaryExpression",
          [
            "BinaryExpression",
            [
              "BinaryExpression",
              [
                "BinaryExpression",
                [
                  "BinaryExpression",
                  "VariableReference @a",
                  ["BinaryExpression", "NumberLiteral 1", "NumberLiteral 2"],
                ],
                "NumberLiteral 3",
              ],
              ["UnaryExpression", "VariableReference @b"],
            ],
            "VariableReference @c",
          ],
          "NumberLiteral 4",
        ],
      ],
    ]);
  });

  test("an env block with its config, options and statements", () => {
    expect(
      statements('env @a.b with { tools: ["Read"], ...@c } [\n  let @r = cmd { ls @d }\n  => @r | @trim\n]\n'),
    ).toEqual([
      [
        "ExpressionStatement",
        [
          "EnvExpression",
          ["MemberExpression", "VariableReference @a", "PropertyName b"],
          [
            "WithClause",
            ["Property", "PropertyKey tools", ["ArrayExpression", ["Template", "Text Read"]]],
            ["Spread", "VariableReference @c"],
          ],
          [
            "Block",
            [
              "LetStatement",
              "Binding @r",
              ["CommandExpression", ["CommandBody", "Text  ls ", ["Interpolation", "VariableReference @d"], "Text  "]],
            ],
            ["ReturnStatement", ["Pipeline", "VariableReference @r", ["CallStage", "VariableReference @trim"]]],
          ],
        ],
      ],
    ]);
  });

  test("loops of a template follow each other and nest, on lines of their own", () => {
    for (const [text, loops] of [
      ["/for @i in @xs\n- @i\n/end\n/for @j in @ys\n- @j\n/end\nend", [2]],
      ["/for @i in @xs\n/for @j in @i\n- @j\n/end\n/for @k in @i\n- @k\n/end\n/end\nend", [1, 2]],
    ] as const) {
      const file = parse(text, "att");
      expect(file.errors).toEqual([]);
      const counts: number[] = [];
      walk(file, node => {
        const body = node.kind === "Template" ? node.parts : node.kind === "TemplateLoop" ? node.body : [];
        const count = body.filter(part => part.kind === "TemplateLoop").length;
        if (count > 0) counts.push(count);
      });
      expect(counts).toEqual(loops);
    }
  });

  test("templates are structured: fields, calls, condensed stages, fragments, files, loops", () => {
    expect(statements('var @t = `a @x.y|@up b @f("c") @z?"frag" @w??"or" <d.md # S> e`')).toEqual([
      [
        "VarStatement",
        "Binding @t",
        [
          "Template",
          "Text a ",
          [
            "Interpolation",
            [
              "Pipeline",
              ["MemberExpression", "VariableReference @x", "PropertyName y"],
              ["CallStage", "VariableReference @up"],
            ],
          ],
          "Text  b ",
          ["Interpolation", ["CallExpression", "VariableReference @f", ["Template", "Text c"]]],
          "Text  ",
          ["Interpolation", "VariableReference @z", ["Template", "Text frag"]],
          "Text  ",
          ["Interpolation", "VariableReference @w", ["Template", "Text or"]],
          "Text  ",
          ["FileReference", "Text d.md", ["SectionSelector", "Text S"]],
          "Text  e",
        ],
      ],
    ]);
    expect(statements("::x\n/for @i in @xs\n- @i\n/end\n", "att")).toEqual([
      [
        "ExpressionStatement",
        [
          "Template",
          "Text ::x\n",
          [
            "TemplateLoop",
            "Binding @i",
            "VariableReference @xs",
            "Text \n- ",
            ["Interpolation", "VariableReference @i"],
            "Text \n",
          ],
        ],
      ],
    ]);
  });

  test("escapes are resolved in the values of texts", () => {
    const value = (text: string, mode: Mode = "strict") => {
      const values: string[] = [];
      walk(parse(text, mode), node => {
        if (node.kind === "Text") values.push(node.value);
      });
      return values.join("|");
    };
    expect(value('var @a = "a\\n\\t\\"\\@b@@c\\u0041"')).toBe('a\n\t"@b@c\\u0041');
    expect(value("var @a = 'a\\nb\\'c'")).toBe("a\\nb'c");
    expect(value("var @a = `@name\\.txt`")).toBe(".txt");
    expect(value("var @a = ::\nline\n::")).toBe("line");
    expect(value("var @a = `<<b>>`")).toBe("<b>");
    expect(value("a {{x}} \\n", "mtt")).toBe("a | \\n");
  });

  test("markdown keeps prose and fences, and reads statements between them", () => {
    const text = "Prose @x\n\n/var @a = 1\n```js\n/var @b = 2\n```\n```mlld-run\nvar @c = 3\n```\nmore\n";
    expect(parse(text, "markdown").statements.map(node => node.kind)).toEqual([
      "Prose",
      "VarStatement",
      "Fence",
      "Prose",
      "Fence",
      "Prose",
    ]);
    const run = parse(text, "markdown").statements[4]!;
    expect(run.kind === "Fence" && run.statements?.map(node => node.kind)).toEqual(["VarStatement"]);
  });

  test("frontmatter and comments", () => {
    const file = parse("---\nname: x\n---\n>> one\nshow @a >> two\n", "strict");
    expect(file.frontmatter?.body).toBe("name: x\n");
    expect(file.comments.map(comment => file.text.slice(comment.start, comment.end))).toEqual([">> one", ">> two"]);
  });

  test("what the author left out is a node of no width", () => {
    const file = parse("var @x =\n", "strict");
    expect(outline(file.statements[0]!, file.text)).toEqual(["VarStatement", "Binding @x", "Missing "]);
  });
});

/** What stands between the children of a node: white space, comments, punctuation, and the words of the grammar. */
const GAP = new RegExp(
  `^(?:\\s|\\uFEFF|[\\u200B-\\u200D]|[-\\[\\](){}<>=+*/%!?:;,.|&~@#"'\`\\\\]|\\b(?:${[
    "var|let|exe|show|run|stream|env|box|with|when|first|any|all|if|else|for|parallel|in|foreach|loop|endless|until|while",
    "output|append|log|to|as|under|stdout|stderr|bail|checkpoint|sign|by|verify|import|export|from|module|static|live|local",
    "cached|templates|policy|tools|mcp|node|auth|needs|profiles|guard|hook|privileged|before|after|always|op|allow|deny|retry",
    "skip|done|continue|cmd|sh|bash|js|javascript|py|python|using|template|prose|new|file|files|git|true|false|union|pipeline",
    "nodejs|clear|trusted|end",
  ].join("|")})\\b)*$`,
);

function gaps(file: File): string[] {
  const found: string[] = [];
  const commentAt = new Map(file.comments.map(comment => [comment.start, comment.end]));
  walk(file, node => {
    const below = children(node);
    // Leaves hold their text themselves; an unclosed or broken node has an error that says so.
    if (below.length === 0) return;
    let at = node.start;
    let gap = "";
    for (const child of [...below, { start: node.end, end: node.end }]) {
      for (let i = at; i < child.start; i++) {
        const comment = commentAt.get(i);
        if (comment !== undefined) i = comment - 1;
        else gap += file.text[i];
      }
      gap += " ";
      at = Math.max(at, child.end);
    }
    // Names that a node holds in fields of its own: `as KEY`, `as yaml`; and the field of a loop variable, which has no effect.
    if (node.kind === "UsingClause" && node.as !== null) gap = gap.replace(node.as, "");
    if (node.kind === "SignStatement" && node.algorithm !== null) gap = gap.replace(node.algorithm, "");
    if (node.kind === "OutputStatement" && node.format !== null) gap = gap.replace(node.format, "");
    if (node.kind === "ForExpression") gap = gap.replace(/\.[\w.]+/, "");
    if (!GAP.test(gap)) found.push(`${node.kind}: ${JSON.stringify(gap.replace(/\s+/g, " ").slice(0, 120))}`);
  });
  return found;
}

describe.skipIf(CORPUS === null)("the corpus", () => {
  test("has nothing but white space, comments, punctuation and keywords between the nodes", () => {
    const files =
      CORPUS === null ? [] : corpusFiles("strict/valid", "strict-derived/valid", "markdown/valid", "template/valid");
    const found = files.flatMap(({ path, text, mode }) => {
      const file = parse(text, mode);
      return file.errors.length > 0 ? [] : gaps(file).map(gap => `${path} ${gap}`);
    });
    expect(found).toEqual([]);
  });
});

describe("positions", () => {
  test("the node at an offset, with its parents", () => {
    const file = parse('var @x = { tools: ["Read"] }\n', "strict");
    const kinds = (offset: number) => pathAt(file, offset).map(node => node.kind);
    expect(kinds(4)).toEqual(["File", "VarStatement", "Binding"]);
    expect(kinds(12)).toEqual(["File", "VarStatement", "ObjectExpression", "Property", "PropertyKey"]);
    expect(kinds(22)).toEqual([
      "File",
      "VarStatement",
      "ObjectExpression",
      "Property",
      "ArrayExpression",
      "Template",
      "Text",
    ]);
    expect(kinds(29)).toEqual(["File"]);
  });

  test("of two nodes that touch, the later one is at the offset", () => {
    const file = parse("show `a@b`", "strict");
    expect(pathAt(file, 7).map(node => node.kind)).toEqual([
      "File",
      "ShowStatement",
      "Template",
      "Interpolation",
      "VariableReference",
    ]);
  });

  test("offsets and positions, with all line ends and pairs of surrogates", () => {
    const text = "a\r\nb😀c\n\rd";
    const map = new LineMap(text);
    expect(map.lineCount).toBe(4);
    for (let offset = 0; offset <= text.length; offset++) {
      // Between `\r` and `\n` there is no position of its own.
      if (offset === 2) continue;
      expect(map.offsetAt(map.positionAt(offset))).toBe(offset);
    }
    expect(map.positionAt(6)).toEqual({ line: 1, character: 3 });
    expect(map.offsetAt({ line: 1, character: 99 })).toBe(7);
    expect(map.offsetAt({ line: 9, character: 0 })).toBe(text.length);
    expect(map.offsetAt({ line: -1, character: 5 })).toBe(0);
    expect(map.positionAt(-3)).toEqual({ line: 0, character: 0 });
  });

  test("the mode of a path", () => {
    expect(["a.mld", "a.mld.md", "A.MD", "b.att", "b.mtt", "-"].map(modeOf)).toEqual([
      "strict",
      "markdown",
      "markdown",
      "att",
      "mtt",
      "strict",
    ]);
  });
});
