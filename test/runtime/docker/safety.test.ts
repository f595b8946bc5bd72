import { execFileSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mountSettings, resolveMounts } from "../../../runtime/providers/docker/mounts";
import { containerSide, within } from "../../../runtime/providers/docker/paths";
import type { MountGrant } from "../../../runtime/providers/provider";
import { BUSYBOX, docker, hasEngine, never, Output, open, provider, run, spec, uniqueName, workspace } from "./harness";

const SHELLLESS = "mlld-env-test:noshell";

function grant(
  host: string,
  container: string | null = null,
  mode: "ro" | "rw" = "ro",
  tail: string | null = null,
): MountGrant {
  return { host, container, tail, mode };
}

function fs(...mounts: MountGrant[]) {
  return { mounts, scratch: [] };
}

describe.skipIf(!hasEngine)("hardening", () => {
  it("drops capabilities, forbids new privileges, limits processes and runs an init", async () => {
    const environment = await open();
    const { HostConfig: host, Config: config } = JSON.parse(docker("inspect", environment.name))[0];
    expect(host).toMatchObject({
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Init: true,
      Privileged: false,
      PidsLimit: 1024,
    });
    expect(config.Healthcheck).toEqual({ Test: ["NONE"] });
    expect((await run(environment, "ulimit -H -c")).out).toBe("0\n");
    expect(host.Ulimits).toEqual([{ Name: "core", Soft: 0, Hard: 0 }]);
    const { out } = await run(environment, "grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status; cat /proc/1/comm");
    expect(out.replace(/\t/g, " ")).toBe(
      "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\ndocker-init\n",
    );
  });

  it("does not run what the image starts by itself", async () => {
    const folder = workspace();
    writeFileSync(
      join(folder, "Dockerfile"),
      `FROM ${BUSYBOX}\nENTRYPOINT ["/bin/touch", "/tmp/entered"]\nHEALTHCHECK CMD touch /tmp/checked\n`,
    );
    const environment = await open({ folder, build: folder });
    expect((await run(environment, "ls /tmp; echo $PPID >/dev/null")).out).toBe("");
  });

  it("publishes ports on loopback only", async () => {
    const environment = await open({ net: { kind: "bridge" }, ports: ["18080:80"] });
    expect(docker("port", environment.name)).toBe("80/tcp -> 127.0.0.1:18080");
    await expect(open({ ports: ["0.0.0.0:1:2"] })).rejects.toMatchObject({ code: "run/ports" });
  });
});

describe.skipIf(!hasEngine)("users and files", () => {
  it("runs as the host's user, who owns what it writes and has a writable home", async () => {
    const folder = workspace();
    const environment = await open({ folder, fs: fs(grant(folder, "/app", "rw")) });
    await run(environment, "echo x >/app/made && mkdir -p $HOME/.config && touch $HOME/.config/file");
    expect(statSync(join(folder, "made")).uid).toBe(process.getuid!());
  });

  it("runs as the given user, with a home of its own", async () => {
    const folder = workspace();
    chownSync(folder, 1234, 2345);
    const environment = await open({ folder, user: "1234:2345", fs: fs(grant(folder, "/app", "rw")) });
    const { out, outcome } = await run(
      environment,
      'id -u; id -g; echo x >/app/made; cd && pwd && echo y >file && stat -c "%u:%g %a" .; cat $HOME/file',
    );
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(out).toBe("1234\n2345\n/home/mlld-env\n1234:2345 700\ny\n");
    expect(statSync(join(folder, "made"))).toMatchObject({ uid: 1234, gid: 2345 });
    await expect(open({ user: "nobodyknows" })).rejects.toMatchObject({ code: "run/user-missing" });
    expect((await run(await open({ user: "user" }), "id -un")).out).toBe("user\n");
  });

  it("gives scratch folders as memory, which take programs", async () => {
    const environment = await open({ fs: { mounts: null, scratch: ["/tmp", "/var/scratch"] }, user: "1000:1000" });
    const { out, outcome } = await run(
      environment,
      "cp /bin/busybox /tmp/echo && /tmp/echo runs; echo x >/var/scratch/y; grep -c ' /tmp tmpfs' /proc/mounts",
    );
    expect({ out, outcome }).toEqual({ out: "runs\n1\n", outcome: { kind: "exited", exitCode: 0 } });
  });
});

