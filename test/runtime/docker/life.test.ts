import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { LABEL } from "../../../runtime/providers/docker/labels";
import type { Environment, EnvironmentSpec } from "../../../runtime/providers/provider";
import {
  BUSYBOX,
  docker,
  engine,
  hasEngine,
  never,
  Output,
  open,
  provider,
  run,
  spec,
  uniqueName,
  untilRunning,
} from "./harness";

const strangers: string[] = [];
afterEach(() => {
  for (const name of strangers.splice(0)) docker("rm", "-f", name);
});

function exists(name: string): boolean {
  return docker("ps", "-aq", "--filter", `name=^/${name}$`) !== "";
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error(`${what} did not happen within 10 s`);
}

/** Another process that opens an environment and runs a command in it; it is told of when both are so. */
async function startOwner(given: EnvironmentSpec, argv: string[]): Promise<ChildProcess> {
  const script = join(given.folder, "owner.cjs");
  const source = join(given.folder, "owner.ts");
  writeFileSync(
    source,
    `import { createDockerProvider } from ${JSON.stringify(join(process.cwd(), "runtime/providers/docker"))};
    const sink = { stdout() {}, stderr() {} };
    const signal = new AbortController().signal;
    createDockerProvider({ host: ${JSON.stringify("host" in engine ? engine.host : "")}, defaultImage: ${JSON.stringify(BUSYBOX)} })
      .open(${JSON.stringify(given)}, sink, signal)
      .then(async environment => {
        await environment.execute({ argv: ["sh", "-c", "sleep 6001 &"], vars: {}, secrets: {} }, sink, signal);
        setTimeout(() => console.log("open"), 500);
        await environment.execute({ argv: ${JSON.stringify(argv)}, vars: {}, secrets: {} }, sink, signal);
      });`,
  );
  const bundle = [
    source,
    "--bundle",
    "--platform=node",
    `--outfile=${script}`,
    "--external:*.node",
    "--log-level=error",
  ];
  execFileSync("node_modules/.bin/esbuild", bundle);
  const owner = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(owner.stdout, "data");
  return owner;
}

