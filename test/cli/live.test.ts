/** `ls`, `release`, `snapshot`, `shell` and the explorer process, on a real engine. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { explorer } from "../../cli/explorer";
import { type Io, UsageError } from "../../cli/io";
import { answered } from "../../cli/live";
import { ls } from "../../cli/ls";
import { release } from "../../cli/release";
import { shell } from "../../cli/shell";
import { snapshot } from "../../cli/snapshot";
import type { ExplorerMessage } from "../../protocol/explorer";
import { identityOf } from "../../runtime/environments/process-identity";
import { createDockerProvider } from "../../runtime/providers/docker";
import type { Environment, EnvironmentSpec, Provider } from "../../runtime/providers/provider";
import { ensureEngine } from "../support/docker-engine.mjs";

const engine = await ensureEngine();
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
const env = { ...process.env, ...("host" in engine && { DOCKER_HOST: engine.host }) };
const IMAGE = "mlld-env-test:busybox";
const never = new AbortController().signal;
const silent = { stdout: () => {}, stderr: () => {} };
const provider = createDockerProvider({ defaultImage: IMAGE, env, ref: "@mlld/env-docker" });
const made: string[] = [];
const images: string[] = [];

const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8", env }).trim();
const unique = () => {
  const name = `mlld-live-${process.pid}-${randomBytes(3).toString("hex")}`;
  made.push(name);
  return name;
};

afterEach(async () => {
  for (const name of made.splice(0)) await provider.remove!(name, never);
});

afterAll(() => {
  for (const image of images) docker("rmi", "-f", image);
});

async function open(name: string, more: Partial<EnvironmentSpec> = {}): Promise<Environment> {
  const spec: EnvironmentSpec = {
    name,
    generatedName: name,
    fs: { mounts: null, scratch: [] },
    net: { kind: "none" },
    limits: {},
    folder: "/tmp",
    workspace: "/tmp",
    file: "/tmp/bench.mld",
    configHash: "h",
    options: {},
    ...more,
  };
  return provider.open(spec, silent, never);
}

function call(command: (args: string[], io: Io) => Promise<number>, args: string[], more: NodeJS.ProcessEnv = {}) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = { stdout: "", stderr: "" };
  streams.stdout.on("data", chunk => {
    texts.stdout += chunk;
  });
  streams.stderr.on("data", chunk => {
    texts.stderr += chunk;
  });
  const io = { ...streams, env: { ...env, ...more }, cwd: "/tmp" } as unknown as Io;
  return { ended: command(args, io), stdin: streams.stdin, out: () => texts.stdout, err: () => texts.stderr };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let left = 500; !condition(); left--) {
    if (left === 0) throw new Error(`${what}: not within 5 s`);
    await sleep(10);
  }
}

describe.skipIf("missing" in engine)("live environments", () => {
  it("are listed with exactly the promised fields", async () => {
    const name = unique();
    await (await open(name)).detach();
    const listing = call(ls, ["--json"]);
    expect(await listing.ended).toBe(0);
    const rows = JSON.parse(listing.out()) as { name: string }[];
    const row = rows.find(it => it.name === name)!;
    expect(row).toEqual({
      name,
      provider: "@mlld/env-docker",
      state: "running",
      image: IMAGE,
      engine: expect.any(String),
      workspace: "/tmp",
      file: "/tmp/bench.mld",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/),
    });
    const table = call(ls, []);
    expect(await table.ended).toBe(0);
    expect(table.out()).toMatch(new RegExp(`${name} +@mlld/env-docker +running +${IMAGE} +bench.mld `));
  });

  it("are released by name; one that is not there is a failure", async () => {
    const [first, second] = [unique(), unique()];
    await Promise.all([first, second].map(async name => (await open(name)).detach()));
    const released = call(release, [first, second]);
    expect(await released.ended).toBe(0);
    expect(released.out()).toBe(`released ${first}\nreleased ${second}\n`);
    const again = call(release, [first]);
    expect(await again.ended).toBe(1);
    expect(again.err()).toContain(`there is no environment '${first}'`);
  });

  it("are orphans when they are anonymous and their owner is dead", async () => {
    const dead = { ...identityOf(process.pid)!, startTime: "1" };
    const alive = identityOf(process.pid);
    const create = (kind: string, owner: unknown) => {
      const name = unique();
      const labels = {
        owner: name,
        name,
        kind,
        config: "h",
        workspace: "/",
        file: "/a.mld",
        process: JSON.stringify(owner),
      };
      const options = Object.entries(labels).flatMap(([key, value]) => ["--label", `dev.mlld-env.${key}=${value}`]);
      docker("create", "--name", name, ...options, IMAGE, "true");
      return name;
    };
    const orphan = create("anonymous", dead);
    const others = [create("anonymous", alive), create("named", dead)];
    const released = call(release, ["--orphans"], { MLLD_ENV_STATE_DIR: "/tmp/mlld-env-no-such-state" });
    expect(await released.ended).toBe(0);
    expect(released.out()).toContain(`released ${orphan}\n`);
    for (const name of others) expect(released.out()).not.toContain(name);
  });

  it.each([[[]], [["a", "--all"]], [["--all", "--orphans"]]])("are not released by an unclear call: %j", async args => {
    await expect(call(release, args).ended).rejects.toThrow(UsageError);
  });

  it("are saved, and restored by what the snapshot printed", async () => {
    const name = unique();
    const environment = await open(name);
    await environment.execute({ argv: ["sh", "-c", "echo kept > /root/file"], vars: {}, secrets: {} }, silent, never);
    await environment.detach();
    const saved = call(snapshot, [name, "tested"]);
    expect(await saved.ended, saved.err()).toBe(0);
    const from = saved.out().trim();
    images.push(from);
    const restored = await open(unique(), { from });
    let out = "";
    const sink = { stdout: (chunk: Uint8Array) => void (out += Buffer.from(chunk).toString()), stderr: () => {} };
    await restored.execute({ argv: ["cat", "/root/file"], vars: {}, secrets: {} }, sink, never);
    await restored.detach();
    expect(out).toBe("kept\n");
    const missing = call(snapshot, ["no-such-environment"]);
    expect(await missing.ended).toBe(1);
    expect(missing.err()).toContain("there is no environment 'no-such-environment'");
  });

  it("have a shell, which ends with its exit code", async () => {
    const name = unique();
    await (await open(name)).detach();
    const session = call(shell, [name]);
    session.stdin.write("echo in the $((1 + 1))nd\n");
    await until(() => session.out().includes("in the 2nd"), "answer");
    session.stdin.end("exit 7\n");
    expect(await session.ended).toBe(7);
  });

  it("take the shell that is asked for", async () => {
    const name = unique();
    await (await open(name)).detach();
    const session = call(shell, [name], { MLLD_ENV_SHELL: "/bin/busybox" });
    session.stdin.end();
    await session.ended;
    expect(session.out() + session.err()).toContain("BusyBox");
  });
});

describe.skipIf("missing" in engine)("the explorer process", () => {
  const follow = () => {
    const process = call(explorer, []);
    const messages = () =>
      process
        .out()
        .split("\n")
        .filter(Boolean)
        .map(line => JSON.parse(line) as ExplorerMessage);
    const lists = () => messages().filter(it => it.type === "list");
    const names = () =>
      lists()
        .at(-1)
        ?.environments.map(it => it.name) ?? [];
    const say = (command: object) => process.stdin.write(`${JSON.stringify(command)}\n`);
    return { ...process, messages, lists, names, say };
  };

  it("lists at once, and again soon after each change", async () => {
    const it = follow();
    await until(() => it.lists().length > 0, "first list");
    expect(it.lists()[0]!.engines).toContainEqual(
      expect.objectContaining({ provider: "@mlld/env-docker", state: "ready" }),
    );
    const name = unique();
    await (await open(name)).detach();
    const created = Date.now();
    await until(() => it.names().includes(name), "appearance");
    expect(Date.now() - created).toBeLessThan(1000);
    expect(
      it
        .lists()
        .at(-1)!
        .environments.find(row => row.name === name),
    ).toMatchObject({ state: "running", net: "none", mounts: [] });
    docker("rm", "-f", name);
    const removed = Date.now();
    await until(() => !it.names().includes(name), "disappearance");
    expect(Date.now() - removed).toBeLessThan(1000);
    it.stdin.end();
    expect(await it.ended).toBe(0);
  });

  it("performs commands and answers each", async () => {
    const it = follow();
    const name = unique();
    await (await open(name)).detach();
    it.say({ id: 1, command: "inspect", name });
    it.say({ id: 2, command: "release", name: "no-such-environment" });
    const answers = () => it.messages().filter(message => message.type === "answer");
    await until(() => answers().length === 2, "answers");
    it.say({ id: 3, command: "release", name });
    await until(() => answers().length === 3, "answer");
    expect(answers().sort((a, b) => a.id - b.id)).toEqual([
      {
        type: "answer",
        id: 1,
        ok: true,
        value: expect.objectContaining({
          Name: `/${name}`,
          Config: expect.not.objectContaining({ Env: expect.anything() }),
        }),
      },
      { type: "answer", id: 2, ok: false, message: "There is no environment 'no-such-environment'." },
      { type: "answer", id: 3, ok: true },
    ]);
    it.stdin.end();
    expect(await it.ended).toBe(0);
  });
});

describe("without an engine", () => {
  it("one that takes a question and never answers is a fault", async () => {
    const silentOne: Provider = { ref: "silent", open: () => new Promise(() => {}), list: () => new Promise(() => {}) };
    await expect(answered(silentOne, signal => silentOne.list?.(signal), 50)).rejects.toMatchObject({
      code: "run/engine-unreachable",
      message: "The backend silent has not answered in 0.05 s.",
    });
  });

  it("ls says what is wrong with the one that is named", async () => {
    const listing = call(ls, ["--json"], { DOCKER_HOST: "unix:///no/such.sock" });
    expect(await listing.ended).toBe(1);
    expect(listing.out()).toBe("[]\n");
    expect(listing.err()).toContain("unix:///no/such.sock");
  });

  it("the explorer says so too, and goes on", async () => {
    const process = call(explorer, [], { DOCKER_HOST: "unix:///no/such.sock" });
    await until(() => process.out().includes("\n"), "list");
    expect(JSON.parse(process.out().split("\n")[0]!)).toMatchObject({
      type: "list",
      environments: [],
      engines: expect.arrayContaining([expect.objectContaining({ state: "unreachable", mend: expect.any(String) })]),
    });
    process.stdin.end();
    expect(await process.ended).toBe(0);
  });
});
