// The launcher's end of the bridge: functions sent as text to the extension host, which runs them with the `vscode` API.
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const ANSWER_MS = 60_000;

/** Listens on a socket for the bridge extension. `evaluate(fn, …args)` gives what `fn(vscode, …args)` returns there. */
export async function listenForBridge(at) {
  let client;
  let lastId = 0;
  const waiting = new Map();
  const early = [];
  const server = createServer(connection => {
    client = connection;
    for (const line of early.splice(0)) connection.write(line);
    // A reloaded window has a new extension host: it connects again, and what is asked meanwhile waits for it.
    connection.on("error", () => {});
    connection.on("close", () => {
      if (client !== connection) return;
      client = undefined;
      for (const { reject, timer } of waiting.values()) {
        clearTimeout(timer);
        reject(new Error("the extension host ended"));
      }
      waiting.clear();
    });
    createInterface({ input: connection }).on("line", line => {
      const { id, value, error } = JSON.parse(line);
      const asked = waiting.get(id);
      waiting.delete(id);
      if (!asked) return;
      clearTimeout(asked.timer);
      if (error === undefined) asked.resolve(value);
      else asked.reject(new Error(error));
    });
  }).listen(at);
  await once(server, "listening");
  return {
    at,
    evaluate: (fn, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error(`no answer from the extension host in ${ANSWER_MS / 1000} s`));
        }, ANSWER_MS);
        waiting.set(id, { resolve, reject, timer });
        const line = `${JSON.stringify({ id, fn: String(fn), args })}\n`;
        if (client) client.write(line);
        else early.push(line);
      }),
    close: () => {
      client?.destroy();
      server.close();
      for (const { reject, timer } of waiting.values()) {
        clearTimeout(timer);
        reject(new Error("the workbench was closed"));
      }
    },
  };
}
