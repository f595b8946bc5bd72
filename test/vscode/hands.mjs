// What a person does with hands and eyes: keyboard, lenses while typing, links in the terminal, folders side by side, the official extension.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkbench } from "../../tools/vscode-host/workbench.mjs";
import { ensureEngine } from "../support/docker-engine.mjs";
import { runChecks } from "./checks.mjs";
import { until, untilItRests } from "./waiting.mjs";

const INPUT = `exe @greet(name) = [
  env { tools: ["Bash"] } [
    run cmd { echo "hello @name" }
  ]
]
show @greet("nobody")
`;
const FAILS = `var @here = { tools: ["Bash"] }

env @here [
  run sh { exit 7 }
]
`;
/** What the official extension has: the language, and nothing that this test would see of it. */
const OFFICIAL = {
  name: "mlld-vscode",
  publisher: "andyet",
  version: "2.0.4",
  engines: { vscode: "^1.75.0" },
  contributes: {
    languages: [{ id: "mlld", extensions: [".mld"], aliases: ["mlld"] }],
    grammars: [{ language: "mlld", scopeName: "source.mlld", path: "./mlld.json" }],
  },
};

/** Runs the checks in windows of their own, with files in `folder`. */
export async function testHands(root, folder) {
  const found = { passed: 0, failed: [] };
  const window = async (name, options, checks) => {
    console.log(`\n${name}\n`);
    const workbench = await openWorkbench({ bridge: true, ...options });
    const failed = async what => {
      if (process.env.VSCODE_TEST_SHOTS)
        await workbench.page.screenshot({ path: join(process.env.VSCODE_TEST_SHOTS, `${what.slice(0, 40)}.png`) });
      return "";
    };
    try {
      await runChecks(checks, { argument: workbench, failed, found });
    } finally {
      await workbench.close();
    }
  };

  const hasDocker = "socket" in (await ensureEngine());
  const single = makeFolder(join(folder, "single"));
  cpSync(join(root, "examples"), join(single, "examples"), { recursive: true });
  cpSync(join(root, "test", "vscode", "workspace", "local.mld"), join(single, "local.mld"));
  await window(
    "hands: one folder",
    {
      link: [root],
      workspace: single,
      env: { MLLD_ENV_DOCKER_IMAGE: process.env.MLLD_ENV_DOCKER_IMAGE ?? "mlld-env-test:busybox" },
      settings: { "mlldEnv.terminal.addToPath": true, "mlldEnv.terminal.focus": "always" },
    },
    {
      "chooses a block and runs it by keyboard alone": async ({ page, evaluate }) => {
        await openByKeys(page, "local.mld");
        await commandByKeys(page, "mlld Env: Run Env Block…");
        await page.locator(".quick-input-list .monaco-list-row").nth(2).waitFor();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Enter");
        const run = await lastRun(evaluate, run => run.state === "done");
        assert.equal(run.request.line, 9);
      },
      "answers a command in the terminal, which has the focus, by keyboard alone": async ({ page, evaluate }) => {
        await openByKeys(page, "local.mld");
        await commandByKeys(page, "mlld Env: Run Env Block…");
        await page.locator(".quick-input-list .monaco-list-row").nth(5).waitFor();
        await page.keyboard.type("printf");
        for (let i = 0; i < 5; i++) await page.keyboard.press("Backspace");
        await page.keyboard.press("Backspace");
        await page.keyboard.press("ArrowUp");
        await page.keyboard.press("ArrowUp");
        await page.keyboard.press("Enter");
        await lastRun(evaluate, run => run.text.includes("\r\nname: "));
        await page.keyboard.type("anne");
        await page.keyboard.press("Backspace");
        await page.keyboard.type("a");
        await page.keyboard.press("Enter");
        await lastRun(evaluate, run => run.text.includes("hello anna") && run.text.includes("\r\nPassword: "));
        await page.keyboard.type("open-sesame");
        await page.keyboard.press("Enter");
        await lastRun(evaluate, run => run.text.includes("it is ***"));
        assert.equal(
          (await page.locator(".terminal-wrapper.active .xterm-rows").textContent()).includes("sesame"),
          false,
        );
        await page.keyboard.press("Control+D");
        await lastRun(evaluate, run => run.state === "done");
      },
      "runs with input, again, and stops, by keyboard alone": async ({ page, evaluate }) => {
        await openByKeys(page, "input.mld");
        await commandByKeys(page, "mlld Env: Run Env Block with Input…");
        await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
        await page.keyboard.press("Enter");
        await page.locator(".quick-input-message", { hasText: "An input as name=value" }).waitFor();
        await page.locator(".quick-input-box input:focus").waitFor();
        await page.keyboard.type("name=keyboard");
        await page.keyboard.press("Enter");
        await page.locator(".quick-input-message", { hasText: "name=keyboard" }).waitFor();
        await page.keyboard.press("Enter");
        const first = await lastRun(evaluate, run => run.state === "done" && run.request.input);
        assert.match(first.text, /hello keyboard/);
        await commandByKeys(page, "mlld Env: Run Last Again");
        const again = await lastRun(evaluate, run => run.state === "done" && run.count === COUNT(first) + 1, first);
        assert.deepEqual(again.request, first.request);
        await openByKeys(page, "local.mld");
        await evaluate(startLine, "local.mld", 18);
        await lastRun(evaluate, run => run.text.includes("started"));
        await commandByKeys(page, "mlld Env: Stop Run");
        await lastRun(evaluate, run => run.state === "cancelled");
      },
      "runs at the cursor, the whole file, a plan, and elsewhere, by keyboard alone": async ({ page, evaluate }) => {
        const count = async () => (await evaluate(runCount)) + 1;
        await openByKeys(page, "fails.mld");
        for (const [title, wanted] of [
          ["mlld Env: Run Env Block at Cursor", run => run.request.line === 3 && run.state === "failed"],
          ["mlld Env: Run File", run => run.request.line === undefined && run.state === "failed"],
          ["mlld Env: Show Plan of Env Block", run => run.request.dryRun && run.state === "done"],
        ]) {
          const next = await count();
          await openByKeys(page, "fails.mld");
          await commandByKeys(page, title);
          await lastRun(evaluate, run => run.count === next && wanted(run));
        }
        await openByKeys(page, "fails.mld");
        await commandByKeys(page, "mlld Env: Run Env Block in Another Environment…");
        await page.locator(".quick-input-list .monaco-list-row", { hasText: "@here" }).first().waitFor();
        await page.keyboard.press("Enter");
        await page.locator(".quick-input-list .monaco-list-row", { hasText: "@mlld/env-docker" }).waitFor();
        await page.keyboard.press("Enter");
        const run = await lastRun(evaluate, run => run.request.provider && run.state !== "running");
        assert.equal(run.request.provider, "@mlld/env-docker");
        assert.match(run.text, hasDocker ? /in docker[\s\S]*exit code 7/ : /Docker/);
      },
      "opens an example by keyboard alone": async ({ page, evaluate }) => {
        await commandByKeys(page, "mlld Env: Open an Example");
        await page.locator(".quick-input-list .monaco-list-row", { hasText: "02-sandbox.mld" }).waitFor();
        await page.keyboard.type("02-");
        await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: "02-sandbox.mld" }).waitFor();
        await page.keyboard.press("Enter");
        await until("the example", () =>
          evaluate(vscode => vscode.window.activeTextEditor?.document.fileName.endsWith("02-sandbox.mld") ?? false),
        );
      },
      "shows the output of a run whose terminal is closed": async ({ page, evaluate }) => {
        await evaluate(vscode => {
          for (const terminal of vscode.window.terminals) terminal.dispose();
        });
        await until("no terminal", () => evaluate(vscode => vscode.window.terminals.length === 0));
        await commandByKeys(page, "mlld Env: Show Run History");
        await page.locator(".quick-input-list .monaco-list-row", { hasText: "input.mld" }).first().waitFor();
        await page.keyboard.type("input.mld");
        await page
          .locator(".quick-input-list .monaco-list-row", { hasText: "fails.mld" })
          .waitFor({ state: "detached" });
        await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: "input.mld" }).waitFor();
        await page.keyboard.press("Enter");
        await until("its text", () =>
          evaluate(vscode => vscode.window.activeTextEditor?.document.getText().includes("hello keyboard") ?? false),
        );
      },
      "keeps the text where it is while one types below a lens": async ({ page, evaluate }) => {
        await evaluate(vscode => vscode.commands.executeCommand("workbench.action.closeAllEditors"));
        await openByKeys(page, "local.mld");
        await evaluate(vscode => vscode.commands.executeCommand("workbench.action.closePanel"));
        await page.locator(".codelens-decoration a:visible", { hasText: "Run" }).first().waitFor();
        await evaluate(vscode => {
          const editor = vscode.window.activeTextEditor;
          editor.selection = new vscode.Selection(4, 32, 4, 32);
          editor.revealRange(editor.selection);
        });
        await page.locator(".monaco-editor .view-line:visible", { hasText: "hello" }).first().click();
        await page.keyboard.press("End");
        // The file has just been opened, and its place been revealed.
        await untilItRests(() => page.evaluate(() => document.querySelector(".monaco-editor .view-lines").innerHTML));
        // Where the lines with `env` stand, at every picture that is drawn.
        await page.evaluate(() => {
          globalThis.seen = new Set();
          const look = () => {
            const tops = [...document.querySelectorAll(".monaco-editor .view-line")]
              .filter(line => /^env/.test(line.textContent))
              .map(line => Math.round(line.getBoundingClientRect().top))
              .sort((a, b) => a - b);
            globalThis.seen.add(tops.join(" "));
            if (globalThis.seen) requestAnimationFrame(look);
          };
          look();
        });
        // On the way the block does not parse, and it has another title.
        await page.keyboard.type(' [ { "a', { delay: 60 });
        for (let i = 0; i < 7; i++) {
          await page.keyboard.press("Backspace");
          await page.waitForTimeout(60);
        }
        await page.waitForTimeout(1500);
        const seen = await page.evaluate(() => [...globalThis.seen]);
        assert.equal(seen.length, 1, `the lines stood at ${seen.join(" | ")}`);
      },
      "takes the Stop away though the focus leaves the editor when the run ends": async ({ page, evaluate }) => {
        await openByKeys(page, "local.mld");
        const stop = page.locator(".codelens-decoration a:visible", { hasText: "Stop" });
        await evaluate(startLine, "local.mld", 18);
        await lastRun(evaluate, run => run.text.includes("started"));
        await openByKeys(page, "local.mld");
        await stop.waitFor();
        await evaluate(async vscode => {
          const { runs } = vscode.extensions.getExtension("mlld-environments.mlld-environments").exports;
          const ended = new Promise(resolve => runs.onDidChange(resolve));
          runs.stop(runs.last);
          await ended;
          await vscode.commands.executeCommand("mlldEnv.environments.focus");
        });
        await stop.waitFor({ state: "detached" });
      },
      "opens the place that a line of the terminal names": async ({ page, evaluate }) => {
        await evaluate(startLine, "fails.mld", 3);
        await lastRun(evaluate, run => run.state === "failed");
        await until("the statement", async () => {
          await followLink(page, "fails.mld:4");
          return evaluate(vscode => {
            const editor = vscode.window.activeTextEditor;
            return editor?.document.uri.path.endsWith("/fails.mld") && editor.selection.active.line === 3;
          });
        });
      },
      "has mlld-env on the path of new terminals": async ({ evaluate }) => {
        const file = join(single, "version.txt");
        await evaluate(async vscode => {
          const terminal = vscode.window.createTerminal({ name: "path", shellPath: "/bin/sh" });
          terminal.show();
          terminal.sendText("mlld-env --version > version.txt");
        });
        await until(
          "the version",
          () => existsSync(file) && evaluate(readText, "version.txt").then(text => /^\d+\.\d+/.test(text)),
        );
      },
      "offers once to set a credential that a run does not find, and keeps what is typed to itself": async ({
        page,
        evaluate,
      }) => {
        const offer = page.locator(".notification-toast", { hasText: "hands_key" });
        await evaluate(startLine, "auth.mld", 1);
        await lastRun(evaluate, run => run.state === "refused");
        await offer.locator("a", { hasText: "Set Credential" }).click();
        await page.locator(".quick-input-box input[type=password]").waitFor();
        await page.keyboard.type("value-of-hands");
        await page.keyboard.press("Enter");
        await until("the credential", () => evaluate(credentialNames).then(names => names.includes("hands_key")));
        await evaluate(startLine, "auth.mld", 1);
        const run = await lastRun(evaluate, run => run.state === "done" && run.request.file.endsWith("auth.mld"));
        assert.match(run.text, /it is \*\*\*/);
        assert.doesNotMatch(run.text, /value-of-hands/);
        await evaluate(forgetCredential, "hands_key");
        await evaluate(startLine, "auth.mld", 1);
        await lastRun(evaluate, run => run.state === "refused");
        await page.waitForTimeout(500);
        assert.equal(await offer.count(), 0);
      },
      "says nothing that was not asked": async ({ page }) => {
        assert.deepEqual(await page.locator(".notification-toast").allTextContents(), []);
      },
    },
  );

  makeFolder(join(folder, "several", "one"));
  const two = makeFolder(join(folder, "several", "two"));
  mkdirSync(join(two, ".vscode"));
  writeFileSync(
    join(two, ".vscode", "settings.json"),
    JSON.stringify({ "mlldEnv.codeLens.explain": false, "mlldEnv.run.timeout": 55 }),
  );
  writeFileSync(
    join(two, ".vscode", "tasks.json"),
    JSON.stringify({ version: "2.0.0", tasks: [{ type: "mlld-env", label: "two", file: "fails.mld", line: 3 }] }),
  );
  writeFileSync(
    join(folder, "several", "both.code-workspace"),
    JSON.stringify({ folders: [{ path: "one" }, { path: "two" }] }),
  );
  await window(
    "hands: two folders",
    { link: [root], workspace: join(folder, "several", "both.code-workspace") },
    {
      "runs a file of either folder there, and links to it": async ({ page, evaluate }) => {
        for (const name of ["one", "two"]) {
          await evaluate(startLine, "fails.mld", 3, name);
          const run = await lastRun(evaluate, run => run.state === "failed" && run.count === (name === "one" ? 1 : 2));
          assert.equal(run.request.file, join(folder, "several", name, "fails.mld"));
          await until(`the statement of ${name}`, async () => {
            await followLink(page, "fails.mld:4");
            return evaluate(
              (vscode, path) => vscode.window.activeTextEditor?.document.uri.path.endsWith(path),
              `/${name}/fails.mld`,
            );
          });
        }
      },
      "follows the settings and tasks of each folder": async ({ evaluate }) => {
        const lenses = await Promise.all(["one", "two"].map(name => evaluate(lensTitles, name)));
        assert.ok(
          lenses[0].some(title => /explain/i.test(title)),
          `${lenses[0]}`,
        );
        assert.ok(lenses[1].length > 0 && !lenses[1].some(title => /explain/i.test(title)), `${lenses[1]}`);
        const ended = await evaluate(async vscode => {
          const task = (await vscode.tasks.fetchTasks({ type: "mlld-env" })).find(({ name }) => name === "two");
          const end = new Promise(resolve => vscode.tasks.onDidEndTaskProcess(event => resolve(event.exitCode)));
          await vscode.tasks.executeTask(task);
          return end;
        });
        assert.equal(ended, 1);
        const run = await lastRun(evaluate, run => run.state === "failed");
        assert.equal(run.request.file, join(two, "fails.mld"));
      },
    },
  );

  const official = join(folder, "official");
  mkdirSync(official, { recursive: true });
  writeFileSync(join(official, "package.json"), JSON.stringify(OFFICIAL));
  writeFileSync(join(official, "mlld.json"), JSON.stringify({ scopeName: "source.mlld", patterns: [] }));
  const beside = makeFolder(join(folder, "beside"));
  cpSync(join(root, "examples"), join(beside, "examples"), { recursive: true });
  writeFileSync(join(beside, "plain.mld"), 'var @x = "text"\nshow @x\n');
  writeFileSync(join(beside, "broken.mld"), "var @x = {\n\nvar @y = 1\n");
  await window(
    "hands: beside the official extension",
    { link: [root, official], workspace: beside },
    {
      "keeps everything about environments": async ({ evaluate }) => {
        const codes = await evaluate(diagnosticCodes, "examples/07-widens.mld", true);
        assert.ok(codes.includes("env/tools-widened"), `${codes}`);
        await evaluate(startLine, "fails.mld", 3);
        await lastRun(evaluate, run => run.state === "failed");
      },
      "leaves syntax errors and general colours to it": async ({ evaluate }) => {
        const codes = await evaluate(diagnosticCodes, "broken.mld", false);
        assert.deepEqual(
          codes.filter(code => code.startsWith("syntax/")),
          [],
        );
        const legend = await evaluate(async vscode => {
          const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "plain.mld");
          await vscode.workspace.openTextDocument(uri);
          const tokens = await vscode.commands.executeCommand("vscode.provideDocumentSemanticTokens", uri);
          return tokens?.data?.length ?? 0;
        });
        assert.equal(legend, 0);
      },
      "has words for nobody": async ({ page }) => {
        assert.deepEqual(await page.locator(".notification-toast").allTextContents(), []);
      },
    },
  );
  return found;
}

