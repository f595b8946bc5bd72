/** `mlld-env run` as people and programs call it: exit codes, events, and what is printed where. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent } from "../../protocol/events";
import build from "../support/build";
import { TIMED } from "../support/timed";
import { start, until } from "./run-process";

const CLI = join(__dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "mlld-env-run-"));
const state = join(folder, "state");
beforeAll(build, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** Lays out a project and answers with its folder. */
function project(files: Record<string, string>): string {
  const root = join(folder, `project-${++count}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const variables = (more: NodeJS.ProcessEnv = {}) => ({ ...process.env, MLLD_ENV_STATE_DIR: state, ...more });

function run(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const result = spawnSync(process.execPath, [CLI, "run", ...args], { cwd, env: variables(env), encoding: "utf8" });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function events(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, out, err } = run(cwd, ["--json", ...args], env);
  const all = out
    .split("\n")
    .filter(Boolean)
    .map(line => JSON.parse(line) as RunEvent);
  return {
    code,
    err,
    all,
    names: all.map(event => event.event),
    of: <Name extends RunEvent["event"]>(name: Name) =>
      all.filter((event): event is Extract<RunEvent, { event: Name }> => event.event === name),
  };
}

const HELLO = `var @box = { tools: ["Bash"] }
var @unused = cmd { echo never }

env @box [
  run cmd { echo hello }
  show "shown"
]

env @box [
  run cmd { echo second }
]
`;

describe("a run", () => {
  it("prints on standard output what the program prints", () => {
    const { code, out, err } = run(project({ "a.mld": HELLO }), ["a.mld:4"]);
    expect(err).toContain("$ echo hello");
    expect(out).toBe("hello\nshown\n");
    expect(code).toBe(0);
  });

  it("runs the block at a line, anywhere in it, with what it needs and nothing else", () => {
    const root = project({ "a.mld": HELLO });
    for (const line of [4, 5, 7]) expect(run(root, [`a.mld:${line}`]).out).toBe("hello\nshown\n");
    expect(run(root, ["a.mld:10"]).out).toBe("second\n");
    expect(run(root, ["a.mld"]).out).toBe("hello\nshown\nsecond\n");
  });

  it.runIf(existsSync("/dev/full")).each([
    ["a.mld", 'show "x"\n'],
    ["a.mld.md", '# Title\n/show "x"\n'],
  ])("fails, and says so, when standard output takes no more (%s)", (name, text) => {
    const full = openSync("/dev/full", "w");
    try {
      const root = project({ [name]: text });
      for (const args of [
        ["run", name],
        ["run", "--json", name],
      ]) {
        const stdio = ["ignore", full, "pipe"] as const;
        const ended = spawnSync(process.execPath, [CLI, ...args], { cwd: root, env: variables(), stdio: [...stdio] });
        expect(String(ended.stderr)).toMatch(/standard output cannot be written: ENOSPC/);
        expect(ended.status).toBe(1);
      }
    } finally {
      closeSync(full);
    }
  });

  it("tells what happens as events", () => {
    const root = project({ "a.mld": HELLO });
    const { code, all, names, of } = events(root, ["a.mld:4"]);
    expect(code).toBe(0);
    expect(names).toEqual(["plan", "created", "command", "stdout", "exit", "show", "released", "done"]);
    expect(of("created")[0]).toMatchObject({ envName: expect.any(String), provider: "local", created: true });
    expect(of("command")[0]).toMatchObject({
      command: 1,
      argv: expect.arrayContaining(["echo hello"]),
      file: join(root, "a.mld"),
      range: { start: { line: 4 } },
    });
    expect(of("stdout")[0]).toMatchObject({ command: 1, text: "hello\n" });
    expect(of("exit")[0]).toMatchObject({ command: 1, exitCode: 0, outcome: "exited", durationMs: expect.any(Number) });
    expect(of("done")[0]).toMatchObject({ ok: true, exitCode: 0 });
    for (const event of all) expect(event.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("shows the plan and runs nothing under --dry-run", () => {
    const root = project({ "a.mld": HELLO });
    const { code, names, of } = events(root, ["--dry-run", "a.mld:4"]);
    expect(code).toBe(0);
    expect(names).toEqual(["plan", "done"]);
    expect(of("plan")[0]).toMatchObject({
      file: join(root, "a.mld"),
      block: { start: { line: 3, character: 0 } },
      target: "local",
      environment: { capabilities: { tools: expect.anything() } },
    });
    const text = run(root, ["--dry-run", "a.mld:4"]);
    expect(text.code).toBe(0);
    expect(text.out).toContain("run cmd { echo hello }");
    expect(text.out).not.toContain("never");
  });

  it("says what a failing command was, goes on, and fails in the end", () => {
    const { code, of } = events(project({ "a.mld": `run cmd { exit 3 }\nshow "after"\n` }), ["a.mld"]);
    expect(code).toBe(1);
    expect(of("exit")[0]).toMatchObject({ exitCode: 3 });
    expect(of("show")[0]).toMatchObject({ text: "after\n" });
    expect(of("done")[0]).toMatchObject({ ok: false, exitCode: 1 });
  });

  it("fills the payload", () => {
    const root = project({ "a.mld": `show \`Hi @payload.name, @payload.n\`\n` });
    expect(run(root, ["--input", "name=Ann", "--input", "n=3", "a.mld"]).out).toBe("Hi Ann, 3\n");
  });

  it("fills the parameters of the executable whose body holds the block", () => {
    const root = project({
      "a.mld": `var @box = { tools: ["Bash"] }\nexe @greet(name) = [\n  env @box [\n    run cmd { echo "hi @name" }\n  ]\n]\n`,
    });
    expect(run(root, ["--input", "name=Bob", "a.mld:3"]).out).toBe("hi Bob\n");
  });

  it("prints a markdown program as its document", () => {
    const root = project({ "a.md": '# Title\n\n/var @x = "there"\n/run {echo hello}\n\nProse.\n\n/show `Hi @x`\n' });
    const { code, out } = run(root, ["a.md"]);
    expect(code).toBe(0);
    expect(out.replace(/\n+/g, "\n")).toBe("# Title\nhello\nProse.\nHi there\n");
  });

  it("takes standard input where the program asks for it", () => {
    const root = project({ "a.mld": "show @input\n" });
    const result = spawnSync(process.execPath, [CLI, "run", "a.mld"], {
      cwd: root,
      env: variables(),
      input: "from the pipe",
      encoding: "utf8",
    });
    expect(result.stdout).toBe("from the pipe\n");
  });

  it("gives a credential to its command and to nobody else", () => {
    const root = project({
      "a.mld": `auth @key = { from: "env:OUTER_KEY", as: "INNER_KEY" }\nrun cmd { echo "got $INNER_KEY" } using auth:key\n`,
    });
    const { code, all } = events(root, ["a.mld"], { OUTER_KEY: "s3cr3t-value" });
    expect(code).toBe(0);
    expect(JSON.stringify(all)).not.toContain("s3cr3t");
    expect(
      all
        .filter(event => event.event === "stdout")
        .map(event => event.text)
        .join(""),
    ).toBe("got ***\n");
  });
});