describe.skipIf(!hasEngine)("grants", () => {
  it("mounts nothing of the host by itself", async () => {
    const environment = await open();
    const mounts = JSON.parse(docker("inspect", "-f", "{{json .Mounts}}", environment.name));
    expect(mounts).toEqual([]);
  });

  it("reads and writes exactly where it may", async () => {
    const folder = workspace();
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, "src", "a.txt"), "text");
    const environment = await open({
      folder,
      fs: fs(grant(join(folder, "src"), "/src"), grant(join(folder, "out"), "/out", "rw")),
    });
    expect((await run(environment, "cat /src/a.txt")).out).toBe("text");
    expect((await run(environment, "echo x >/src/a.txt")).outcome).toEqual({ kind: "exited", exitCode: 1 });
    expect((await run(environment, "echo new >/out/b.txt")).outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(readFileSync(join(folder, "out", "b.txt"), "utf8")).toBe("new\n");
    expect(readFileSync(join(folder, "src", "a.txt"), "utf8")).toBe("text");
  });

  it("makes a folder or file of the workspace that is granted for writing and not there", async () => {
    const folder = workspace();
    const grants = ["new/folder", "report.md", ".cache"].map(path => grant(join(folder, path), null, "rw"));
    const environment = await open({ folder, fs: fs(...grants) });
    expect(
      (await run(environment, "cd /workspace && echo x >report.md && echo y >new/folder/z && echo z >.cache/a"))
        .outcome,
    ).toEqual({
      kind: "exited",
      exitCode: 0,
    });
    expect(readFileSync(join(folder, "report.md"), "utf8")).toBe("x\n");
    expect(readFileSync(join(folder, "new", "folder", "z"), "utf8")).toBe("y\n");
  });

  it("places a path of the workspace below /workspace, another at its own path, and commands where the file lies", async () => {
    const folder = workspace();
    const outside = workspace();
    mkdirSync(join(folder, "lib", "deep"), { recursive: true });
    writeFileSync(join(outside, "file"), "outside");
    const environment = await open({ folder, fs: fs(grant(folder), grant(outside)) });
    expect((await run(environment, `pwd; cat ${outside}/file`)).out).toBe("/workspace\noutside");
    expect((await run(environment, "pwd", { cwd: join(folder, "lib", "deep") })).out).toBe("/workspace/lib/deep\n");
    const other = await open({ folder, workdir: "/code", fs: fs(grant(join(folder, "lib"))) });
    expect((await run(other, "pwd; ls /code")).out).toBe("/code\nlib\n");
  });

  it("mounts the matches of a glob, read-only", async () => {
    const folder = workspace();
    mkdirSync(join(folder, "src", "deep"), { recursive: true });
    for (const file of ["a.ts", "b.js", "deep/c.ts"]) writeFileSync(join(folder, "src", file), file);
    const environment = await open({ folder, fs: fs(grant(join(folder, "src"), "/src", "ro", "**/*.ts")) });
    expect((await run(environment, "cd /src; find . -type f | sort; echo x >a.ts")).out).toBe("./a.ts\n./deep/c.ts\n");
    expect(readFileSync(join(folder, "src", "a.ts"), "utf8")).toBe("a.ts");
    await expect(open({ folder, fs: fs(grant(join(folder, "src"), "/src", "rw", "*.ts")) })).rejects.toMatchObject({
      code: "run/mount-refused",
    });
  });

  it("refuses two sources in one place, and places that are the system's", async () => {
    const folder = workspace();
    mkdirSync(join(folder, "a"));
    mkdirSync(join(folder, "b"));
    const refused = { code: "run/mount-refused" };
    await expect(
      open({ folder, fs: fs(grant(join(folder, "a"), "/x"), grant(join(folder, "b"), "/x/")) }),
    ).rejects.toMatchObject(refused);
    for (const target of ["/", "/proc/x", "/sys", "/dev"]) {
      await expect(open({ folder, fs: fs(grant(folder, target)) })).rejects.toMatchObject(refused);
    }
  });

  it("says when a path does not exist", async () => {
    const folder = workspace();
    await expect(open({ folder, fs: fs(grant(join(folder, "nothing"), "/x")) })).rejects.toMatchObject({
      code: "run/mount-missing",
      message: expect.stringContaining(join(folder, "nothing")),
    });
  });

  it("refuses links that lead out of the workspace, also for a folder that is still to be made", async () => {
    const folder = workspace();
    symlinkSync("/etc", join(folder, "link"));
    for (const [path, mode] of [
      ["link", "ro"],
      ["link/hostname", "ro"],
      ["link/new", "rw"],
    ] as const) {
      await expect(open({ folder, fs: fs(grant(join(folder, path), "/x", mode)) })).rejects.toMatchObject({
        code: "run/mount-refused",
      });
    }
    expect(existsSync("/etc/new")).toBe(false);
  });

  it("refuses the whole file system, the engine's socket, key folders and what contains them", async () => {
    const folder = workspace();
    const made = join(homedir(), ".ssh");
    if (!existsSync(made)) mkdirSync(made, { mode: 0o700 });
    for (const path of [
      "/",
      "/var/run/docker.sock",
      "/run",
      "/var",
      "/proc",
      "/sys/kernel",
      "/etc/ssh",
      "/etc",
      homedir(),
      made,
      join(made, "..", ".ssh"),
    ]) {
      if (!existsSync(path)) continue;
      await expect(open({ folder, fs: fs(grant(path, "/x")) }), path).rejects.toMatchObject({
        code: "run/mount-refused",
      });
    }
  });

  it("refuses a link to the engine's socket under another name", async () => {
    const folder = workspace();
    mkdirSync(join(folder, "run"));
    writeFileSync(join(folder, "run", "engine.sock"), "");
    symlinkSync("run/engine.sock", join(folder, "innocent"));
    for (const path of ["innocent", "run/engine.sock", "run"]) {
      const given = spec({ folder, fs: fs(grant(join(folder, path), "/x")) });
      expect(() => resolveMounts(given, join(folder, "run", "engine.sock")), path).toThrow(
        /controls the container engine/,
      );
      expect(() => resolveMounts(given, null)).not.toThrow();
    }
  });
});

