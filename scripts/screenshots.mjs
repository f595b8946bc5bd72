// Makes pictures of the editor with the extension: diagnostics, lenses, a run in the terminal, the explorer, its empty states.
//   --out DIR     where they go (shots/)
//   --theme NAME  dark, light, contrast or all (dark)
//   --only NAME   only the scenes whose names contain this
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FakeEngine } from "../test/support/fake-engine.mjs";
import { openWorkbench } from "../tools/vscode-host/workbench.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const THEMES = { dark: "Default Dark Modern", light: "Default Light Modern", contrast: "Default High Contrast" };
const IMAGE = process.env.MLLD_ENV_DOCKER_IMAGE ?? "mlld-env-test:busybox";
const { values } = parseArgs({
  options: {
    out: { type: "string", default: "shots" },
    theme: { type: "string", default: "dark" },
    only: { type: "string", default: "" },
  },
});
const out = resolve(values.out);
mkdirSync(out, { recursive: true });

if (!existsSync(join(ROOT, "dist", "client.js")))
  spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: ROOT, stdio: "inherit" });
const hasDocker = spawnSync("docker", ["image", "inspect", IMAGE], { stdio: "ignore" }).status === 0;

/** Asks, and fails. */
const QUESTIONS = `>> Deploys after three questions.
var @shell = { tools: ["Bash"] }

env @shell [
  run sh { printf 'Region: '; read region; echo "deploying to $region" }
  run sh { printf 'Password: '; read password; echo "logged in with $password" }
  run sh { printf 'Sure? '; read sure; echo "no quota left" >&2; exit 4 }
]
`;

/** Each window shows some scenes one after the other. `options` go to the window. */
const WINDOWS = [
  { name: "check", options: {}, scenes: checkScenes },
  { name: "run", options: {}, files: { "questions.mld": QUESTIONS }, scenes: runScenes },
  {
    name: "explorer",
    options: { settings: { "mlldEnv.explorer.show": "workspace" } },
    scenes: explorerScenes,
    needs: hasDocker ? "" : "no Docker engine with the test image",
  },
  { name: "empty", options: {}, scenes: emptyScene },
  {
    name: "many",
    options: {},
    scenes: manyScenes,
  },
  {
    name: "missing",
    options: { env: { DOCKER_HOST: "unix:///nowhere/docker.sock" } },
    scenes: missingScenes,
  },
  {
    name: "unreachable",
    options: { env: { DOCKER_HOST: "tcp://127.0.0.1:9" } },
    scenes: emptyScenes("explorer-unreachable", "does not answer"),
  },
  {
    name: "untrusted",
    options: {
      trust: true,
      settings: { "security.workspace.trust.startupPrompt": "never", "security.workspace.trust.enabled": true },
    },
    scenes: emptyScenes("explorer-untrusted", "not trusted"),
  },
  { name: "walkthrough", options: { viewport: { width: 1800, height: 1000 } }, scenes: walkthroughScene },
];

let failed = 0;
for (const theme of values.theme === "all" ? Object.keys(THEMES) : [values.theme])
  for (const window of WINDOWS) {
    if (!window.name.includes(values.only)) continue;
    if (window.needs) {
      console.log(`${window.name}: left out, ${window.needs}`);
      continue;
    }
    await show(window, theme);
  }
process.exit(failed ? 1 : 0);

