import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import { analyse, Program } from "../../../language/semantics";
import { CORPUS, corpusFiles } from "../../support/corpus";
import { FOLDER, memoryHost } from "../../support/program";

const MAIN = `${FOLDER}/main.mld`;

/** Statements that depend on each other in every way there is, and have something wrong. */
const LINES = [
  'var @base = { provider: "docker", tools: ["Bash", "Read"], net: { allow: ["a.example"] }, auth: "claude" }',
  'var @wide = { ...@base, tools: ["Bash", "Read", "Write"] }',
  'var @list = ["Bash", "Write"]',
  'var @config = { tools: @list, fs: { read: ["./src"] } }',
  "exe @build(dir) = cmd { make -C @dir }",
  "exe @inner(tools) = env @base with { tools: @tools } [ => 1 ]",
  'exe @local() = env { fs: { read: ["."] } } [ => 1 ]',
  "env @base [\n  env @wide [ => 1 ]\n]",
  'env @base with { tools: ["Read"] } [\n  let @x = @build("lib")\n  => @x\n]',
  "env @config [ run cmd { ls } ]",
  'env @shared with { tools: ["Task", "Web"] } [ => @inner(["Write"]) ]',
  "env @base [ => @local() ]",
  '@inner(["Write"])',
  "var @picked = @base.tools[0]",
  'let @late = { tools: ["Bash"] }',
  "env @late [ => 1 ]",
  'auth @claude = "CLAUDE_API_KEY"',
  'policy @p = { env: { tools: ["Bash"] } }',
  "guard before op:cmd = when [ * => env @wide ]",
  'import { @shared } from "./shared.mld"',
  'import "./shared.mld"\nenv @shared.shared [ run sh { ls } ]',
  'var @shared = { tools: ["Bash"] }',
  "exe @over(base) = env { ...@base, tools: @list.concat(['Task']) } [ => py { return 1 } ]",
  "env @base [ => @over(@config) ]",
  'exe @grown() = [\n  let @t = ["Read"]\n  @t += @list\n  let @x = env { tools: @t } [ => 1 ]\n  => @x\n]',
  'env { tools: ["Read"] } [ show @grown() ]',
  ">> mlld-env-ignore env/tools-widened",
  "var @broken = [",
  "]",
  "",
];
const SHARED =
  'var @shared = { tools: ["Bash", "Web"] }\nguard before op:sh = when [ * => env { tools: ["Bash", "Glob"] } ]\nexport { @shared }\n';

type Edit = { at: number; remove: number; insert: string };

const edit = fc.record({
  at: fc.nat({ max: 4000 }),
  remove: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 120 })),
  insert: fc.oneof(
    fc.constantFrom("", "x", "\n", '"', "]", "[", "{", " ", "5", "@base", "@wide"),
    fc.constantFrom(...LINES).map(line => `\n${line}\n`),
  ),
});

function edited(text: string, { at, remove, insert }: Edit): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + insert + text.slice(start + remove);
}

/** After every edit the file is told what a fresh analysis of the text tells. */
function sameAsFresh(start: string, edits: Edit[], name = "main.mld"): void {
  const uri = `${FOLDER}/${name}`;
  const files: Record<string, string> = { [name]: start, "shared.mld": SHARED };
  const host = memoryHost(files);
  const program = new Program();
  const answers = () => {
    const held = program.analyse(uri, host);
    const fresh = analyse(uri, host);
    const found = check(held, host);
    expect(found, files[name]).toEqual(check(fresh, host));
    expect(new Set(held.wanted)).toEqual(new Set([...held.wanted, ...fresh.wanted]));
    return found.length;
  };
  answers();
  for (const one of edits) {
    files[name] = edited(files[name]!, one);
    answers();
  }
}

describe("diagnostics after an edit", () => {
  it("are those of a fresh analysis", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...LINES), { minLength: 4, maxLength: 20 }),
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        (lines, edits) => sameAsFresh(`${lines.join("\n")}\n`, edits),
      ),
      { numRuns: 400 },
    );
  });

  it("are not made again for what an edit does not touch", () => {
    const files: Record<string, string> = {
      "main.mld": Array.from({ length: 9 }, (_, i) => `var @c${i} = { tools: ["A"] }\nenv @c${i} [ => 1 ]\n`).join(""),
    };
    const host = memoryHost(files);
    const program = new Program();
    const identities = () => program.analyse(MAIN, host).units.list.map(({ identity }) => identity);
    const before = identities();
    files["main.mld"] = files["main.mld"]!.replace('@c4 = { tools: ["A"', '@c4 = { tools: ["A", "B"');
    const after = identities();
    expect(after.map((identity, index) => identity === before[index])).toEqual(
      before.map((_, index) => index !== 8 && index !== 9),
    );
  });

  it("follow the files that it imports", () => {
    const files: Record<string, string> = {
      "main.mld": 'import { @shared } from "./shared.mld"\nenv { tools: ["Bash"] } [\n  env @shared [ => 1 ]\n]\n',
      "shared.mld": 'var @shared = { tools: ["Bash"] }\n',
    };
    const host = memoryHost(files);
    const program = new Program();
    const codes = () => check(program.analyse(MAIN, host), host).map(({ code }) => code);
    expect(codes()).toEqual([]);
    files["shared.mld"] = 'var @shared = { tools: ["Bash", "Write"] }\n';
    expect(codes()).toEqual(["env/tools-widened"]);
    files["main.mld"] += 'show "1"\n';
    expect(codes()).toEqual(["env/tools-widened"]);
    files["shared.mld"] = 'var @shared = { tools: ["Bash"] }\n';
    files["main.mld"] += 'show "2"\n';
    expect(codes()).toEqual([]);
  });

  it.skipIf(!CORPUS)("are those of a fresh analysis, all over the corpus", { timeout: 120_000 }, () => {
    const folders = ["strict/valid", "markdown/valid", "mutations/invalid"];
    const files = folders.flatMap(folder => corpusFiles(folder)).filter(({ text }) => text.length < 20_000);
    const edits = fc.sample(fc.array(edit, { minLength: 2, maxLength: 3 }), { numRuns: files.length, seed: 7 });
    for (const [index, { text, mode }] of files.entries())
      sameAsFresh(
        text,
        edits[index]!,
        mode === "markdown" ? "main.mld.md" : mode === "strict" ? "main.mld" : `main.${mode}`,
      );
  });
});
