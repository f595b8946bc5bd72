import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { TIMED } from "../../support/timed";
import {
  command,
  docker,
  HOST_IMAGE,
  hasEngine,
  hasHostImage,
  Output,
  open,
  run,
  uniqueName,
  untilRunning,
} from "./harness";

const networks: string[] = [];
afterEach(() => {
  for (const network of networks.splice(0)) docker("network", "rm", network);
});

function processes(name: string): string {
  return docker("top", name, "-eo", "pid,args");
}

describe.skipIf(!hasEngine)("limits", () => {
  it("tells a kill for memory from an exit, and goes on", async () => {
    const environment = await open({ limits: { memoryBytes: 24 * 1024 * 1024 } });
    const hog = "tail -c 200m /dev/zero >/dev/null";
    expect((await run(environment, hog)).outcome).toEqual({ kind: "killed", reason: "memory" });
    expect((await run(environment, "exit 137")).outcome).toEqual({ kind: "exited", exitCode: 137 });
    expect((await run(environment, hog, { stdin: "x" })).outcome).toEqual({ kind: "killed", reason: "memory" });
    expect((await run(environment, "echo alive")).out).toBe("alive\n");
    const host = JSON.parse(docker("inspect", "-f", "{{json .HostConfig}}", environment.name));
    expect(host).toMatchObject({ Memory: 24 * 1024 * 1024, MemorySwap: 24 * 1024 * 1024 });
  });

  it("refuses limits that the engine cannot hold to, in words", async () => {
    await expect(open({ limits: { memoryBytes: 1024 } })).rejects.toMatchObject({ code: "run/limit-refused" });
    await expect(open({ limits: { cpus: 5000 } })).rejects.toMatchObject({ code: "run/limit-refused" });
  });

  it("gives cpu and pids limits to the engine", async () => {
    const environment = await open({ limits: { cpus: 0.5, pids: 20 } });
    const host = JSON.parse(docker("inspect", "-f", "{{json .HostConfig}}", environment.name));
    expect(host).toMatchObject({ NanoCpus: 500_000_000, PidsLimit: 20 });
    const { err } = await run(environment, "for i in $(seq 40); do sleep 5 & done; wait", { timeoutMs: 3000 });
    expect(err).toMatch(/fork|resource/i);
  });

  it("ends a command at its time limit with all its processes, and the next command runs", TIMED, async () => {
    const environment = await open({ limits: { timeoutMs: 800 } });
    const started = Date.now();
    const { outcome, out } = await run(
      environment,
      "echo begun; sleep 1001 & (setsid sleep 1002 &) ; (sleep 1003; echo no) | cat; sleep 1004",
    );
    expect(outcome).toEqual({ kind: "killed", reason: "timeout" });
    expect(out).toBe("begun\n");
    expect(Date.now() - started).toBeLessThan(2000);
    expect(processes(environment.name)).not.toMatch(/sleep 100/);
    expect((await run(environment, "echo next")).out).toBe("next\n");
  });

  it("takes the smaller of the config's and the command's time limit", async () => {
    const environment = await open({ limits: { timeoutMs: 60_000 } });
    expect((await run(environment, "sleep 50", { timeoutMs: 100 })).outcome).toEqual({
      kind: "killed",
      reason: "timeout",
    });
  });
});