describe("paths", () => {
  it("of Windows are told from container paths, and translate to them", () => {
    expect(within("C:\\src", "C:\\src\\lib\\a.ts")).toBe("lib\\a.ts");
    expect(within("C:\\src", "C:\\source")).toBeNull();
    expect(within("C:\\src", "D:\\src\\a")).toBeNull();
    const binds = [
      { source: "C:\\src", target: "/app", readOnly: true },
      { source: "C:\\src\\lib", target: "/lib", readOnly: true },
    ];
    expect(containerSide(binds, "C:\\src\\deep\\er")).toBe("/app/deep/er");
    expect(containerSide(binds, "C:\\src\\lib\\x")).toBe("/lib/x");
    expect(containerSide(binds, "C:\\other")).toBeNull();
    expect(mountSettings(binds)[0]).toMatchObject({ Type: "bind", Source: "C:\\src", Target: "/app", ReadOnly: true });
  });

  it("are compared by segments", () => {
    expect(within("/work", "/work-data")).toBeNull();
    expect(within("/work", "/work/../etc")).toBeNull();
    expect(within("/work", "/work")).toBe("");
    expect(within("/", "/x/y")).toBe("x/y");
  });
});

describe.skipIf(!hasEngine)("what the host runs later", () => {
  function repository(): string {
    const folder = workspace();
    execFileSync("git", ["init", "-q", folder]);
    mkdirSync(join(folder, ".vscode"));
    writeFileSync(join(folder, ".vscode", "tasks.json"), "{}");
    writeFileSync(join(folder, "mlld-config.json"), "{}");
    return folder;
  }
  const attacks = [
    "echo x >.git/hooks/pre-commit",
    "echo x >.git/config",
    "echo x >.vscode/tasks.json",
    "echo x >mlld-config.json",
    "rm -rf .git/hooks",
    "mv .git .old",
    "mv .vscode .old",
    "rm -f .git/config",
    "rm -f mlld-config.json",
    "mv mlld-config.json x",
    "mv .git/config x",
    "mv .git/hooks x",
    "rmdir .vscode",
    "ln -sf /tmp/x mlld-config.json",
  ];

  it("stays as it is in a writable workspace, however a command tries", async () => {
    const folder = repository();
    const before = readFileSync(join(folder, ".git", "config"), "utf8");
    const environment = await open({ folder, fs: fs(grant(folder, "/app", "rw")) });
    for (const attack of attacks) {
      const { outcome } = await run(environment, `${attack} 2>/dev/null`, { cwd: "/app" });
      expect({ attack, outcome }).not.toEqual({ attack, outcome: { kind: "exited", exitCode: 0 } });
    }
    await run(environment, "echo work >file; echo ref >.git/HEAD2", { cwd: "/app" });
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("work\n");
    expect(existsSync(join(folder, ".git", "HEAD2"))).toBe(true);
    expect(readFileSync(join(folder, ".git", "config"), "utf8")).toBe(before);
    expect(existsSync(join(folder, ".git", "hooks", "pre-commit"))).toBe(false);
  });

  it("stays as it is when a folder around the workspace is granted", async () => {
    const folder = repository();
    const environment = await open({ folder, fs: fs(grant(join(folder, ".."), "/outer", "rw")) });
    for (const attack of ["mv project other", ...attacks.map(a => `cd project && ${a}`)]) {
      const { outcome } = await run(environment, `${attack} 2>/dev/null`, { cwd: "/outer" });
      expect({ attack, outcome }).not.toEqual({ attack, outcome: { kind: "exited", exitCode: 0 } });
    }
  });

  it("cannot be granted for writing", async () => {
    const folder = repository();
    for (const path of [".vscode", ".git/hooks", ".git/config", "mlld-config.json"]) {
      await expect(open({ folder, fs: fs(grant(join(folder, path), "/x", "rw")) })).rejects.toMatchObject({
        code: "run/mount-refused",
      });
    }
    expect((await run(await open({ folder, fs: fs(grant(join(folder, ".vscode"), "/x")) }), "ls /x")).out).toBe(
      "tasks.json\n",
    );
  });

  it("covers folders that are not there yet and leaves none behind", async () => {
    const folder = workspace();
    execFileSync("git", ["init", "-q", folder]);
    execFileSync("rm", ["-rf", join(folder, ".git", "hooks")]);
    const environment = await open({ folder, fs: fs(grant(folder, "/app", "rw")) });
    expect(
      (await run(environment, "echo x >.vscode/tasks.json || echo x >.git/hooks/pre-commit", { cwd: "/app" })).outcome,
    ).toEqual({ kind: "exited", exitCode: 1 });
    await environment.release(AbortSignal.timeout(20_000));
    expect(existsSync(join(folder, ".vscode"))).toBe(false);
    expect(existsSync(join(folder, ".git", "hooks"))).toBe(false);
  });

  it("stays covered when the run that made the folder for it ends before", async () => {
    const folder = workspace();
    const first = await open({ folder, fs: fs(grant(folder, "/app", "rw")) });
    const second = await open({ folder, fs: fs(grant(folder, "/app", "rw")) });
    await first.release(AbortSignal.timeout(20_000));
    const trap = "mkdir -p .vscode; echo x >.vscode/tasks.json";
    expect((await run(second, trap, { cwd: "/app" })).outcome).toEqual({ kind: "exited", exitCode: 1 });
    await second.release(AbortSignal.timeout(20_000));
    expect(existsSync(join(folder, ".vscode/tasks.json"))).toBe(false);
  });

  describe("below a folder that another environment can write to", () => {
    const nested = async (image: string) => {
      const folder = join(workspace(), "ü b");
      const secret = workspace();
      for (const path of [join(folder, "out", "sub"), join(folder, "image")]) mkdirSync(path, { recursive: true });
      writeFileSync(join(secret, "key"), "key");
      writeFileSync(join(folder, "out", "sub", "file"), "own");
      writeFileSync(join(folder, "image", "Dockerfile"), `FROM ${image}\n`);
      await open({ folder, fs: fs(grant(join(folder, "out"), "/out", "rw")) });
      return { folder, secret, sub: join(folder, "out", "sub") };
    };

    it.each([BUSYBOX, SHELLLESS])("are mounted, in %s", async image => {
      const { folder, sub } = await nested(image);
      const environment = await open({ folder, image, fs: fs(grant(sub, "/in here")) });
      expect((await run(environment, ["cat", "/in here/file"])).out).toBe("own");
    });

    it("are refused when they are changed before the engine mounts them", async () => {
      const { folder, secret, sub } = await nested(BUSYBOX);
      const output = new Output();
      // The image is made between the resolving of paths and the making of the container.
      output.progress = () => {
        rmSync(sub, { recursive: true });
        symlinkSync(secret, sub);
        output.progress = () => {};
      };
      const opening = provider().open(
        spec({ folder, build: join(folder, "image"), fs: fs(grant(sub, "/in")) }),
        output,
        never,
      );
      await expect(opening).rejects.toMatchObject({
        code: "run/mount-refused",
        message: expect.stringMatching(/out\/sub was changed while it was mounted: .* \(.*project\)\.$/),
      });
    });
  });

  it("protects the repository around a project, of which folders above are granted", async () => {
    const above = workspace();
    const project = join(above, "repo", "packages", "one");
    for (const path of [project, join(above, "repo", ".git", "hooks")]) mkdirSync(path, { recursive: true });
    const environment = await open({ folder: project, fs: fs(grant(above, "/above", "rw")) });
    const { outcome } = await run(environment, "echo x >/above/repo/.git/hooks/pre-commit");
    expect(outcome).toEqual({ kind: "exited", exitCode: 1 });
    expect((await run(environment, "echo x >/above/repo/packages/one/file")).outcome).toEqual({
      kind: "exited",
      exitCode: 0,
    });
    await environment.release(never);
    expect(readdirSync(join(above, "repo", "packages"))).toEqual(["one"]);
  });

  it.each([".git", ".git/hooks", ".git/config", ".vscode", "mlld-config.json"])(
    "refuses to be writable around a link %s: commands could replace it",
    async path => {
      const folder = workspace();
      mkdirSync(join(folder, "elsewhere", "hooks"), { recursive: true });
      if (path.startsWith(".git/")) mkdirSync(join(folder, ".git"));
      symlinkSync(join(folder, "elsewhere"), join(folder, path));
      const granted = fs(grant(folder, "/app", "rw"));
      await expect(open({ folder, fs: granted })).rejects.toMatchObject({
        code: "run/mount-refused",
        message: `${join(folder, path)} is a link, so it cannot be kept read-only inside a writable grant: the host runs what it leads to.`,
      });
      await open({ folder, fs: fs(grant(folder, "/app")) });
    },
  );

  it("is named when a command makes it where there was none", async () => {
    const folder = workspace();
    const sink = new Output();
    const environment = await provider().open(
      spec({ folder, name: uniqueName(), fs: fs(grant(folder, "/app", "rw")) }),
      sink,
      AbortSignal.timeout(20_000),
    );
    await run(environment, "mkdir -p .git && echo x >.git/config; echo x >mlld-config.json", { cwd: "/app" });
    await environment.release(AbortSignal.timeout(20_000));
    const said = sink.progressed.map(p => p.message).join("\n");
    expect(said).toContain(join(folder, ".git", "config"));
    expect(said).toContain(join(folder, "mlld-config.json"));
  });
});
