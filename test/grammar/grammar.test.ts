import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createRegistry } from "vscode-tmgrammar-test/dist/common/index.js";
import { CORPUS, corpusFiles } from "../support/corpus";

const root = join(__dirname, "../..");
const grammars = ["mlld.tmLanguage.json", "mlld-markdown.tmLanguage.json"].map(name => join(root, "syntaxes", name));
const run = promisify(execFile);

test("the scopes of the test files", async () => {
  const files = readdirSync(__dirname).filter(name => name.endsWith(".test.mld"));
  expect(files.length).toBeGreaterThan(3);
  const program = join(root, "node_modules/vscode-tmgrammar-test/dist/unit.js");
  const result = await run(
    process.execPath,
    [program, ...grammars.flatMap(path => ["-g", path]), ...files.map(name => join(__dirname, name))],
    {
      cwd: root,
    },
  ).catch((error: { stdout: string; stderr: string }) => ({
    stdout: `FAILED\n${error.stdout}${error.stderr}`,
    stderr: "",
  }));
  expect(result.stdout).not.toContain("FAILED");
});

/** Grammars of embedded languages may be given by their files and scopes. */
async function load(embedded: Record<string, string> = {}) {
  const registry = createRegistry(
    Object.entries({ "source.mlld": grammars[0]!, ...embedded }).map(
      ([scopeName, path]) => ({ path, scopeName, injectTo: [], injections: [] }) as never,
    ),
  );
  return (await registry.loadGrammar("source.mlld"))!;
}

test.each([
  'run sh { echo "one" > /tmp/count }',
  "run sh { ls; ls last }",
  'run sh { echo "}" ${HOME} last }',
  "let @x = sh (a) { echo $a last }",
])("a shell block on one line ends with its brace: %s", async line => {
  // As the shell grammar of VS Code does, this one takes a brace behind a blank for an argument.
  const grammar = await load({ "source.shell": join(root, "test/fixtures/grammar/shell.tmLanguage.json") });
  const { tokens, ruleStack } = grammar.tokenizeLine(line, null);
  const last = tokens.find(({ endIndex }) => endIndex >= line.length)!;
  expect(last.scopes.at(-1)).toBe("punctuation.section.embedded.end.mlld");
  expect(tokens.some(({ scopes }) => scopes.includes("support.function.shell"))).toBe(true);
  const next = grammar.tokenizeLine("show @probe", ruleStack).tokens[0]!;
  expect(next.scopes).toEqual(["source.mlld", expect.any(String), "support.function.mlld"]);
});

describe.skipIf(CORPUS === null)("the corpus", () => {
  test("leaves no bracket, template or code block open behind a strict file", async () => {
    const grammar = await load();
    const open: string[] = [];
    const files = CORPUS === null ? [] : corpusFiles("strict/valid", "strict-derived/valid");
    for (const { path, text } of files) {
      let state: Parameters<typeof grammar.tokenizeLine>[1] = null;
      for (const line of text.split("\n")) state = grammar.tokenizeLine(line, state).ruleStack;
      const probe = grammar.tokenizeLine("show @probe", state);
      if (
        !probe.tokens.some(
          token =>
            token.startIndex === 0 && token.scopes.includes("support.function.mlld") && token.scopes.length === 3,
        )
      ) {
        open.push(`${path}: ${probe.tokens[0]!.scopes.join(" ")}`);
      }
    }
    // The embedded languages are not loaded here: quotes and braces in code are not known as such.
    expect(open.length / files.length, open.join("\n")).toBeLessThan(0.02);
  });
});

test("languages, snippets and grammars are sound JSON with the ids that the manifest names", () => {
  const read = (name: string) => JSON.parse(readFileSync(join(root, "syntaxes", name), "utf8"));
  expect(read("mlld.tmLanguage.json").scopeName).toBe("source.mlld");
  expect(read("mlld-markdown.tmLanguage.json").injectionSelector).toBe("L:text.html.markdown");
  expect(read("language-configuration.json").comments.lineComment).toBe(">>");
  for (const snippet of Object.values<{ prefix: string; body: string[] }>(read("snippets.json"))) {
    expect(snippet.prefix).toMatch(/^[a-z]+$/);
    expect(snippet.body.length).toBeGreaterThan(0);
  }
});
