import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import type { Host } from "../../../language/host";
import { analyse } from "../../../language/semantics";
import { type PlanRequest, plan } from "../../../runtime/plan";

const FOLDER = "file:///project/";

function host(files: Record<string, string>, provider?: string): Host {
  return {
    text: uri => files[uri.slice(FOLDER.length)] ?? null,
    exists: uri => files[uri.slice(FOLDER.length)] !== undefined,
    root: () => FOLDER,
    home: "file:///home/me",
    settings: { languageVersion: "auto", severities: {}, ...(provider !== undefined && { provider }) },
  };
}

function planned(
  text: string,
  line: number | null,
  options: Partial<PlanRequest> & { files?: Record<string, string>; provider?: string } = {},
) {
  const world = host({ "main.mld": text, ...options.files }, options.provider);
  const analysis = analyse(`${FOLDER}main.mld`, world);
  return plan(analysis, { line, image: "", findings: check(analysis, world), ...options });
}

/** Titles of the steps, or codes of the refusal. */
function outline(...args: Parameters<typeof planned>): string[] {
  const result = planned(...args);
  if (result.kind === "no-block") return ["no block"];
  return result.kind === "plan" ? result.steps.map(step => step.title) : result.findings.map(finding => finding.code);
}

const PROGRAM = `var @cost = cmd { costly }
var @box = { provider: "docker", image: "alpine", tools: ["Bash"] }
show "before"
env @box [
  run cmd { ls }
]
env @box with { tools: ["Bash"] } [
  show @cost
]
`;

