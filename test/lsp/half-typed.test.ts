// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of snippets look like this
/** Completion where a program is being typed: what it must offer, what it must not, and what stands there after a proposal is taken. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompletionItem } from "vscode-languageserver/node";
import { edited, marked, Session } from "./harness";

let session: Session;
let count = 0;

beforeAll(async () => {
  session = await Session.start({
    files: {
      "lib/tools.mld":
        'exe @greet(name) = `Hi @name`\nvar @sandbox = { provider: "docker", tools: ["Read"] }\nexport { @greet, @sandbox }\n',
      "lib/page.att": "Hi @name\n",
      "prompts/ask.md": "x",
      "other.mld": "var @q = 1\n",
    },
  });
});
afterAll(() => session.stop());

interface Expected {
  has?: string[];
  not?: string[];
  exact?: string[];
  /** By label: the text when it is taken, without the head of the program. */
  take?: Record<string, string>;
}

const PARENT = `var @p = { provider: "docker", tools: ["Read", "Bash"], net: { allow: ["a.com"] }, fs: { read: ["./lib"] }, mcps: ["./lib/tools.mld"] }
`;
const MODULE = 'import "./lib/tools.mld" as @lib\n';
const NONE: Expected = { exact: [] };

async function holds(head: string, source: string, expected: Expected, path: string): Promise<void> {
  const { text, cursor } = marked(head + source);
  await session.open(path, text);
  const items = await session.ask<CompletionItem[]>("textDocument/completion", path, { position: cursor });
  await session.close(path);
  const labels = items.map(({ label }) => label);
  if (expected.has) expect(labels).toEqual(expect.arrayContaining(expected.has));
  for (const label of expected.not ?? []) expect(labels).not.toContain(label);
  if (expected.exact) expect(labels.toSorted()).toEqual(expected.exact.toSorted());
  for (const [label, result] of Object.entries(expected.take ?? {})) {
    const item = items.find(one => one.label === label);
    expect(item, `${label} among ${labels}`).toBeDefined();
    expect(edited(text, [item!.textEdit as { range: never; newText: string }])).toBe(head + result);
  }
  for (const { textEdit } of items) {
    const { start, end } = (textEdit as { range: import("vscode-languageserver").Range }).range;
    expect([start.line, end.line]).toEqual([cursor.line, cursor.line]);
    expect(start.character <= cursor.character && cursor.character <= end.character).toBe(true);
  }
}

const table = (name: string, head: string, rows: [string, Expected][], extension = ".mld") =>
  describe(name, () => {
    it.each(rows)("%j", (source, expected) => holds(head, source, expected, `half${count++}${extension}`));
  });

const VALUES: Expected = { has: ["@a", "true"] };
table("places of values", "var @a = [1]\n", [
  ...["@a + ", "@a - ", "@a == ", "@a ? ", "@a ? 1 : ", "!", "@a ?? ", "{ b: ", "{ b: 1, ...", "{ b: @a, c: "].map(
    (source): [string, Expected] => [`var @x = ${source}‸`, VALUES],
  ),
  ...["show", "log", "if", "if @a &&", "when", "for @x in", "output", "append", "stream", "if @a [\n  show"].map(
    (source): [string, Expected] => [`${source} ‸`, VALUES],
  ),
  ["var @x = ‸", { has: ["@a", "cmd", "env", "when"], not: ["@x", "template"] }],
  ["var @x = @a == ‸", { has: ["@a"], not: ["cmd"] }],
  ["exe @x() = ‸", { has: ["@a", "cmd", "template"] }],
  ["exe @x() = `x`\nrun ‸", { has: ["cmd", "@x"], not: ["@a"] }],
  ["for @x in @a => ‸", { has: ["show", "@x"] }],
  ["var @r = [\n  ‸\n]", { has: ["@a"], not: ["let"] }],
  ["policy @q = ‸", { exact: ["union", "{ … }"] }],
]);

table("names that are being given", "var @a = 1\n", [
  ["var @‸ = 1", NONE],
  ["var secret @na‸", NONE],
  ["exe @f‸", NONE],
  ["exe @f(‸", NONE],
  ["exe @f(@‸)", NONE],
  ["exe @f(a, ‸)", NONE],
  ["exe @f(a: s‸, b)", { take: { string: "exe @f(a: string, b)" } }],
  ["for @‸", NONE],
  ["for @k, @‸", NONE],
  ["exe @f() = [\n  let @‸\n]", NONE],
  ["guard @‸", NONE],
  ["import { greet as @‸ } from './lib/tools.mld'", NONE],
  ["import './lib/tools.mld' as @‸", NONE],
]);

table("conditions and their actions", "var @a = 1\n", [
  ["var @r = when [\n  ‸\n]", { has: ["@a", "*", "none"], not: ["run", "show"] }],
  ["guard @g before op:run = when [\n  ‸\n]", { has: ["@mx", "*"], not: ["run", "show"] }],
  ["when [\n  @a => ‸\n]", { has: ["show", "@a"] }],
  ["exe @f(x) = [\n  when @x [\n    1 => [\n      ‸\n    ]\n  ]\n]", { has: ["show", "let"], not: ["*"] }],
  ["guard @g before op:run = when [\n  @mx.op.‸\n]", { has: ["type", "command"], not: ["profile"] }],
]);

