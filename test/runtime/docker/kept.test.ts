/** Kept environments as a whole: what a list tells of them, stop, start, restore, snapshots. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { LABEL } from "../../../runtime/providers/docker/labels";
import { TIMED } from "../../support/timed";
import { BUSYBOX, docker, hasEngine, never, open, provider, run, uniqueName, workspace } from "./harness";

const using = provider();
const images: string[] = [];
/** A restored environment is another container: it goes by its name. */
const named: string[] = [];
const kept = () => {
  named.push(uniqueName());
  return named.at(-1)!;
};
afterEach(async () => {
  for (const name of named.splice(0)) await using.remove!(name, never);
});
// After the environments that run from them have gone: an image that is in use would only lose its name.
afterAll(() => {
  for (const image of images) docker("rmi", "-f", image);
});
const row = async (name: string) => (await using.list!(never)).find(it => it.name === name);
const file = async (name: string) =>
  (await run((await using.attach!(name, never))!, "cat /root/file 2>/dev/null || echo none")).out;

describe.skipIf(!hasEngine)("a row of the list", () => {
  it("tells what the block granted, where it stands, and what can be done", async () => {
    const name = kept();
    const folder = workspace();
    await open({
      name,
      folder,
      line: 7,
      tools: ["read", "bash"],
      limits: { memoryBytes: 64 * 2 ** 20, cpus: 0.5, pids: 50, timeoutMs: 90_000 },
      fs: { mounts: [{ host: folder, container: "/app", tail: null, mode: "ro" }], scratch: ["/tmp"] },
      net: {
        kind: "allow",
        items: [
          { host: "api.example.com", port: null },
          { host: "*.example.org", port: 8443 },
        ],
      },
    });
    expect(await row(name)).toMatchObject({
      state: "running",
      line: 7,
      tools: ["read", "bash"],
      limits: { mem: "64m", cpu: 0.5, pids: 50, timeout: "90s" },
      mounts: [{ host: folder, container: "/app", mode: "ro" }],
      net: ["api.example.com", "*.example.org:8443"],
      abilities: ["shell", "stop", "restore", "snapshot", "changes"],
    });
  });

  it.each([
    [{ kind: "limited" }, "limited"],
    [{ kind: "bridge" }, "bridge"],
    [{ kind: "none" }, "none"],
    [{ kind: "allow", items: [] }, "none"],
  ] as const)("says what network %j is", async (net, shown) => {
    const name = kept();
    await open({ name, net: net as never });
    expect(await row(name)).toMatchObject({ net: shown, tools: null, limits: {} });
  });

  it("offers nothing that would end an unnamed one under its run", async () => {
    const environment = await open();
    expect((await row(environment.name))!.abilities).toEqual(["shell", "snapshot", "changes"]);
    await expect(using.stop!(environment.name, never)).rejects.toMatchObject({ code: "run/not-kept" });
    await expect(using.restore!(environment.name, "any", never)).rejects.toMatchObject({ code: "run/not-kept" });
  });
});

describe.skipIf(!hasEngine)("all that is known of one", () => {
  it("has limits, network, ports, mounts, use and times, and no variables", async () => {
    const name = kept();
    const folder = workspace();
    await open({ name, folder, ports: ["80"], limits: { pids: 20 }, net: { kind: "bridge" } });
    const details = (await using.inspect!(name, never))!;
    expect(details).toMatchObject({
      name,
      kept: true,
      state: "running",
      image: BUSYBOX,
      workspace: folder,
      net: "bridge",
      limits: { pids: 20 },
      user: expect.any(String),
      ports: [{ host: expect.stringMatching(/^127\.0\.0\.1:\d+$/), container: "80/tcp" }],
      usage: { memoryBytes: expect.any(Number), processes: expect.any(Number) },
      startedAt: expect.stringMatching(/^20\d\d-/),
    });
    expect(JSON.stringify(details)).not.toContain('"Env":');
    await using.stop!(name, never);
    const stopped = (await using.inspect!(name, never))!;
    expect(stopped).toMatchObject({ state: "stopped", stoppedAt: expect.stringMatching(/^20\d\d-/) });
    expect(stopped.usage).toBeUndefined();
    expect(await using.inspect!("no-such-environment", never)).toBeNull();
  });
});

describe.skipIf(!hasEngine)("stop and start", () => {
  it("end the processes and keep the files, twice does no harm", TIMED, async () => {
    const name = kept();
    await run(await open({ name }), "echo kept >/root/file; sleep 100 & true");
    const before = Date.now();
    expect(await using.stop!(name, never)).toBe(true);
    expect(Date.now() - before).toBeLessThan(2500);
    expect(await row(name)).toMatchObject({ state: "stopped", abilities: ["start", "restore", "snapshot", "changes"] });
    expect(await using.changes!(name, never)).toEqual([{ path: "/root/file", kind: "added" }]);
    expect(await using.stop!(name, never)).toBe(true);
    expect((await row(name))!.state).toBe("stopped");
    expect(await using.start!(name, never)).toBe(true);
    expect(await using.start!(name, never)).toBe(true);
    expect((await row(name))!.state).toBe("running");
    expect(await file(name)).toBe("kept\n");
  });

  it("know a paused one", async () => {
    const name = kept();
    await open({ name });
    docker("pause", name);
    expect(await row(name)).toMatchObject({ state: "stopped" });
    await using.start!(name, never);
    expect((await row(name))!.state).toBe("running");
  });

  it("find nothing where there is nothing of ours", async () => {
    expect(await using.stop!("no-such-environment", never)).toBe(false);
    expect(await using.start!("no-such-environment", never)).toBe(false);
  });
});