describe("plan", () => {
  it("knows the environments that calls enter, here and in other files, and says where what calls them runs", () => {
    const files = {
      "lib.mld": `var @far = { provider: "docker", image: "alpine" }
exe @twice(x) = env @far [
  let @a = cmd { echo @x }
  => @again(@a)
]
exe @again(x) = env @far with { net: "none" } [
  => @x
]
export { @twice }
`,
    };
    const text = `import { @twice } from "./lib.mld"
var @near = { tools: ["Bash"] }
exe @unused() = env { provider: "sprites" } [ => 1 ]
show @twice("a")
var @y = env @near [
  => @twice("b")
]
show "b"
`;
    const whole = planned(text, null, { files });
    if (whole.kind !== "plan") throw new Error(JSON.stringify(whole));
    expect(whole.target).toBe("docker, local");
    const where = whole.entered.map(
      ({ place, label, target }) => `${place.uri.slice(FOLDER.length)} ${label} ${target}`,
    );
    expect(where).toEqual([
      "lib.mld @far docker",
      "lib.mld @far docker",
      "main.mld @near local",
      "lib.mld @far docker",
      "lib.mld @far docker",
    ]);
    const shows = whole.steps.filter(({ title }) => !/^(import|exe)/.test(title)).map(step => step.target);
    expect(shows).toEqual(["local", "docker", "local, docker", "local"]);
    const block = planned(text, 4, { files });
    expect(block).toMatchObject({ target: "local", environment: { label: "@near" } });
    if (block.kind === "plan") expect(block.entered.map(({ label }) => label)).toEqual(["@near", "@far", "@far"]);
  });

  it("misses the image of an environment in another file before anything runs", () => {
    const files = { "lib.mld": 'exe @f() = env { provider: "docker" } [\n  => 1\n]\n' };
    const text = 'import { @f } from "./lib.mld"\nrun cmd { ls }\nshow @f()\n';
    expect(outline(text, null, { files })).toEqual(["run/image-missing"]);
    expect(planned(text, null, { files, image: "alpine" }).kind).toBe("plan");
  });

  it("shows what a block runs, where, and what of it does something", () => {
    const result = planned(PROGRAM, 6);
    if (result.kind !== "plan") throw new Error(result.kind);
    expect(result.steps.map(({ title, effect, target }) => [title, effect, target])).toEqual([
      ["var @cost = cmd { costly }", true, "local"],
      ['var @box = { provider: "docker", image: "alpine", tools: ["Bash"] }', false, "local"],
      ['env @box with { tools: ["Bash"] } [ …', false, "docker"],
      ["show @cost", false, "docker"],
    ]);
    expect(result.target).toBe("docker");
    expect(result.block).toEqual({ start: { line: 6, character: 0 }, end: { line: 8, character: 1 } });
    expect(result.environment).toMatchObject({ label: "@box", capabilities: { net: { declared: false } } });
  });

  it("plans the whole file without a line", () => {
    const result = planned(PROGRAM, null);
    expect(result).toMatchObject({ kind: "plan", slice: null, block: null, environment: null });
    expect(outline(PROGRAM, null)).toHaveLength(5);
  });

  it.each([
    ["", "local"],
    ['provider: "docker", image: "alpine"', "docker"],
    ['provider: "@mlld/env-sprites"', "sprites"],
    ['provider: "./mine.mld"', "./mine.mld"],
    ["provider: @payload.where", "unknown until run time"],
  ])("says where a block runs: { %s }", (config, target) => {
    const files = {
      "mine.mld":
        'exe @create(o) = { envName: "x" }\nexe @execute(n, c) = { exitCode: 0 }\nexe @release(n) = null\nexport { @create, @execute, @release }\n',
    };
    const text = `var @box = { tools: ["Bash"], ${config} }\nenv @box [ show "x" ]\n`;
    expect(planned(text, 1, { files })).toMatchObject({ kind: "plan", target });
  });

  it("finds no block where there is none", () => {
    expect(outline(PROGRAM, 2)).toEqual(["no block"]);
  });

  it("refuses a wider child with the checker's own finding, before anything runs", () => {
    const text =
      'var @o = { tools: ["Read"] }\nenv @o [\n  let @r = env { tools: ["Bash"] } [ => "x" ]\n]\nenv @o [ show "fine" ]\n';
    expect(outline(text, 1)).toEqual(["env/tools-widened"]);
    expect(outline(text, null)).toEqual(["env/tools-widened"]);
    expect(outline(text, 4)).toEqual(['var @o = { tools: ["Read"] }', 'env @o [ show "fine" ]', 'show "fine"']);
  });

  it("refuses a command in a block without Bash", () => {
    expect(outline('exe @f() = cmd { ls }\nenv { tools: ["Read"] } [\n  let @x = @f()\n]\n', 1)).toEqual([
      "env/command-needs-bash",
    ]);
  });

  it("refuses syntax errors where they concern the block", () => {
    const text = 'env { tools: [] } [ show "x" ]\nvar @broken = \n';
    expect(outline(text, null)[0]).toMatch(/^syntax\//);
    expect(outline(text, 0)).toEqual(['env { tools: [] } [ show "x" ]', 'show "x"']);
  });

  it("refuses an import that cannot be parsed, at any depth and with its place, before anything runs", () => {
    const files = { "a.mld": 'import { @x } from "./b.mld"\n', "b.mld": "var @ok = 1\nvar @x = \n" };
    const text = 'show "first"\nimport { @x } from "./a.mld"\nenv { tools: [] } [ show "x" ]\n';
    const result = planned(text, null, { files });
    if (result.kind !== "refused") throw new Error(result.kind);
    expect(result.findings.map(({ code, related }) => [code, ...related.map(({ place }) => place.uri)])).toEqual([
      ["name/import-faulty", `${FOLDER}b.mld`],
    ]);
    // The block does not need it.
    expect(planned(text, 2, { files }).kind).toBe("plan");
  });

  it("refuses a Docker block without an image, unless one is set", () => {
    const text = 'env { provider: "docker" } [ show "x" ]\n';
    expect(outline(text, 0)).toEqual(["run/image-missing"]);
    expect(outline(text, 0, { image: "alpine" })).toHaveLength(2);
    expect(outline('env { provider: "docker", build: "./Dockerfile" } [ show "x" ]\n', 0)).toHaveLength(2);
    expect(outline('env { tools: [] } [ show "x" ]\n', 0, { provider: "docker" })).toEqual(["run/image-missing"]);
  });

  it("says once that there is no image, with every block that lacks one", () => {
    const block = 'env { provider: "docker" } [ show "x" ]\n';
    const result = planned(block.repeat(3), null);
    expect(result.kind === "refused" && result.findings.map(it => [it.code, it.related.length])).toEqual([
      ["run/image-missing", 2],
    ]);
  });

  it("refuses what is not built, only where it would run", () => {
    const text =
      'import tools { @t } from mcp "srv"\nenv { tools: [] } [ show "x" ]\nenv { tools: [] } [ show @t() ]\n';
    expect(outline(text, 1)).toHaveLength(2);
    expect(outline(text, 2)).toEqual(["run/unsupported"]);
  });

  it("takes an import that brings guards, and leaves out one that does not", () => {
    const files = {
      "guards.mld": 'guard before op:cmd = when [\n  * => deny "no"\n]\nvar @g = 1\nexport { @g }\n',
      "plain.mld": "var @p = 1\n",
    };
    const text =
      'import { @g } from "./guards.mld"\nimport { @p } from "./plain.mld"\nenv { tools: ["Bash"] } [ run cmd { ls } ]\n';
    expect(outline(text, 2, { files })).toEqual([
      'import { @g } from "./guards.mld"',
      'env { tools: ["Bash"] } [ run cmd { ls } ]',
      "run cmd { ls }",
    ]);
  });
});
