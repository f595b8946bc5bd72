import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { connectEngine } from "../../../runtime/providers/docker/engine";
import { LABEL } from "../../../runtime/providers/docker/labels";
import { pullImage } from "../../../runtime/providers/docker/pull";
import type { Environment } from "../../../runtime/providers/provider";
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
  workspace,
} from "./harness";

const images: string[] = [];
afterEach(() => {
  for (const image of images.splice(0)) docker("rmi", "-f", image);
});

/** A registry on loopback that serves one image of one layer, as slowly or badly as asked. */
function registry(layerAnswer: (response: ServerResponse, layer: Buffer) => void) {
  const layer = gzipSync(Buffer.alloc(1024));
  const digest = (data: Buffer | string) => `sha256:${createHash("sha256").update(data).digest("hex")}`;
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [digest(Buffer.alloc(1024))] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: config.length,
      digest: digest(config),
    },
    layers: [
      { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: layer.length, digest: digest(layer) },
    ],
  });
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url = "" } = request;
    if (url === "/v2/") return response.end("{}");
    if (url.includes("/manifests/") && url.startsWith("/v2/here/")) {
      response.writeHead(200, {
        "Content-Type": "application/vnd.docker.distribution.manifest.v2+json",
        "Docker-Content-Digest": digest(manifest),
        "Content-Length": manifest.length,
      });
      return response.end(manifest);
    }
    if (url.endsWith(digest(config))) return response.end(config);
    if (url.endsWith(digest(layer))) return layerAnswer(response, layer);
    response.writeHead(404, { "Content-Type": "application/json" });
    return response.end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
  });
  return new Promise<{ address: string; close: () => void }>(resolve => {
    server.listen(0, "127.0.0.1", () => {
      const close = () => {
        server.closeAllConnections();
        server.close();
      };
      resolve({ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close });
    });
  });
}

describe.skipIf(!hasEngine)("pulling", () => {
  const closers: (() => void)[] = [];
  afterAll(() => {
    for (const close of closers) close();
  });
  const serve = async (answer: (response: ServerResponse, layer: Buffer) => void) => {
    const served = await registry(answer);
    closers.push(served.close);
    return served.address;
  };
  const docker_ = async () => (await connectEngine({ host: "host" in engine ? engine.host : "", env: {} })).docker;

  it("fetches what is missing and tells how far it is", async () => {
    const image = `${await serve((response, layer) => response.end(layer))}/here:one`;
    const sink = new Output();
    await pullImage(await docker_(), image, sink, never);
    images.push(image);
    expect(sink.progressed[0]?.message).toBe(`Pulling ${image}`);
    expect(sink.progressed.at(-1)).toMatchObject({ message: expect.stringContaining("1 of 1 layers") });
  });

  it("says that an image doesn't exist, when opening an environment", async () => {
    const image = `${await serve(() => {})}/gone:one`;
    await expect(open({ image })).rejects.toMatchObject({
      code: "run/image-missing",
      message: expect.stringContaining(image),
    });
    await expect(open({ image: "Not A Name" })).rejects.toMatchObject({
      code: "run/image-name",
      message: expect.stringContaining("Not A Name"),
    });
  });

  it("fails when the download breaks off", async () => {
    const image = `${await serve((response, layer) => {
      response.writeHead(200, { "Content-Length": layer.length });
      response.end("not the layer at all".slice(0, layer.length).padEnd(layer.length, "."));
    })}/here:two`;
    await expect(pullImage(await docker_(), image, new Output(), never)).rejects.toMatchObject({
      code: "run/pull-failed",
    });
  });

  it("gives up on a pull without news, and stops when it is cancelled", async () => {
    const image = `${await serve(() => {})}/here:three`;
    await expect(pullImage(await docker_(), image, new Output(), never, 700)).rejects.toMatchObject({
      code: "run/pull-failed",
      message: expect.stringContaining("stalled"),
    });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("stopped")), 300);
    await expect(pullImage(await docker_(), image, new Output(), stop.signal)).rejects.toThrow("stopped");
  });
});

