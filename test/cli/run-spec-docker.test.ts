/** Environment specs in a real engine: assets, addresses, terminals, archives, and set-up that was broken off. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import build from "../support/build";
import { ensureEngine } from "../support/docker-engine.mjs";

const engine = await ensureEngine();
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
const CLI = join(__dirname, "../../dist/cli.js");
const BUSYBOX = "mlld-env-test:busybox";
let folder: string;
let count = 0;
const names: string[] = [];

beforeAll(build, 60_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-spec-docker-"));
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/words"), "words\n");
  writeFileSync(join(folder, "package.json"), "{}");
  chmodSync(folder, 0o777);
});
afterEach(() => {
  if (names.length > 0) call("release", ...names.splice(0));
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({
  ...process.env,
  ...("host" in engine && { DOCKER_HOST: engine.host }),
  MLLD_ENV_STATE_DIR: join(folder, "state"),
});
const call = (...args: string[]) =>
  spawnSync(process.execPath, [CLI, ...args], { cwd: folder, input: "", encoding: "utf8", env: environment() });
const start = (...all: (string | NodeJS.ProcessEnv)[]) => {
  const args = all.filter(one => typeof one === "string");
  const env = Object.assign(environment(), ...all.filter(one => typeof one === "object"));
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", chunk => {
    said.out += chunk;
  });
  child.stderr.on("data", chunk => {
    said.err += chunk;
  });
  return { child, said, ended: new Promise<number | null>(resolve => child.once("close", resolve)) };
};
const write = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
};
const uniqueName = () => {
  const name = `spec-docker-${process.pid}-${++count}`;
  names.push(name);
  return name;
};
const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8", env: environment() }).trim();
const box = (more = "", inDocker = "") => `type: docker
name: Box
commands: { command: sh }
docker:
  image: ${BUSYBOX}
${inDocker}${more}`;

describe.skipIf("missing" in engine)("run --spec in Docker", () => {
  it("static assets lie below /static, for reading, and in no archive", () => {
    write({
      "box.yaml": box(
        'static_assets: { words: data/words, all: { path: data, save_path: everything } }\nenvironment: { env: { "F": "{{static:words}}" } }\nsetup: { commands: ["cat {{static:all}}/words >> log"] }\nsnapshot: { archive_save_dir: saved }\n',
      ),
      "main.sh": "echo $F $1; cat log $F; echo x > $F || echo readonly\n",
    });
    const { stdout, stderr } = call("run", "--spec", "box.yaml", "--evaluate", "main.sh {{static:words}}");
    expect(stdout, stderr).toBe("/static/data/words /static/data/words\nwords\nwords\nreadonly\n");
    const [archive] = readdirSync(join(folder, "saved"));
    const packed = spawnSync("tar", ["tzf", join(folder, "saved", archive!)], { encoding: "utf8" }).stdout.split("\n");
    expect(packed).toContain("log");
    expect(packed.filter(name => name.startsWith("data"))).toEqual([]);
  });

  it("a server on loopback is reached through a published port, as its address becomes every one", async () => {
    const port = await freePort();
    write({
      "box.yaml": box(
        'environment: { env: { HOST: 127.0.0.1, URL: "http://127.0.0.1:80" } }\n',
        `  ports: ["${port}:8080"]\n`,
      ),
      "main.sh": 'echo "$HOST $URL"; exec httpd -f -p "$HOST:8080"\n',
    });
    const { said, ended, child } = start("run", "--spec", "box.yaml", "--evaluate", "main.sh");
    try {
      await expect.poll(() => said.out + said.err, { timeout: 20_000 }).toContain("0.0.0.0 http://127.0.0.1:80");
      await expect.poll(() => page(port), { timeout: 10_000 }).toBe("words\n");
      child.kill();
      expect(await ended).toBe(130);
    } finally {
      child.kill();
    }
    const closed = call(
      "run",
      "--spec",
      "box.yaml",
      "--set",
      "docker.network=none",
      "--set",
      "docker.ports=[]",
      "--evaluate",
      "--set",
      "commands.command=echo $HOST",
      "x",
    );
    expect(closed.stdout, closed.stderr).toBe("127.0.0.1 x\n");
  });

  it("the host's network is there where the engine says so, else `host` is `bridge`, with a warning", async () => {
    write({ "box.yaml": box("", "  network: host\n"), "main.sh": "cat /proc/net/dev\n" });
    const direct = call("run", "--spec", "box.yaml", "--evaluate", "main.sh");
    expect(direct.stderr).not.toContain("warning");
    const desktop = await desktopEngine();
    try {
      const { said, ended } = start("run", "--spec", "box.yaml", "--evaluate", "main.sh", {
        DOCKER_HOST: desktop.host,
      });
      expect(await ended, said.err).toBe(0);
      expect(said.err).toContain("`host` is `bridge`");
      expect(said.out).toContain("eth0");
      expect(said.out).not.toContain("docker0");
    } finally {
      desktop.server.close();
    }
  });

  it("requires_tty gives a terminal", () => {
    write({ "box.yaml": box("local: { requires_tty: true }\n"), "main.sh": "[ -t 1 ] && [ -t 0 ] && echo terminal\n" });
    expect(call("run", "--spec", "box.yaml", "--evaluate", "main.sh").stdout.trim()).toBe("terminal");
    const none = call("run", "--spec", "box.yaml", "--set", "local.requires_tty=false", "--evaluate", "main.sh");
    expect(none.status).toBe(1);
  });

  it("an archive is taken, and restored for another user to work on", async () => {
    write({
      "box.yaml": box("snapshot: { archive_save_dir: saved, compression: xz }\n"),
      "main.sh": "id -u; echo run >> log; cat log\n",
    });
    const first = call("run", "--spec", "box.yaml", "--evaluate", "main.sh");
    expect(first.stdout, first.stderr).toBe("1000\nrun\n");
    const [archive] = readdirSync(join(folder, "saved"));
    const packed = spawnSync("tar", ["tJf", join(folder, "saved", archive!)], { encoding: "utf8" }).stdout;
    expect(packed).not.toContain(".vscode");
    const TMPDIR = mkdtempSync(join(tmpdir(), "mlld-env-spec-docker-"));
    const from = ["--from", join("saved", archive!)];
    const second = start("run", "--spec", "box.yaml", "--evaluate", ...from, "main.sh", { TMPDIR });
    expect([await second.ended, second.said.out], second.said.err).toEqual([0, "1000\nrun\nrun\n"]);
    expect(readFileSync(join(folder, "log"), "utf8")).toBe("run\n");
    expect(readdirSync(join(folder, "saved"))).toHaveLength(2);
    expect(readdirSync(TMPDIR)).toEqual([]);
    rmSync(TMPDIR, { recursive: true });
  });

  it("a refusal leaves nothing in the workspace", () => {
    write({ "box.yaml": box(), "main.sh": "", "mlld-config.json": "{}" });
    const before = readdirSync(folder);
    for (const [field, status] of [
      ["docker.image=mlld-env-test:none", 1],
      ["docker.network=mlld-env-none", 1],
      ["docker.user=nobody", 1],
      ["docker.workdir=/etc", 3],
      ["docker.extra_mounts={./mlld-config.json: {bind: /settings}}", 3],
      ["docker.extra_mounts={./none: /none}", 3],
    ] as const) {
      const refused = call("run", "--spec", "box.yaml", "--set", field, "main.sh");
      expect([refused.status, refused.stdout], refused.stderr).toEqual([status, ""]);
      expect(readdirSync(folder).filter(name => name !== "state")).toEqual(before);
    }
  });

  it("a named environment is resumed; another spec of that name is refused", () => {
    const name = uniqueName();
    write({
      "box.yaml": box(
        'setup: { commands: ["echo made >> /tmp/log"], resume_commands: ["echo resumed >> /tmp/log"] }\n',
      ),
      "main.sh": "cat /tmp/log\n",
    });
    const again = (...more: string[]) =>
      call("run", "--spec", "box.yaml", "--name", name, "--evaluate", ...more, "main.sh");
    expect(again().stdout).toBe("made\n");
    expect(again().stdout).toBe("made\nresumed\n");
    const other = again("--set", "docker.network=none");
    expect([other.status, other.stdout]).toEqual([3, ""]);
    expect(other.stderr).toContain("another config");
    // Where the archive goes is no matter of the environment.
    expect(again("--set", "snapshot.archive_save_dir=saved").stdout).toBe("made\nresumed\nresumed\n");
    expect(readdirSync(folder)).toContain(".vscode");
    expect(call("release", name).status).toBe(0);
    // What was made to be covered goes with the last of them.
    expect(readdirSync(folder)).not.toContain(".vscode");
  });
});

describe.skipIf("missing" in engine)("set-up of a kept environment", () => {
  it("that failed is corrected, and done anew", () => {
    const name = uniqueName();
    write({ "box.yaml": box('setup: { commands: ["exit 4"] }\n'), "main.sh": "cat /tmp/log\n" });
    expect(call("run", "--spec", "box.yaml", "--name", name, "main.sh").status).toBe(1);
    expect(docker("ps", "-q", "-f", `name=${name}`)).not.toBe("");
    write({ "box.yaml": box('setup: { commands: ["echo made > /tmp/log"] }\n') });
    expect(call("run", "--spec", "box.yaml", "--name", name, "main.sh").stdout).toBe("made\n");
    // Once it is done, another config is an error as ever.
    expect(call("run", "--spec", "box.yaml", "--name", name, "--evaluate", "main.sh").status).toBe(3);
  });

  const program = (name: string, setup: string) =>
    `env { type: "docker", image: "${BUSYBOX}", name: "${name}", setup: { commands: ["${setup}"] } } [\n  run sh { cat /tmp/log }\n]\n`;

  it("that was killed half-way is done anew", async () => {
    const name = uniqueName();
    // The first time it never ends.
    write({ "main.mld": program(name, "echo begun >> /tmp/log; until test -f /tmp/again; do sleep 0.1; done") });
    const first = start("run", "main.mld");
    await expect
      .poll(() => spawnSync("docker", ["exec", name, "cat", "/tmp/log"], { env: environment() }).status, {
        timeout: 20_000,
      })
      .toBe(0);
    first.child.kill("SIGKILL");
    await first.ended;
    write({ "main.mld": program(name, "echo begun >> /tmp/log; until test -f /tmp/again; do sleep 0.1; done") });
    const second = start("run", "main.mld");
    await expect.poll(() => second.said.err, { timeout: 20_000 }).toContain("broken off");
    await expect
      .poll(() => spawnSync("docker", ["exec", name, "sh", "-c", "cat /tmp/log"], { env: environment() }).status, {
        timeout: 20_000,
      })
      .toBe(0);
    // What is waited for is the set-up of the living run.
    const third = start("run", "main.mld");
    await expect.poll(() => third.said.err, { timeout: 20_000 }).toContain("Another run sets");
    expect(third.said.out).toBe("");
    docker("exec", name, "touch", "/tmp/again");
    expect([await second.ended, second.said.out]).toEqual([0, "begun\n"]);
    expect([await third.ended, third.said.out]).toEqual([0, "begun\n"]);
  });

  it("that runs is waited for, and runs once for all", { timeout: 60_000 }, async () => {
    const name = uniqueName();
    write({ "main.mld": program(name, "echo begun >> /tmp/log; sleep 1; echo done >> /tmp/log") });
    const runs = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const { ended, said } = start("run", "main.mld");
        return [await ended, said.out];
      }),
    );
    expect(runs).toEqual(Array.from({ length: 3 }, () => [0, "begun\ndone\n"]));
    // It is done after a stop too, and in no other environment that is made from a snapshot of this one.
    docker("stop", "-t", "0", name);
    expect(call("run", "main.mld").stdout).toBe("begun\ndone\n");
    const { stdout } = call("snapshot", name, `${name}-saved`);
    // Put back to what it was, it is as it is wanted: set up.
    expect(call("restore", name, stdout.trim()).status).toBe(0);
    expect(call("run", "main.mld").stdout).toBe("begun\ndone\n");
    const other = uniqueName();
    write({
      "other.mld": program(other, "echo anew >> /tmp/log").replace("image:", `from: "${stdout.trim()}", image:`),
    });
    expect(call("run", "other.mld").stdout).toBe("begun\ndone\nanew\n");
    docker("rmi", "-f", stdout.trim());
  });
});

describe.skipIf("missing" in engine)("the parts of a spec in a config", () => {
  it("type, static assets, command and archive", () => {
    write({
      "main.mld": `env {
  type: "docker",
  image: "${BUSYBOX}",
  mountWorkspace: true,
  staticAssets: { words: "./data/words" },
  environment: { env: { WORDS: "{{static:words}}", HOST: "localhost" } },
  setup: { commands: ["cp {{static:words}} copy"] },
  commands: { command: "sh -e", agentCommand: "echo agent" },
  entry: "main.sh",
  snapshot: { archiveSaveDir: "./saved", keepGlobs: ["copy", "data/*"] }
} [
  run sh { echo "$WORDS $HOST $MLLD_COMMAND"; eval "$MLLD_COMMAND" }
]
`,
      "main.sh": "cat copy\n",
    });
    const agent = call("run", "main.mld");
    expect(agent.stdout, agent.stderr).toBe("/static/data/words 0.0.0.0 echo agent main.sh\nagent main.sh\n");
    const graded = call("run", "--evaluate", "main.mld");
    expect(graded.stdout, graded.stderr).toBe("/static/data/words 0.0.0.0 sh -e main.sh\nwords\n");
    const archives = readdirSync(join(folder, "saved"));
    expect(archives).toHaveLength(2);
    const packed = spawnSync("tar", ["tzf", join(folder, "saved", archives[0]!)], { encoding: "utf8" }).stdout;
    expect(packed).toBe("copy\n");
    expect(statSync(join(folder, "saved", archives[0]!)).mode & 0o777).toBe(0o600);
  });

  it("an asset that `fs` leaves out is told, with its mend", () => {
    write({
      "main.mld": `env { type: "docker", image: "${BUSYBOX}", fs: { read: ["./data"] }, staticAssets: { w: "./data/words" }, environment: { env: { W: "{{static:w}}" } } } [\n  run sh { cat "$W" }\n]\n`,
    });
    const { status, stderr } = call("run", "main.mld");
    expect(status).not.toBe(0);
    expect(stderr).toContain('fs: { read: ["./data/words:/static/data/words"] }');
  });
});

/** The engine, as it would answer in a virtual machine of Docker Desktop. */
async function desktopEngine() {
  const { host } = engine as { host: string };
  const socketPath = host.replace(/^unix:\/\//, "");
  const server = createHttpServer((asked, answer) => {
    const { method, url, headers } = asked;
    const forwarded = request({ socketPath, method, path: url, headers }, real => {
      if (!url?.endsWith("/info")) {
        answer.writeHead(real.statusCode ?? 500, real.headers);
        real.pipe(answer);
        return;
      }
      let text = "";
      real.on("data", chunk => {
        text += chunk;
      });
      real.on("end", () => answer.end(JSON.stringify({ ...JSON.parse(text), OperatingSystem: "Docker Desktop" })));
    });
    asked.pipe(forwarded);
  });
  server.on("upgrade", ({ method, url, rawHeaders }, socket: Duplex, head: Buffer) => {
    const real = connect(socketPath, () => {
      const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
      real.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      real.write(head);
      real.pipe(socket).pipe(real);
    });
    for (const end of [real, socket]) end.on("error", () => {});
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return { server, host: `tcp://127.0.0.1:${(server.address() as { port: number }).port}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Until the server listens there is nobody, or the engine's proxy, which says nothing. */
const page = (port: number) =>
  fetch(`http://127.0.0.1:${port}/data/words`).then(
    answer => answer.text(),
    () => "",
  );