describe("a run is refused before anything ran", () => {
  it.each<[string, string, string]>([
    [
      "a child that asks for more",
      `var @p = { tools: ["Bash"] }\nrun cmd { echo ran }\nenv @p with { tools: ["Bash", "Write"] } [\n  run cmd { echo in }\n]\n`,
      "env/tools-widened",
    ],
    ["a file that does not parse", `run cmd { echo ran }\nvar @x = {\n`, "syntax/"],
    [
      "a sandbox without an image",
      `var @p = { provider: "@mlld/env-docker" }\nenv @p [\n  run cmd { echo in }\n]\n`,
      "",
    ],
    [
      "a command that policy forbids",
      `policy @p = { capabilities: { deny: ["cmd:rm:*"] } }\nrun cmd { rm -r nothing }\n`,
      "env/policy-denied",
    ],
    ["a credential that nothing defines", `run cmd { echo in } using auth:nope\n`, "AUTH_NOT_CONFIGURED"],
    [
      "a provider that nothing knows",
      `env { provider: "@nobody/knows", tools: ["Bash"] } [\n  run cmd { echo in }\n]\n`,
      "PROVIDER",
    ],
    [
      "a provider that is misspelt",
      `env { provider: "dokcer", tools: ["Bash"] } [\n  run cmd { echo in }\n]\n`,
      "env/provider-module",
    ],
  ])("for %s", (_, text, code) => {
    const root = project({ "a.mld": text });
    const refused = events(root, ["a.mld"], { MLLD_ENV_DOCKER_IMAGE: "" });
    expect(refused.code).toBe(3);
    expect(refused.names.filter(name => name !== "plan")).toEqual(["refused", "done"]);
    expect(refused.of("refused")[0]).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({
          file: join(root, "a.mld"),
          code: expect.stringContaining(code),
          severity: "error",
          range: { start: { line: expect.any(Number), character: expect.any(Number) }, end: expect.anything() },
        }),
      ]),
    });
    expect(refused.of("done")[0]).toMatchObject({ ok: false, exitCode: 3 });
    const text3 = run(root, ["a.mld"], { MLLD_ENV_DOCKER_IMAGE: "" });
    expect(text3.code).toBe(3);
    expect(text3.out).toBe("");
    expect(text3.err).toContain("a.mld:");
  });
});

