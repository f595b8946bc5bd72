/**
 * Real Docker engines for tests. `ensureEngine` finds the machine's engine or starts one (as root, with Debian's docker.io) and gives it
 * the test images; `startEngine` makes another one in namespaces of its own, to be killed.
 *
 * From a shell: `node test/support/docker-engine.mjs start` prints DOCKER_HOST=…, `… stop` ends what `start` started.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const FOLDER = join(tmpdir(), `mlld-env-engine-${process.getuid?.() ?? 0}`);
const BUSYBOX = "/bin/busybox";

/** Images by tag: what is in them, and a version that is raised when that changes. */
const IMAGES = {
  /** A small system with /bin/sh. */
  "mlld-env-test:busybox": { version: "1", make: busyboxRoot, available: () => existsSync(BUSYBOX) },
  /** No shell at all: one static program. */
  "mlld-env-test:noshell": { version: "1", make: noShellRoot, available: () => existsSync(BUSYBOX) },
  /** The host's dash, bash, coreutils, Python and Node, with their libraries. */
  "mlld-env-test:node": {
    version: "2",
    make: hostRoot,
    available: () => process.platform === "linux" && existsSync("/bin/dash"),
  },
};

/**
 * A running engine with the test images, or the reason why there is none. Sets `process.env.DOCKER_HOST` when it started one.
 * @returns {Promise<{ host: string, socket: string, images: string[] } | { missing: string }>}
 */
export async function ensureEngine() {
  const socket =
    (await usableSocket()) ?? (await locked("engine", async () => (await usableSocket()) ?? (await startShared())));
  if (typeof socket !== "string") return socket;
  if (socket !== "/var/run/docker.sock") process.env.DOCKER_HOST = `unix://${socket}`;
  const images = await locked("images", () => ensureImages(socket));
  return { host: `unix://${socket}`, socket, images };
}

/** Ends the engine that `ensureEngine` started (with `run`: in that test run only); never another. */
export async function stopStartedEngine(run) {
  const pidFile = join(FOLDER, "started.pid");
  if (!existsSync(pidFile)) return false;
  const [pid, startedIn] = readFileSync(pidFile, "utf8").split(" ").map(Number);
  if (run !== undefined && startedIn !== run) return false;
  rmSync(pidFile);
  if (isAlive(pid)) process.kill(pid, "SIGTERM");
  for (let i = 0; i < 150 && isAlive(pid); i++) await sleep(100);
  return true;
}

async function usableSocket() {
  const given = process.env.DOCKER_HOST?.match(/^unix:\/\/(.+)$/)?.[1];
  for (const socket of [given, "/var/run/docker.sock", join(FOLDER, "docker.sock")]) {
    if (socket && (await answers(socket))) return socket;
  }
  return null;
}

async function startShared() {
  if (process.getuid?.() !== 0) return { missing: "no engine runs, and starting one needs root" };
  if (!findProgram("dockerd")) return { missing: "no engine runs, and dockerd (Debian's docker.io) is not installed" };
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const socket = join(FOLDER, "docker.sock");
  const pid = spawnDaemon("dockerd", daemonArguments(FOLDER, socket), join(FOLDER, "dockerd.log"));
  const failure = await untilAnswering(socket, pid, join(FOLDER, "dockerd.log"));
  if (failure) return { missing: failure };
  writeFileSync(join(FOLDER, "started.pid"), `${pid} ${process.env.MLLD_ENV_TEST_RUN ?? 0}`);
  return socket;
}

/**
 * An engine of its own, in its own network, process and mount namespaces (else it would remove the bridge of the machine's engine). It has
 * the network `none` only. Killing it takes its containers along.
 * @param {{ dataSize?: string }} [options] `dataSize`: its disk is a tmpfs of this size
 */
