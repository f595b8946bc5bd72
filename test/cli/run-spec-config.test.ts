/** Environment specs in mlld configs, and `run --spec`, on this machine and in a real engine. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../protocol/events";
import build from "../support/build";
import { ensureEngine } from "../support/docker-engine.mjs";

const engine = await ensureEngine();
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
const CLI = join(__dirname, "../../dist/cli.js");
let folder: string;

beforeAll(build, 60_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-specs-"));
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/fact"), "a fact\n");
  writeFileSync(join(folder, "package.json"), "{}");
  chmodSync(folder, 0o777);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function call(...args: string[]) {
  const host = "host" in engine && { DOCKER_HOST: engine.host };
  const env = { ...process.env, ...host, MLLD_ENV_STATE_DIR: join(folder, "state") };
  return spawnSync(process.execPath, [CLI, ...args], { cwd: folder, input: "", encoding: "utf8", env });
}

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

const eventsOf = (stdout: string) =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map(line => JSON.parse(line) as RunEvent);
const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8" }).trim();
const isThere = (name: string) => docker("ps", "-aq", "--filter", `name=^${name}$`) !== "";

const SHELL = `type: local
name: Shell
environment: { env: { GREETING: hello } }
setup:
  commands: ["echo made >> log"]
  eval_commands: ["echo graded >> log; echo hidden-words"]
`;
const PROGRAM = `env { spec: "./shell.env.yaml" } [
  run sh { echo "$GREETING" }
  run sh { cat log }
]
`;

describe("a spec in a config, on this machine", () => {
  it("gives variables and runs the set-up once for all commands", () => {
    write({ "shell.env.yaml": SHELL, "main.mld": PROGRAM });
    const { status, stdout, stderr } = call("run", "main.mld");
    expect(status, stderr).toBe(0);
    expect(stdout).toBe("hello\nmade\n");
  });

  it("runs the evaluation's set-up only when evaluating, and shows nothing of it", () => {
    write({ "shell.env.yaml": SHELL, "main.mld": PROGRAM });
    const { status, stdout, stderr } = call("run", "--json", "--evaluate", "main.mld");
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("made\\ngraded\\n");
    expect(stdout).not.toContain("hidden-words");
  });

  it("a config that speaks of variables inherits the machine's only if asked for", () => {
    const block = (config: string) => `env { ${config} } [\n  run sh { echo "[$THEIRS][$MINE][\${PATH:+path}]" }\n]\n`;
    const output = (config: string) => {
      write({ "main.mld": block(config) });
      return call("run", "main.mld").stdout;
    };
    process.env.THEIRS = "os";
    try {
      expect(output("")).toBe("[os][][path]\n");
      expect(output('environment: { env: { MINE: "m" } }')).toBe("[][m][path]\n");
      expect(output('environment: { env: { MINE: "m" }, includeOsEnv: true }')).toBe("[os][m][path]\n");
    } finally {
      delete process.env.THEIRS;
    }
  });

  it("a field of the config wins over the file", () => {
    write({
      "shell.env.yaml": SHELL,
      "main.mld": PROGRAM.replace('yaml"', 'yaml", environment: { env: { GREETING: "hi" } }, evaluate: true'),
    });
    expect(call("run", "main.mld").stdout).toBe("hi\nmade\ngraded\n");
  });

  it("set-up written in the config runs; a failing one ends the block with its output", () => {
    const block = (line: string) => `env { setup: { commands: ["${line}"] } } [\n  run sh { cat log }\n]\n`;
    write({ "main.mld": block("echo direct > log"), "bad.mld": block("echo broken; exit 4") });
    expect(call("run", "main.mld").stdout).toBe("direct\n");
    const bad = call("run", "bad.mld");
    expect(bad.status).toBe(1);
    expect(bad.stderr).toContain("broken");
    expect(bad.stderr).toContain("failed with exit code 4");
  });
});

describe("check", () => {
  const findings = () =>
    JSON.parse(call("check", "--json", "main.mld").stdout) as { code: string; message: string; related: unknown[] }[];

  it("reports a missing spec, and a mistake in one, where it is used", () => {
    write({ "main.mld": 'env { spec: "./box.yaml" } [\n  show "in"\n]\n' });
    expect(findings()).toMatchObject([{ code: "env/spec-file", message: expect.stringContaining("no spec file") }]);
    write({ "box.yaml": "type: docker\nname: Box\ndocker: { image: alpine, netwrk: none }\n" });
    expect(findings()).toMatchObject([
      { code: "env/spec-file", message: expect.stringContaining("did you mean 'network'") },
    ]);
    expect(findings()[0]!.related).toHaveLength(1);
    expect(call("run", "main.mld").status).toBe(3);
  });

  it("counts the capabilities of a spec, in its file and in the config's own spelling", () => {
    const outer = (inner: string) =>
      `env { provider: "@mlld/env-docker", fs: { read: ["./data"] }, net: "none" } [\n  env { ${inner} } [\n    show "in"\n  ]\n]\n`;
    write({
      "main.mld": outer('spec: "./box.yaml"'),
      "box.yaml": "type: docker\nname: Box\ndocker: { image: alpine, network: bridge }\n",
    });
    const codes = () =>
      findings()
        .map(({ code }) => code)
        .sort();
    expect(codes()).toEqual(["env/fs-widened", "env/net-widened"]);
    write({ "main.mld": outer('docker: { network: "host" }, extraMounts: { "./src": "/src" }') });
    expect(codes()).toEqual(["env/fs-widened", "env/net-widened"]);
    write({ "main.mld": outer('spec: "./box.yaml", network: "none", fs: { read: ["./data"] }') });
    expect(codes()).toEqual([]);
  });
});

const BOX = `type: docker
name: Box
setup: { commands: ["echo made >> /tmp/log"], resume_commands: ["echo resumed >> /tmp/log"] }
commands: { command: sh }
docker:
  image: mlld-env-test:busybox
  network: none
  user: "1234:1234"
  extra_mounts: { data: /data }
`;

describe.skipIf("missing" in engine)("in Docker", () => {
  it("run --spec: user, mounts, no network, and nothing stays", () => {
    write({
      "box.yaml": BOX,
      "main.sh": "id -u; pwd; cat /data/fact /tmp/log; touch /data/x 2>/dev/null || echo readonly; ls /sys/class/net\n",
    });
    const { status, stdout, stderr } = call("run", "--json", "--spec", "box.yaml", "--evaluate", "main.sh");
    expect(status, stderr + stdout).toBe(0);
    const events = eventsOf(stdout);
    const text = events.flatMap(event => (event.event === "stdout" ? [event.text] : [])).join("");
    expect(text).toBe("1234\n/workspace\na fact\nmade\nreadonly\nlo\n");
    const created = events.find(event => event.event === "created")!;
    expect(isThere((created as { envName: string }).envName)).toBe(false);
  });

  it("set-up needs Bash, as every command does; nothing stays", () => {
    write({
      "box.yaml": BOX,
      "main.mld": 'env { tools: ["Read"], spec: "./box.yaml" } [\n  show "in"\n]\n',
    });
    const { status, stdout } = call("run", "--json", "main.mld");
    expect(status).toBe(1);
    expect(stdout).toContain("requires 'Bash'");
    const made = eventsOf(stdout).find(event => event.event === "created") as { envName: string };
    expect(isThere(made.envName)).toBe(false);
  });

  it("run --spec --keep leaves the environment, a time limit nothing", () => {
    write({ "box.yaml": BOX, "main.sh": "true\n", "slow.sh": "sleep 600\n" });
    const kept = eventsOf(call("run", "--json", "--keep", "--spec", "box.yaml", "--evaluate", "main.sh").stdout);
    const { envName } = kept.find(event => event.event === "created") as { envName: string };
    expect(isThere(envName)).toBe(true);
    expect(call("release", envName).status).toBe(0);
    const slow = call("run", "--json", "--timeout", "4", "--spec", "box.yaml", "--evaluate", "slow.sh");
    expect(slow.status).toBe(124);
    const made = eventsOf(slow.stdout).find(event => event.event === "created") as { envName: string };
    expect(isThere(made.envName)).toBe(false);
  });

  it("a spec in a config runs there; a kept environment is resumed with its own commands", () => {
    const name = `spec-test-${process.pid}`;
    write({
      "box.yaml": BOX,
      "main.mld": `env { spec: "./box.yaml", name: "${name}" } [\n  run sh { id -u; cat /data/fact /tmp/log }\n]\n`,
    });
    try {
      const first = call("run", "main.mld");
      expect(first.stdout, first.stderr).toBe("1234\na fact\nmade\n");
      expect(call("run", "main.mld").stdout).toBe("1234\na fact\nmade\nresumed\n");
    } finally {
      call("release", name);
    }
  });
});