const AUTH = `env { tools: ["Bash"] } [
  run cmd { echo "it is $HANDS_KEY" } using auth:hands_key
]
`;

function makeFolder(path) {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "input.mld"), INPUT);
  writeFileSync(join(path, "fails.mld"), FAILS);
  writeFileSync(join(path, "auth.mld"), AUTH);
  return path;
}

const COUNT = run => run.count;

/** Waits until the last run is as wanted. */
async function lastRun(evaluate, wanted) {
  let run;
  await until("the run", async () => {
    run = await evaluate(vscode => {
      const { runs } = vscode.extensions.getExtension("mlld-environments.mlld-environments").exports ?? {};
      const last = runs?.history[0];
      return last && { state: last.state, request: last.request, text: last.text, count: runs.history.length };
    });
    return run && wanted(run);
  }).catch(error => {
    throw new Error(`${error.message}: ${JSON.stringify(run)}`);
  });
  return run;
}

// These run in the extension host.

async function startLine(vscode, name, line, folder) {
  const extension = vscode.extensions.getExtension("mlld-environments.mlld-environments");
  const { runs } = await extension.activate();
  const { uri } = vscode.workspace.workspaceFolders.find(candidate => !folder || candidate.name === folder);
  await runs.start({ file: vscode.Uri.joinPath(uri, name).fsPath, line });
}

