/** The explorer process, on a real engine and without one. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { EnvironmentDetails, SnapshotInfo } from "../../protocol/explorer";
import { FakeEngine } from "../support/fake-engine.mjs";
import { TIMED } from "../support/timed";
import { engine, env, follow, images, never, open, provider, silent, unique, until } from "./live-fixture";

/** The engine's own time of an event of a container, in milliseconds since the epoch. */
function engineTimes(name: string) {
  const times = new Map<string, number>();
  const filters = [`container=${name}`, "event=start", "event=die", "event=destroy"];
  const events = spawn(
    "docker",
    ["events", ...filters.flatMap(filter => ["--filter", filter]), "--format", "{{.TimeNano}} {{.Action}}"],
    { env, stdio: ["ignore", "pipe", "ignore"] },
  );
  createInterface({ input: events.stdout }).on("line", line => {
    const [nano, action] = line.split(" ");
    times.set(action!, Number(BigInt(nano!) / 1000n) / 1000);
  });
  return { times, close: () => events.kill() };
}

describe.skipIf("missing" in engine)("the explorer process", () => {
  it("lists at once", async () => {
    const it = follow();
    const docker = () =>
      it
        .lists()
        .at(-1)
        ?.engines?.find(({ provider }) => provider.includes("docker"));
    await until(() => docker() !== undefined, "first list");
    expect(docker()).toMatchObject({ state: "ready" });
    it.stdin.end();
    expect(await it.ended).toBe(0);
  });

  it("shows each change within 150 ms of the engine's event", TIMED, async () => {
    const it = follow();
    await until(() => it.lists().length > 0, "first list");
    const name = unique();
    const { times, close } = engineTimes(name);
    const row = () => it.rows().find(candidate => candidate.name === name);
    const delays: number[] = [];
    const shown = async (event: string, act: () => Promise<unknown>, look: () => boolean) => {
      times.delete(event);
      const acting = act();
      await until(() => look() && times.has(event), event);
      delays.push(Date.now() - times.get(event)!);
      await acting;
      await sleep(300);
    };
    try {
      await (await open(name)).detach();
      await until(() => row()?.state === "running", "appearance");
      expect(row()).toMatchObject({ net: "none", mounts: [], tools: null });
      for (let round = 0; round < 3; round++) {
        await shown(
          "die",
          () => provider.stop!(name, never),
          () => row()?.state === "stopped",
        );
        await shown(
          "start",
          () => provider.start!(name, never),
          () => row()?.state === "running",
        );
      }
      await shown(
        "destroy",
        () => provider.remove!(name, never),
        () => !row(),
      );
    } finally {
      close();
    }
    console.log(`    event to list: ${delays.map(ms => ms.toFixed(0)).join(", ")} ms`);
    // One that another program's work held up is no rule.
    expect(delays.sort((a, b) => a - b)[delays.length >> 1]).toBeLessThan(150);
    it.stdin.end();
    expect(await it.ended).toBe(0);
  });

  it("answers what is asked about an environment", async () => {
    const it = follow();
    const name = unique();
    await (await open(name, { line: 3, limits: { pids: 30 } })).detach();
    const inspected = await it.ask({ command: "inspect", name });
    expect(inspected).toMatchObject({ ok: true, value: { name, line: 3, limits: { pids: 30 }, kept: true } });
    const details = (inspected as { value: EnvironmentDetails }).value;
    expect(details.engineAnswer).toMatchObject({ Name: `/${name}` });
    expect(JSON.stringify(details)).not.toContain('"Env":');
    expect(await it.ask({ command: "shells", name })).toMatchObject({ value: ["ash", "sh"] });
    expect(await it.ask({ command: "release", name: "no-such-environment" })).toMatchObject({
      ok: false,
      message: "There is no environment 'no-such-environment'; 'mlld-env ls' lists those that live.",
    });
    expect(await it.ask({ command: "no-such-command" } as never)).toMatchObject({
      ok: false,
      message: "There is no command 'no-such-command'.",
    });
    it.stdin.end();
    expect(await it.ended).toBe(0);
  });

  it("stops, starts, saves, restores and releases", async () => {
    const it = follow();
    const name = unique();
    const environment = await open(name);
    await environment.execute({ argv: ["sh", "-c", "echo x >/root/file"], vars: {}, secrets: {} }, silent, never);
    await environment.detach();
    const state = () => it.rows().find(row => row.name === name)?.state;
    expect(await it.ask({ command: "changes", name })).toMatchObject({
      value: [{ path: "/root/file", kind: "added" }],
    });
    const saved = await it.ask({ command: "snapshot", name, as: `${name}-one` });
    expect(saved).toMatchObject({ ok: true });
    images.push((saved as { value: { ref: string } }).value.ref);
    const listed = (await it.ask({ command: "snapshots", name })) as { value: SnapshotInfo[] };
    expect(listed.value).toMatchObject([{ name: `${name}-one`, environment: name }]);
    expect(await it.ask({ command: "stop", name })).toMatchObject({ ok: true });
    await until(() => state() === "stopped", "the stopped state");
    expect(await it.ask({ command: "restore", name, ref: listed.value[0]!.ref })).toMatchObject({ ok: true });
    await until(() => state() === "running", "the running state");
    expect(await it.ask({ command: "changes", name })).toEqual(expect.objectContaining({ value: [] }));
    expect(await it.ask({ command: "release", name })).toMatchObject({ ok: true });
    await until(() => state() === undefined, "the end");
    expect(await it.ask({ command: "removeSnapshot", ref: listed.value[0]!.ref })).toMatchObject({ ok: true });
    images.pop();
    it.stdin.end();
    expect(await it.ended).toBe(0);
  });
});

