/** Sprites through the command line, against a fake of the service: programs, kept environments, checkpoints, the token, a killed run. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FakeSprites } from "../runtime/sprites/fake-sprites";
import build from "../support/build";

const CLI = join(__dirname, "../../dist/cli.js");
let folder: string;
let fake: FakeSprites;
let url: string;

beforeAll(build, 60_000);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-run-sprites-"));
  writeFileSync(join(folder, "package.json"), "{}");
  fake = new FakeSprites();
  url = await fake.start();
});
afterEach(async () => {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(args: string[], token: string | null = fake.token, more: NodeJS.ProcessEnv = {}) {
  const { SPRITES_TOKEN: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    MLLD_ENV_SPRITES_URL: url,
    MLLD_ENV_STATE_DIR: join(folder, "state"),
    // Nobody answers there: only Sprites is asked.
    DOCKER_HOST: "tcp://127.0.0.1:9",
    ...(token !== null && { SPRITES_TOKEN: token }),
    ...more,
  };
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env });
  child.stdin.on("error", () => {});
  const said = { out: "", err: "" };
  child.stdout.on("data", chunk => {
    said.out += chunk;
  });
  child.stderr.on("data", chunk => {
    said.err += chunk;
  });
  return { child, said, ended: new Promise<number | null>(resolve => child.once("close", resolve)) };
}

async function call(args: string[], token: string | null = fake.token, input = "") {
  const { child, said, ended } = start(args, token);
  child.stdin.end(input);
  return { status: await ended, stdout: said.out, stderr: said.err };
}

const write = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
};
const SPRITE = "provider: '@mlld/env-sprites'";

describe("programs", () => {
  it("the commands of a block share a sprite, which is gone afterwards", async () => {
    mkdirSync(join(folder, "data"));
    write({
      "data/words": "words\n",
      "main.mld": `env { ${SPRITE}, fs: { read: ["./data"] }, net: "none" } [
  run cmd { pwd }
  run sh { echo one > note; cat data/words }
  run sh { cat note }
]
`,
    });
    const { status, stdout, stderr } = await call(["run", "main.mld"]);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/\/workspace\nwords\none\n$/);
    expect(fake.sprites.size).toBe(0);
    expect(fake.requests.filter(request => request === "POST /v1/sprites")).toHaveLength(1);
    expect(stderr + stdout).not.toContain(fake.token);
  });

  it("a failing command, a refused grant and a missing token are told as in any sandbox", async () => {
    write({
      "fail.mld": `env { ${SPRITE} } [\n  run cmd { false }\n]\n`,
      "grant.mld": `env { ${SPRITE}, fs: { write: ["./data"] } } [\n  run cmd { true }\n]\n`,
      "limits.mld": `env { ${SPRITE}, limits: { mem: "1g" } } [\n  run cmd { true }\n]\n`,
      "net.mld": `env { ${SPRITE}, net: { allow: ["a.example:8443"] } } [\n  run cmd { true }\n]\n`,
    });
    expect((await call(["run", "fail.mld"])).status).toBe(1);
    fake.requests.length = 0;
    for (const [file, words] of [
      ["grant.mld", "cannot be mounted for writing"],
      ["limits.mld", "Leave only `timeout`"],
      ["net.mld", "knows names only"],
    ] as const) {
      const { status, stderr } = await call(["run", file]);
      expect([status, stderr]).toEqual([3, expect.stringContaining(words)]);
    }
    const { status, stderr } = await call(["run", "fail.mld"], null);
    expect([status, stderr]).toEqual([3, expect.stringContaining("Set SPRITES_TOKEN")]);
    expect(fake.requests.filter(request => !request.startsWith("DELETE"))).toEqual([]);
    // Nothing is left to give back.
    expect(readdirSync(join(folder, "state/runs"))).toEqual([]);
  });

  it("the parts of a spec hold there too: set-up once, variables, assets, input", async () => {
    write({
      "words.txt": "words\n",
      "main.mld": `env {
  ${SPRITE},
  staticAssets: { words: "./words.txt" },
  environment: { env: { GREETING: "hello" } },
  setup: { commands: ["echo made >> log"] },
  commands: { command: "cat" }, entry: "log"
} [
  run sh { echo "$GREETING"; $MLLD_COMMAND; read typed; echo "typed $typed" }
  run sh { $MLLD_COMMAND }
]
`,
    });
    const { status, stdout, stderr } = await call(["run", "--interactive", "main.mld"], fake.token, "words\n");
    expect(status, stderr).toBe(0);
    expect(stdout).toBe("hello\nmade\ntyped words\nmade\n");
    expect(fake.requests.some(request => request.includes("%2Fstatic%2Fwords.txt"))).toBe(true);
  });

  it("credentials reach the command and nothing else; the token is kept out of what is printed", async () => {
    write({
      "main.mld": `auth @key = { from: "env:KEY", as: "KEY" }
env { ${SPRITE}, auth: "key" } [
  run sh { echo "\${#KEY} $KEY" }
]
run cmd { printenv SPRITES_TOKEN }
`,
    });
    const { child, said, ended } = start(["run", "--json", "main.mld"], fake.token, { KEY: "s3cr3t-value" });
    child.stdin.end();
    const status = await ended;
    expect(said.out, said.err + status).toContain('"12 ***\\n"');
    expect(said.out + fake.requests.join()).not.toContain("s3cr3t-value");
    expect(said.out).not.toContain(fake.token);
  });
});

describe("kept environments", () => {
  const kept = (more = "") => `env { ${SPRITE}, name: "bench"${more} } [\n  run sh { cat note || echo none }\n]\n`;

  it("are listed, reused, saved, put back by config and by name, released", async () => {
    write({ "main.mld": kept(), "back.mld": kept(', from: "v1"') });
    expect((await call(["run", "main.mld"])).stdout).toBe("none\n");
    writeFileSync(fake.inside("mlld-env-bench", "/workspace/note"), "first\n");
    expect((await call(["run", "main.mld"])).stdout).toBe("first\n");
    const [listed] = JSON.parse((await call(["ls", "--json"])).stdout);
    expect(listed).toMatchObject({ name: "bench", provider: "@mlld/env-sprites", state: "running" });
    expect(listed.file).toMatch(/main\.mld$/);
    expect((await call(["snapshot", "bench", "before"])).stdout).toBe("v1\n");
    writeFileSync(fake.inside("mlld-env-bench", "/workspace/note"), "second\n");
    // The same environment, put back: no other configuration.
    const back = await call(["run", "back.mld"]);
    expect([back.status, back.stdout], back.stderr).toEqual([0, "first\n"]);
    expect((await call(["run", "main.mld"])).stdout).toBe("first\n");
    expect((await call(["shell", "bench"], fake.token, "cat note; pwd; exit 3\n")).status).toBe(3);
    expect((await call(["release", "bench"])).status).toBe(0);
    expect(fake.sprites.size).toBe(0);
    const gone = await call(["run", "back.mld"]);
    expect([gone.status, gone.stderr]).toEqual([3, expect.stringContaining("can be restored only in the sprite")]);
  });
});

describe("two runs at once", () => {
  it("of a named environment share one, which is set up once", async () => {
    write({
      "main.mld": `env { ${SPRITE}, name: "shared", setup: { commands: ["sleep 1; echo made >> log"] } } [\n  run sh { cat log }\n]\n`,
    });
    const runs = await Promise.all([call(["run", "main.mld"]), call(["run", "main.mld"])]);
    expect(runs.map(({ status, stdout }) => [status, stdout])).toEqual([
      [0, "made\n"],
      [0, "made\n"],
    ]);
    expect(fake.sprites.size).toBe(1);
  });
});

describe("a run that is ended early", () => {
  const endless = `env { ${SPRITE} } [\n  run sh { echo begun; sleep 600 }\n]\n`;

  it("by its time limit gives the sprite back", async () => {
    write({ "main.mld": endless });
    const { status, stdout } = await call(["run", "--timeout", "3", "main.mld"]);
    expect([status, stdout, fake.sprites.size]).toEqual([124, "begun\n", 0]);
  });

  it("by Ctrl-C gives the sprite back within two seconds", async () => {
    write({ "main.mld": endless });
    const { child, said, ended } = start(["run", "main.mld"]);
    await expect.poll(() => said.out, { timeout: 15_000 }).toBe("begun\n");
    const asked = Date.now();
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect([Date.now() - asked < 2_000, fake.sprites.size]).toEqual([true, 0]);
  });
});

describe("a service that fails in the middle of a run", () => {
  const started = async (program: string) => {
    write({ "main.mld": program });
    const run = start(["run", "main.mld"]);
    await expect.poll(() => run.said.out, { timeout: 15_000 }).toBe("begun\n");
    return run;
  };
  const waiting = `env { ${SPRITE} } [\n  run sh { echo begun; until test -f /tmp/go; do sleep 0.1; done }\n  run sh { echo next }\n]\n`;
  const goOn = () => writeFileSync(fake.inside([...fake.sprites.keys()][0]!, "tmp/go"), "");

  it("a sprite that it would not delete is told, and deleted by the next call that finds it well", async () => {
    const { said, ended } = await started(waiting);
    fake.faults = { fail: { request: /DELETE/, status: 400, times: 1_000 } };
    goOn();
    expect(await ended).toBe(1);
    expect(said.err).toContain("could not be released");
    expect(fake.sprites.size).toBe(1);
    fake.faults = {};
    await call(["ls"]);
    await expect.poll(() => fake.sprites.size, { timeout: 15_000 }).toBe(0);
  });

  it("a token that is revoked ends the run, and says so", async () => {
    const { said, ended } = await started(waiting);
    fake.revoked = true;
    goOn();
    expect(await ended).toBe(1);
    expect(said.err).toContain("Sprites refused the token");
    expect(said.out).not.toContain("next");
  });
});

describe("a run that is killed", () => {
  const endless = `env { ${SPRITE} } [\n  run sh { echo begun; sleep 600 }\n]\n`;

  it("is cleared up after by its watchdog", async () => {
    write({ "main.mld": endless });
    const { child, said, ended } = start(["run", "main.mld"]);
    await expect.poll(() => said.out, { timeout: 15_000 }).toBe("begun\n");
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => fake.sprites.size, { timeout: 15_000 }).toBe(0);
  });

  it("and a token of the editor reaches run and watchdog by their input only", async () => {
    write({ "main.mld": endless });
    const { child, said, ended } = start(["run", "--json", "--control", "main.mld"], null);
    child.stdin.write(`${JSON.stringify({ type: "start", secrets: { sprites: fake.token } })}\n`);
    await expect.poll(() => said.out, { timeout: 15_000 }).toContain("begun");
    expect(said.out).not.toContain(fake.token);
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => fake.sprites.size, { timeout: 15_000 }).toBe(0);
  });
});

describe("without and with a token", () => {
  it("doctor says which of the three it is", async () => {
    const sprites = async (token: string | null) =>
      (await call(["doctor"], token)).stdout.split("\n").find(line => line.includes("sprites"));
    expect(await sprites(null)).toMatch(/^note .*no token/);
    expect(await sprites(fake.token)).toMatch(/^ok .*accepted/);
    expect(await sprites("wrong-token")).toMatch(/^fault .*refused the token/);
  });

  it("the explorer shows the backend as absent until the editor gives it one", async () => {
    const { child, said, ended } = start(["__explorer"], null);
    const lists = () =>
      said.out
        .split("\n")
        .filter(Boolean)
        .map(line => JSON.parse(line))
        .filter(({ type }) => type === "list");
    const sprites = () =>
      lists()
        .at(-1)
        ?.engines.find(({ provider }: { provider: string }) => provider.includes("sprites"));
    await expect
      .poll(sprites, { timeout: 15_000 })
      .toMatchObject({ state: "absent", mend: expect.stringContaining("SPRITES_TOKEN") });
    expect(fake.requests).toEqual([]);
    child.stdin.write(`${JSON.stringify({ id: 1, command: "credentials", secrets: { sprites: fake.token } })}\n`);
    await expect.poll(sprites, { timeout: 15_000 }).toMatchObject({ state: "ready" });
    write({ "main.mld": `env { ${SPRITE}, name: "shown" } [\n  run cmd { true }\n]\n` });
    await call(["run", "main.mld"]);
    child.stdin.write('{"id":2,"command":"refresh"}\n');
    await expect.poll(() => lists().at(-1).environments, { timeout: 15_000 }).toMatchObject([{ name: "shown" }]);
    child.stdin.write('{"id":3,"command":"release","name":"shown"}\n');
    await expect.poll(() => lists().at(-1).environments, { timeout: 15_000 }).toEqual([]);
    child.stdin.end();
    expect(await ended).toBe(0);
    expect(said.out).not.toContain(fake.token);
  });
});
