import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { docker, hasEngine, never, Output, open, provider, run, spec, uniqueName, untilRunning } from "./harness";

const IMAGE = "mlld-env-test:noshell";

describe.skipIf(!hasEngine)("an image without a shell", () => {
  it("runs commands with arguments, variables, folder, secrets and stdin", async () => {
    const environment = await open({ image: IMAGE });
    expect(await run(environment, ["echo", "a b", "", "'\n"])).toMatchObject({
      out: "a b  '\n\n",
      err: "",
      outcome: { kind: "exited", exitCode: 0 },
    });
    expect(
      (
        await run(environment, ["cat", "self/environ"], {
          cwd: "/proc",
          vars: { ONE: "1 2" },
          secrets: { TOKEN: "hidden" },
        })
      ).out.split("\0"),
    ).toEqual(expect.arrayContaining(["ONE=1 2", "TOKEN=hidden", "PATH=/usr/local/bin:/usr/bin:/bin"]));
    expect((await run(environment, ["cat"], { stdin: "x".repeat(300_000) })).out).toHaveLength(300_000);
    expect((await run(environment, ["cat"])).out).toBe("");
    expect((await run(environment, ["cat", "/nothing"])).outcome).toEqual({ kind: "exited", exitCode: 1 });
    expect(docker("inspect", environment.name)).not.toContain("hidden");
  });

  it("says what is missing", async () => {
    const environment = await open({ image: IMAGE });
    await expect(run(environment, ["sh", "-c", "echo"])).rejects.toMatchObject({
      code: "run/interpreter-missing",
      message: expect.stringContaining("`sh`"),
    });
    await expect(run(environment, ["/bin/nothing"])).rejects.toMatchObject({ code: "run/interpreter-missing" });
    await expect(run(environment, ["cat"], { cwd: "/nowhere" })).rejects.toMatchObject({ code: "run/cwd-missing" });
    await expect(run(environment, ["cat"], { tty: { columns: 80, rows: 24 } })).rejects.toMatchObject({
      code: "run/no-shell",
    });
  });

  it("ends commands on time-out and cancel, and many at once", async () => {
    const environment = await open({ image: IMAGE });
    const stop = new AbortController();
    const cancelled = run(environment, ["sleep", "8002"], {}, stop.signal);
    expect((await run(environment, ["sleep", "8001"], { timeoutMs: 300 })).outcome).toEqual({
      kind: "killed",
      reason: "timeout",
    });
    stop.abort();
    expect((await cancelled).outcome).toEqual({ kind: "killed", reason: "cancelled" });
    expect(docker("top", environment.name, "-eo", "pid,args")).not.toMatch(/sleep 800/);
    const outs = await Promise.all(Array.from({ length: 6 }, (_, i) => run(environment, ["echo", `${i}`])));
    expect(outs.map(o => o.out)).toEqual(["0\n", "1\n", "2\n", "3\n", "4\n", "5\n"]);
  });

  it("is kept, stopped, started and used again by its name", async () => {
    const given = spec({ image: IMAGE, name: uniqueName() });
    const first = await provider().open(given, new Output(), never);
    expect(first.created).toBe(true);
    await first.detach();
    const started = Date.now();
    docker("stop", given.name!);
    expect(Date.now() - started).toBeLessThan(5000);
    const second = await open(given);
    expect(second.created).toBe(false);
    expect((await run(second, ["echo", "again"])).out).toBe("again\n");
    const attached = await provider().attach!(given.name!, never);
    expect((await run(attached!, ["echo", "attached"])).out).toBe("attached\n");
    await attached!.detach();
  });

  it("ends what ran for an owner that lets go", async () => {
    const environment = await open({ image: IMAGE, name: uniqueName() });
    const attached = await provider().attach!(environment.name, never);
    void run(attached!, ["sleep", "8003"]).catch(() => {});
    await untilRunning(environment.name, "sleep 8003");
    await attached!.detach();
    await sleep(500);
    expect(docker("top", environment.name, "-eo", "pid,args")).not.toMatch(/sleep 8003/);
  });

  it("may reach some names too", async () => {
    const environment = await open({
      image: IMAGE,
      net: { kind: "allow", items: [{ host: "api.example.com", port: null }] },
    });
    expect((await run(environment, ["cat", "/etc/resolv.conf"])).out).toContain("nameserver 127.0.0.1");
    expect((await run(environment, ["cat", "/proc/net/udp"])).out).toContain("0100007F:0035");
  });
});
