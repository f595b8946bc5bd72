// The VS Code server: starting and ending it, its user settings, its own command line.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HOST_DIR, NODE, SERVER_MAIN } from "./paths.mjs";

/** User settings that keep a test window quiet, offline and repeatable. */
const QUIET_SETTINGS = {
  "telemetry.telemetryLevel": "off",
  "telemetry.feedback.enabled": false,
  "update.mode": "none",
  "update.showReleaseNotes": false,
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "workbench.enableExperiments": false,
  "workbench.settings.enableNaturalLanguageSearch": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.reduceMotion": "on",
  "chat.disableAIFeatures": true,
  "git.openRepositoryInParentFolders": "never",
  "git.autofetch": false,
  "npm.fetchOnlinePackageInfo": false,
  "window.commandCenter": false,
  // The DOM renderer of the terminal: its text can be read by selectors.
  "terminal.integrated.gpuAcceleration": "off",
  "terminal.integrated.smoothScrolling": false,
  "editor.cursorBlinking": "solid",
};

/** Writes User/settings.json; settings that are there already win over the quiet ones. */
export function writeSettings(userDataDir, settings = {}) {
  const file = join(userDataDir, "User", "settings.json");
  mkdirSync(dirname(file), { recursive: true });
  const had = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  writeFileSync(file, JSON.stringify({ ...QUIET_SETTINGS, ...had, ...settings }, null, 2));
}

const COMMON = ["--accept-server-license-terms", "--telemetry-level", "off"];
const folders = dirs => [
  "--user-data-dir",
  dirs.userDataDir,
  "--extensions-dir",
  dirs.extensionsDir,
  "--server-data-dir",
  dirs.serverDataDir,
];

/**
 * Starts the server on a loopback port (a free one unless `port` says otherwise) and resolves once it listens.
 * `trust: true` leaves workspace trust switched on, so that folders start untrusted.
 */
export async function startServer({ dirs, env = {}, args = [], trust = false, port = 0, verbose = false }) {
  // If this process is killed outright, the kernel ends the server too, and the server's children notice that.
  const guard = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "TERM"] : [];
  const command = [
    ...guard,
    NODE,
    SERVER_MAIN,
    ...["--host", "127.0.0.1", "--port", String(port), "--without-connection-token"],
    ...["--disable-telemetry", "--disable-experiments", "--disable-update-check", "--disable-getting-started-override"],
    ...(trust ? [] : ["--disable-workspace-trust"]),
    ...COMMON,
    ...folders(dirs),
    ...args,
  ];
  const child = spawn(command[0], command.slice(1), {
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own: `stop` ends the hosts of terminals and extensions with it.
    detached: true,
    env: {
      ...process.env,
      ...env,
      NODE_OPTIONS: "",
      VSCODE_IPC_HOOK_CLI: undefined,
      ELECTRON_RUN_AS_NODE: undefined,
      // VS Code's sockets go there and go with it.
      XDG_RUNTIME_DIR: dirs.serverDataDir,
      // No gallery, so no look-ups in one.
      EXTENSIONS_GALLERY: "{}",
    },
  });
  const signal = name => {
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  const onExit = () => signal("SIGKILL");
  process.once("exit", onExit);
  const log = [];
  const keep = chunk => {
    log.push(String(chunk));
    if (verbose) process.stderr.write(chunk);
  };
  child.stderr.on("data", keep);
  const exited = once(child, "exit").then(([code, name]) => `The VS Code server ended (${name ?? code}).`);
  const url = await new Promise((resolve, reject) => {
    let out = "";
    child.stdout.on("data", chunk => {
      keep(chunk);
      out += chunk;
      const found = /Web UI available at (\S+)/.exec(out);
      if (found) resolve(new URL(found[1]));
    });
    exited.then(why => reject(new Error(`${why}\n${log.join("")}`)));
    setTimeout(() => reject(new Error(`The VS Code server was not up in 30 s.\n${log.join("")}`)), 30_000).unref();
  });
  url.hostname = "127.0.0.1";
  const stop = async () => {
    signal("SIGTERM");
    await Promise.race([exited, new Promise(resolve => setTimeout(resolve, 3000).unref())]);
    signal("SIGKILL");
    process.removeListener("exit", onExit);
  };
  return { url, log, exited, stop };
}

/** Runs the server's own command line, such as `--install-extension FILE`, and gives what it prints. */
export function serverCommand(args, dirs) {
  const { status, stdout, stderr } = spawnSync(NODE, [SERVER_MAIN, ...COMMON, ...folders(dirs), ...args], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "", EXTENSIONS_GALLERY: "{}" },
  });
  if (status !== 0)
    throw new Error(`VS Code in ${HOST_DIR}: ${args.join(" ")} failed (${status}).\n${stdout}${stderr}`);
  return stdout;
}
