import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createDockerProvider } from "../../../runtime/providers/docker";
import type { Environment, Provider } from "../../../runtime/providers/provider";
import { startEngine } from "../../support/docker-engine.mjs";
import { TIMED } from "../../support/timed";
import {
  BUSYBOX,
  docker,
  hasEngine,
  never,
  Output,
  open,
  run,
  spec,
  uniqueName,
  untilRunning,
  workspace,
} from "./harness";

/** The container is stopped, and its streams have told so. */
async function stopped(name: string): Promise<void> {
  docker("wait", name);
  await sleep(200);
}

describe.skipIf(!hasEngine)("a container that goes away", () => {
  it("in mid-run is told as lost, removed or stopped, and its output until then is kept", async () => {
    const environment = await open();
    const removed = run(environment, "echo begun; sleep 1000");
    await untilRunning(environment.name, "sleep 1000");
    docker("rm", "-f", environment.name);
    expect(await removed).toMatchObject({
      out: "begun\n",
      outcome: { kind: "lost", cause: expect.stringContaining("removed") },
    });
    expect((await run(environment, "echo more")).outcome).toMatchObject({ kind: "lost" });
    await environment.release(never);

    const named = await open({ name: uniqueName() });
    const killed = run(named, "sleep 1000");
    await untilRunning(named.name, "sleep 1000");
    docker("kill", named.name);
    expect((await killed).outcome).toEqual({
      kind: "lost",
      cause: "the environment's container stopped (exit code 137)",
    });
  });

  it("between commands is started again when it is kept", async () => {
    const environment = await open({ name: uniqueName() });
    await run(environment, "echo x >/root/state");
    docker("kill", environment.name);
    await stopped(environment.name);
    expect((await run(environment, "cat /root/state")).out).toBe("x\n");
  });

  it("and cannot be started again says why", async () => {
    const host = join(workspace(), "data");
    mkdirSync(host);
    const fs = { mounts: [{ host, container: "/data", tail: null, mode: "ro" as const }], scratch: [] };
    const environment = await open({ name: uniqueName(), fs });
    await run(environment, "ls /data");
    docker("kill", environment.name);
    await stopped(environment.name);
    rmdirSync(host);
    await expect(run(environment, "ls /data")).rejects.toThrow(/data/);
  });

  it("may be released twice, and after somebody else did", async () => {
    const environment = await open();
    docker("rm", "-f", environment.name);
    await environment.release(never);
    await environment.release(never);
    await environment.detach();
  });
});

const asRoot = process.getuid?.() === 0;

describe.skipIf(!hasEngine || !asRoot)("an engine that goes away", () => {
  let own: Awaited<ReturnType<typeof startEngine>>;
  let using: Provider;
  beforeAll(async () => {
    own = await startEngine();
    await own.images();
    using = createDockerProvider({ host: own.host, defaultImage: BUSYBOX });
  }, 60_000);
  afterAll(() => own?.stop());

  it("tells of changes within 150 ms, and of none for commands", TIMED, async () => {
    const stop = new AbortController();
    let changes = 0;
    const watching = using.watch!(() => changes++, stop.signal);
    await sleep(200);
    const environment = await using.open(spec({ name: uniqueName() }), new Output(), never);
    await sleep(500);
    expect(changes).toBeGreaterThan(0);
    const before = changes;
    await run(environment, "echo hi");
    await run(environment, "echo hi", { stdin: "x" });
    await sleep(300);
    expect(changes).toBe(before);
    const released = Date.now();
    const releasing = environment.release(never);
    while (changes === before && Date.now() - released < 1000) await sleep(5);
    expect(Date.now() - released).toBeLessThan(250);
    await releasing;
    stop.abort();
    await watching;
  });

  it("in mid-run is told as lost, never as success, and the next run works when it is back", async () => {
    const named = spec({ name: uniqueName() });
    const environment = await using.open(named, new Output(), never);
    const running = [
      run(environment, "echo begun; sleep 1000"),
      run(environment, "sleep 1000", { stdin: "x" }),
      run(environment, "sleep 1000", { tty: { columns: 80, rows: 24 } }),
    ];
    let watched = 0;
    const stop = new AbortController();
    const watching = using.watch!(() => watched++, stop.signal);
    await sleep(700);
    await own.kill();
    for (const { outcome } of await Promise.all(running)) expect(outcome).toMatchObject({ kind: "lost" });
    expect((await run(environment, "echo x")).outcome).toMatchObject({
      kind: "lost",
      cause: expect.stringContaining("engine"),
    });
    await expect(using.list!(never)).rejects.toMatchObject({ code: expect.stringMatching(/^run\/engine/) });
    const before = watched;
    await own.restart();
    const again = await using.open(named, new Output(), never);
    expect((await run(again, "echo back")).out).toBe("back\n");
    for (let i = 0; i < 100 && watched === before; i++) await sleep(100);
    expect(watched).toBeGreaterThan(before);
    stop.abort();
    await watching;
    await again.release(never);
  }, 90_000);
});

describe.skipIf(!hasEngine || !asRoot)("an engine whose disk is full", () => {
  let own: Awaited<ReturnType<typeof startEngine>>;
  let environment: Environment;
  beforeAll(async () => {
    own = await startEngine({ dataSize: "48m" });
    await own.images();
  }, 60_000);
  afterAll(() => own?.stop());

  it("makes the command fail with its own message, and a new environment with ours", async () => {
    const using = createDockerProvider({ host: own.host, defaultImage: BUSYBOX });
    environment = await using.open(spec({ name: uniqueName() }), new Output(), never);
    const { outcome, err } = await run(environment, "dd if=/dev/zero of=/root/big bs=1M count=100");
    expect(outcome).toEqual({ kind: "exited", exitCode: 1 });
    expect(err).toMatch(/no space left/i);
    await expect(using.open(spec(), new Output(), never)).rejects.toMatchObject({ code: "run/disk-full" });
    expect((await run(environment, "rm /root/big && echo freed")).out).toBe("freed\n");
    const next = await using.open(spec(), new Output(), never);
    expect((await run(next, "echo fine")).out).toBe("fine\n");
    await next.release(never);
    await environment.release(never);
  }, 60_000);
});