describe.skipIf(!hasEngine)("restore", () => {
  it("puts the files back and keeps grants, name and config", async () => {
    const name = kept();
    const folder = workspace();
    const more = {
      name,
      folder,
      fs: { mounts: [{ host: folder, container: "/app", tail: null, mode: "rw" as const }], scratch: ["/scratch"] },
      limits: { memoryBytes: 64 * 2 ** 20, pids: 50 },
    };
    const environment = await open(more);
    await run(environment, "echo first >/root/file");
    const { ref } = await environment.snapshot!(`${name}-one`, never);
    images.push(ref);
    await run(environment, "echo second >/root/file");
    await environment.detach();
    const labels = () => JSON.parse(docker("inspect", "-f", "{{json .Config.Labels}}", name));
    const host = () => JSON.parse(docker("inspect", "-f", "{{json .HostConfig}}", name));
    const had = { labels: labels(), host: host() };

    expect(await using.restore!(name, ref, never)).toBe(true);
    expect(await file(name)).toBe("first\n");
    expect(await row(name)).toMatchObject({ state: "running", image: ref });
    expect((await row(name))!.mounts).toContainEqual({ host: folder, container: "/app", mode: "rw" });
    // An image lends its labels; those of the environment win.
    expect(Object.fromEntries(Object.keys(had.labels).map(key => [key, labels()[key]]))).toEqual(had.labels);
    const { Memory, PidsLimit, CapDrop, SecurityOpt, NetworkMode, Mounts, Tmpfs } = host();
    expect(had.host).toMatchObject({ Memory, PidsLimit, CapDrop, SecurityOpt, NetworkMode, Mounts, Tmpfs });
    // The config has not changed: the next run uses it again.
    const again = await open(more);
    expect(again.created).toBe(false);
    expect((await run(again, "echo there >/app/file && id -u")).outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(docker("ps", "-a", "--filter", `name=${name}`, "--format", "{{.Names}}")).toBe(name);
  });

  it("that was killed half-way leaves nothing that a release does not find", async () => {
    const name = kept();
    await open({ name });
    docker("create", "--name", `${name}.restoring-abc123`, "--label", `${LABEL.owner}=${name}`, BUSYBOX, "true");
    expect((await using.list!(never)).filter(it => it.name === name)).toHaveLength(1);
    expect(await using.remove!(name, never)).toBe(true);
    expect(docker("ps", "-aq", "--filter", `label=${LABEL.owner}=${name}`)).toBe("");
    expect(await using.remove!(name, never)).toBe(false);
  });

  it("leaves the environment as it was when it fails", async () => {
    const name = kept();
    const folder = workspace();
    const environment = await open({ name, folder });
    await run(environment, "echo second >/root/file");
    await environment.detach();
    await expect(using.restore!(name, "no-such-snapshot", never)).rejects.toMatchObject({
      code: "run/snapshot-missing",
    });
    // An image in which this environment cannot live: its keeper needs a shell.
    await expect(using.restore!(name, "mlld-env-test:noshell", never)).rejects.toThrow();
    expect((await row(name))!.state).toBe("running");
    expect(await file(name)).toBe("second\n");
    expect(docker("ps", "-a", "--filter", `label=${LABEL.owner}=${name}`, "--format", "{{.Names}}")).toBe(name);
  });
});

describe.skipIf(!hasEngine)("snapshots of an environment", () => {
  it("are listed newest first, by environment, and removed", async () => {
    const [name, other] = [kept(), kept()];
    const environment = await open({ name });
    const one = (await environment.snapshot!(`${name}-one`, never)).ref;
    // Images carry the time of their making in seconds.
    await new Promise(resolve => setTimeout(resolve, 1100));
    await run(environment, "echo more >/root/file");
    const two = (await environment.snapshot!(`${name}-two`, never)).ref;
    const third = (await (await open({ name: other })).snapshot!(`${other}-one`, never)).ref;
    images.push(one, two, third);
    expect(await using.snapshots!(name, never)).toEqual([
      expect.objectContaining({ ref: two, name: `${name}-two`, environment: name }),
      expect.objectContaining({ ref: one, name: `${name}-one`, environment: name, sizeBytes: expect.any(Number) }),
    ]);
    expect((await using.snapshots!(undefined, never)).map(({ ref }) => ref)).toEqual(
      expect.arrayContaining([one, two, third]),
    );
    expect(await using.removeSnapshot!(two, never)).toBe(true);
    expect(await using.removeSnapshot!(`${name}-one`, never)).toBe(true);
    expect(await using.removeSnapshot!(two, never)).toBe(false);
    // An image that is no snapshot is never touched.
    expect(await using.removeSnapshot!(BUSYBOX, never)).toBe(false);
    expect(await using.snapshots!(name, never)).toEqual([]);
  });

  it("that an environment runs from stay", async () => {
    const name = kept();
    const environment = await open({ name });
    const { ref } = await environment.snapshot!(`${name}-used`, never);
    images.push(ref);
    await environment.detach();
    await using.restore!(name, ref, never);
    await expect(using.removeSnapshot!(ref, never)).rejects.toMatchObject({ code: "run/snapshot-used" });
  });
});
