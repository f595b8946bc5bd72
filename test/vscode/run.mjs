// Runs the tests of the extension in a real VS Code, in a trusted and in an untrusted window.
//   VSCODE_EXECUTABLE   the VS Code to use; `download` lets @vscode/test-electron fetch a desktop one
//   VSCODE_TEST_GREP    only the tests whose names match
//   VSCODE_TEST_RESULTS a file for { passed, failed }: how many, and which
// Without VSCODE_EXECUTABLE it is the VS Code from npm, in tools/vscode-host, which is installed when it is missing.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runTests } from "@vscode/test-electron";
import esbuild from "esbuild";
import { missing } from "../../tools/vscode-host/paths.mjs";
import { testClosing } from "./closing.mjs";
import { testExplorerRows } from "./explorer-rows.mjs";
import { testHands } from "./hands.mjs";
import { testLeaks } from "./leaks.mjs";
import { testWalkthrough } from "./walkthrough.mjs";
import { testWeb } from "./web.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const IMAGE = "mlld-env-test:busybox";

if (!existsSync(join(ROOT, "dist", "client.js"))) call(process.execPath, ["scripts/build.mjs"]);
await esbuild.build({
  entryPoints: readdirSync(join(import.meta.dirname, "suite"))
    .filter(name => name.endsWith(".ts"))
    .map(name => join(import.meta.dirname, "suite", name)),
  outdir: join(ROOT, "out", "test", "vscode"),
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  sourcemap: true,
  external: ["vscode", "mocha"],
  logLevel: "warning",
});

const chosen = process.env.VSCODE_EXECUTABLE;
if (!chosen) {
  call("bash", [join(ROOT, "tools", "vscode-host", "install.sh")]);
  const faults = missing();
  if (faults.length) {
    console.error(faults.join("\n"));
    process.exit(1);
  }
}
const executable = chosen === "download" ? undefined : (chosen ?? join(ROOT, "tools", "vscode-host", "bin", "code"));

const folder = mkdtempSync(join(tmpdir(), "mlld-env-vscode-"));
const outcome = { passed: 0, failed: [], flaky: [] };
try {
  const windows = Object.fromEntries(
    ["trusted", "explorer", "untrusted"].map(name => [name, own => runSuite(name, own)]),
  );
  // These need windows that a desktop VS Code does not open for us.
  if (!missing().length && !process.env.VSCODE_TEST_GREP)
    Object.assign(windows, {
      "explorer-rows": own => testExplorerRows(ROOT, own),
      walkthrough: own => testWalkthrough(ROOT, own),
      web: own => testWeb(ROOT, own),
      closing: own => testClosing(ROOT, own),
      leaks: own => testLeaks(ROOT, own),
      hands: own => testHands(ROOT, own),
    });
  for (const [name, open] of Object.entries(windows)) {
    let found = await inWindow(name, open, join(folder, name));
    if (process.env.CI && found.failed.length > 0) {
      console.log(`\n${name} window: once more`);
      const again = await inWindow(name, open, join(folder, `${name}2`));
      outcome.flaky.push(...found.failed.filter(test => !again.failed.includes(test)));
      found = again;
    }
    outcome.passed += found.passed;
    outcome.failed.push(...found.failed);
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
console.log(`extension: ${outcome.passed} passed, ${outcome.failed.length} failed`);
if (process.env.VSCODE_TEST_RESULTS) writeFileSync(process.env.VSCODE_TEST_RESULTS, JSON.stringify(outcome));
process.exit(outcome.failed.length ? 1 : 0);

/** The tests of one window, with files in `own`. */
async function inWindow(name, open, own) {
  try {
    const { passed, failed } = await open(own);
    return { passed, failed: failed.map(test => `${name}: ${test}`) };
  } catch (error) {
    console.error(error);
    return { passed: 0, failed: [`${name}: the window did not get as far as its tests`] };
  }
}

/** Runs the tests of one file of the suite in a window of its own, on a fresh copy of the workspace. */
async function runSuite(suite, own) {
  const workspace = join(own, "workspace");
  const userDataDir = join(own, "user");
  const results = join(own, "results.json");
  mkdirSync(join(userDataDir, "User"), { recursive: true });
  cpSync(join(import.meta.dirname, "workspace"), workspace, { recursive: true });
  cpSync(join(ROOT, "examples"), join(workspace, "examples"), { recursive: true });
  const trust = suite === "untrusted";
  writeFileSync(
    join(userDataDir, "User", "settings.json"),
    JSON.stringify({
      "security.workspace.trust.enabled": trust,
      "security.workspace.trust.startupPrompt": "never",
      "security.workspace.trust.banner": "never",
    }),
  );
  // What an untrusted folder must not be able to choose.
  if (trust) {
    mkdirSync(join(workspace, ".vscode"), { recursive: true });
    writeFileSync(
      join(workspace, ".vscode", "settings.json"),
      JSON.stringify({ "mlldEnv.docker.image": "from-the-folder" }),
    );
  }
  console.log(`\n${suite} window`);
  try {
    await runTests({
      vscodeExecutablePath: executable,
      version: "stable",
      extensionDevelopmentPath: ROOT,
      extensionTestsPath: join(ROOT, "out", "test", "vscode", "index.js"),
      launchArgs: [
        workspace,
        "--disable-extensions",
        ...(trust ? [] : ["--disable-workspace-trust"]),
        `--user-data-dir=${userDataDir}`,
      ],
      extensionTestsEnv: {
        MLLD_ENV_TEST_SUITE: suite,
        MLLD_ENV_TEST_RESULTS: results,
        MLLD_ENV_DOCKER_IMAGE: process.env.MLLD_ENV_DOCKER_IMAGE ?? IMAGE,
        VSCODE_TEST_GREP: process.env.VSCODE_TEST_GREP,
        VSCODE_HOST_TRUST: trust ? "1" : "0",
      },
    });
  } catch (error) {
    // Failed tests reject too: the results say which; without results the window itself failed.
    if (!existsSync(results)) throw error;
  }
  return JSON.parse(readFileSync(results, "utf8"));
}

function call(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? `exit code ${status}`}`);
}