table("words that follow", PARENT, [
  ["env @p ‸", { exact: ["with", "[ … ]"] }],
  ["var @x = env @p ‸", { exact: ["with", "[ … ]"] }],
  ["env @p with ‸", { exact: ["{ … }"] }],
  ['env @p with { tools: ["Read"] } ‸', { exact: ["[ … ]"] }],
  ["var @n = new ‸", { has: ["@p"] }],
  ["var @n = new @p ‸", { exact: ["with"] }],
  ["for ‸", { exact: ["parallel"] }],
  ["run cmd { ls } using ‸", { exact: ["auth:"] }],
  ["import { @greet } ‸", { exact: ["from"] }],
  ['import "./lib/tools.mld" ‸', { exact: ["as"] }],
  ["export { ‸ }", { exact: ["@p"] }],
  ["exe @f() = `x`\nexport { @f‸ }", { take: { "@f": "exe @f() = `x`\nexport { @f }" } }],
]);

table("only what the parent has", PARENT, [
  ["env @p with { net: { allow: [‸", { exact: ["a.com"] }],
  ['env @p with { net: { allow: ["‸', { exact: ["a.com"] }],
  ['env @p with { mcps: ["‸', { has: ["./lib/tools.mld"], not: ["other.mld", "prompts/"] }],
  ['env @p with { mcps: ["./‸', { not: ["other.mld", "prompts/"] }],
  ['env @p with { fs: { read: ["./‸', { has: ["lib/"], not: ["other.mld", "prompts/"] }],
  ['env @p with { fs: { read: ["‸', { has: ["./lib"], not: ["other.mld", "prompts/"] }],
  ['env @p with { fs: { write: ["./‸', { not: ["lib/", "prompts/"] }],
  ['var @n = new @p with { fs: { read: ["./‸"] } }', { has: ["lib/"], not: ["prompts/"] }],
  ['env @p with { tools: "Read, ‸" }', { exact: ["Bash"] }],
  ['env @p with { tools: "Read,B‸" }', { take: { Bash: 'env @p with { tools: "Read,Bash" }' } }],
  ['env @p with { tools: "‸, Bash" }', { take: { Read: 'env @p with { tools: "Read, Bash" }' } }],
  ['env @p with { tools: ["‸", "Bash"] }', { exact: ["Read"] }],
  ['env { tools: [], fs: { read: ["./‸"] } }', { has: ["lib/", "other.mld", "prompts/"] }],
]);

table("what is replaced", "var @foo-bar = { a: 1 }\nexe @long() = `x`\n", [
  ["show @fo‸o-bar", { take: { "@foo-bar": "show @foo-bar" } }],
  ["show @lo‸ng(1)", { take: { "@long": "show @long(1)" } }],
  ['var @s = "a"\nshow @s.to‸()', { take: { toUpperCase: 'var @s = "a"\nshow @s.toUpperCase()' } }],
  ['env { name: "👍", to‸ }', { take: { tools: 'env { name: "👍", tools: ["$1"] }' } }],
]);

table("members", `${MODULE}var @o = [{ a: { b: 1 } }]\n`, [
  ["show @o[0].‸", { has: ["a"] }],
  ["show @o[0].a.‸", { has: ["b"] }],
  ["for @x in @o => show @x.‸", { has: ["a"] }],
  ["env @lib.sandbox.‸", { has: ["tools"] }],
  ["show @lib.greet(1).‸", { not: ["greet"] }],
]);

table("what stands around", "\uFEFF", [
  ["‸", { has: ["var", "env"] }],
  ["va‸", { take: { var: "var @${1:name} = ${2:value}" } }],
  ['env {\n  provider: "docker"\n  ‸\n}', { has: ["tools"], not: ["provider", "docker"] }],
  ['env {\r\n  provider: "docker",\r\n  ‸\r\n}', { has: ["tools"], not: ["provider"] }],
  ["var @x = `line\nenv ‸\n`\n", NONE],
  ["exe @f() = ::\nenv { ‸ }\n::\n", NONE],
  ["exe @f() = js {\nfor (const a of b) {\n  show @‸\n}\n}", NONE],
  ["exe @f() = py {\nimport ‸\n}", NONE],
]);

table(
  "directives in markdown",
  "# Title\n\n",
  [
    ["/env { ‸ } [\n  show 1\n]\n", { has: ["tools"] }],
    ['/env {\n  tools: ["Read"],\n  ‸\n} [\n  show 1\n]\n', { has: ["net"], not: ["tools"] }],
    ['/var @c = { tools: ["Read"] }\n/env @c with { tools: ["‸"] } [ show 1 ]\n', { exact: ["Read"] }],
    ["/show ‸\n", { has: ["@upper"] }],
    ["text /show ‸\n", NONE],
    ["```\n/va‸\n```\n", NONE],
    ["```mlld-run\nva‸\n```\n", { has: ["var"] }],
  ],
  ".mld.md",
);
