// The walkthrough, clicked through as a person would who opens the editor for the first time: each step is ticked off by what they do.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openWorkbench } from "../../tools/vscode-host/workbench.mjs";
import { runChecks } from "./checks.mjs";
import { until } from "./waiting.mjs";

/** Checks it in a window of its own, with files in `folder`. */
export async function testWalkthrough(root, folder) {
  const workspace = join(folder, "workspace");
  mkdirSync(workspace, { recursive: true });
  console.log("\nwalkthrough window\n");
  const workbench = await openWorkbench({
    link: [root],
    bridge: true,
    workspace,
    // Wide enough for the steps and a file side by side.
    viewport: { width: 1800, height: 1000 },
  });
  const { page, evaluate } = workbench;
  const step = title => page.locator(".getting-started-step", { hasText: title });
  const doneSteps = () => page.locator(".getting-started-step .codicon.complete:visible").count();
  const done = count => until(`${count} steps to be done`, async () => (await doneSteps()) === count);
  const checks = {
    "opens with its first step, and none is done": async () => {
      await evaluate(vscode => vscode.commands.executeCommand("mlldEnv.openWalkthrough"));
      await step("Look at live environments").waitFor();
      assert.equal(await doneSteps(), 0);
    },
    "opens an example beside it": async () => {
      await step("Open an example").locator(".monaco-button").click();
      await page.locator(".tab.active", { hasText: "00-first-steps.mld" }).waitFor();
      await done(1);
      await step("See what a child may not do").waitFor();
    },
    "shows what is wrong": async () => {
      await page.locator(".squiggly-error").first().waitFor();
      await step("See what a child may not do").click();
      await step("See what a child may not do").locator(".monaco-button").click();
      await page.locator(".markers-panel .monaco-list-row", { hasText: "Write" }).first().waitFor();
      await done(2);
    },
    "mends it by a quick fix": async () => {
      await page.locator(".view-line", { hasText: "Write" }).locator("span span", { hasText: "Write" }).last().click();
      await page.keyboard.press("Control+.");
      await page.locator(".action-widget .monaco-list-row", { hasText: "Write" }).first().waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".squiggly-error").first().waitFor({ state: "detached" });
      await done(3);
    },
    "runs the block by its lens": async () => {
      // Lenses are drawn anew after an edit, and a click on an old one is lost.
      await until("the run to start", async () => {
        await page.locator(".codelens-decoration a", { hasText: "Run" }).first().click();
        return until("a run", () => evaluate(runCount), 3000).catch(() => false);
      });
      await page
        .locator(".terminal-wrapper.active .xterm-rows", { hasText: /Hello from a block[\s\S]*done in/ })
        .waitFor();
      await done(4);
    },
    "shows environments, and is done": async () => {
      await step("Look at live environments").click();
      await step("Look at live environments").locator(".monaco-button").click();
      await page.locator(".sidebar .composite.title", { hasText: /mlld Environments/i }).waitFor();
      await done(5);
    },
  };
  const failed = async (_name, number) => {
    if (process.env.VSCODE_TEST_SHOTS)
      await page.screenshot({ path: join(process.env.VSCODE_TEST_SHOTS, `walkthrough-${number}.png`) });
    return "";
  };
  try {
    return await runChecks(checks, { failed });
  } finally {
    await workbench.close();
  }
}

/** Runs in the extension host. */
function runCount(vscode) {
  return vscode.extensions.getExtension("mlld-environments.mlld-environments").exports.runs.history.length;
}
