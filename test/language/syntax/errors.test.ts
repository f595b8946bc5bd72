import { describe, expect, test } from "vitest";
import { parse, SYNTAX_ERRORS } from "../../../language/syntax";
import type { Mode } from "../../../language/syntax/tree";

/**
 * A slip, where its error stands (the text that `⟦` and `⟧` mark; an empty mark is a place), its code, and the text after the
 * quick fix where there is one. The repaired text has to parse without error.
 */
type Slip = [text: string, code: keyof typeof SYNTAX_ERRORS, fixed?: string];

const SLIPS: Slip[] = [
  // Names and `@`
  ["var ⟦a⟧ = 1", "syntax/missing-at", "var @a = 1"],
  ["var secret ⟦key⟧ = 1", "syntax/missing-at", "var secret @key = 1"],
  ["exe ⟦f⟧() = `x`", "syntax/missing-at", "exe @f() = `x`"],
  ["for ⟦x⟧ in @xs => show @x", "syntax/missing-at", "for @x in @xs => show @x"],
  ["env ⟦cfg⟧ [ show `x` ]", "syntax/env-config", "env @cfg [ show `x` ]"],
  ["var @a = @x | ⟦trim⟧", "syntax/missing-at", "var @a = @x | @trim"],
  ["var @a = ⟦b⟧", "syntax/bare-word", "var @a = @b"],
  ["var ⟦@1a⟧ = 1", "syntax/invalid-name"],
  ["var @a⟦.b⟧ = 1", "syntax/invalid-name"],
  ["import { a as ⟦b⟧ } from `./m.mld`", "syntax/import-alias", "import { a as @b } from `./m.mld`"],
  // Arrows and equals signs
  ["var @a⟦ ⟧1", "syntax/missing-equals", "var @a = 1"],
  ["exe @f()⟦ ⟧`x`", "syntax/missing-equals", "exe @f() = `x`"],
  ["var @a ⟦=>⟧ 1", "syntax/missing-equals", "var @a = 1"],
  ["when @a ⟦=⟧ show `x`", "syntax/invalid-operator"],
  ["when @a ⟦->⟧ show `x`", "syntax/missing-arrow", "when @a => show `x`"],
  ["when [ @a ⟦->⟧ show `x` ]", "syntax/missing-arrow", "when [ @a => show `x` ]"],
  ["when [ @a⟦ ⟧show `x` ]", "syntax/missing-arrow", "when [ @a => show `x` ]"],
  ["when [ ⟦else⟧ => show `x` ]", "syntax/invalid-condition", "when [ * => show `x` ]"],
  ["for @x in @xs⟦ ⟧show @x", "syntax/missing-arrow", "for @x in @xs => show @x"],
  ["for @x ⟦of⟧ @xs => show @x", "syntax/missing-in", "for @x in @xs => show @x"],
  ["if @a ⟦=⟧ 1 [ show `x` ]", "syntax/invalid-operator", "if @a == 1 [ show `x` ]"],
  ["if @a ⟦===⟧ 1 [ show `x` ]", "syntax/invalid-operator", "if @a == 1 [ show `x` ]"],
  ["if @a ⟦and⟧ @b [ show `x` ]", "syntax/invalid-operator", "if @a && @b [ show `x` ]"],
  ["var @a = ⟦not⟧ @b", "syntax/invalid-operator", "var @a = !@b"],
  ["var @a = ⟦@⟧", "syntax/missing-name"],
  ["var @a = @b⟦+⟧@c", "syntax/operator-spacing", "var @a = @b + @c"],
  // Blocks
  ["if @a ⟦{⟧ show `x` }", "syntax/braces-for-block", "if @a [ show `x` ]"],
  ["env @c ⟦{⟧ show `x` }", "syntax/braces-for-block", "env @c [ show `x` ]"],
  ["for @x in @xs ⟦{⟧ show @x }", "syntax/braces-for-block", "for @x in @xs [ show @x ]"],
  ["if @a⟦ ⟧show `x`", "syntax/missing-block", "if @a [ show `x` ]"],
  ["if @a ⟦=>⟧ show `x`", "syntax/missing-block", "if @a [ show `x` ]"],
  ["if @a [ show `x` ] ⟦else if⟧ @b [ show `y` ]", "syntax/else-if", "if @a [ show `x` ] else [ if @b [ show `y` ] ]"],
  ["env @c⟦⟧", "syntax/env-block"],
  ["⟦env⟧ [ show `x` ]", "syntax/env-config"],
  ["env @c ⟦?⟧? @d [ show `x` ]", "syntax/env-block"],
  ["env @c ⟦>> why⟧\n[ show `x` ]", "syntax/comment-not-allowed"],
  ["env @c ⟦{⟧ tools: [] } [ show `x` ]", "syntax/missing-keyword", "env @c with { tools: [] } [ show `x` ]"],
  ["env @c⟦with⟧ { tools: [] } [ show `x` ]", "syntax/missing-keyword", "env @c with { tools: [] } [ show `x` ]"],
  ["env @c with ⟦@⟧d [ show `x` ]", "syntax/invalid-with"],
  ["exe @f() = [ ⟦var⟧ @a = 1; => @a ]", "syntax/var-in-block", "exe @f() = [ let @a = 1; => @a ]"],
  ["exe @f() = [ let @a = 1⟦,⟧ => @a ]", "syntax/comma-in-block", "exe @f() = [ let @a = 1 => @a ]"],
  ["exe @f() = ⟦[ ]⟧", "syntax/empty-block"],
  ["exe @f() = [ => 1 ⟦show `x` ]⟧", "syntax/after-return"],
  ["exe @f() = [ ⟦@x⟧ ]", "syntax/value-without-effect", "exe @f() = [ => @x ]"],
  ["exe @f() = [ ⟦return⟧ @x ]", "syntax/unknown-statement", "exe @f() = [ => @x ]"],
  ["exe @f() = [ ⟦exe⟧ @g() = `x` ]", "syntax/not-in-block"],
  ["exe @f() = [ ⟦/show⟧ `x` ]", "syntax/unknown-statement", "exe @f() = [ show `x` ]"],
  ["loop [ ⟦=>⟧ 1 ]", "syntax/return-in-loop"],
  ["when [ @a => show `x`⟦,⟧ @b => show `y` ]", "syntax/comma-in-when", "when [ @a => show `x`; @b => show `y` ]"],
  ["when @a ⟦[⟧ show `x` ]", "syntax/ambiguous-when", "if @a [ show `x` ]"],
  ["when ⟦any⟧ [ @a => show `x` ]", "syntax/removed-when"],
  // Top level
  ["⟦  ⟧show `x`", "syntax/indented-statement", "show `x`"],
  ["⟦let⟧ @a = 1", "syntax/not-at-top-level", "var @a = 1"],
  ["⟦@⟧a = 1", "syntax/not-at-top-level", "var @a = 1"],
  ["⟦cmd⟧ { ls }", "syntax/not-at-top-level", "run cmd { ls }"],
  ["⟦Hello there⟧", "syntax/text-not-allowed"],
  ["⟦# a comment⟧", "syntax/text-not-allowed", ">> a comment"],
  ["⟦// a comment⟧", "syntax/text-not-allowed", ">> a comment"],
  ["var @a = {\n  ⟦// why⟧\n  b: 1\n}", "syntax/text-not-allowed", "var @a = {\n  >> why\n  b: 1\n}"],
  ["exe @f() = [\n  ⟦# why⟧\n  => 1\n]", "syntax/text-not-allowed", "exe @f() = [\n  >> why\n  => 1\n]"],
  ["⟦Show⟧ `x`", "syntax/unknown-statement", "show `x`"],
  ["⟦shw⟧ `x`", "syntax/unknown-statement", "show `x`"],
  ["⟦improt⟧ { a } from './x.mld'", "syntax/unknown-statement", "import { a } from './x.mld'"],
  ["⟦print⟧ `x`", "syntax/unknown-statement", "show `x`"],
  ["⟦const⟧ a = 1", "syntax/unknown-statement", "var @a = 1"],
  ["⟦a⟧ = 1", "syntax/unknown-statement", "var @a = 1"],
  ["⟦function⟧ f(a) { return 1 }", "syntax/unknown-statement"],
  ["⟦else⟧ [ show `x` ]", "syntax/unknown-statement"],
  ["⟦with⟧ { tools: [] } env @c [ show `x` ]", "syntax/unknown-statement"],
  ["⟦sh⟧ { ls }", "syntax/not-at-top-level", "run sh { ls }"],
  ['⟦{ "a": 1 }⟧', "syntax/value-without-effect", 'var @name = { "a": 1 }'],
  ["⟦/* why */⟧", "syntax/text-not-allowed"],
  ["⟦]⟧", "syntax/text-not-allowed"],
  ["show @a⟦.⟧", "syntax/text-after-statement"],
  ["show @a⟦, @b⟧", "syntax/text-after-statement"],
  // What swallowed the next declaration
  ["var @a = ⟦`⟧x\nvar @b = `y` + `z`", "syntax/unclosed-template"],
  ["var @a = @b +⟦⟧\nvar @c = 1", "syntax/missing-value"],
  ["var @a = @b | ⟦⟧\nvar @c = 1", "syntax/invalid-stage"],
  ["⟦show⟧\nvar @c = 1", "syntax/missing-value"],
  ["export ⟦{⟧ @a\nvar @c = 1", "syntax/unclosed-object"],
  ["run ⟦{⟧ ls\nvar @c = @f(1)\nexe @g() = js { return 1 }", "syntax/unclosed-command"],
  ["@f⟦(⟧\nvar @c = 1", "syntax/unclosed-parenthesis"],
  ["var @a = 1⟦; var @b = 2⟧", "syntax/text-after-statement", "var @a = 1\nvar @b = 2"],
  ["show `a`⟦>> c⟧", "syntax/text-after-statement", "show `a` >> c"],
  ["var @a = `x` ⟦junk⟧", "syntax/text-after-statement"],
  // Strings and brackets
  ['var @a = ⟦"⟧x', "syntax/unclosed-string", 'var @a = "x"'],
  ["var @a = ⟦'⟧x", "syntax/unclosed-string", "var @a = 'x'"],
  ['var @a = [⟦"⟧x]', "syntax/unclosed-string", 'var @a = ["x"]'],
  ['var @a = [⟦x⟧", "y"]', "syntax/unclosed-string", 'var @a = ["x", "y"]'],
  ['var @a = { b: ⟦@c/d⟧" }', "syntax/unclosed-string", 'var @a = { b: "@c/d" }'],
  ["var @a = ⟦`⟧x", "syntax/unclosed-template"],
  ["var @a = ⟦::⟧x", "syntax/unclosed-template"],
  ["var @a = ⟦[⟧1, 2", "syntax/unclosed-array"],
  ["var @a = ⟦{⟧ b: 1", "syntax/unclosed-object"],
  ["var @a = ⟦(⟧1 + 2", "syntax/unclosed-parenthesis"],
  ["show @f⟦(⟧1", "syntax/unclosed-parenthesis"],
  ["var @a = ⟦<⟧a.md", "syntax/unclosed-file", "var @a = <a.md>"],
  ["show <a.ts ⟦{⟧ f>", "syntax/invalid-file"],
  ["⟦```js⟧\nlet x", "syntax/unclosed-fence"],
  ["var @a = @b⟦[⟧?x == 1", "syntax/unclosed-index"],
  ["run cmd ⟦{⟧ ls", "syntax/unclosed-command"],
  ["run sh ⟦{⟧ ls", "syntax/unclosed-code"],
  ["env @c ⟦[⟧\n  show `x`", "syntax/unclosed-block"],
  ["var @a = [1⟦ ⟧2]", "syntax/missing-comma", "var @a = [1, 2]"],
  ["var @a = { b: 1⟦ ⟧c: 2 }", "syntax/missing-comma", "var @a = { b: 1, c: 2 }"],
  ["var @a = { b: 1⟦;⟧ c: 2 }", "syntax/missing-comma", "var @a = { b: 1, c: 2 }"],
  ["var @a = { b ⟦=⟧ 1 }", "syntax/missing-colon", "var @a = { b : 1 }"],
  ["var @a = { ⟦@⟧b: 1 }".replace("⟦@⟧b", "⟦@b⟧"), "syntax/invalid-key", "var @a = { b: 1 }"],
  ["var @a = { ⟦1⟧: 2 }", "syntax/invalid-key", 'var @a = { "1": 2 }'],
  ["var @a = [⟦...⟧@b]", "syntax/invalid-spread"],
  ["var @a = { ⟦..⟧@b }", "syntax/invalid-spread", "var @a = { ...@b }"],
  ["show @f(1⟦,⟧)", "syntax/extra-comma", "show @f(1)"],
  ["exe @f(a⟦ ⟧b) = `x`", "syntax/missing-comma", "exe @f(a, b) = `x`"],
  ["var @a = ⟦5m⟧", "syntax/invalid-number", 'var @a = "5m"'],
  ["var @a = ⟦1e3⟧", "syntax/invalid-number"],
  ["show @f(⟦[⟧let @x = 1 => @x])", "syntax/block-in-value"],
  // A bracket or key lost in the midst of many lines
  ['policy @p = {\n  a: { b: ["x"] },\n  c: "y"⟦]⟧,\n  d: 1\n}', "syntax/text-after-statement"],
  ['policy @p = {\n  a: { ⟦:⟧ ["x"] },\n  c: 1\n}', "syntax/invalid-key"],
  ['policy @p = {\n  a: 1,\n  ⟦:⟧ [\n    "x"\n  ],\n  c: 1\n}', "syntax/invalid-key"],
  ["needs {\n  sh,\n  ⟦:⟧ true,\n  cmd: [git]\n}", "syntax/invalid-needs"],
  ["env @c [\n  show `a`\n  show ⟦`⟧b\n]\nshow @d".replaceAll("`a`", '"a"'), "syntax/unclosed-template"],
  ["policy @p = {\n  a: 1,\n  b: ⟦{⟧ c: 2,\n  d: 3\n}", "syntax/unclosed-object"],
  ['var @a = {\n  b: ⟦[⟧"x", "y",\n  c: ["z"]\n}', "syntax/unclosed-array"],
  ["var @a =⟦⟧\n  b: 1\n}", "syntax/missing-value", "var @a = {\n  b: 1\n}"],
  ["var @a = {\n  b:⟦⟧\n    c: 1\n  }\n}", "syntax/missing-value", "var @a = {\n  b: {\n    c: 1\n  }\n}"],
  ["policy @p =⟦⟧\n  b: 1\n}", "syntax/missing-value", "policy @p = {\n  b: 1\n}"],
  [
    "var @a = when [\n  @b =>⟦⟧\n    c: 1\n  }\n]",
    "syntax/missing-value",
    "var @a = when [\n  @b => {\n    c: 1\n  }\n]",
  ],
  ["var @a = {\n  ⟦env⟧ { tools: [] }\n}", "syntax/missing-colon"],
  ['env @c [\n  env @d [ show x⟦"⟧ ]\n]', "syntax/unclosed-string"],
  ["guard before secret = when [\n  * =>⟦⟧\n]", "syntax/missing-value"],
  ["guard before secret = when ⟦[⟧\n  * => allow\n\n/env @c [ show `x` ]", "syntax/unclosed-block"],
  ["⟦if⟧ [\n  show `x`\n]", "syntax/missing-value"],
  ["env @c ⟦with⟧\n  tools: []\n} [ show `x` ]", "syntax/invalid-with", "env @c with {\n  tools: []\n} [ show `x` ]"],
  ['auth @x = { from: "a"⟦ ⟧as: "b" }', "syntax/missing-comma", 'auth @x = { from: "a", as: "b" }'],
  // Commands
  ["run cmd { a ⟦&&⟧ b }", "syntax/shell-operator"],
  ["run cmd { a ⟦||⟧ b }", "syntax/shell-operator"],
  ["run cmd { a ⟦;⟧ b }", "syntax/shell-operator"],
  ["run cmd { a ⟦>⟧ b }", "syntax/shell-operator"],
  ["run cmd { a ⟦&⟧ }", "syntax/shell-operator"],
  ["run cmd { a ⟦@f(1)⟧ }", "syntax/call-in-command"],
  ["run ⟦echo hi⟧", "syntax/missing-command", "run cmd { echo hi }"],
  ["run ⟦ruby⟧ { x }", "syntax/missing-command"],
  ["exe @f() = ⟦{⟧ echo hi }", "syntax/missing-command", "exe @f() = cmd { echo hi }"],
  ["exe @f() = ⟦run ⟧sh { ls }", "syntax/invalid-value", "exe @f() = sh { ls }"],
  ["exe @f() = ⟦1 + 2⟧", "syntax/invalid-value", "exe @f() = [ => 1 + 2 ]"],
  ["exe @f() = cmd { a } ⟦using auth:x⟧", "syntax/invalid-using", "exe @f() = run cmd { a } using auth:x"],
  ["run cmd { a } ⟦using⟧ auth x", "syntax/invalid-using"],
  ["show ⟦cmd⟧ { ls }", "syntax/command-in-show"],
  ["show `a` ⟦`b`⟧", "syntax/too-many-arguments"],
  ["⟦show⟧", "syntax/missing-value"],
  ["var @a = `x` | ⟦js⟧ { return 1 }", "syntax/invalid-stage"],
  ["output @x⟦⟧", "syntax/missing-target"],
  ["checkpoint ⟦@⟧x", "syntax/missing-value"],
  // Declarations
  ["import { a } from ⟦./m.mld⟧", "syntax/import-path", 'import { a } from "./m.mld"'],
  ["import { ⟦*⟧ } from `./m.mld`", "syntax/import-wildcard"],
  ["import { a }⟦ ⟧`./m.mld`", "syntax/missing-keyword", "import { a } from `./m.mld`"],
  ["import { a⟦ ⟧b } from `./m.mld`", "syntax/missing-comma", "import { a, b } from `./m.mld`"],
  ["import { a, ⟦1⟧ } from `./m.mld`", "syntax/invalid-import"],
  ["export ⟦@⟧a", "syntax/invalid-export", "export { @a }"],
  ["needs ⟦s⟧h", "syntax/invalid-needs", "needs { sh }"],
  ["needs { ⟦js⟧ }", "syntax/invalid-needs", "needs { js: [] }"],
  ["profiles { ⟦full: true⟧ }", "syntax/invalid-profile"],
  ["exe @f(a ⟦=⟧ 1) = `x`", "syntax/invalid-parameter"],
  ["guard @g before ⟦`⟧x` = when [ * => allow ]", "syntax/guard-filter"],
  ["hook @h before ⟦`⟧x` = [ show `x` ]", "syntax/hook-target"],
  ["policy @p = ⟦@⟧q", "syntax/invalid-policy"],
  ["guard @g before op:run = when [ * => ⟦deny⟧ @x ]", "syntax/guard-action"],
  ["guard @g before op:run = when [ * => env @c ⟦with⟧ { tools: [] } ]", "syntax/guard-action"],
  [
    "guard @g before op:run = ⟦[⟧ * => allow ]",
    "syntax/missing-keyword",
    "guard @g before op:run = when [ * => allow ]",
  ],
  ["guard @g ⟦o⟧p:run = when [ * => allow ]", "syntax/guard-timing"],
  ["hook @h before op:run = ⟦s⟧how `x`", "syntax/missing-block"],
  ["var @a = ⟦template⟧ `x.att`", "syntax/template-in-var"],
  ["var @t = `⟦/for⟧ @x in @xs\n@x\n/end`", "syntax/invalid-template-loop"],
  ["var @t = `a\n⟦/for⟧ @x in @xs\n@x`", "syntax/unclosed-loop"],
];

