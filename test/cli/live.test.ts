/** `ls`, `release`, `snapshot` and `shell`, on a real engine. */
import { describe, expect, it } from "vitest";
import { UsageError } from "../../cli/io";
import { answered } from "../../cli/live";
import { localTime } from "../../cli/local-time";
import { ls } from "../../cli/ls";
import { release } from "../../cli/release";
import { shell } from "../../cli/shell";
import { snapshot } from "../../cli/snapshot";
import { identityOf } from "../../runtime/environments/process-identity";
import type { Provider } from "../../runtime/providers/provider";
import { call, docker, engine, IMAGE, images, never, open, silent, unique, until } from "./live-fixture";

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
    // Told by the reader's clock.
    const at = localTime((row as { createdAt?: string }).createdAt ?? "");
    expect(at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(table.out()).toMatch(new RegExp(`${name} +@mlld/env-docker +running +${IMAGE} +bench.mld +${at}`));
  });

  it("are released by name; one that is not there is a failure", async () => {
    const [first, second] = [unique(), unique()];
    await Promise.all([first, second].map(async name => (await open(name)).detach()));
    const released = call(release, [first, second]);
    expect(await released.ended).toBe(0);
    expect(released.out()).toBe(`released ${first}\nreleased ${second}\n`);
    const again = call(release, [first]);
    expect(await again.ended).toBe(1);
    expect(again.err()).toContain(`There is no environment '${first}'`);
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
    const again = call(release, ["--orphans"], { MLLD_ENV_STATE_DIR: "/tmp/mlld-env-no-such-state" });
    expect(await again.ended).toBe(0);
    expect(again.out()).toMatch(/^(?:Nothing to release\.|released .*)\n/);
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
    expect(missing.err()).toContain("There is no environment 'no-such-environment'");
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
});