describe.skipIf(!hasEngine)("create or exists", () => {
  it("makes a missing environment, reuses a running one, starts a stopped one", async () => {
    const name = uniqueName();
    const given = spec({ name });
    const first = await provider().open(given, new Output(), never);
    expect({ name: first.name, created: first.created }).toEqual({ name, created: true });
    await run(first, "echo kept >/root/file");
    await first.detach();
    const second = await open({ ...given });
    expect(second.created).toBe(false);
    docker("stop", name);
    const third = await open({ ...given });
    expect(third.created).toBe(false);
    expect((await run(third, "cat /root/file")).out).toBe("kept\n");
    expect(docker("ps", "-a", "--filter", `name=${name}`, "-q").split("\n")).toHaveLength(1);
  });

  it("stops at once when Docker asks it to", async () => {
    const environment = await open({ name: uniqueName() });
    const started = Date.now();
    docker("stop", environment.name);
    expect(Date.now() - started).toBeLessThan(5000);
    await sleep(200);
    expect((await run(environment, "echo again")).out).toBe("again\n");
  });

  it("ends with one container when 8 callers ask at once, 25 times, in several processes' worth of connections", async () => {
    const providers = Array.from({ length: 4 }, () => provider());
    for (let round = 0; round < 25; round++) {
      const given = spec({ name: uniqueName(), configHash: `round-${round}` });
      const environments = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          providers[i % 4]!.open({ ...given, generatedName: uniqueName() }, new Output(), never),
        ),
      );
      expect(environments.filter(e => e.created)).toHaveLength(1);
      if (round % 8 === 0) {
        const answers = await Promise.all(environments.map(e => run(e, "hostname >/dev/null; echo ok")));
        expect(answers.map(a => a.out)).toEqual(Array(8).fill("ok\n"));
      }
      for (const environment of environments) await environment.detach();
      await environments[0]!.release(never);
    }
  }, 120_000);

  it("survives callers that open and release the same name against each other", async () => {
    const given = spec({ name: uniqueName() });
    const using = provider();
    const work = async () => {
      for (let i = 0; i < 5; i++) {
        const environment = await using.open(given, new Output(), never);
        await environment.release(never);
      }
    };
    await Promise.all([work(), work(), work()]);
    expect(exists(given.name!)).toBe(false);
  }, 60_000);

  it("finishes a container that another process made and never started", async () => {
    const given = spec({ name: uniqueName() });
    const labels = {
      [LABEL.owner]: given.name!,
      [LABEL.name]: given.name!,
      [LABEL.kind]: "named",
      [LABEL.config]: given.configHash,
    };
    const flags = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    docker("create", "--name", given.name!, "--network", "none", ...flags, BUSYBOX, "sleep", "1000");
    const environment = await open(given);
    expect(environment.created).toBe(false);
    expect((await run(environment, "echo ok")).out).toBe("ok\n");
  });

  it("lives on when its owner is killed, but what ran for that owner ends", async () => {
    const given = spec({ name: uniqueName() });
    strangers.push(given.name!);
    const owner = await startOwner(given, ["sh", "-c", "sleep 6002 & setsid sleep 6003 & sleep 6004"]);
    const processes = () => docker("top", given.name!, "-eo", "pid,args");
    await untilRunning(given.name!, "sleep 6004");
    owner.kill("SIGKILL");
    await until(() => !/sleep 600[234]/.test(processes()), "the end of the command");
    // What an earlier command left running is the environment's, not the owner's.
    expect(processes()).toMatch(/sleep 6001/);
    const environment = await open(given);
    expect(environment.created).toBe(false);
    await environment.detach();
    await sleep(300);
    expect(processes()).toMatch(/sleep 6001/);
    await provider().remove!(strangers.pop()!, never);
  });

  it("refuses a name that a stranger's container has, and leaves that alone", async () => {
    const name = uniqueName();
    docker("run", "-d", "--name", name, "--network", "none", BUSYBOX, "sleep", "1000");
    strangers.push(name);
    await expect(open({ name })).rejects.toMatchObject({
      code: "run/name-taken",
      message: expect.stringContaining(name),
    });
    const using = provider();
    expect(await using.attach!(name, never)).toBeNull();
    expect(await using.remove!(name, never)).toBe(false);
    expect(exists(name)).toBe(true);
  });

  it("takes a container of an image committed from an environment for a stranger's", async () => {
    const environment = await open({ name: uniqueName() });
    const image = docker("commit", "--pause=false", environment.name);
    const name = uniqueName();
    docker("run", "-d", "--name", name, "--network", "none", "--entrypoint", "sleep", image, "1000");
    strangers.push(name);
    await expect(open({ name })).rejects.toMatchObject({ code: "run/name-taken" });
    const names = (await provider().list!(never)).map(e => e.name);
    expect(names).toContain(environment.name);
    expect(docker("inspect", "-f", `{{index .Config.Labels "${LABEL.owner}"}}`, name)).toBe(environment.name);
    expect(names.filter(n => n === environment.name)).toHaveLength(1);
    docker("rm", "-f", strangers.pop()!);
    docker("rmi", image);
  });

  it("leaves nothing behind when it is cancelled on the way", async () => {
    for (const wait of [0, 5, 15, 40, 90, 160]) {
      const name = uniqueName();
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Error("cancelled by the test")), wait);
      const outcome = await provider()
        .open(spec({ name }), new Output(), stop.signal)
        .then(
          environment => environment.release(never).then(() => "opened"),
          (error: Error) => error.message,
        );
      expect(["opened", "cancelled by the test"]).toContain(outcome);
      expect(exists(name)).toBe(false);
    }
  });

  it("refuses a live environment of another config", async () => {
    const given = spec({ name: uniqueName() });
    await open(given);
    await expect(open({ ...given, configHash: "other" })).rejects.toMatchObject({
      code: "run/config-drift",
      message: expect.stringContaining(given.name!),
      mend: expect.stringContaining("release"),
    });
  });

  it("takes any name, and different names never meet", async () => {
    const names = [`my env ${uniqueName()}`, `my-env ${uniqueName()}`, `ünï/${uniqueName()}`];
    const environments: Environment[] = [];
    for (const name of names) environments.push(await open({ name }));
    expect(environments.map(e => e.name)).toEqual(names);
    const listed = (await provider().list!(never)).map(e => e.name);
    expect(listed).toEqual(expect.arrayContaining(names));
    expect(await (await provider().attach!(names[0]!, never))?.detach()).toBeUndefined();
  });
});

