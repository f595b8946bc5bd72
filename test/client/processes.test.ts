import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ExplorerProcess } from "../../client/explorer/explorer-process";
import { type Program, startProgram } from "../../client/program";
import { type RunEnd, RunProcess } from "../../client/run/run-process";
import { runArguments } from "../../client/run/run-request";
import { Spare } from "../../client/run/spare";
import type { RunEvent } from "../../protocol/events";
import type { ExplorerMessage } from "../../protocol/explorer";

const program = (name: string): Program => ({
  cli: fileURLToPath(new URL(`../fixtures/client/${name}.cjs`, import.meta.url)),
  variables: () => ({}),
});
const cwd = process.cwd();

/** A run of the fixture, which behaves as `how` says. */
function run(how: string) {
  const events: RunEvent[] = [];
  let first: () => void = () => undefined;
  const begun = new Promise<void>(resolve => {
    first = resolve;
  });
  let child: RunProcess | undefined;
  const ended = new Promise<RunEnd>(resolve => {
    child = new RunProcess(startProgram(program("run"), runArguments({ file: how }), cwd), {
      event: event => {
        events.push(event);
        first();
      },
      end: resolve,
    });
  });
  child!.send({ type: "start", secrets: {} });
  return { child: child!, events, ended, begun };
}
/** A process that has ended but that nobody has waited for yet counts as ended. */
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
};

describe("the process of a run", () => {
  it("gives every event in order, with nothing lost at its end", async () => {
    const { events, ended } = run("/burst");
    expect(await ended).toEqual({ exitCode: 0 });
    const text = events.flatMap(event => (event.event === "stdout" ? [event.text] : []));
    expect(text.map(part => Number.parseInt(part, 10))).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(text.join("").length).toBe(50 * 60_002 + 90);
  });

  it("tells of a crash with what it said last", async () => {
    const end = await run("/crash").ended;
    expect(end.exitCode).toBe(9);
    expect(end.trouble).toEqual({ kind: "ended", exitCode: 9, signal: null, said: "out of luck" });
  });

  it("sets aside lines that are no events", async () => {
    const { events, ended } = run("/garbage");
    expect(await ended).toEqual({ exitCode: 0 });
    expect(events.map(({ event }) => event)).toEqual(["done"]);
  });

  it("cancels", async () => {
    const { child, events, ended, begun } = run("/wait");
    await begun;
    child.cancel();
    expect((await ended).exitCode).toBe(130);
    expect(events.at(-1)).toMatchObject({ event: "cancelled" });
  });

  it.skipIf(process.platform === "win32")("kills a run that does not cancel, with all it started", async () => {
    const { child, events, ended, begun } = run("/stubborn");
    await begun;
    const pid = Number(/child (\d+)/.exec((events[0] as { message: string }).message)?.[1]);
    expect(alive(pid)).toBe(true);
    const start = Date.now();
    child.cancel();
    const end = await ended;
    expect(Date.now() - start).toBeLessThan(4000);
    expect(end.trouble).toMatchObject({ kind: "ended", signal: "SIGKILL" });
    await expect.poll(() => alive(pid)).toBe(false);
  });

  it("tells when it cannot be started", async () => {
    const end = await new Promise<RunEnd>(resolve => {
      const child = startProgram(program("run"), ["run"], "/no/such/folder");
      new RunProcess(child, { event: () => undefined, end: resolve });
    });
    expect(end.exitCode).toBeNull();
    expect(end.trouble).toMatchObject({ kind: "not-started", cause: expect.stringContaining("ENOENT") });
  });
});

describe("the process of the explorer", () => {
  function explore() {
    const lists: Extract<ExplorerMessage, { type: "list" }>[] = [];
    let listed: () => void = () => undefined;
    let gone: (trouble: string) => void = () => undefined;
    const first = new Promise<void>(resolve => {
      listed = resolve;
    });
    const ended = new Promise<string>(resolve => {
      gone = resolve;
    });
    const explorer = new ExplorerProcess(program("explorer"), cwd, {
      t: (message, ...places) => message.replace(/\{(\d)\}/g, (_, at) => String(places[Number(at)])),
      list: list => {
        lists.push(list);
        listed();
      },
      ended: trouble => gone(trouble),
      log: () => undefined,
    });
    return { explorer, lists, first, ended };
  }

  it("lists and answers commands, each its own", async () => {
    const { explorer, lists, first } = explore();
    await first;
    expect(lists[0]?.engines?.[0]?.state).toBe("ready");
    const answers = await Promise.all([
      explorer.send("inspect", { name: "a" }),
      explorer.send("release", { name: "b" }),
    ]);
    expect(answers).toEqual([
      { command: "inspect", name: "a" },
      { command: "release", name: "b" },
    ]);
    explorer.stop();
  });

  it("rejects with the words of the engine", async () => {
    const { explorer } = explore();
    await expect(explorer.send("release", { name: "refused" })).rejects.toThrow("it is in use");
    explorer.stop();
  });

  it("rejects what waits when it dies, and tells of it once", async () => {
    const { explorer, ended } = explore();
    const silent = explorer.send("inspect", { name: "silent" });
    const died = explorer.send("release", { name: "die" });
    await expect(silent).rejects.toThrow(/ended \(7\)/);
    await expect(died).rejects.toThrow(/ended \(7\)/);
    expect(await ended).toMatch(/ended \(7\)/);
    await expect(explorer.send("refresh", {})).rejects.toThrow("not running");
  });

  it("says nothing of an end that was asked for", async () => {
    const { explorer, first, ended } = explore();
    await first;
    explorer.stop();
    const told = await Promise.race([ended, new Promise(resolve => setTimeout(() => resolve("nothing"), 500))]);
    expect(told).toBe("nothing");
  });
});

describe("the spare process", () => {
  let variables = {};
  const spareProgram: Program = { ...program("spare"), variables: () => variables };
  const args = runArguments({ file: "/w/a.mld" });

  /** What the fixture says once it has become a run: what it was prepared with, and how it was called. */
  const become = (child: ReturnType<Spare["take"]>) =>
    new Promise<RunEvent[]>(resolve => {
      const events: RunEvent[] = [];
      const run = new RunProcess(child!, { event: event => events.push(event), end: () => resolve(events) });
      run.send({ type: "start", secrets: {} });
    });

  it("becomes the next run", async () => {
    const spare = new Spare(spareProgram);
    expect(spare.take(args, cwd)).toBeUndefined();
    spare.prepare({ provider: "p" }, cwd);
    const events = await become(spare.take(args, "/tmp"));
    expect(events[0]).toMatchObject({ event: "result", value: { spare: { provider: "p" }, args, cwd: "/tmp" } });
    expect(spare.take(args, cwd)).toBeUndefined();
  });

  it("is not used when the settings have changed since", () => {
    const spare = new Spare(spareProgram);
    spare.prepare(undefined, cwd);
    variables = { MLLD_ENV_DOCKER_IMAGE: "other" };
    expect(spare.take(args, cwd)).toBeUndefined();
    variables = {};
  });

  it("is forgotten when it dies", async () => {
    const spare = new Spare({ ...spareProgram, cli: "/no/such/program" });
    spare.prepare(undefined, cwd);
    await new Promise(resolve => setTimeout(resolve, 1000));
    expect(spare.take(args, cwd)).toBeUndefined();
  });
});