describe("a run is not begun", () => {
  const root = project({ "a.mld": HELLO });

  it.each([
    ["a file that is missing", ["missing.mld"]],
    ["a folder", ["."]],
    ["a line without a block", ["a.mld:2"]],
    ["no file", []],
    ["an unknown option", ["--nonsense", "a.mld"]],
    ["an unknown provider", ["--provider", "nonsense", "a.mld"]],
    ["a spec", ["--spec", "python.env.yaml", "a.mld"]],
  ])("for %s", (_, args) => {
    const { code, out, err } = run(root, args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).not.toBe("");
  });
});

describe("--provider", () => {
  const image = { MLLD_ENV_DOCKER_IMAGE: "busybox" };
  const DOCKER = 'provider: "@mlld/env-docker"';
  const target = (text: string, provider: string, line = ":1") => {
    const { of } = events(project({ "a.mld": text }), ["--dry-run", "--provider", provider, `a.mld${line}`], image);
    expect(of("refused")).toEqual([]);
    expect(of("warning")).toEqual([]);
    return of("plan")[0]!.target;
  };
  const refused = (text: string, provider: string) => {
    const run = events(project({ "a.mld": text }), ["--provider", provider, "a.mld"], image);
    expect(run.code).toBe(3);
    return run.of("refused")[0]!.findings.map(({ code, message }) => `${code} ${message}`);
  };

  it.each([
    ["a block that names none", 'env { tools: ["Bash"] } [\n  show 1\n]\n'],
    ["a block that names one", `env { ${DOCKER}, tools: ["Bash"] } [\n  show 1\n]\n`],
    ["one of a `with`", `env { ${DOCKER} } with { ${DOCKER} } [\n  show 1\n]\n`],
    [
      "blocks in one another",
      `env { ${DOCKER} } [\n  let @x = env { ${DOCKER}, net: "none" } [ => 1 ]\n  show @x\n]\n`,
    ],
  ])("is where it runs: %s", (_, text) => {
    expect(target(text, "sprites")).toBe("sprites");
    expect(target(text, "sprites", "")).toBe("sprites");
    expect(target(text, "docker")).toBe("docker");
  });

  it("keeps all else that the config says", () => {
    const text = `var @box = { ${DOCKER}, net: "none", tools: ["Bash"] }\nenv @box with { tools: ["Bash", "Read"] } [\n  show 1\n]\n`;
    expect(refused(text, "sprites")).toMatchObject([expect.stringMatching(/^env\/tools-widened /)]);
  });

  it("says so where there is no block for it", () => {
    const { of } = events(project({ "a.mld": 'show "x"\n' }), ["--dry-run", "--provider", "docker", "a.mld"], image);
    expect(of("warning")[0]).toMatchObject({
      message: "--provider docker is for env blocks, and there is none here: this runs in local",
    });
  });

  it("takes no block out of its sandbox", () => {
    const text = `env { ${DOCKER}, tools: ["Bash"] } [\n  run cmd { echo out }\n]\n`;
    expect(refused(text, "local")).toMatchObject([
      expect.stringMatching(/^env\/provider-weakened .*'@mlld\/env-docker'.*Choose another sandbox/),
    ]);
    // Known only when it runs: nothing has run by then either.
    const chosen = `var @where = cmd { echo @mlld/env-docker }\nenv { provider: @where } [\n  run cmd { echo out }\n]\n`;
    const late = events(project({ "a.mld": chosen }), ["--provider", "local", "a.mld"], image);
    expect(late.code).toBe(1);
    expect(late.of("error")[0]).toMatchObject({ code: "env/provider-weakened" });
    expect(late.of("stdout").map(({ text }) => text)).not.toContain("out\n");
  });

  it("is none that a policy denies", () => {
    const policy = 'policy @p = { env: { providers: { "@mlld/env-docker": { allowed: false } } } }\n';
    expect(refused(`${policy}env { tools: ["Bash"] } [\n  run cmd { echo out }\n]\n`, "docker")).toMatchObject([
      expect.stringMatching(/^env\/policy-denied /),
    ]);
  });

  it("may be written in mlld, and have blocks of its own", () => {
    const provider = `exe @create(opts) = { envName: "own", created: true }
exe @execute(envName, command) = [
  let @said = env { tools: ["Bash"] } [ => cmd { echo from-the-provider } ]
  => { stdout: @said, stderr: "", exitCode: 0 }
]
exe @release(envName) = { }
export { @create, @execute, @release }
`;
    const root = project({ "p.mld": provider, "a.mld": `env { ${DOCKER} } [\n  run cmd { ls }\n]\n` });
    const { code, of } = events(root, ["--provider", "./p.mld", "a.mld:1"]);
    expect({ code, out: of("stdout").map(({ text }) => text.trim()) }).toEqual({ code: 0, out: ["from-the-provider"] });
  });
});

