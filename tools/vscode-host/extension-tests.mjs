// Runs a test suite in the extension host of a window, as the VS Code executable does when @vscode/test-electron starts it.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openWorkbench } from "./workbench.mjs";

const SHIM = fileURLToPath(new URL("./tests-shim.cjs", import.meta.url));
const LIMIT_MS = Number(process.env.VSCODE_HOST_TIMEOUT_MS || 300_000);

/** Resolves to the exit code that VS Code would end with. Rejects, with a picture of the window, when the suite does not end. */
export async function runExtensionTests(options) {
  const socketDir = mkdtempSync(join(tmpdir(), "vscode-host-s-"));
  const socket = join(socketDir, "s");
  let workbench;
  let suiteCode;
  let timer;
  const lines = createServer(connection => {
    createInterface({ input: connection }).on("line", async line => {
      const message = JSON.parse(line);
      if (message.shot) {
        mkdirSync(dirname(message.shot), { recursive: true });
        const error = await workbench.page.screenshot({ path: message.shot }).then(() => undefined, String);
        connection.write(`${JSON.stringify({ id: message.id, error })}\n`);
      } else if ("done" in message) suiteCode = message.done;
      else (message.fd === 2 ? process.stderr : process.stdout).write(message.text);
    });
  }).listen(socket);
  try {
    workbench = await openWorkbench({
      ...options,
      extensionTestsPath: SHIM,
      env: { ...options.env, VSCODE_HOST_SOCKET: socket, VSCODE_HOST_TESTS: resolve(options.extensionTestsPath) },
    });
    const said = [];
    workbench.events.on("log", (type, text) => {
      said.push(text.split("\n")[0]);
      if (options.verbose) console.error(`[workbench ${type}] ${text}`);
    });
    const code = await Promise.race([
      workbench.ended,
      new Promise((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`The tests of the extension did not end in ${LIMIT_MS} ms.`)),
          LIMIT_MS,
        );
      }),
    ]);
    if (suiteCode === undefined)
      throw new Error(
        `VS Code ended (${code}), and the suite did not say that it was done:\n${said.slice(-20).join("\n")}`,
      );
    return code || suiteCode;
  } catch (error) {
    const picture = resolve(process.env.VSCODE_HOST_ARTIFACTS ?? tmpdir(), `vscode-host-failure-${process.pid}.png`);
    mkdirSync(dirname(picture), { recursive: true });
    const taken = await workbench?.page.screenshot({ path: picture }).then(
      () => true,
      () => false,
    );
    if (taken) console.error(`The window when it failed: ${picture}`);
    throw error;
  } finally {
    clearTimeout(timer);
    await workbench?.close();
    lines.close();
    rmSync(socketDir, { recursive: true, force: true });
  }
}

/** The command line of VS Code as far as @vscode/test-electron's `runTests` uses it; other switches are about Electron. */
export async function main(argv) {
  const text = { type: "string" };
  const { values, positionals } = parseArgs({
    args: argv,
    strict: false,
    allowPositionals: true,
    options: {
      extensionDevelopmentPath: { type: "string", multiple: true },
      extensionTestsPath: text,
      "user-data-dir": text,
      "extensions-dir": text,
      "disable-extensions": { type: "boolean" },
      verbose: { type: "boolean" },
    },
  });
  if (!values.extensionTestsPath)
    throw new Error("This VS Code only runs tests of extensions: --extensionTestsPath is missing.");
  return runExtensionTests({
    workspace: positionals[0],
    extensionDevelopmentPath: values.extensionDevelopmentPath,
    extensionTestsPath: values.extensionTestsPath,
    userDataDir: values["user-data-dir"],
    extensionsDir: values["extensions-dir"],
    disableExtensions: values["disable-extensions"],
    verbose: values.verbose,
    trust: process.env.VSCODE_HOST_TRUST === "1",
  });
}
