// What VS Code really loads as extensionTestsPath. It runs in the extension host, sends what the suite prints straight to the launcher
// (VS Code would mix it with the log of the workbench), and runs the project's suite as VS Code would.
const net = require("node:net");
const readline = require("node:readline");
const util = require("node:util");

const LEVELS = { log: 1, info: 1, debug: 1, warn: 2, error: 2, trace: 2 };

exports.run = async () => {
  const { VSCODE_HOST_SOCKET: at, VSCODE_HOST_TESTS: suite } = process.env;
  const out = net.connect(at);
  await new Promise((resolve, reject) => {
    out.once("connect", resolve);
    out.once("error", reject);
  });
  const send = (fd, text) => out.write(`${JSON.stringify({ fd, text })}\n`);

  // For suites that want a picture of the window; absent on a desktop VS Code.
  let lastId = 0;
  const asked = new Map();
  readline.createInterface({ input: out }).on("line", line => {
    const { id, error } = JSON.parse(line);
    const { resolve, reject } = asked.get(id);
    asked.delete(id);
    if (error) reject(new Error(error));
    else resolve();
  });
  globalThis.vscodeHost = {
    screenshot: shot =>
      new Promise((resolve, reject) => {
        asked.set(++lastId, { resolve, reject });
        out.write(`${JSON.stringify({ id: lastId, shot })}\n`);
      }),
  };

  // VS Code has put accessors over the console that ignore assignment, so they are defined anew.
  const kept = [];
  for (const [level, fd] of Object.entries(LEVELS)) {
    kept.push([level, Object.getOwnPropertyDescriptor(console, level)]);
    const value = (...args) => send(fd, `${util.format(...args)}\n`);
    Object.defineProperty(console, level, { value, configurable: true, writable: true, enumerable: true });
  }
  let failure;
  try {
    await require(suite).run();
  } catch (error) {
    failure = error ?? new Error("run() was rejected");
    send(2, `${failure.stack ?? failure}\n`);
  }
  for (const [level, descriptor] of kept) Object.defineProperty(console, level, descriptor);
  await new Promise(resolve => out.end(`${JSON.stringify({ done: failure ? 1 : 0 })}\n`, resolve));
  if (failure) throw failure;
};