describe.skipIf(!hasEngine)("anonymous environments", () => {
  it("vanish with a release, and with a detach", async () => {
    const one = await open();
    const two = await open();
    expect(exists(one.name)).toBe(true);
    await one.release(never);
    expect(exists(one.name)).toBe(false);
    await two.detach();
    await until(() => !exists(two.name), "the end of the container");
  });

  it("vanish when their owner is killed", async () => {
    const name = uniqueName();
    const owner = await startOwner({ ...spec(), generatedName: name }, ["sleep", "1000"]);
    expect(exists(name)).toBe(true);
    owner.kill("SIGKILL");
    await until(() => !exists(name), "the end of the container");
  });

  it("are swept when their owner died before they lived, and only then", async () => {
    const using = provider();
    const mine = await open();
    const dead = uniqueName();
    const foreign = uniqueName();
    const owner = JSON.parse(docker("inspect", "-f", `{{index .Config.Labels "${LABEL.process}"}}`, mine.name));
    const make = (name: string, process: object) => {
      const labels = {
        [LABEL.owner]: name,
        [LABEL.name]: name,
        [LABEL.kind]: "anonymous",
        [LABEL.process]: JSON.stringify(process),
      };
      docker(
        "create",
        "--name",
        name,
        ...Object.entries(labels).flatMap(([k, v]) => ["--label", `${k}=${v}`]),
        BUSYBOX,
        "true",
      );
      strangers.push(name);
    };
    make(dead, { ...owner, startTime: "1" });
    make(foreign, { ...owner, startTime: "1", host: "another-machine" });
    const orphans = await using.orphans!(never);
    expect(orphans).toContain(dead);
    expect(orphans).not.toContain(mine.name);
    expect(orphans).not.toContain(foreign);
    expect(await using.remove!(dead, never)).toBe(true);
    strangers.splice(strangers.indexOf(dead), 1);
    expect(exists(dead)).toBe(false);
  });
});

describe.skipIf(!hasEngine)("list, attach, remove, watch", () => {
  it("lists what is live, with where it comes from", async () => {
    const given = spec({ name: uniqueName() });
    await open(given);
    docker("stop", given.name!);
    const row = (await provider().list!(never)).find(e => e.name === given.name);
    expect(row).toMatchObject({
      provider: "docker",
      state: "stopped",
      image: BUSYBOX,
      workspace: given.workspace,
      file: given.file,
    });
    expect(Math.abs(Date.parse(row!.createdAt) - Date.now())).toBeLessThan(60_000);
  });

  it("attaches to an environment by its name alone and removes it", async () => {
    const environment = await open({ name: uniqueName() });
    const using = provider();
    const attached = await using.attach!(environment.name, never);
    expect((await run(attached!, "echo here")).out).toBe("here\n");
    await attached!.detach();
    expect(await using.remove!(environment.name, never)).toBe(true);
    expect(await using.remove!(environment.name, never)).toBe(false);
    expect(await using.attach!(environment.name, never)).toBeNull();
  });
});
