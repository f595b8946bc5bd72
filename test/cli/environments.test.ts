/** `inspect`, `changes`, `stop`, `start`, `snapshots`, `restore`, `logs` and `shell --list`, on a real engine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { changes, inspect } from "../../cli/inspect";
import { type Io, UsageError } from "../../cli/io";
import { logs } from "../../cli/logs";
import { release } from "../../cli/release";
import { shell } from "../../cli/shell";
import { snapshot } from "../../cli/snapshot";
import { restore, snapshots } from "../../cli/snapshots";
import { start, stop } from "../../cli/start-stop";
import { EnvironmentLogs } from "../../runtime/environments/environment-log";
import { call, engine, images, never, open, provider, silent, unique, until } from "./live-fixture";

const state = mkdtempSync(join(tmpdir(), "mlld-env-state-"));
const variables = { MLLD_ENV_STATE_DIR: state };
afterAll(() => rmSync(state, { recursive: true, force: true }));

/** Calls to its end. */
async function ended(command: (args: string[], io: Io) => Promise<number>, ...args: string[]) {
  const calling = call(command, args, variables);
  return { code: await calling.ended, out: calling.out(), err: calling.err() };
}
const stateOf = async (name: string) => (await provider.list!(never)).find(row => row.name === name)?.state;
async function kept(more: Parameters<typeof open>[1] = {}) {
  const name = unique();
  const environment = await open(name, more);
  await environment.execute({ argv: ["sh", "-c", "echo x >/root/file"], vars: {}, secrets: {} }, silent, never);
  await environment.detach();
  return name;
}

describe.skipIf("missing" in engine)("an environment on the command line", () => {
  it("is inspected, for people and as JSON", async () => {
    const name = await kept({ line: 9, tools: ["bash"], limits: { memoryBytes: 64 * 2 ** 20 } });
    const text = await ended(inspect, name);
    expect(text.code).toBe(0);
    for (const line of [
      /^name +mlld-live/m,
      /^line +9$/m,
      /^tools +bash$/m,
      /^limits +mem 64m, pids 1024$/m,
      /^net +none$/m,
    ])
      expect(text.out).toMatch(line);
    const json = await ended(inspect, "--json", name);
    expect(JSON.parse(json.out)).toMatchObject({ name, line: 9, kept: true, engineAnswer: { Name: `/${name}` } });
  });

  it("tells which files differ from where it started", async () => {
    const name = await kept();
    expect(await ended(changes, name)).toEqual({ code: 0, out: "A /root/file\n", err: "" });
    expect(JSON.parse((await ended(changes, "--json", name)).out)).toEqual([{ path: "/root/file", kind: "added" }]);
  });

  it("is stopped and started", async () => {
    const name = await kept();
    expect(await ended(stop, name)).toEqual({ code: 0, out: `stopped ${name}\n`, err: "" });
    expect(await stateOf(name)).toBe("stopped");
    const started = await ended(start, "--json", name, "no-such-environment");
    expect(started.code).toBe(1);
    expect(JSON.parse(started.out)).toEqual([{ name, state: "running" }]);
    expect(started.err).toContain("There is no environment 'no-such-environment'");
    expect(await stateOf(name)).toBe("running");
  });

  it("is put back to a snapshot; snapshots are listed and deleted", async () => {
    const name = await kept();
    const ref = (await ended(snapshot, name, `${name}-one`)).out.trim();
    images.push(ref);
    const environment = (await provider.attach!(name, never))!;
    await environment.execute({ argv: ["rm", "/root/file"], vars: {}, secrets: {} }, silent, never);
    await environment.detach();
    expect((await ended(snapshots, name)).out).toMatch(new RegExp(`^SNAPSHOT .*\\n${ref} +${name} +20.* MB\\n$`));
    expect(JSON.parse((await ended(snapshots, "--json", name)).out)).toMatchObject([{ ref, environment: name }]);
    expect(await ended(restore, name, ref)).toMatchObject({ code: 0, out: `restored ${name} from ${ref}\n` });
    expect((await ended(changes, name)).out).toBe("No file differs from where it started.\n");
    const used = await ended(snapshots, "--delete", ref);
    expect(used).toMatchObject({ code: 1, err: expect.stringContaining("in use") });
    await ended(release, name);
    expect(await ended(snapshots, "--delete", ref)).toMatchObject({ code: 0, out: `deleted ${ref}\n` });
    expect(await ended(snapshots, "--delete", ref)).toMatchObject({
      code: 1,
      err: expect.stringContaining("There is no snapshot"),
    });
    expect(await ended(snapshots, name)).toMatchObject({ code: 0, out: "No snapshots.\n" });
    images.pop();
  });

  it("tells which shells it has, and opens one of them", async () => {
    const name = await kept();
    expect(await ended(shell, "--list", name)).toMatchObject({ code: 0, out: "ash\nsh\n" });
    expect(JSON.parse((await ended(shell, "--list", "--json", name)).out)).toEqual(["ash", "sh"]);
    const session = call(shell, ["--shell", "ash", name]);
    session.stdin.end("echo $0; exit 3\n");
    expect(await session.ended).toBe(3);
    expect(session.out()).toContain("ash");
  });

  it.each([
    [stop, []],
    [start, []],
    [inspect, []],
    [changes, ["a", "b"]],
    [logs, []],
    [restore, ["a"]],
    [snapshots, ["--delete"]],
    [shell, ["--json", "a"]],
  ] as const)("refuses an unclear call (%#)", async (command, args) => {
    await expect(ended(command as typeof stop, ...args)).rejects.toThrow(UsageError);
  });

  it.each([
    ["inspect", inspect, []],
    ["changes", changes, []],
    ["logs", logs, []],
    ["restore", restore, ["x"]],
  ] as const)("that does not live is said so by %s", async (_, command, more) => {
    expect(await ended(command, "no-such-environment", ...more)).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("There is no environment 'no-such-environment'"),
    });
  });
});