describe("a run that is ended early", () => {
  const sleeper = `var @box = { tools: ["Bash"] }\nenv @box [\n  run sh { echo ready; sleep 1000 }\n]\nshow "never"\n`;

  it("by its time-out has exit 124", () => {
    const { code, of, names } = events(project({ "a.mld": sleeper }), ["--timeout", "0.5", "a.mld"]);
    expect(code).toBe(124);
    expect(of("exit")[0]).toMatchObject({ exitCode: null, outcome: "cancelled" });
    expect(of("cancelled")[0]).toMatchObject({ reason: "timeout" });
    expect(names.slice(-3)).toEqual(["released", "cancelled", "done"]);
  });

  it("by a signal has exit 130, within two seconds", TIMED, async () => {
    const root = project({ "a.mld": sleeper });
    const it = start([CLI, "run", "--json", join(root, "a.mld")], variables());
    await until(() => it.out().includes("ready"), "start");
    const begin = Date.now();
    it.child.kill("SIGINT");
    expect(await it.ended).toBe(130);
    expect(Date.now() - begin).toBeLessThan(2000);
    expect(
      it
        .events()
        .map(event => event.event)
        .slice(-3),
    ).toEqual(["released", "cancelled", "done"]);
  });

  it("by the time of a command fails", () => {
    const text = `var @box = { tools: ["Bash"], limits: { timeout: "300ms" } }\nenv @box [\n  run cmd { sleep 1000 }\n]\n`;
    const { code, of } = events(project({ "a.mld": text }), ["a.mld"]);
    expect(code).toBe(1);
    expect(of("exit")[0]).toMatchObject({ exitCode: null, outcome: "timeout" });
  });
});

describe("a provider written in mlld", () => {
  const PROVIDER = `
exe @note(text) = sh { echo "$text" >> calls.log }
exe @create(opts) = [
  let @noted = @note("create")
  => { envName: "box-7", created: true }
]
exe @execute(envName, command) = [
  let @noted = @note("execute")
  => { stdout: \`ran @command.argv.2 in @envName\`, stderr: "", exitCode: 0 }
]
exe @release(envName) = [
  let @noted = @note("release")
  => ""
]
export { @create, @execute, @release }
`;
  const program = `var @box = { provider: './box.mld', tools: ["Bash"] }\nenv @box [\n  run cmd { first }\n  run cmd { second }\n]\n`;

  it("makes one environment for a block and releases it", () => {
    const root = project({ "a.mld": program, "box.mld": PROVIDER });
    const { code, names, of, err } = events(root, ["a.mld"]);
    expect(err).toBe("");
    expect(of("error")).toEqual([]);
    expect(code).toBe(0);
    expect(names.filter(name => name !== "progress")).toEqual([
      "plan",
      "created",
      "command",
      "stdout",
      "exit",
      "command",
      "stdout",
      "exit",
      "released",
      "done",
    ]);
    expect(of("created")[0]).toMatchObject({ envName: "box-7", provider: "./box.mld", created: true });
    expect(of("stdout").map(event => (event as { text: string }).text)).toEqual([
      "ran first in box-7",
      "ran second in box-7",
    ]);
  });
});
