import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDockerProvider } from "../../../runtime/providers/docker";
import { type DetectionInput, describeAddress, detectEngine } from "../../../runtime/providers/docker/address";
import { never, workspace } from "./harness";

function input(more: Partial<DetectionInput> = {}): DetectionInput & { home: string } {
  return { env: {}, platform: "linux", uid: 1000, home: workspace(), ...more } as DetectionInput & { home: string };
}

function context(home: string, name: string, host: string, tls: Record<string, string> = {}): void {
  const id = createHash("sha256").update(name).digest("hex");
  const meta = join(home, ".docker", "contexts", "meta", id);
  mkdirSync(meta, { recursive: true });
  writeFileSync(
    join(meta, "meta.json"),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } }),
  );
  const folder = join(home, ".docker", "contexts", "tls", id, "docker");
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(tls)) writeFileSync(join(folder, file), text);
}

describe("finding the engine", () => {
  it("prefers setting, DOCKER_HOST, the named and the current context, in this order", () => {
    const given = input({
      host: "unix:///one.sock",
      context: "work",
      env: { DOCKER_HOST: "unix:///two.sock", DOCKER_CONTEXT: "other" },
    });
    context(given.home, "work", "unix:///work.sock");
    context(given.home, "other", "unix:///other.sock");
    context(given.home, "current", "unix:///current.sock");
    writeFileSync(join(given.home, ".docker", "config.json"), JSON.stringify({ currentContext: "current" }));
    const paths: string[] = [];
    const note = () => paths.push(describeAddress(detectEngine(given)));
    note();
    given.host = "";
    note();
    given.context = "";
    note();
    given.env = { DOCKER_CONTEXT: "other" };
    note();
    given.env = {};
    note();
    expect(paths).toEqual(["one", "work", "two", "other", "current"].map(name => `unix:///${name}.sock`));
  });

  it("reads a context's TLS files, and those of DOCKER_CERT_PATH", () => {
    const given = input({ context: "remote" });
    context(given.home, "remote", "tcp://10.0.0.1:2376", { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" });
    expect(detectEngine(given)).toMatchObject({
      kind: "tcp",
      host: "10.0.0.1",
      port: 2376,
      tls: { ca: Buffer.from("CA"), verify: true },
    });
    const certs = workspace();
    writeFileSync(join(certs, "key.pem"), "K");
    const env = { DOCKER_HOST: "tcp://engine:1234", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certs };
    expect(detectEngine(input({ env }))).toMatchObject({
      kind: "tcp",
      host: "engine",
      port: 1234,
      tls: { key: Buffer.from("K"), verify: true },
    });
  });

  it("finds the sockets of Desktop, rootless Docker, Colima and Podman", () => {
    for (const path of [".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock"]) {
      const given = input();
      mkdirSync(join(given.home, path, ".."), { recursive: true });
      writeFileSync(join(given.home, path), "");
      const found = detectEngine(given);
      // The machine's own engine comes first where there is one.
      expect([join(given.home, path), "/var/run/docker.sock"]).toContain(found.kind === "socket" ? found.path : "");
    }
    const runtime = workspace();
    mkdirSync(join(runtime, "podman"));
    writeFileSync(join(runtime, "podman", "podman.sock"), "");
    expect(detectEngine(input({ env: { XDG_RUNTIME_DIR: runtime } })).kind).toBe("socket");
    expect(describeAddress(detectEngine(input({ platform: "win32" })))).toBe("npipe:////./pipe/docker_engine");
  });

  it.each([
    ["tcp://127.0.0.1", "tcp://127.0.0.1:2375"],
    ["127.0.0.1:2375", "tcp://127.0.0.1:2375"],
    ["https://h:99", "https://h:99"],
    ["npipe:////./pipe/x", "npipe:////./pipe/x"],
    ["/run/x.sock", "unix:///run/x.sock"],
  ])("reads %s", (host, described) => {
    expect(describeAddress(detectEngine(input({ host })))).toBe(described);
  });

  it("says what is wrong with an address it cannot use, without its password", () => {
    const say = (more: Partial<DetectionInput>) => {
      try {
        detectEngine(input(more));
      } catch (error) {
        return (error as Error).message;
      }
      return "nothing";
    };
    expect(say({ host: "ssh://me:secret@host" })).toMatch(/over ssh, which is not supported yet/);
    expect(say({ host: "ssh://me:secret@host" })).not.toContain("secret");
    expect(say({ host: "ftp://x" })).toContain("ftp:");
    expect(say({ context: "nope" })).toMatch(/context `nope`/);
    const broken = input();
    mkdirSync(join(broken.home, ".docker"));
    writeFileSync(join(broken.home, ".docker", "config.json"), "{");
    expect(() => detectEngine(broken)).toThrow(/not valid JSON/);
  });
});

describe("an engine that doesn't answer", () => {
  const silent = createServer(() => {});
  afterAll(() => void silent.close());

  it("is said to be so, with where its address came from and what to do", async () => {
    const docker = createDockerProvider({ env: { DOCKER_HOST: "unix:///nowhere/docker.sock" } });
    await expect(docker.list!(never)).rejects.toMatchObject({
      code: "run/engine-socket-missing",
      message: "There is no socket at unix:///nowhere/docker.sock, where DOCKER_HOST says that the Docker engine is.",
      mend: "Start that engine, or let DOCKER_HOST name one that runs.",
    });
    const refused = createDockerProvider({ host: "tcp://127.0.0.1:1" });
    await expect(refused.list!(never)).rejects.toMatchObject({ code: "run/engine-unreachable" });
  });

  it("does not hang when it takes the connection and stays silent", async () => {
    const path = join(workspace(), "silent.sock");
    await new Promise<void>(resolve => silent.listen(path, resolve));
    const docker = createDockerProvider({ host: `unix://${path}` });
    await expect(docker.list!(never)).rejects.toMatchObject({
      code: "run/engine-unreachable",
      message: expect.stringContaining("no answer"),
    });
  });
});
