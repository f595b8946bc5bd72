// Test only: connects to the launcher of a UI test and runs the functions it sends with the `vscode` API.
const net = require("node:net");
const readline = require("node:readline");
const vscode = require("vscode");

exports.activate = () => {
  const at = process.env.VSCODE_HOST_BRIDGE;
  if (!at) return;
  const connection = net.connect(at);
  connection.on("error", error => console.error(`bridge: ${error.message}`));
  readline.createInterface({ input: connection }).on("line", async line => {
    const { id, fn, args } = JSON.parse(line);
    let answer;
    try {
      answer = { id, value: await new Function("require", `return (${fn})`)(require)(vscode, ...args) };
    } catch (error) {
      answer = { id, error: error?.stack ?? String(error) };
    }
    connection.write(`${JSON.stringify(answer)}\n`);
  });
};
