/** The promises of `run-life.test.ts` on a real engine: nothing of a run is left in it, whatever way the run ends. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { ensureEngine } from "../support/docker-engine.mjs";
import { TIMED } from "../support/timed";
import { buildFixture, type Run, start, until } from "./run-process";

const engine = await ensureEngine();
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
const { folder, program } = buildFixture();
let state: string;

beforeEach(() => {
  state = mkdtempSync(join(folder, "state-"));
});

const variables = () => ({
  ...process.env,
  ...("host" in engine && { DOCKER_HOST: engine.host }),
  FIXTURE_FOLDER: folder,
  MLLD_ENV_STATE_DIR: state,
});

function run(script: string, args: string[] = []): Run {
  return start([program, "docker", ...args], { ...variables(), FIXTURE_SCRIPT: script });
}

/** Names of the containers that the run made and that are still there, in whatever state. */
function containers(it: Run): string[] {
  const pid = `label=dev.mlld-env.process`;
  const found = execFileSync(
    "docker",
    ["ps", "-a", "--filter", pid, "--format", '{{.Names}} {{.Label "dev.mlld-env.process"}}'],
    {
      encoding: "utf8",
      env: variables(),
    },
  );
  return found.split("\n").filter(line => line.includes(`"pid":${it.child.pid},`));
}

const journals = () => (existsSync(join(state, "runs")) ? readdirSync(join(state, "runs")) : []);
const nothingLeft = (it: Run) => () => containers(it).length === 0 && journals().length === 0;

describe.skipIf("missing" in engine)("a container of a run is gone", () => {
  it("after success", async () => {
    const it = run("echo hello; hostname");
    expect(await it.ended).toBe(0);
    expect(it.out()).toContain("hello");
    expect(it.events().map(event => event.event)).toEqual(
      expect.arrayContaining(["created", "stdout", "released", "done"]),
    );
    expect(nothingLeft(it)()).toBe(true);
  });

  it("after a failure", async () => {
    const it = run("exit 4");
    expect(await it.ended).toBe(1);
    expect(nothingLeft(it)()).toBe(true);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("after %s, within two seconds", TIMED, async signal => {
    const it = run("echo ready; trap '' TERM INT; sleep 1000");
    await until(() => it.out().includes("ready"), "start");
    const begin = Date.now();
    it.child.kill(signal);
    expect(await it.ended).toBe(130);
    expect(Date.now() - begin).toBeLessThan(2000);
    await until(nothingLeft(it), "release");
  });

  it("after the time-out of the run", async () => {
    const it = run("sleep 1000", ["--timeout=1500"]);
    expect(await it.ended).toBe(124);
    await until(nothingLeft(it), "release");
  });

  it("when the reader of the output goes away", async () => {
    const it = run("while :; do echo line; done");
    await until(() => it.out().length > 1000, "output");
    it.child.stdout.destroy();
    expect(await it.ended).toBe(130);
    await until(nothingLeft(it), "release");
  });

  it("when the runner is killed", async () => {
    const it = run("echo ready; sleep 1000");
    await until(() => it.out().includes("ready"), "start");
    expect(containers(it)).toHaveLength(1);
    it.child.kill("SIGKILL");
    await until(nothingLeft(it), "release");
  });

  it("when the runner is killed while it makes it", { timeout: 40_000 }, async () => {
    const it = run("echo ready; sleep 1000");
    await until(() => journals().length === 1, "journal");
    await sleep(60);
    it.child.kill("SIGKILL");
    await sleep(500);
    // The engine may finish what the dead runner asked for: the watchdog looks again for a while.
    await until(nothingLeft(it), "release", 25_000);
  });

  it("and a run whose container is removed under it has not succeeded", async () => {
    const it = run("echo ready; sleep 1000");
    await until(() => it.out().includes("ready"), "start");
    execFileSync("docker", ["rm", "-f", containers(it)[0]!.split(" ")[0]!], { env: variables() });
    expect(await it.ended).toBe(1);
    expect(it.events().at(-1)).toMatchObject({ event: "done", ok: false });
    expect(nothingLeft(it)()).toBe(true);
  });
});
