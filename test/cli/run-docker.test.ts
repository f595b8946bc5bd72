/** `mlld-env run` with environments in a real engine. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent } from "../../protocol/events";
import build from "../support/build";
import { ensureEngine } from "../support/docker-engine.mjs";
import { start, until } from "./run-process";

const engine = await ensureEngine();
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
const CLI = join(__dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "mlld-env-run-docker-"));
const env = {
  ...process.env,
  ...("host" in engine && { DOCKER_HOST: engine.host }),
  MLLD_ENV_STATE_DIR: join(folder, "state"),
  MLLD_ENV_DOCKER_IMAGE: "mlld-env-test:busybox",
};

beforeAll(build, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const call = (...args: string[]) => spawnSync(process.execPath, [CLI, ...args], { cwd: folder, env, encoding: "utf8" });
const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8", env }).trim();
const isThere = (name: string) => docker("ps", "-aq", "--filter", `name=^${name}$`) !== "";

let count = 0;
function program(text: string): string {
  const path = join(folder, `program-${++count}.mld`);
  writeFileSync(path, text);
  return path;
}

function events(path: string, ...args: string[]) {
  const { status, stdout, stderr } = call("run", "--json", ...args, path);
  const all = stdout
    .split("\n")
    .filter(Boolean)
    .map(line => JSON.parse(line) as RunEvent);
  const of = <Name extends RunEvent["event"]>(name: Name) =>
    all.filter((event): event is Extract<RunEvent, { event: Name }> => event.event === name);
  return { code: status, all, of, stderr };
}

const BLOCK = (config: string, body: string) =>
  `var @box = { provider: '@mlld/env-docker', ${config} }\n\nenv @box [\n${body}\n]\n`;

describe.skipIf("missing" in engine)("a block in Docker", () => {
  it("saves a snapshot at its end, which another block starts from", () => {
    const name = `mlld-env-test-saved-${randomBytes(4).toString("hex")}`;
    const saved = events(program(BLOCK(`tools: ["Bash"], snapshot: "${name}"`, "  run sh { echo kept > /note }")));
    expect(saved.code, saved.stderr).toBe(0);
    const ref = /from: "([^"]+)"/.exec(saved.of("progress").at(-1)!.message)![1]!;
    try {
      const found = events(program(BLOCK(`tools: ["Bash"], from: "${ref}"`, "  run cmd { cat /note }")));
      expect(found.of("stdout").map(event => event.text)).toEqual(["kept\n"]);
    } finally {
      docker("rmi", "-f", ref);
    }
  });

  it("is refused without its credential, before a container is made", () => {
    const using = `  run cmd { echo hi } using auth:key`;
    const found = events(
      program(`auth @key = { from: "env:MLLD_ENV_NO_SUCH_KEY", as: "KEY" }\n${BLOCK("tools: ['Bash']", using)}`),
    );
    expect([found.code, found.of("created")]).toEqual([3, []]);
    expect(found.of("refused")[0]!.findings[0]).toMatchObject({ code: "ENV_AUTH_MISSING" });
  });

  it("runs its commands in one container, which goes with it", () => {
    const it = events(
      program(
        BLOCK(
          `net: "none", tools: ["Bash"]`,
          `  run sh { echo first > /tmp/file; hostname }\n  run cmd { cat /tmp/file }`,
        ),
      ),
    );
    expect(it.stderr).toBe("");
    expect(it.code).toBe(0);
    const [created, ...others] = it.of("created");
    expect(others).toEqual([]);
    expect(created).toMatchObject({ provider: "@mlld/env-docker", created: true });
    expect(it.of("command").map(event => event.envName)).toEqual([created!.envName, created!.envName]);
    expect(it.of("stdout").at(-1)).toMatchObject({ command: 2, text: "first\n" });
    expect(it.of("released")).toMatchObject([{ envName: created!.envName }]);
    expect(isThere(created!.envName)).toBe(false);
  });

  it("ends with a failing command, and is released", () => {
    const it = events(program(BLOCK(`net: "none", tools: ["Bash"]`, `  run cmd { exit 4 }\n  show "not reached"`)));
    expect(it.code).toBe(1);
    expect(it.of("exit")[0]).toMatchObject({ exitCode: 4, outcome: "exited" });
    expect(it.of("show")).toEqual([]);
    expect(it.of("released")).toHaveLength(1);
    expect(it.of("done")[0]).toMatchObject({ ok: false, exitCode: 1 });
  });

  it("with a name leaves a log without its secrets, and what made it in the list", () => {
    const name = `mlld-run-${process.pid}-${randomBytes(3).toString("hex")}`;
    const auth = `auth @key = { from: "env:MLLD_ENV_TEST_KEY", as: "KEY" }\n`;
    const body = `  run sh { echo "the key is $KEY" } using auth:key`;
    const path = program(auth + BLOCK(`name: "${name}", net: "none", tools: ["Bash"]`, body));
    const secret = `s3cret-${randomBytes(8).toString("hex")}`;
    try {
      const run = spawnSync(process.execPath, [CLI, "run", path], {
        env: { ...env, MLLD_ENV_TEST_KEY: secret },
        encoding: "utf8",
      });
      expect(run.status, run.stderr).toBe(0);
      const log = call("logs", "--json", name).stdout;
      expect(log).toContain("the key is ");
      expect(log).not.toContain(secret);
      const details = JSON.parse(call("inspect", "--json", name).stdout);
      expect(details).toMatchObject({ file: path, line: 4, tools: ["Bash"] });
      expect(JSON.stringify(details)).not.toContain(secret);
      expect(call("release", name).status).toBe(0);
      expect(call("logs", name).status).toBe(1);
    } finally {
      docker("rm", "-f", name);
    }
  });

  it("with a name is kept, found again, listed and released", () => {
    const name = `mlld-run-${process.pid}-${randomBytes(3).toString("hex")}`;
    const path = program(
      BLOCK(`name: "${name}", net: "none", tools: ["Bash"]`, `  run sh { echo run >> /root/log; wc -l < /root/log }`),
    );
    try {
      const first = events(path);
      expect(first.of("created")[0]).toMatchObject({ envName: name, created: true });
      expect(first.of("released")).toEqual([]);
      const second = events(path);
      expect(second.of("created")[0]).toMatchObject({ envName: name, created: false });
      expect(second.of("stdout")[0]!.text.trim()).toBe("2");
      const rows = JSON.parse(call("ls", "--json").stdout) as { name: string; file: string; state: string }[];
      expect(rows.find(row => row.name === name)).toMatchObject({ file: path, state: "running" });
    } finally {
      expect(call("release", name).stdout).toBe(`released ${name}\n`);
    }
    expect(isThere(name)).toBe(false);
  });

  it("without a name is kept under --keep", () => {
    const it = events(program(BLOCK(`net: "none", tools: ["Bash"]`, "  run cmd { echo in }")), "--keep");
    const { envName } = it.of("created")[0]!;
    try {
      expect(it.code).toBe(0);
      expect(it.of("released")).toEqual([]);
      expect(isThere(envName)).toBe(true);
    } finally {
      expect(call("release", envName).status).toBe(0);
    }
  });

  it("chosen on the command line runs there too", () => {
    const path = program(`env { tools: ["Bash"] } [\n  run cmd { cat /etc/hostname }\n]\n`);
    expect(events(path).of("created")[0]).toMatchObject({ provider: "local" });
    const it = events(path, "--provider", "docker");
    expect(it.of("created")[0]).toMatchObject({ provider: "@mlld/env-docker" });
    expect(it.code).toBe(0);
  });

  it("leaves nothing when the run is killed", async () => {
    const path = program(BLOCK(`net: "none", tools: ["Bash"]`, `  run sh { echo ready; sleep 1000 }`));
    const it = start([CLI, "run", "--json", path], env);
    await until(() => it.out().includes("ready"), "start", 15_000);
    const created = it.events().find(event => event.event === "created") as { envName: string };
    expect(isThere(created.envName)).toBe(true);
    it.child.kill("SIGKILL");
    await until(() => !isThere(created.envName), "release");
  });
});

describe.skipIf("missing" in engine)("a spare process", () => {
  it("becomes the next run, in the environment that it has made ahead", async () => {
    const path = program(BLOCK(`net: "none", tools: ["Bash"]`, `  run cmd { echo in }`));
    const first = start([CLI, "run", "--json", "--control", path], env);
    first.child.stdin.write(`${JSON.stringify({ type: "start", secrets: {} })}\n`);
    expect(await first.ended).toBe(0);
    const { spare } = first.events().at(-1) as { spare?: unknown };
    expect(spare).toMatchObject({ provider: "@mlld/env-docker" });

    const second = start([CLI, "__spare"], env);
    const say = (message: object) => second.child.stdin.write(`${JSON.stringify(message)}\n`);
    say({ type: "prepare", spare });
    const ahead = (spare as { spec: { generatedName: string } }).spec.generatedName;
    await until(() => isThere(ahead), "the environment made ahead", 15_000);
    expect(second.out()).toBe("");
    say({ type: "run", args: ["run", "--json", "--control", path], cwd: folder });
    say({ type: "start", secrets: {} });
    expect(await second.ended).toBe(0);
    expect(second.events().find(event => event.event === "created")).toMatchObject({ envName: ahead, created: true });
    expect(isThere(ahead)).toBe(false);
  });

  it("gives back what it made when the editor goes away", async () => {
    const name = `mlld-spare-${process.pid}-${randomBytes(3).toString("hex")}`;
    const it = start([CLI, "__spare"], env);
    const spec = {
      generatedName: name,
      fs: { mounts: null, scratch: [] },
      net: { kind: "none" },
      limits: {},
      folder,
      workspace: folder,
      file: join(folder, "a.mld"),
      configHash: "h",
      options: {},
      image: "mlld-env-test:busybox",
    };
    it.child.stdin.write(`${JSON.stringify({ type: "prepare", spare: { provider: "docker", spec } })}\n`);
    await until(() => isThere(name), "the environment made ahead", 15_000);
    it.child.stdin.end();
    expect(await it.ended).toBe(0);
    expect(isThere(name)).toBe(false);
  });
});
