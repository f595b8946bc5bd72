import { describe, expect, it } from "vitest";
import { containerUser, createOptions } from "../../../runtime/providers/docker/create-options";
import type { Engine } from "../../../runtime/providers/docker/engine";
import { engineError, isUnreachable, messageOf } from "../../../runtime/providers/docker/errors";
import { containerNameOf, isOurs, LABEL } from "../../../runtime/providers/docker/labels";
import type { EnvironmentSpec } from "../../../runtime/providers/provider";

const given: EnvironmentSpec = {
  generatedName: "generated",
  fs: { mounts: null, scratch: ["/tmp"] },
  net: { kind: "default" },
  limits: {},
  folder: "/project",
  workspace: "/project",
  file: "/project/a.mld",
  configHash: "h",
  options: {},
};

function request(spec: Partial<EnvironmentSpec>, engine: Partial<Engine> = {}) {
  const merged = { ...given, ...spec };
  return createOptions({
    spec: merged,
    image: "image:1",
    containerName: "name",
    labels: {},
    mounts: { binds: [], madeFolders: [], absent: [] },
    user: containerUser(merged, engine.ownership ?? "host", { uid: 1001, gid: 1002 }),
    engine: { ownership: "host", hostNetwork: true, ...engine } as Engine,
    agent: null,
    shell: "image",
  });
}

describe("the request for a container", () => {
  it("runs as the host's user where ids are the host's, as the image's where the engine maps them", () => {
    expect(request({})).toMatchObject({
      User: "1001:1002",
      Env: ["HOME=/home/mlld-env"],
      HostConfig: { CapDrop: ["ALL"], CapAdd: [] },
    });
    const mapped = request({}, { ownership: "mapped" });
    expect(mapped).toMatchObject({ User: "", Env: [], HostConfig: { CapDrop: ["ALL"] } });
    expect(mapped.HostConfig?.CapAdd).not.toContain("SYS_ADMIN");
    expect(request({ user: "node" })).toMatchObject({ User: "node", Env: [] });
    expect(request({ user: "0:0" })).toMatchObject({ User: "0:0", Env: [] });
  });

  it("lets an anonymous container die with its owner, and a named one stay", () => {
    expect(request({})).toMatchObject({ OpenStdin: true, StdinOnce: true, HostConfig: { AutoRemove: true } });
    expect(request({ name: "kept" })).toMatchObject({
      OpenStdin: false,
      StdinOnce: false,
      HostConfig: { AutoRemove: false },
    });
  });

  it.each<[EnvironmentSpec["net"], boolean, string]>([
    [{ kind: "default" }, true, "bridge"],
    [{ kind: "bridge" }, true, "bridge"],
    [{ kind: "none" }, true, "none"],
    [{ kind: "host" }, true, "host"],
    [{ kind: "host" }, false, "bridge"],
    [{ kind: "network", name: "mine" }, true, "mine"],
    [{ kind: "allow", items: [] }, true, "none"],
    [{ kind: "allow", items: [{ host: "a.b", port: null }] }, true, "none"],
    [{ kind: "limited" }, true, "none"],
  ])("gives %j (host network: %s) the network %s", (net, hostNetwork, mode) => {
    expect(request({ net }, { hostNetwork }).HostConfig?.NetworkMode).toBe(mode);
  });

  it("holds to the limits, with no swap on top", () => {
    expect(request({ limits: { memoryBytes: 1e8, cpus: 1.5, pids: 7 } }).HostConfig).toMatchObject({
      Memory: 1e8,
      MemorySwap: 1e8,
      NanoCpus: 1.5e9,
      PidsLimit: 7,
    });
    expect(request({}).HostConfig).toMatchObject({
      PidsLimit: 1024,
      Tmpfs: { "/tmp": expect.stringContaining("exec") },
    });
  });
});

describe("labels and names", () => {
  it("count only on the very container that they name", () => {
    expect(isOurs({ [LABEL.owner]: "a" }, "/a")).toBe(true);
    expect(isOurs({ [LABEL.owner]: "a" }, "b")).toBe(false);
    expect(isOurs({ [LABEL.owner]: "" }, "")).toBe(false);
    expect(isOurs({}, "a")).toBe(false);
    expect(isOurs(undefined, "a")).toBe(false);
  });

  it("are kept where Docker takes them, and never meet where it doesn't", () => {
    expect(containerNameOf("my-env_1.x")).toBe("my-env_1.x");
    const odd = ["my env", "my-env ", " my env", "-x", "é", "", "a".repeat(200), "a".repeat(201), "../..", "x\n"];
    const names = odd.map(containerNameOf);
    expect(new Set(names).size).toBe(odd.length);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/);
  });
});

describe("what the engine says", () => {
  const failure = (message: string, statusCode = 500) =>
    Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode, json: { message } });

  it.each([
    ["write /var/lib/docker/x: no space left on device", "run/disk-full"],
    ["network nowhere not found", "run/network-missing"],
    ['OCI runtime create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown', "run/no-shell"],
    ["unable to find user bob: no matching entries in passwd file", "run/user-missing"],
    ["Minimum memory limit allowed is 6MB", "run/limit-refused"],
    ["Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", "run/limit-refused"],
    ["Bind for 127.0.0.1:80 failed: port is already allocated", "run/port-taken"],
    ['invalid mount config for type "bind": bind source path does not exist: /x', "run/mount-missing"],
    ["something new", "run/engine-failed"],
  ])("%s is %s", (message, code) => {
    const error = engineError("Making the environment", failure(message));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("HTTP code");
  });

  it.each([
    ["socket hang up", { code: "ECONNRESET" }],
    ["connect ENOENT /x.sock", { code: "ENOENT", syscall: "connect" }],
  ])("%s is an engine that went away", (message, more) => {
    expect(engineError("Starting the environment", Object.assign(new Error(message), more))).toMatchObject({
      code: "run/engine-unreachable",
      message: `Starting the environment failed: the Docker engine stopped answering (${message}).`,
      mend: expect.stringContaining("mlld-env doctor"),
    });
    const ofDisk = Object.assign(new Error("ENOENT: no such file or directory"), { code: "ENOENT", syscall: "open" });
    expect(engineError("Sending the files", ofDisk).code).toBe("run/engine-failed");
  });

  it("is told from an engine that says nothing", () => {
    expect(messageOf(failure("plain words"))).toBe("plain words");
    expect(isUnreachable(Object.assign(new Error("x"), { code: "ECONNREFUSED" }))).toBe(true);
    expect(isUnreachable(failure("x", 404))).toBe(false);
    expect(isUnreachable(new Error("x"))).toBe(false);
  });
});
