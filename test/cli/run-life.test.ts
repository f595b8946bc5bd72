import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../protocol/events";
import { TIMED } from "../support/timed";
import { buildFixture, type Run, start as startProcess, until } from "./run-process";

const { folder: build, program } = buildFixture();
let folder: string;
let state: string;

beforeEach(() => {
  folder = mkdtempSync(join(build, "environments-"));
  state = mkdtempSync(join(build, "state-"));
});

function run(scenario: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Run {
  const variables = { ...process.env, FIXTURE_FOLDER: folder, MLLD_ENV_STATE_DIR: state, ...env };
  return startProcess([program, scenario, ...args], variables);
}

const environments = () => readdirSync(folder);
const journals = () => (existsSync(join(state, "runs")) ? readdirSync(join(state, "runs")) : []);
const nothingLeft = () => environments().length === 0 && journals().length === 0;
const names = (events: RunEvent[]) => events.map(event => event.event);

describe("what a run opened is released", () => {
  it("after success", async () => {
    const it = run("success");
    expect(await it.ended).toBe(0);
    expect(names(it.events())).toEqual(["created", "released", "done"]);
    expect(it.events().at(-1)).toMatchObject({ ok: true, exitCode: 0 });
    expect(nothingLeft()).toBe(true);
  });

  it("when the program fails and leaves it open", async () => {
    const it = run("left");
    expect(await it.ended).toBe(1);
    expect(names(it.events())).toEqual(["created", "released", "done"]);
    expect(nothingLeft()).toBe(true);
  });

  it("when the evaluator has a fault", async () => {
    const it = run("throws");
    expect(await it.ended).toBe(1);
    expect(names(it.events())).toEqual(["created", "error", "released", "done"]);
    expect(nothingLeft()).toBe(true);
  });

  it("when something outside the program throws", async () => {
    const it = run("crash");
    expect(await it.ended).toBe(1);
    expect(it.events().find(event => event.event === "error")).toMatchObject({ code: "run/internal" });
    expect(nothingLeft()).toBe(true);
  });

  it("after a refusal, which is exit 3 before anything ran and 1 later", async () => {
    expect(await run("refused").ended).toBe(3);
    expect(await run("refused-later").ended).toBe(1);
    expect(nothingLeft()).toBe(true);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("after %s, within two seconds", TIMED, async signal => {
    const it = run("hang");
    await until(() => it.out().includes("ready"), "start");
    const start = Date.now();
    it.child.kill(signal);
    expect(await it.ended).toBe(130);
    expect(Date.now() - start).toBeLessThan(2000);
    expect(names(it.events()).slice(-3)).toEqual(["released", "cancelled", "done"]);
    expect(nothingLeft()).toBe(true);
  });

  it("after the whole run's time-out", async () => {
    const it = run("hang", ["--timeout=300"]);
    expect(await it.ended).toBe(124);
    expect(it.events().at(-2)).toMatchObject({ event: "cancelled", reason: "timeout" });
    expect(nothingLeft()).toBe(true);
  });

  it("when it is cancelled while it is being made", async () => {
    const it = run("hang-opening");
    await until(() => environments().length === 1, "creation");
    it.child.kill("SIGINT");
    expect(await it.ended).toBe(130);
    await until(nothingLeft, "release");
  });

  it.each(["silent-opening", "silent-release"])(
    "when it is cancelled and its engine says nothing any more (%s)",
    TIMED,
    async scenario => {
      const it = run(scenario);
      await until(() => it.out().includes("ready") && environments().length === 1, "start");
      const start = Date.now();
      it.child.kill("SIGINT");
      expect(await it.ended).toBe(130);
      expect(Date.now() - start).toBeLessThan(2000);
      expect(names(it.events()).slice(-2)).toEqual(["cancelled", "done"]);
      await until(nothingLeft, "release by the watchdog");
    },
  );

  it("at once after a second Ctrl+C", TIMED, async () => {
    const it = run("silent-release");
    await until(() => it.out().includes("ready"), "start");
    it.child.kill("SIGINT");
    await sleep(100);
    const start = Date.now();
    it.child.kill("SIGINT");
    expect(await it.ended).toBe(130);
    expect(Date.now() - start).toBeLessThan(500);
    await until(nothingLeft, "release by the watchdog");
  });

  it("when the editor closes the control stream", async () => {
    const it = run("hang", ["--control"]);
    it.child.stdin.write(`${JSON.stringify({ type: "start", secrets: {} })}\n`);
    await until(() => it.out().includes("ready"), "start");
    it.child.stdin.end();
    expect(await it.ended).toBe(130);
    expect(it.events().at(-2)).toMatchObject({ event: "cancelled", reason: "user" });
    expect(nothingLeft()).toBe(true);
  });

  it("before it begins, when the editor goes away at once", async () => {
    const it = run("hang", ["--control"]);
    it.child.stdin.end();
    expect(await it.ended).toBe(130);
    expect(names(it.events())).toEqual(["cancelled", "done"]);
    expect(journals()).toEqual([]);
  });

  it("when the editor cancels", async () => {
    const it = run("hang", ["--control"]);
    it.child.stdin.write(`${JSON.stringify({ type: "start", secrets: {} })}\n`);
    await until(() => it.out().includes("ready"), "start");
    it.child.stdin.write(`${JSON.stringify({ type: "cancel" })}\n`);
    expect(await it.ended).toBe(130);
    expect(nothingLeft()).toBe(true);
  });

  it.each([["--text"], ["--json"]])("when the reader of its output goes away (%s)", async mode => {
    const it = run("chatty", [mode]);
    await until(() => it.out().length > 2000, "output");
    it.child.stdout.destroy();
    expect(await it.ended).toBe(130);
    expect(nothingLeft()).toBe(true);
  });

  it("when the runner is killed", async () => {
    const it = run("hang");
    await until(() => it.out().includes("ready"), "start");
    expect(environments()).toHaveLength(1);
    it.child.kill("SIGKILL");
    expect(await it.ended).toBe("SIGKILL");
    await until(nothingLeft, "release by the watchdog");
  });

  it("when the runner is killed together with its process group", async () => {
    const it = spawn(process.execPath, [program, "hang"], {
      env: { ...process.env, FIXTURE_FOLDER: folder, MLLD_ENV_STATE_DIR: state },
      detached: true,
      stdio: "ignore",
    });
    await until(() => environments().length === 1, "creation");
    process.kill(-it.pid!, "SIGKILL");
    await until(nothingLeft, "release by the watchdog");
  });

  it("when the runner is killed in the middle of creating it", async () => {
    expect(await run("dies-opening").ended).toBe("SIGKILL");
    await until(nothingLeft, "release by the watchdog");
  });

  it("by the next run, when runner and watchdog were killed", async () => {
    const it = run("hang");
    await until(() => it.out().includes("ready"), "start");
    const watchdog = Number(
      execFileSync("pgrep", ["-f", `__watchdog ${join(state, "runs")}`], { encoding: "utf8" }).trim(),
    );
    process.kill(watchdog, "SIGKILL");
    it.child.kill("SIGKILL");
    await it.ended;
    await sleep(200);
    expect(environments()).toHaveLength(1);
    expect(await run("success").ended).toBe(0);
    await until(nothingLeft, "release by the sweep");
  });

  it("later, when it could not be released at once; and the run has not succeeded", async () => {
    const it = run("stuck");
    expect(await it.ended).toBe(1);
    expect(it.events().find(event => event.event === "warning")).toMatchObject({
      message: expect.stringContaining("the engine is busy"),
    });
    await until(nothingLeft, "release by the watchdog");
  });
});

describe("environments that outlive a run", () => {
  it("keeps a named one, and finds it again", async () => {
    const first = run("named");
    expect(await first.ended).toBe(0);
    expect(environments()).toEqual(["bench"]);
    expect(first.events()[0]).toMatchObject({ event: "created", envName: "bench", created: true });
    const second = run("named");
    await second.ended;
    expect(second.events()[0]).toMatchObject({ event: "created", envName: "bench", created: false });
    expect(names(second.events())).not.toContain("released");
    expect(journals()).toEqual([]);
  });

  it("releases a named one with `keep: false` only if this run created it", async () => {
    expect(await run("named-not-kept").ended).toBe(0);
    expect(environments()).toEqual([]);
    await run("named").ended;
    expect(await run("named-not-kept").ended).toBe(0);
    expect(environments()).toEqual(["bench"]);
  });

  it("keeps an unnamed one under --keep", async () => {
    const it = run("success", ["--keep"]);
    expect(await it.ended).toBe(0);
    expect(environments()).toEqual([(it.events()[0] as { envName: string }).envName]);
    expect(journals()).toEqual([]);
  });
});

describe("an environment that was made ahead", () => {
  const spare = (scenario: string, args: string[] = []) => run("spare", [`--scenario=${scenario}`, ...args]);

  it("is used for a block like the last one, and released with it", async () => {
    const it = spare("success");
    expect(await it.ended).toBe(0);
    expect(it.events()[0]).toMatchObject({ event: "created", envName: "spare", created: true });
    expect(names(it.events())).toEqual(["created", "released", "done"]);
    expect(nothingLeft()).toBe(true);
  });

  it("is released when another one is asked for", async () => {
    const it = spare("lost");
    expect(await it.ended).toBe(1);
    expect((it.events()[0] as { envName: string }).envName).not.toBe("spare");
    expect(nothingLeft()).toBe(true);
  });

  it("is released when none is asked for", async () => {
    expect(await spare("refused").ended).toBe(3);
    expect(nothingLeft()).toBe(true);
  });

  it("is not used for one that is kept", async () => {
    const it = spare("success", ["--keep"]);
    expect(await it.ended).toBe(0);
    expect(environments()).toEqual([(it.events()[0] as { envName: string }).envName]);
    expect(environments()).not.toEqual(["spare"]);
  });

  it("is not used when it went away while it waited", async () => {
    const it = spare("late");
    await until(() => environments().includes("spare"), "spare");
    rmSync(join(folder, "spare"));
    expect(await it.ended).toBe(0);
    expect((it.events()[0] as { envName: string }).envName).not.toBe("spare");
    expect(nothingLeft()).toBe(true);
  });

  it("is gone when the process is killed", async () => {
    const it = spare("late");
    await until(() => environments().includes("spare"), "spare");
    it.child.kill("SIGKILL");
    await until(nothingLeft, "release by the watchdog");
  });

  it("is described by the end of a run, for the editor", async () => {
    const it = run("success", ["--control"]);
    it.child.stdin.write(`${JSON.stringify({ type: "start", secrets: {} })}\n`);
    await it.ended;
    expect(it.events().at(-1)).toMatchObject({
      event: "done",
      spare: { provider: "folder", spec: { configHash: "h" } },
    });
  });
});

it("never calls a run with a lost environment a success", async () => {
  const it = run("lost");
  expect(await it.ended).toBe(1);
  expect(it.events().at(-1)).toMatchObject({ event: "done", ok: false, exitCode: 1 });
});

describe("secrets", () => {
  const secret = "correct horse battery";

  it.each([["--json"], ["--text"]])("never appear in the output (%s)", async mode => {
    const it = run("secret", [mode], { FIXTURE_SECRET: secret });
    expect(await it.ended).toBe(0);
    const all = it.out() + it.err();
    expect(all).not.toContain("horse");
    expect(all).not.toContain(Buffer.from(secret).toString("base64").slice(4, 16));
    expect(it.out()).toContain("shown ***");
    expect(all).toContain("failed with ***");
  });
});

describe.runIf(process.platform === "linux")("local processes", () => {
  const marked = (mark: string) => {
    try {
      return execFileSync("pgrep", ["-f", mark], { encoding: "utf8" }).trim().split("\n");
    } catch {
      return [];
    }
  };
  let mark: string;
  const start = (script: string, args: string[] = []) =>
    run("processes", args, { FIXTURE_SCRIPT: script.replaceAll("MARK", mark) });

  beforeEach(() => {
    // A length of sleep that nothing else on the machine has.
    mark = `sleep 9${Math.floor(Math.random() * 1e9)}`;
  });

  it.each([
    ["a child in the background", "MARK & echo done"],
    ["one that ignores SIGTERM", "(trap '' TERM; exec MARK) & echo done"],
    ["one that left its session", "setsid MARK >/dev/null 2>&1 & echo done"],
    [
      "one that left its session and its parent, and cleared its environment",
      "setsid sh -c 'env -i MARK & sleep 0.2; MARK & wait' >/dev/null 2>&1 & sleep 0.4; echo done",
    ],
    ["one that holds the output", "MARK & disown 2>/dev/null; echo done"],
  ])("ends with the run: %s", TIMED, async (_, script) => {
    const it = start(script);
    const begin = Date.now();
    expect(await it.ended).toBe(0);
    expect(it.out()).toContain("done");
    expect(Date.now() - begin).toBeLessThan(3000);
    expect(marked(mark)).toEqual([]);
    expect(journals()).toEqual([]);
  });

  it("end within two seconds of a cancel, also those that ignore it", TIMED, async () => {
    const it = start("trap '' TERM INT; echo ready; MARK & setsid MARK & wait; MARK");
    await until(() => it.out().includes("ready"), "start");
    const begin = Date.now();
    it.child.kill("SIGINT");
    expect(await it.ended).toBe(130);
    expect(Date.now() - begin).toBeLessThan(2000);
    await until(() => marked(mark).length === 0, "end");
  });

  it("end when the runner is killed", async () => {
    const it = start("echo ready; MARK & setsid MARK & wait");
    await until(() => it.out().includes("ready"), "start");
    it.child.kill("SIGKILL");
    await until(() => marked(mark).length === 0 && journals().length === 0, "end");
  });

  it("end when the runner is killed, and its parent is too busy to notice", async () => {
    const FIXTURE_SCRIPT = `echo ready; ${mark} & setsid ${mark} & wait`;
    const parent = spawn(
      "sh",
      ["-c", '"$@" & echo "runner $!"; exec sleep 60', "sh", process.execPath, program, "processes"],
      { env: { ...process.env, FIXTURE_FOLDER: folder, MLLD_ENV_STATE_DIR: state, FIXTURE_SCRIPT } },
    );
    try {
      let out = "";
      parent.stdout.on("data", text => {
        out += text;
      });
      await until(() => out.includes("ready"), "start");
      process.kill(Number(/runner (\d+)/.exec(out)![1]), "SIGKILL");
      await until(() => marked(mark).length === 0 && journals().length === 0, "end");
    } finally {
      parent.kill("SIGKILL");
    }
  });
});