async function show({ name, options, files = {}, scenes }, theme) {
  const folder = mkdtempSync(join(tmpdir(), "mlld-env-shots-"));
  const workspace = join(folder, "examples");
  cpSync(join(ROOT, "examples"), workspace, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(workspace, file), text);
  const workbench = await openWorkbench({
    link: [ROOT],
    bridge: true,
    workspace,
    ...options,
    env: { MLLD_ENV_DOCKER_IMAGE: IMAGE, ...options.env },
    settings: {
      "workbench.colorTheme": THEMES[theme],
      "editor.minimap.enabled": false,
      "window.autoDetectColorScheme": false,
      ...options.settings,
    },
  });
  const { page } = workbench;
  page.setDefaultTimeout(20_000);
  const shot = async scene => {
    const file = join(out, `${scene}-${theme}.png`);
    await page.screenshot({ path: file, animations: "disabled" });
    console.log(file);
  };
  try {
    // What an extension contributes comes after the frame.
    await page.locator(".activitybar [aria-label='mlld Environments']").first().waitFor();
    await scenes({ ...workbench, shot, command: title => command(page, title), open: file => open(page, file) });
  } catch (error) {
    failed++;
    console.error(`${name} (${theme}): ${error.message}`);
    await shot(`failure-${name}`);
  } finally {
    await workbench.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function checkScenes({ page, shot, command, open }) {
  await open("07-widens.mld");
  await page.locator(".squiggly-error").first().waitFor();
  // First: an editor that loses the focus does not ask for lenses.
  await page.locator(".codelens-decoration a", { hasText: "Run" }).first().waitFor();
  await command("Problems: Focus on Problems View");
  await page.locator(".markers-panel .monaco-list-row").nth(3).waitFor();
  await shot("diagnostics");
  await command("View: Toggle Panel Visibility");
  await open("06-narrows.mld");
  await page.locator(".codelens-decoration a", { hasText: "Run" }).first().waitFor();
  await shot("lenses");
  // The start of the line, where no inlay hint lies over the text.
  await page.locator(".view-line", { hasText: /^env/ }).first().locator("span span").first().hover({ force: true });
  await page.locator(".monaco-hover:visible").first().waitFor();
  await shot("hover");
  await page.locator(".codelens-decoration a", { hasText: "Explain" }).first().click();
  await page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame").locator("table").waitFor();
  await shot("explain");
}

/** The editor asks for lenses again a moment after a run has ended. */
async function stopLensGone(page) {
  await page.locator(".codelens-decoration a", { hasText: "Stop" }).waitFor({ state: "detached" });
}

async function runScenes({ page, shot, open, command }) {
  const rows = page.locator(".terminal-wrapper.active .xterm-rows");
  await open("05-nested.mld");
  const lens = page.locator(".codelens-decoration a", { hasText: "Run" }).first();
  await lens.waitFor();
  await lens.click();
  await rows.filter({ hasText: /done in|failed/ }).waitFor();
  await shot("terminal-local");
  if (hasDocker) {
    await open("03-docker.mld");
    await page
      .locator(".codelens-decoration a", { hasText: /docker/i })
      .first()
      .click();
    await rows.filter({ hasText: /03-docker[\s\S]*released[\s\S]*(done in|failed)/ }).waitFor();
    await stopLensGone(page);
    await shot("terminal-docker");
  }
  await open("07-widens.mld");
  await page.locator(".codelens-decoration a", { hasText: "Run" }).first().click();
  await rows.filter({ hasText: /refused after/ }).waitFor();
  await shot("terminal-refused");
  const line = text => page.locator(".terminal-wrapper.active .xterm-rows > div").filter({ hasText: text }).first();
  await open("questions.mld");
  await page.locator(".codelens-decoration a", { hasText: "Run" }).first().click();
  await line(/^Region:/).waitFor();
  await page.locator(".codelens-decoration a", { hasText: "Stop" }).waitFor();
  await page.locator(".terminal-wrapper.active .xterm-screen").click();
  await page.keyboard.type("eu-north\n");
  await line(/^Password:/).waitFor();
  await page.keyboard.type("open-sesame\n");
  await line(/^Sure\?/).waitFor();
  await page.keyboard.type("ye");
  await shot("terminal-input");
  await page.keyboard.type("s\n");
  await line(/failed with exit code/).waitFor();
  await stopLensGone(page);
  await page.locator(".squiggly-error").first().waitFor();
  await page.locator(".view-line", { hasText: "exit 4" }).locator("span span").nth(5).hover({ force: true });
  await page.locator(".monaco-hover:visible").first().waitFor();
  await shot("failing-statement");
  await page.keyboard.press("Escape");
  await command("mlld Env: Show Run History");
  await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await shot("history");
}

async function explorerScenes({ page, shot, open, command, evaluate }) {
  await open("04-named.mld");
  const lens = page.locator(".codelens-decoration a", { hasText: "Run" }).first();
  await lens.waitFor();
  await lens.click();
  const rows = page.locator(".terminal-wrapper.active .xterm-rows");
  await rows.filter({ hasText: /done in|failed/ }).waitFor();
  await stopLensGone(page);
  await showView(page);
  const sidebar = text => page.locator(".sidebar .monaco-list-row", { hasText: text }).first();
  const row = sidebar("workbench");
  await row.waitFor();
  await evaluate(async vscode => {
    const { exports } = vscode.extensions.getExtension("mlld-environments.mlld-environments");
    await exports.view.ask("snapshot", { name: "workbench", as: "workbench-clean" });
  });
  // A click opens a row.
  for (const text of ["workbench", "Tools", "Runs", "Snapshots", "Changed files"]) await sidebar(text).click();
  await sidebar("workbench-clean").waitFor();
  await row.hover();
  await shot("explorer");
  await row.click({ button: "right" });
  await page.locator(".context-view .action-item", { hasText: "Inspect" }).first().waitFor();
  await shot("explorer-menu");
  await page.locator(".context-view .action-item", { hasText: "Open Shell With" }).first().click();
  await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await shot("explorer-shells");
  await page.keyboard.press("Escape");
  const act = command =>
    evaluate(async (vscode, id) => {
      const { exports } = vscode.extensions.getExtension("mlld-environments.mlld-environments");
      const node = (await exports.view.getChildren()).find(root => root.environment?.name === "workbench");
      void vscode.commands.executeCommand(`mlldEnv.environments.${id}`, node);
    }, command);
  await act("logs");
  await page.locator(".terminal-wrapper.active .xterm-rows").filter({ hasText: /── 20/ }).waitFor();
  await shot("explorer-log");
  await command("View: Toggle Panel Visibility");
  await act("inspect");
  await page
    .frameLocator("iframe.webview.ready")
    .frameLocator("iframe#active-frame")
    .locator("table")
    .first()
    .waitFor();
  await act("stop");
  await page.locator(".sidebar [aria-label^='workbench, docker, stopped']").waitFor();
  await shot("explorer-inspect");
  await act("release");
  await page.locator(".monaco-dialog-box", { hasText: "Release workbench?" }).waitFor();
  await shot("explorer-release");
  await page.locator(".monaco-dialog-box .monaco-button", { hasText: "Release" }).first().click();
  await page.locator(".sidebar .welcome-view-content, .sidebar .monaco-list-row").first().waitFor();
  await evaluate(async vscode => {
    const { exports } = vscode.extensions.getExtension("mlld-environments.mlld-environments");
    await exports.view.ask("removeSnapshot", { ref: "workbench-clean" });
  });
}

/** A long list in groups, from an engine that only lists. */
async function manyScenes({ page, shot, evaluate }) {
  const engine = await FakeEngine.start(40);
  try {
    for (let i = 0; i < 40; i += 3) engine.change(i, "exited");
    await evaluate(async (vscode, host) => {
      const settings = vscode.workspace.getConfiguration("mlldEnv");
      await settings.update("docker.host", host, true);
      await settings.update("explorer.groupBy", "workspace", true);
      await settings.update("explorer.sortBy", "state", true);
    }, engine.host);
    await showView(page);
    await page.locator(".sidebar .monaco-list-row", { hasText: "project-1" }).first().waitFor();
    await shot("explorer-groups");
  } finally {
    await engine.stop();
  }
}

/** The view with the text that it shows when there is nothing to list. */
function emptyScenes(name, text) {
  return async ({ page, shot }) => {
    await showView(page);
    await page.locator(".sidebar .welcome-view-content", { hasText: text }).waitFor();
    await shot(name);
  };
}

/** An engine of its own: on this machine's something may live. */
async function emptyScene(window) {
  const engine = await FakeEngine.start(0);
  try {
    await window.evaluate(
      (vscode, host) => vscode.workspace.getConfiguration("mlldEnv").update("docker.host", host, true),
      engine.host,
    );
    await emptyScenes("explorer-empty", "No environment is live")(window);
  } finally {
    await engine.stop();
  }
}

async function missingScenes(window) {
  await emptyScenes("explorer-missing", "a socket that does not exist")(window);
  // This machine has an engine at the usual place: what the view shows where there is none, without taking it away.
  await window.evaluate(vscode => vscode.commands.executeCommand("setContext", "mlldEnv.explorer", "absent"));
  await window.page.locator(".sidebar .welcome-view-content", { hasText: "No Docker engine was found" }).waitFor();
  await window.shot("explorer-no-docker");
}

async function walkthroughScene({ page, shot, command }) {
  await command("mlld Env: Open Walkthrough");
  await page.locator(".getting-started-step").nth(3).waitFor();
  await page.locator(".getting-started-step .monaco-button", { hasText: "Open the First Example" }).click();
  await page.locator(".tab.active", { hasText: "00-first-steps.mld" }).waitFor();
  await page.locator(".squiggly-error").first().waitFor();
  await shot("walkthrough");
}

async function showView(page) {
  await page.locator(".activitybar [aria-label='mlld Environments']").first().click();
  await page.locator(".sidebar .composite.title", { hasText: /mlld Environments/i }).waitFor();
}

/** Runs a command by the palette, as a person would. */
async function command(page, title) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget input").fill(`>${title}`);
  await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: title }).first().click();
}

/** Opens a file by its name. */
async function open(page, name) {
  await page.keyboard.press("Control+P");
  await page.locator(".quick-input-widget input").fill(name);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".tab.active", { hasText: name }).waitFor();
}
