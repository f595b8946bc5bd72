// `npm start`: builds, and opens VS Code on the examples with the extension: the desktop one if there is a command `code`, else the VS Code
// from npm in the browser, with its address printed.
//   --headless   opens nothing: checks the examples, runs one env block (in Docker where an engine and an image are to be had, else locally)
//                and exits 0
//   --browser    does not look for a desktop VS Code
//   --port N     port of the VS Code in the browser
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startServer, writeSettings } from "../tools/vscode-host/server.mjs";
import { address } from "../tools/vscode-host/workbench.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const EXAMPLES = join(ROOT, "examples");
const CLI = join(ROOT, "dist", "cli.js");
/** Images that a block may use without a download, the best one first. */
const IMAGES = ["mlld-env-test:busybox", "busybox", "alpine", "debian"];

const { values } = parseArgs({
  options: { headless: { type: "boolean" }, browser: { type: "boolean" }, port: { type: "string", default: "0" } },
});

build();
if (values.headless) headless();
else if (!values.browser && onPath("code")) desktop();
else await browser();

function build() {
  const { status } = spawnSync(process.execPath, ["scripts/build.mjs", "--if-stale"], { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) fail("The build failed: see above.");
}

/** Exits 0 when the examples check as they should and a block has run. */
function headless() {
  console.log("Checking examples/");
  const check = cli(["check", "--json", "examples"]);
  if (check.status !== 0 && check.status !== 1) fail(`check ended with exit code ${check.status}:\n${check.stderr}`);
  const findings = JSON.parse(check.stdout);
  const byFile = new Map();
  for (const { file, severity } of findings) {
    const counts = byFile.get(file) ?? {};
    counts[severity] = (counts[severity] ?? 0) + 1;
    byFile.set(file, counts);
  }
  for (const [file, counts] of byFile)
    console.log(
      `  ${file}: ${Object.entries(counts)
        .map(([severity, n]) => `${n} ${severity}`)
        .join(", ")}`,
    );
  const wrong = findings.filter(
    ({ file, severity }) => severity === "error" && !/(00-first-steps|07-widens)\.mld$/.test(file),
  );
  if (wrong.length) fail(`These examples should have no errors:\n${JSON.stringify(wrong, null, 2)}`);
  if (!findings.some(({ file, code }) => file.endsWith("07-widens.mld") && code === "env/tools-widened"))
    fail("examples/07-widens.mld should be told that its child widens `tools`.");

  const docker = dockerImage({ pull: true });
  const [file, line] = docker.image ? ["examples/03-docker.mld", "env @box"] : ["examples/01-hello.mld", "env @shell"];
  const number =
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .findIndex(text => text.includes(line)) + 1;
  console.log(
    `Running ${file}:${number} ${docker.image ? `in Docker (image ${docker.image})` : `locally: ${docker.why}`}`,
  );
  const run = spawnSync(process.execPath, [CLI, "run", `${file}:${number}`], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...(docker.image ? { MLLD_ENV_DOCKER_IMAGE: docker.image } : {}) },
  });
  if (run.status !== 0) fail(`The run ended with exit code ${run.status}.`);
  console.log("All is well.");
}

/** The image that a block would use, or why there is none. `pull` may fetch one. */
function dockerImage({ pull }) {
  const version = spawnSync("docker", ["version", "--format", "{{.Server.Version}}"], { encoding: "utf8" });
  if (version.error) return { why: "there is no command `docker` (https://docs.docker.com/get-started/get-docker/)" };
  if (version.status !== 0) return { why: "no Docker engine answers; start it, or name it in DOCKER_HOST" };
  const chosen = process.env.MLLD_ENV_DOCKER_IMAGE;
  const image = (chosen ? [chosen] : IMAGES).find(
    name => spawnSync("docker", ["image", "inspect", name], { stdio: "ignore" }).status === 0,
  );
  if (image) return { image };
  if (
    pull &&
    !chosen &&
    spawnSync("docker", ["pull", "--quiet", "busybox"], { stdio: "ignore", timeout: 60_000 }).status === 0
  )
    return { image: "busybox" };
  return {
    why: `the engine has none of the images ${(chosen ? [chosen] : IMAGES).join(", ")}, and none ${pull ? "could be" : "was"} pulled`,
  };
}

/** So that a block runs in Docker without a setting, where there is an image already. */
function imageVariable() {
  const { image } = dockerImage({ pull: false });
  return image ? { MLLD_ENV_DOCKER_IMAGE: image } : {};
}

function desktop() {
  console.log("Opening VS Code on examples/ with the extension.");
  const { status, error } = spawnSync("code", ["--new-window", `--extensionDevelopmentPath=${ROOT}`, EXAMPLES], {
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, ...imageVariable() },
  });
  if (status !== 0) fail(`code could not be started: ${error?.message ?? `exit code ${status}`}`);
}

/** Serves VS Code until Ctrl+C. */
async function browser() {
  console.log("There is no desktop VS Code (command `code`): the one from npm is used, in the browser.");
  const { status } = spawnSync("bash", [join(ROOT, "tools", "vscode-host", "install.sh")], { stdio: "inherit" });
  if (status !== 0)
    fail(
      "The VS Code from npm could not be installed: see above. Or install a desktop VS Code (https://code.visualstudio.com) with its command `code`.",
    );
  const folder = join(ROOT, ".vscode-test", "start");
  // VS Code takes a linked extension as installed only at the first start of its extensions folder.
  rmSync(join(folder, "extensions"), { recursive: true, force: true });
  const dirs = {
    userDataDir: join(folder, "user"),
    extensionsDir: join(folder, "extensions"),
    serverDataDir: join(folder, "server"),
  };
  for (const dir of Object.values(dirs)) mkdirSync(dir, { recursive: true });
  const { publisher, name, version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  symlinkSync(ROOT, join(dirs.extensionsDir, `${publisher}.${name}-${version}`), "dir");
  writeSettings(dirs.userDataDir);
  const server = await startServer({ dirs, port: Number(values.port), env: imageVariable() });
  console.log(`\nVS Code is at\n\n  ${address(server.url, { workspace: EXAMPLES })}\n\nCtrl+C ends it.`);
  openInBrowser(address(server.url, { workspace: EXAMPLES }));
  const end = async () => {
    await server.stop();
    process.exit(0);
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  console.log(await server.exited);
}

/** Shows the address where there is a desktop; it has been printed for everywhere else. */
function openInBrowser(url) {
  const opener =
    { darwin: "open", win32: "explorer" }[process.platform] ??
    (process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? "xdg-open" : undefined);
  if (!opener || !onPath(opener)) return;
  spawn(opener, [url], { stdio: "ignore", detached: true }).unref();
}

function onPath(command) {
  const names = process.platform === "win32" ? [`${command}.cmd`, `${command}.exe`] : [command];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some(folder => folder && names.some(name => existsSync(join(folder, name))));
}

function cli(args) {
  return spawnSync(process.execPath, [CLI, ...args], { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
