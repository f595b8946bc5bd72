import { join } from "node:path";
import { ScriptThread } from "../../runtime/evaluator/code/script-thread";

/** Starts the thread of `js` blocks from the bundle beside the command line. */
export function startScripts(): Promise<ScriptThread> {
  return ScriptThread.start(join(__dirname, "script-worker.js"));
}