export async function startEngine({ dataSize } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "mlld-env-engine-own-"));
  const socket = join(folder, "docker.sock");
  const log = join(folder, "dockerd.log");
  mkdirSync(join(folder, "data"));
  const cgroup = `/mlld-env-test-${process.pid}-${Date.now()}`;
  const daemon = [
    "dockerd",
    ...daemonArguments(folder, socket),
    "--iptables=false",
    "--bridge=none",
    `--cgroup-parent=${cgroup}`,
  ];
  const mount = dataSize ? `mount -t tmpfs -o size=${dataSize} tmpfs ${join(folder, "data")} && ` : "";
  const start = () =>
    spawnDaemon(
      "unshare",
      ["-n", "-m", "-p", "-f", "--mount-proc", "--kill-child=KILL", "sh", "-c", `${mount}exec "$@"`, "sh", ...daemon],
      log,
    );
  let pid = start();
  const ready = async () => {
    const failure = await untilAnswering(socket, pid, log);
    if (failure) throw new Error(failure);
  };
  await ready();
  return {
    host: `unix://${socket}`,
    socket,
    images: () => ensureImages(socket, ["mlld-env-test:busybox"]),
    /** SIGKILL to the engine; its containers die too. */
    kill: async () => {
      process.kill(pid, "SIGKILL");
      for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(20);
    },
    restart: async () => {
      // Process ids of its namespace: another process has them now.
      for (const file of ["dockerd.pid", "docker.sock", "exec/containerd/containerd.pid"])
        rmSync(join(folder, file), { force: true });
      pid = start();
      await ready();
    },
    /** Ends it and removes everything it had. */
    stop: async () => {
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
      for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(20);
      await sleep(100);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      removeCgroups(cgroup);
    },
  };
}

function daemonArguments(folder, socket) {
  return [
    "-H",
    `unix://${socket}`,
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(folder, "exec"),
    "--pidfile",
    join(folder, "dockerd.pid"),
  ];
}

function spawnDaemon(program, args, logFile) {
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  return child.pid;
}

async function untilAnswering(socket, pid, log) {
  for (let i = 0; i < 300; i++) {
    if (await answers(socket)) return null;
    if (!isAlive(pid)) break;
    await sleep(100);
  }
  return `dockerd did not start:\n${readFileSync(log, "utf8").split("\n").slice(-8).join("\n")}`;
}

/** cgroup v1 keeps the groups of killed containers. */
function removeCgroups(name) {
  const root = "/sys/fs/cgroup";
  const tops = [
    join(root, name),
    ...(existsSync(root) ? readdirSync(root).map(controller => join(root, controller, name)) : []),
  ];
  const remove = folder => {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(folder, entry.name));
    try {
      rmdirSync(folder);
    } catch {
      // Still busy: an empty group costs nothing.
    }
  };
  for (const top of tops) if (existsSync(top)) remove(top);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie has ended; its parent (this process) just hasn't looked yet.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
  return !/\) Z /.test(stat);
}