describe("slips", () => {
  test.each(SLIPS)("%s", (marked, code, fixed) => {
    const start = marked.indexOf("⟦");
    const end = marked.indexOf("⟧") - 1;
    const text = marked.replace("⟦", "").replace("⟧", "");
    const errors = parse(text, "strict").errors;
    expect(errors.map(error => error.code)).toEqual([code]);
    const error = errors[0]!;
    expect([error.start, text.slice(error.start, error.end)]).toEqual([start, text.slice(start, end)]);
    expect(error.message).toMatch(/[.:…`]$/);
    if (fixed === undefined) return;
    expect(error.fix?.title).toMatch(/^[A-Z]/);
    let repaired = text;
    for (const edit of [...error.fix!.edits].sort((a, b) => b.start - a.start)) {
      repaired = repaired.slice(0, edit.start) + edit.newText + repaired.slice(edit.end);
    }
    expect(repaired).toBe(fixed);
    expect(parse(repaired, "strict").errors).toEqual([]);
  });
});

describe("several mistakes", () => {
  const lines = (text: string, mode: Mode = "strict") =>
    parse(text, mode).errors.map(error => `${text.slice(0, error.start).split("\n").length} ${error.code}`);

  test("independent statements have an error each, and the others are read", () => {
    const text = "var a = 1\nvar @b = [1 2]\nshow @b\nexe @f() = run sh { ls }\nrun cmd { a && b }\nshow @a\n";
    expect(lines(text)).toEqual([
      "1 syntax/missing-at",
      "2 syntax/missing-comma",
      "4 syntax/invalid-value",
      "5 syntax/shell-operator",
    ]);
    expect(parse(text, "strict").statements.map(statement => statement.kind)).toEqual([
      "VarStatement",
      "VarStatement",
      "ShowStatement",
      "ExeStatement",
      "ExpressionStatement",
      "ShowStatement",
    ]);
  });

  test("statements of a block have an error each", () => {
    const text = "exe @f() = [\n  let x = 1\n  var @y = 2\n  if @x { show `a` }\n  => x\n]\nshow @f()\n";
    expect(lines(text)).toEqual([
      "2 syntax/missing-at",
      "3 syntax/var-in-block",
      "4 syntax/braces-for-block",
      "5 syntax/bare-word",
    ]);
  });

  test("a `;` parts mistakes on one line", () => {
    expect(parse("exe @f() = [ let x = 1; let y = 2; => @x ]", "strict").errors).toHaveLength(2);
  });

  test("an unclosed bracket ends where the next statement begins", () => {
    const text = "var @a = {\n  tools: [\n    `x`\nshow @a\nvar @b = 1\n";
    expect(lines(text)).toEqual(["1 syntax/unclosed-object", "2 syntax/unclosed-array"]);
    expect(parse(text, "strict").statements.map(statement => statement.kind)).toEqual([
      "VarStatement",
      "ShowStatement",
      "VarStatement",
    ]);
  });

  test("a lost opening bracket leaves the block's statements readable", () => {
    const file = parse("env @c\n  let @x = 1\n  show @x\n]\nshow `after`\n", "strict");
    expect(file.errors.map(error => error.code)).toEqual(["syntax/env-block"]);
    expect(file.statements.map(statement => statement.kind)).toEqual(["ExpressionStatement", "ShowStatement"]);
  });

  test("prose in a strict file is one error a paragraph", () => {
    expect(lines("Some text\nthat goes on\n\nand more\nshow `x`\n")).toEqual([
      "1 syntax/text-not-allowed",
      "4 syntax/text-not-allowed",
    ]);
  });

  test("errors in markdown stand in the statements, prose has none", () => {
    expect(
      lines("# Title\n\nText with `code` and @x [\n\n/var a = 1\n\n/nothing here\n/show @a\n", "markdown"),
    ).toEqual(["5 syntax/missing-at"]);
  });
});

test("every code of the table has a title, and is raised by a slip here or by the tests of limits", () => {
  const raised = new Set(SLIPS.map(slip => slip[1]));
  const elsewhere = ["syntax/too-deep", "syntax/too-large"];
  const missing = Object.keys(SYNTAX_ERRORS).filter(code => !raised.has(code as never) && !elsewhere.includes(code));
  expect(missing).toEqual([]);
});