describe.skipIf(!hasEngine)("images", () => {
  it("come from the default where the config names none, and without one the run is refused", async () => {
    const environment = await open({ image: undefined });
    expect(docker("inspect", "-f", "{{.Config.Image}}", environment.name)).toBe(BUSYBOX);
    await expect(open({}, provider({ defaultImage: "" }))).rejects.toMatchObject({
      code: "run/image-unset",
      mend: expect.stringContaining("MLLD_ENV_DOCKER_IMAGE"),
    });
  });

  it("are built from a Dockerfile or its folder", async () => {
    const folder = workspace();
    writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX}\nCOPY data /data\nRUN echo built >>/data\n`);
    writeFileSync(join(folder, "Other.dockerfile"), `FROM ${BUSYBOX}\nRUN echo other >/data\n`);
    writeFileSync(join(folder, "data"), "copied\n");
    const sink = new Output();
    const environment = await provider().open(spec({ folder, build: folder, name: uniqueName() }), sink, never);
    expect((await run(environment, "cat /data")).out).toBe("copied\nbuilt\n");
    await environment.release(never);
    expect(sink.progressed.map(p => p.message).join("\n")).toContain("RUN echo built");
    expect((await run(await open({ folder, build: join(folder, "Other.dockerfile") }), "cat /data")).out).toBe(
      "other\n",
    );
  }, 60_000);

  it("that cannot be built are reported with the end of the build's output", async () => {
    const folder = workspace();
    writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX}\nRUN echo before; exit 3\n`);
    await expect(open({ folder, build: folder })).rejects.toMatchObject({
      code: "run/build-failed",
      message: expect.stringMatching(/code: 3[\s\S]*before/),
    });
    await expect(open({ folder, build: join(folder, "none") })).rejects.toMatchObject({ code: "run/build-failed" });
  }, 60_000);
});

describe.skipIf(!hasEngine)("snapshots", () => {
  it("restore files by name and by reference, and own nothing", async () => {
    const environment = await open({ name: uniqueName() });
    await run(environment, "echo state >/root/file");
    const name = `Snap ${uniqueName()}`;
    const { ref } = await environment.snapshot!(name, never);
    images.push(ref);
    const labels = JSON.parse(docker("inspect", "-f", "{{json .Config.Labels}}", ref));
    expect(labels).toMatchObject({
      [LABEL.owner]: "",
      [LABEL.config]: "",
      [LABEL.process]: "",
      [LABEL.snapshot]: name,
    });
    for (const from of [name, ref]) {
      const restored = await open({ from, image: "not-used:1" });
      expect((await run(restored, "cat /root/file")).out).toBe("state\n");
      await restored.release(never);
    }
    // A name is never looked for in a public registry, where anybody could have taken it.
    await expect(open({ from: "no-such-snapshot-here" })).rejects.toMatchObject({ code: "run/snapshot-missing" });
  });

  it("leave nothing behind that was replaced, unless it is used", async () => {
    const environment = await open({ name: uniqueName() });
    const name = uniqueName();
    const idOf = (image: string) => docker("inspect", "-f", "{{.Id}}", image);
    const isThere = (id: string) => docker("images", "-aq", "--no-trunc").includes(id);
    const ids: string[] = [];
    let user: Environment | undefined;
    for (const state of ["one", "two", "three"]) {
      await run(environment, `echo ${state} >/root/file`);
      const { ref } = await environment.snapshot!(name, never);
      ids.push(idOf(ref));
      images.push(ref);
      if (state === "two") user = await open({ from: name });
    }
    const there = ids.map(isThere);
    await user!.release(never);
    docker("rmi", ids[1]!);
    expect(there).toEqual([false, true, true]);
  });

  it("show what an environment changed", async () => {
    const folder = workspace();
    const mounts = [{ host: folder, container: "/work/deep", tail: null, mode: "rw" as const }];
    const environment = await open({ folder, fs: { mounts, scratch: ["/scratch"] } });
    await run(
      environment,
      "mkdir -p /root/a/b && echo x >/root/a/b/new; mkdir /root/empty; echo y >>/etc/passwd; rm /etc/group; echo z >/work/deep/z",
    );
    // No folders that changed only because of what is in them, and no places of mounts.
    expect(await provider().changes!(environment.name, never)).toEqual([
      { path: "/etc/group", kind: "deleted" },
      { path: "/etc/passwd", kind: "changed" },
      { path: "/root/a/b/new", kind: "added" },
      { path: "/root/empty", kind: "added" },
    ]);
    expect(await provider().changes!("no-such-environment", never)).toBeNull();
    const read = async (path: string, limit = 100) => {
      const bytes = await provider().readFile!(environment.name, path, limit, never);
      return bytes && Buffer.from(bytes).toString();
    };
    expect(await read("/root/a/b/new")).toBe("x\n");
    expect(await read("/etc/passwd", 4)).toBe("root");
    for (const none of ["/root/a", "/etc/group", "/no/such/file"]) expect(await read(none)).toBeNull();
  });
});