function credentialNames(vscode) {
  return vscode.extensions.getExtension("mlld-environments.mlld-environments").exports.secrets.names();
}

async function forgetCredential(vscode, name) {
  await vscode.extensions.getExtension("mlld-environments.mlld-environments").exports.secrets.delete(name);
}

function runCount(vscode) {
  return vscode.extensions.getExtension("mlld-environments.mlld-environments").exports.runs.history.length;
}

async function readText(vscode, name) {
  const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

async function lensTitles(vscode, folder) {
  const { uri } = vscode.workspace.workspaceFolders.find(({ name }) => name === folder);
  const file = vscode.Uri.joinPath(uri, "fails.mld");
  await vscode.workspace.openTextDocument(file);
  for (let i = 0; i < 100; i++) {
    const lenses = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", file, 10);
    if (lenses.length) return lenses.map(({ command }) => command.title);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return [];
}

async function diagnosticCodes(vscode, name, wait) {
  const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  for (let i = 0; i < (wait ? 200 : 20); i++) {
    const found = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "mlld-env");
    if (found.length) return found.map(({ code }) => String(code?.value ?? code));
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return [];
}

// These act on the page.

/** Opens the quick input and types until the wanted row is the chosen one. */
async function chooseByKeys(page, key, text) {
  const row = page.locator(".quick-input-list .monaco-list-row.focused", { hasText: text });
  // What opened a moment ago may take the focus, which closes it; and the palette of a window that has just opened may not know the commands
  // of extensions yet, and does not learn them while it is open.
  for (let tries = 1; ; tries++) {
    await page.keyboard.press(key);
    try {
      await page.locator(".quick-input-widget:visible input:focus").waitFor({ timeout: 5000 });
      await page.keyboard.type(text);
      await row.waitFor({ timeout: 5000 });
      break;
    } catch (error) {
      if (tries === 6) throw error;
      await page.keyboard.press("Escape");
    }
  }
  await page.keyboard.press("Enter");
}

async function openByKeys(page, name) {
  await chooseByKeys(page, "Control+P", name);
  await page.locator(".tab.active", { hasText: name }).waitFor();
}

async function commandByKeys(page, title) {
  await chooseByKeys(page, "F1", title);
}

/** Ctrl+click on a text of the terminal. */
async function followLink(page, text) {
  await page.locator(".terminal-wrapper.active .xterm-rows", { hasText: text }).waitFor();
  const box = await page.evaluate(wanted => {
    for (const row of [...document.querySelectorAll(".terminal-wrapper.active .xterm-rows > div")].reverse()) {
      const at = row.textContent.lastIndexOf(wanted);
      if (at < 0) continue;
      const { left, width, top, height } = row.closest(".xterm-screen").getBoundingClientRect();
      const columns = Math.round(
        width /
          (row.querySelector("span")?.getBoundingClientRect().width / row.querySelector("span")?.textContent.length),
      );
      const rowBox = row.getBoundingClientRect();
      return { x: left + ((at + 2) * width) / columns, y: rowBox.top + rowBox.height / 2, top, height };
    }
    return null;
  }, text);
  assert.ok(box, `${text} is in the terminal`);
  await page.mouse.move(box.x, box.y);
  await page.waitForTimeout(300);
  await page.keyboard.down("Control");
  await page.mouse.move(box.x + 2, box.y);
  await page.waitForTimeout(400);
  await page.mouse.click(box.x + 2, box.y);
  await page.keyboard.up("Control");
}
