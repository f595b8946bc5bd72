// A VS Code window: the server, with its workbench in headless Chromium.
import { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "node:util";
import { chromium } from "playwright-core";
import { listenForBridge } from "./bridge.mjs";
import { CHROMIUM, missing } from "./paths.mjs";
import { serverCommand, startServer, writeSettings } from "./server.mjs";

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];
const BRIDGE = fileURLToPath(new URL("./bridge", import.meta.url));

/**
 * Opens a window. Options, all of them optional:
 *   workspace                 a folder or a .code-workspace file
 *   extensionDevelopmentPath  folders of extensions to load from their source
 *   extensionTestsPath        a module whose `run()` VS Code calls in the extension host
 *   link                      folders of built extensions, shown to VS Code as installed
 *   vsix                      .vsix files to install first
 *   bridge                    true for `evaluate`
 *   settings, env, trust, viewport, verbose, userDataDir, extensionsDir, disableExtensions
 * Notifications are shown only without the first two: they need VS Code's automation mode, which hides them.
 */
export async function openWorkbench(options = {}) {
  const faults = missing();
  if (faults.length) throw new Error(faults.join("\n"));
  const { extensionDevelopmentPath = [], extensionTestsPath, link = [], vsix = [] } = options;
  const automation = Boolean(extensionTestsPath || extensionDevelopmentPath.length);
  const folder = mkdtempSync(join(tmpdir(), "vscode-host-"));
  const dirs = {
    userDataDir: options.userDataDir ?? join(folder, "user"),
    extensionsDir: options.extensionsDir ?? join(folder, "extensions"),
    serverDataDir: join(folder, "server"),
  };
  for (const dir of Object.values(dirs)) mkdirSync(dir, { recursive: true });
  writeSettings(dirs.userDataDir, { "security.workspace.trust.enabled": options.trust === true, ...options.settings });
  const bridge = options.bridge ? await listenForBridge(join(folder, "b")) : undefined;
  // The first start of an extensions folder takes every folder in it as installed.
  for (const path of [...link, ...(bridge ? [BRIDGE] : [])]) {
    const { publisher, name, version } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    symlinkSync(resolve(path), join(dirs.extensionsDir, `${publisher}.${name}-${version}`.toLowerCase()), "dir");
  }
  for (const file of vsix) serverCommand(["--install-extension", resolve(file), "--force"], dirs);

  let server;
  let browser;
  const tidy = () => {
    if (!process.env.VSCODE_HOST_KEEP) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", tidy);
  // So that a signal ends server and browser too, by the handlers of `exit`.
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }))
    if (!process.listenerCount(signal)) process.on(signal, () => process.exit(128 + number));
  const close = async () => {
    await Promise.race([browser?.close(), new Promise(done => setTimeout(done, 10_000).unref())]);
    await server?.stop();
    bridge?.close();
    tidy();
    process.removeListener("exit", tidy);
  };

  try {
    [server, browser] = await Promise.all([
      startServer({
        dirs,
        trust: options.trust,
        env: { ...options.env, ...(bridge ? { VSCODE_HOST_BRIDGE: bridge.at } : {}) },
        // Only with this switch does a built VS Code take extensions and tests from the address.
        args: automation ? ["--enable-smoke-test-driver"] : [],
        verbose: options.verbose,
      }),
      chromium.launch({
        executablePath: CHROMIUM,
        args: CHROMIUM_FLAGS,
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
      }),
    ]);
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1280, height: 800 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    const events = new EventEmitter();
    const ended = new Promise((done, fail) => {
      events.once("exit", done);
      events.once("broken", fail);
    });
    // Whoever wants to know awaits it; a window that nobody asks about may break without a word.
    ended.catch(() => {});
    await page.route(
      url => url.hostname !== "127.0.0.1" && url.hostname !== "localhost",
      route => route.abort(),
    );
    await page.exposeFunction("codeAutomationLog", (type, args) => events.emit("log", type, format(...args)));
    await page.exposeFunction("codeAutomationExit", code => events.emit("exit", code));
    page.on("crash", () => events.emit("broken", new Error("the page of the workbench crashed")));
    const trouble = [];
    page.on("pageerror", error => trouble.push(`page: ${error.message}`));
    page.on("console", message => {
      if (message.type() === "error") trouble.push(message.text().slice(0, 500));
      if (options.verbose) console.error(`[page ${message.type()}] ${message.text()}`);
    });
    server.exited.then(why => events.emit("broken", new Error(`${why}\n${server.log.slice(-20).join("")}`)));

    await page.goto(address(server.url, options));
    // The frame is drawn before anything works: ready means that it has reached the extension host.
    await page
      .waitForFunction(
        () =>
          performance.getEntriesByName("code/didCreateSocketOK/ExtensionHost").length > 0 &&
          document.querySelector(".monaco-workbench .part.statusbar"),
        undefined,
        { timeout: 60_000, polling: 50 },
      )
      .catch(error => {
        throw new Error(
          `The workbench did not reach its extension host: ${error.message.split("\n")[0]}\n${trouble.slice(-10).join("\n")}`,
        );
      });
    return { page, url: server.url, dirs, events, ended, evaluate: bridge?.evaluate, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The address of the window: what it opens is in the query. */
export function address(
  url,
  { workspace, extensionDevelopmentPath = [], extensionTestsPath, disableExtensions, openFile } = {},
) {
  const remote = path => `vscode-remote://${url.host}${resolve(path)}`;
  const payload = [
    ["skipWelcome", "true"],
    ["skipReleaseNotes", "true"],
    ...extensionDevelopmentPath.map(path => ["extensionDevelopmentPath", remote(path)]),
    ...(extensionTestsPath ? [["extensionTestsPath", remote(extensionTestsPath)]] : []),
    ...(disableExtensions ? [["disableExtensions", "true"]] : []),
    ...(openFile ? [["openFile", remote(openFile)]] : []),
  ];
  const query = new URLSearchParams({ payload: JSON.stringify(payload) });
  if (workspace) query.set(workspace.endsWith(".code-workspace") ? "workspace" : "folder", resolve(workspace));
  else query.set("ew", "true");
  return `${url.origin}/?${query}`;
}
