// The explorer as it is drawn: 500 rows, what they say to a screen reader, the keyboard, and what stands there when there is no row.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { openWorkbench } from "../../tools/vscode-host/workbench.mjs";
import { FakeEngine } from "../support/fake-engine.mjs";
import { runChecks } from "./checks.mjs";
import { pause } from "./waiting.mjs";

const ROWS = ".sidebar .pane-body .monaco-list-row";
/** So often something is measured until it is as fast as it should be: what else the machine does makes it slower. */
const TIMES = 8;
const WELCOME = ".sidebar .welcome-view-content";

/** Runs the checks in a window of its own, with files in `folder`. */
export async function testExplorerRows(root, folder) {
  const workspace = join(folder, "workspace");
  cpSync(join(root, "test", "vscode", "workspace"), workspace, { recursive: true });
  const engine = await FakeEngine.start(500);
  const workbench = await openWorkbench({
    link: [root],
    bridge: true,
    workspace,
    env: { DOCKER_HOST: engine.host, SPRITES_TOKEN: "" },
  });
  const { page, evaluate } = workbench;
  page.setDefaultTimeout(30_000);
  const row = name => page.locator(ROWS, { hasText: name }).first();
  /** Has the engine do something, and gives the milliseconds until the page shows it. */
  const shows = async (act, look) => {
    const started = Date.now();
    act();
    await page.waitForFunction(look, undefined, { polling: "raf" });
    return Date.now() - started;
  };
  const checks = {
    "shows 500 environments, and a change of one within 150 ms": async () => {
      await page.locator(".activitybar [aria-label='mlld Environments']").first().click();
      await row("fake-000").waitFor();
      const names = await evaluate(async vscode => {
        const { exports } = vscode.extensions.getExtension("mlld-environments.mlld-environments");
        return exports.view.environments.length;
      });
      assert.equal(names, 500);
      const times = [];
      for (let time = 0; time < TIMES && !times.some(ms => ms < 150); time++) {
        const state = time % 2 ? "running" : "exited";
        // What comes soon after another change the editor collects for 200 ms.
        await pause(400);
        times.push(
          await shows(
            () => engine.change(3, state),
            `document.querySelector('.sidebar [aria-label^="fake-003, docker, ${state === "exited" ? "stopped" : state}"]')`,
          ),
        );
      }
      console.log(`      engine's event to the page: ${times.join(", ")} ms`);
      assert.ok(Math.min(...times) < 150);
    },
    "says name, backend, state and image of a row in words": async () => {
      assert.equal(await row("fake-001").getAttribute("aria-label"), "fake-001, docker, running, debian:bookworm-slim");
    },
    "keeps selection and open rows through changes of them and of others": async () => {
      await row("fake-001").click();
      await row("fake-001").press("ArrowRight");
      await row("Network").waitFor();
      for (const [index, state] of [
        [1, "exited"],
        [2, "exited"],
        [1, "running"],
      ])
        await shows(
          () => engine.change(index, state),
          `document.querySelector('.sidebar [aria-label^="fake-00${index}, docker, ${state === "exited" ? "stopped" : state}"]')`,
        );
      await page.locator(`${ROWS}[aria-expanded=true][aria-selected=true]`, { hasText: "fake-001" }).waitFor();
      assert.equal(await row("Network").getAttribute("aria-label"), "Network: bridge · open to the internet");
    },
    "is used by the keyboard alone": async () => {
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowLeft");
      await page.locator(`${ROWS}[aria-expanded=false]`, { hasText: "fake-001" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.locator(`${ROWS}.focused[aria-label^="fake-002, "]`).waitFor();
      await page.keyboard.press("Shift+F10");
      const menu = page.locator(".context-view .action-item, .monaco-menu .action-item");
      await menu.filter({ hasText: "Inspect" }).first().waitFor();
      const titles = (await menu.allInnerTexts()).map(text => text.trim()).filter(Boolean);
      // It was stopped: no shell and no stop, but a start.
      assert.ok(
        titles.includes("Start Environment") && !titles.includes("Stop Environment") && !titles.includes("Open Shell"),
        titles.join(),
      );
      await page.keyboard.press("Escape");
    },
    "is asked for by a command of the palette where the view is not seen": async () => {
      await page.keyboard.press("Control+Shift+E");
      await page.locator(".sidebar .composite.title", { hasText: /explorer/i }).waitFor();
      await page.keyboard.press("F1");
      await page.keyboard.type("mlld Env: Start Environment");
      await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: "Start Environment" }).waitFor();
      await page.keyboard.press("Enter");
      const offered = page.locator(".quick-input-list .monaco-list-row");
      await offered.filter({ hasText: "fake-002" }).waitFor();
      const texts = await offered.allInnerTexts();
      assert.ok(
        texts.every(text => text.includes("stopped")),
        texts.join(),
      );
      await page.keyboard.press("Escape");
      await page.locator(".activitybar [aria-label='mlld Environments']").first().click();
      await row("fake-002").waitFor();
    },
    "scrolls through them without a stop": async () => {
      await row("fake-002").hover();
      for (let time = 0, isFluid = false; !isFluid; time++) {
        const frames = page.evaluate(
          () =>
            new Promise(resolve => {
              const times = [];
              const end = performance.now() + 2000;
              const frame = now => {
                times.push(now);
                if (now < end) requestAnimationFrame(frame);
                else resolve(times.slice(1).map((time, i) => time - times[i]));
              };
              requestAnimationFrame(frame);
            }),
        );
        for (let i = 0; i < 40; i++) {
          await page.mouse.wheel(0, time % 2 ? -280 : 280);
          engine.change(100 + i, time % 2 ? "running" : "exited");
          await pause(40);
        }
        const gaps = (await frames).sort((a, b) => a - b);
        const [median, longest] = [gaps[gaps.length >> 1], gaps.at(-1)];
        console.log(
          `      frames while scrolling through changes: median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`,
        );
        isFluid = median < 40 && longest < 1000;
        assert.ok(isFluid || time < TIMES, `${median} ${longest}`);
      }
      await page.keyboard.press("End");
      await row("fake-499").waitFor();
    },
    "groups them": async () => {
      await page.keyboard.press("Home");
      await setting("explorer.groupBy", "workspace");
      await page.locator(`${ROWS}[aria-label="project-0, 72 environments"]`).waitFor();
      await setting("explorer.groupBy", undefined);
    },
  };
  const states = [
    ["unix:///nowhere/docker.sock", /setting `?mlldEnv.docker.host`? .* names a socket that does not exist/],
    ["tcp://127.0.0.1:9", /does not answer/],
    ["gopher://engine", /setting `?mlldEnv.docker.host`? .* cannot be used/],
  ];
  for (const [host, text] of states)
    checks[`says what is wrong with the engine ${host}, and the next step`] = async () => {
      await setting("docker.host", host);
      await page.locator(WELCOME, { hasText: text }).waitFor();
      const steps = await page.locator(`${WELCOME} a, ${WELCOME} .monaco-button`).allInnerTexts();
      assert.ok(steps.includes("Run Doctor") && steps.includes("Open Settings"), steps.join());
      assert.equal(await page.locator(".sidebar .composite.title").textContent(), "mlld Environments");
    };
  checks["says what to do where nothing lives yet"] = async () => {
    const empty = await FakeEngine.start(0);
    try {
      await setting("docker.host", empty.host);
      await page.locator(WELCOME, { hasText: "No environment is live" }).waitFor();
      assert.match(await page.locator(WELCOME).first().textContent(), /Run Env Block/);
    } finally {
      await setting("docker.host", undefined);
      await empty.stop();
    }
  };

  function setting(name, value) {
    return evaluate(
      (vscode, [key, given]) => vscode.workspace.getConfiguration("mlldEnv").update(key, given, true),
      [name, value],
    );
  }

  const failed = async (_name, number) => {
    if (process.env.VSCODE_TEST_SHOTS)
      await page.screenshot({ path: join(process.env.VSCODE_TEST_SHOTS, `explorer-rows-${number}.png`) });
    return "";
  };
  console.log("\nexplorer rows\n");
  try {
    return await runChecks(checks, { failed });
  } finally {
    await workbench.close();
    await engine.stop();
  }
}
