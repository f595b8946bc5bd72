/** The thread that runs js blocks: a bundle of its own beside the command line. */
import { parentPort } from "node:worker_threads";
import { ScriptEngine } from "./quickjs";
import { ScriptError } from "./script-host";
import type { ScriptReply, ScriptRequest } from "./script-thread";

const engine = ScriptEngine.create();
const never = new AbortController().signal;

parentPort!.on("message", async ({ id, call }: ScriptRequest) => {
  const reply = (message: ScriptReply): void => parentPort!.postMessage(message);
  try {
    reply({ id, result: await (await engine).run({ ...call, onError: line => reply({ id, line }) }, never) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    reply({ id, error: message, expected: error instanceof ScriptError });
  }
});