describe("the explorer process with 500 environments", () => {
  it("lists them within 300 ms, and a change of one within 150", TIMED, async () => {
    const fake = await FakeEngine.start(500);
    try {
      const it = follow({ DOCKER_HOST: fake.host });
      const asked = Date.now();
      await until(() => it.rows().length === 500, "500 rows");
      const first = Date.now() - asked;
      // Without the time in which the process loads its code and connects.
      const again = Date.now();
      const before = it.lists().length;
      it.say({ id: 1, command: "refresh" });
      await until(() => it.lists().length > before, "the list again");
      const listed = Date.now() - again;
      const shown: number[] = [];
      for (const state of ["exited", "running", "exited", "running", "exited"] as const) {
        // Changes that follow each other closely are collected.
        await sleep(400);
        const changed = Date.now();
        fake.change(250, state);
        const wanted = state === "exited" ? "stopped" : state;
        await until(() => it.rows().find(row => row.name === fake.name(250))?.state === wanted, "the change");
        shown.push(Date.now() - changed);
      }
      console.log(`    500 environments: first list ${first} ms, again ${listed} ms, changes ${shown.join(", ")} ms`);
      expect(listed).toBeLessThan(300);
      expect(shown.sort((a, b) => a - b)[2]).toBeLessThan(150);
      it.stdin.end();
      expect(await it.ended).toBe(0);
    } finally {
      await fake.stop();
    }
  });

  it("says so when the engine goes, and follows it when it is back", async () => {
    const fake = await FakeEngine.start(3);
    try {
      const it = follow({ DOCKER_HOST: fake.host });
      const state = () =>
        it
          .lists()
          .at(-1)
          ?.engines?.find(({ provider }) => provider.includes("docker"))?.state;
      await until(() => it.rows().length === 3, "3 rows");
      await fake.goAway();
      await until(() => it.rows().length === 0 && state() === "missing", "the end of the engine");
      await fake.goOn();
      await until(() => it.rows().length === 3 && state() === "ready", "the engine again");
      fake.change(1, "exited");
      await until(() => it.rows()[1]?.state === "stopped", "a change");
      it.stdin.end();
      expect(await it.ended).toBe(0);
    } finally {
      await fake.stop();
    }
  });

  it("makes one list of many changes at once", TIMED, async () => {
    const fake = await FakeEngine.start(100);
    try {
      const it = follow({ DOCKER_HOST: fake.host });
      await until(() => it.rows().length === 100, "100 rows");
      const before = it.lists().length;
      for (let i = 0; i < 100; i++) fake.change(i, "exited");
      await until(() => it.rows().every(row => row.state === "stopped"), "the changes");
      expect(it.lists().length - before).toBeLessThan(10);
      it.stdin.end();
      await it.ended;
    } finally {
      await fake.stop();
    }
  });
});

describe("without an engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "mlld-env-explorer-"));
  it.each([
    [{ DOCKER_HOST: "unix:///no/such.sock" }, "missing", "/no/such.sock", "DOCKER_HOST"],
    [{ MLLD_ENV_DOCKER_HOST: "unix:///no/such.sock" }, "missing", "/no/such.sock", "the setting mlldEnv.docker.host"],
    [{ DOCKER_HOST: "tcp://127.0.0.1:9" }, "unreachable", "127.0.0.1:9", "Start Docker"],
    [{ DOCKER_HOST: "gopher://x" }, "address", "gopher", "DOCKER_HOST"],
    [{ DOCKER_HOST: "", DOCKER_CONTEXT: "no-such", DOCKER_CONFIG: folder }, "address", "no-such", "docker context ls"],
  ])("says what is wrong with %j, and what to do", async (variables, state, detail, more) => {
    const it = follow(variables);
    const found = () =>
      it
        .lists()
        .at(-1)
        ?.engines?.find(({ provider }) => provider.includes("docker"));
    await until(() => found() !== undefined, "list");
    const docker = found()!;
    expect(docker.state).toBe(state);
    expect(docker.detail).toContain(detail);
    expect(`${docker.detail} ${docker.mend}`).toContain(more);
    it.stdin.end();
    expect(await it.ended).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
});