function findProgram(name) {
  return [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"].some(folder => existsSync(join(folder, name)));
}

/** Runs `work` in one process at a time. */
async function locked(name, work) {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const lock = join(FOLDER, `${name}.lock`);
  for (let i = 0; ; i++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = Number(existsSync(lock) ? readFileSync(lock, "utf8") : 0);
      if (holder && !isAlive(holder)) rmSync(lock, { force: true });
      else if (i > 1200) throw new Error(`${lock} is held by process ${holder}`);
      else await sleep(50);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

// --------------------------------------------------------------------------------------------------------------- images

async function ensureImages(socket, tags = Object.keys(IMAGES)) {
  const made = [];
  for (const tag of tags) {
    const { version, make, available } = IMAGES[tag];
    if (!available()) continue;
    const found = await call(socket, "GET", `/images/${tag}/json`);
    if (found.status === 200 && JSON.parse(found.text).Config?.Labels?.["test.version"] === version) {
      made.push(tag);
      continue;
    }
    const root = mkdtempSync(join(tmpdir(), "mlld-env-image-"));
    try {
      make(root);
      const tar = join(root, "..", `${root.split("/").pop()}.tar`);
      execFileSync("tar", ["-C", root, "--numeric-owner", "--owner=0", "--group=0", "-cf", tar, "."]);
      try {
        await importImage(socket, tag, version, readFileSync(tar));
      } finally {
        rmSync(tar, { force: true });
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    made.push(tag);
  }
  return made;
}

async function importImage(socket, tag, version, tar) {
  const [repo, name] = tag.split(":");
  const query = new URLSearchParams({ fromSrc: "-", repo, tag: name });
  for (const change of [`LABEL test.version=${version}`, "ENV PATH=/usr/local/bin:/usr/bin:/bin", 'CMD ["/bin/sh"]'])
    query.append("changes", change);
  const answer = await call(socket, "POST", `/images/create?${query}`, tar);
  const failed = answer.status !== 200 || /"error"/.test(answer.text);
  if (failed) throw new Error(`importing ${tag}: ${answer.status} ${answer.text.trim()}`);
}

function folders(root, names) {
  for (const name of names) mkdirSync(join(root, name), { recursive: true });
}

function accounts(root) {
  folders(root, ["etc", "root", "home/user"]);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nuser:x:1000:\n");
  folders(root, ["tmp"]);
  execFileSync("chmod", ["1777", join(root, "tmp")]);
}

function busyboxRoot(root) {
  folders(root, ["bin", "usr/bin", "proc", "sys", "dev", "var"]);
  accounts(root);
  copyFileSync(BUSYBOX, join(root, "bin/busybox"));
  for (const applet of execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  symlinkSync("/bin/env", join(root, "usr/bin/env"));
}

function noShellRoot(root) {
  folders(root, ["bin", "etc", "proc", "sys", "dev"]);
  for (const applet of ["cat", "echo", "sleep"]) copyFileSync(BUSYBOX, join(root, "bin", applet));
}

/** Copies programs of this machine with the libraries that they load. */
function hostRoot(root) {
  folders(root, ["bin", "usr/bin", "usr/lib", "proc", "sys", "dev", "var"]);
  accounts(root);
  const copy = path => {
    const to = join(root, path);
    if (existsSync(to)) return;
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(realpathSync(path), to);
  };
  const program = (name, as) => {
    const path = ["/usr/local/bin", "/usr/bin", "/bin"].map(folder => join(folder, name)).find(existsSync);
    if (!path) return;
    const to = join(root, "usr/bin", as ?? name);
    copyFileSync(realpathSync(path), to);
    const libraries = execFileSync("sh", ["-c", `ldd ${realpathSync(path)} || true`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    for (const [, library] of libraries.matchAll(/(\/\S+\.so[.\d]*)/g)) copy(library);
  };
  for (const name of [
    "bash",
    "node",
    "cat",
    "ls",
    "env",
    "sleep",
    "head",
    "tail",
    "wc",
    "mkdir",
    "rm",
    "touch",
    "id",
    "grep",
    "sed",
    "stty",
    "setsid",
    "ps",
    "seq",
    "tr",
    "dd",
    "chmod",
  ])
    program(name);
  program("dash", "sh");
  program("dash");
  symlinkSync("/usr/bin/sh", join(root, "bin/sh"));
  if (!existsSync("/usr/bin/python3")) return;
  program("python3");
  const python = execFileSync("/usr/bin/python3", ["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], {
    encoding: "utf8",
  }).trim();
  execFileSync("sh", [
    "-c",
    `mkdir -p '${root}${python}' && cd '${python}' && tar -cf - --exclude=test --exclude=__pycache__ --exclude=config-* --exclude=ensurepip --exclude=dist-packages . | tar -xf - -C '${root}${python}'`,
  ]);
}

// ------------------------------------------------------------------------------------------------------------- protocol

/** One call of the engine's API. */
export function call(socket, method, path, body) {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        socketPath: socket,
        method,
        path,
        headers: body ? { "Content-Type": "application/x-tar", "Content-Length": body.length } : {},
      },
      res => {
        const chunks = [];
        res.on("data", chunk => chunks.push(chunk));
        res.on("end", () => resolve({ status: res.statusCode, text: Buffer.concat(chunks).toString() }));
        res.on("error", reject);
      },
    );
    req.on("error", reject);
    req.end(body);
  });
}

async function answers(socket) {
  try {
    return (await call(socket, "GET", "/_ping")).status === 200;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === "stop") {
    console.log((await stopStartedEngine()) ? "stopped" : "nothing to stop");
  } else {
    const engine = await ensureEngine();
    if ("missing" in engine) console.error(engine.missing);
    else console.log(`DOCKER_HOST=${engine.host}`);
    process.exitCode = "missing" in engine ? 1 : 0;
  }
}