describe.skipIf(!hasEngine)("cancel", () => {
  it("ends every process of the command, but none of another", TIMED, async () => {
    const environment = await open();
    const stop = new AbortController();
    const other = run(environment, "sleep 2.5; echo finished");
    const cancelled = run(
      environment,
      "sleep 2001 & sh -c 'sleep 2002; true' & env -i setsid sleep 2003 & trap '' TERM INT; sleep 2004",
      {},
      stop.signal,
    );
    for (const last of ["sleep 2003", "sleep 2004"]) await untilRunning(environment.name, last);
    const started = Date.now();
    stop.abort();
    expect((await cancelled).outcome).toEqual({ kind: "killed", reason: "cancelled" });
    expect(Date.now() - started).toBeLessThan(1000);
    expect(processes(environment.name)).not.toMatch(/sleep 200/);
    expect((await other).out).toBe("finished\n");
  });

  it("ends a command that reads its input, one whose output nobody takes, and one that was cancelled before", async () => {
    const environment = await open();
    const stop = new AbortController();
    const reading = run(
      environment,
      "cat",
      { stdin: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) } },
      stop.signal,
    );
    const sink = new Output();
    sink.stdout = () => new Promise(() => {}) as never;
    const stuck = environment.execute(command("yes"), sink, stop.signal);
    await sleep(300);
    stop.abort();
    expect((await reading).outcome).toEqual({ kind: "killed", reason: "cancelled" });
    expect(await stuck).toEqual({ kind: "killed", reason: "cancelled" });
    expect((await run(environment, "echo no", {}, stop.signal)).outcome).toEqual({
      kind: "killed",
      reason: "cancelled",
    });
    expect(processes(environment.name)).not.toMatch(/\byes\b|\bcat\b/);
  });

  it("ends a fork bomb that fills the process limit", async () => {
    const environment = await open({ limits: { pids: 60 } });
    await run(environment, "exit 0");
    await sleep(300);
    const { outcome } = await run(
      environment,
      "bomb() { bomb | bomb & sleep 3001; }; bomb 2>/dev/null & exec sleep 3002",
      {
        timeoutMs: 700,
      },
    );
    expect(outcome).toEqual({ kind: "killed", reason: "timeout" });
    expect(processes(environment.name)).not.toMatch(/sleep 300/);
    expect((await run(environment, "echo alive")).out).toBe("alive\n");
  });

  it.skipIf(!hasHostImage)("ends Node and Python with their children", async () => {
    const environment = await open({ image: HOST_IMAGE });
    const child =
      "require('child_process').spawn('sleep', ['4001'], { detached: true, stdio: 'ignore', env: {} }).unref(); setInterval(() => {}, 1e6)";
    expect((await run(environment, ["node", "-e", child], { timeoutMs: 1000 })).outcome).toEqual({
      kind: "killed",
      reason: "timeout",
    });
    const python =
      "import subprocess, time; subprocess.Popen(['sleep', '4002'], start_new_session=True); time.sleep(1e6)";
    expect((await run(environment, ["python3", "-c", python], { timeoutMs: 1000 })).outcome).toEqual({
      kind: "killed",
      reason: "timeout",
    });
    expect(processes(environment.name)).not.toMatch(/sleep 400/);
  });
});

describe.skipIf(!hasEngine)("network", () => {
  it("is loopback only with none", async () => {
    const environment = await open({ net: { kind: "none" } });
    expect((await run(environment, "ls /sys/class/net")).out).toBe("lo\n");
    expect((await run(await open({ net: { kind: "allow", items: [] } }), "ls /sys/class/net")).out).toBe("lo\n");
  });

  it("is the engine's bridge by default, the host's or a named one when asked for", async () => {
    expect((await run(await open({ net: { kind: "default" } }), "ls /sys/class/net")).out).toContain("eth0");
    const network = uniqueName();
    docker("network", "create", network);
    networks.push(network);
    const environment = await open({ net: { kind: "network", name: network } });
    expect(docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", environment.name)).toContain(network);
    await environment.release(AbortSignal.timeout(20_000));
    const host = await open({ net: { kind: "host" } });
    expect(docker("inspect", "-f", "{{.HostConfig.NetworkMode}}", host.name)).toBe("host");
  });

  it("is refused, never opened, when it is missing or another container's", async () => {
    await expect(open({ net: { kind: "network", name: "no-such-network" } })).rejects.toMatchObject({
      code: "run/network-missing",
      message: expect.stringContaining("no-such-network"),
    });
    await expect(open({ net: { kind: "network", name: "container:x" } })).rejects.toMatchObject({
      code: "run/network-refused",
    });
  });
});