describe.skipIf("missing" in engine)("the log of an environment", () => {
  const range = { start: { line: 4, character: 2 }, end: { line: 4, character: 9 } };
  const run = (name: string, created: boolean, text: string, exitCode = 0) => {
    const log = new EnvironmentLogs(state, "r1", cause => {
      throw cause;
    });
    log.keep(name, created);
    log.take({ event: "command", command: 1, envName: name, argv: ["sh", "-lc", "make"], range, file: "/tmp/a.mld" });
    log.take({ event: "stdout", command: 1, text });
    log.take({ event: "exit", command: 1, exitCode, outcome: "exited", durationMs: 1500 });
    log.close();
  };

  it("is printed for people and as JSON, and goes with the environment", async () => {
    const name = await kept();
    expect(await ended(logs, name)).toMatchObject({
      code: 0,
      out: "",
      err: expect.stringContaining("No run of this machine"),
    });
    run(name, true, "built", 2);
    const zone = vi.spyOn(Date.prototype, "getTimezoneOffset").mockReturnValue(300);
    const text = await ended(logs, name);
    zone.mockRestore();
    const [, time, rest] = /^── (20\S+ \S+) ──\n([\s\S]*)$/.exec(text.out)!;
    expect(Math.abs(Date.now() - 5 * 3_600_000 - Date.parse(`${time}Z`))).toBeLessThan(60_000);
    expect(rest).toBe("$ make a.mld:5\nbuilt\nexit code 2 (1.5 s)\n");
    const events = (await ended(logs, "--json", name)).out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line).event);
    expect(events).toEqual(["command", "stdout", "exit"]);
    await ended(release, name);
    expect(await ended(logs, name)).toMatchObject({ code: 1 });
  });

  it("is followed until the environment is released", async () => {
    const name = await kept();
    run(name, true, "one\n");
    const following = call(logs, ["--follow", name], variables);
    await until(() => following.out().includes("one\n"), "the first run");
    run(name, false, "two\n");
    await until(() => following.out().includes("two\n"), "the second run");
    await ended(release, name);
    expect(await following.ended).toBe(0);
    expect(following.out().match(/one|two/g)).toEqual(["one", "two"]);
  });
});
