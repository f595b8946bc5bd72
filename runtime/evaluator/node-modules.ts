/** `import { f } from node @path`: functions of Node.js modules, called in a `node` process of the environment. */
import { codeProcess, MISSING_INTERPRETER } from "./code/process-code";
import { runProcess } from "./commands";
import type { Context } from "./context";
import { RunError } from "./errors";
import { mergeSecurity, withTaint } from "./security";
import { plain, Value } from "./value";

/** Calls `require(module).path(…args)`. */
export async function callNodeFunction(
  module: string,
  path: readonly string[],
  args: readonly Value[],
  context: Context,
): Promise<Value> {
  context.environment.requireBash("Node execution");
  context.run.policy.checkCode("node", "", mergeSecurity(...args.map(arg => arg.security)));
  const body =
    "let at = require(module); for (const name of path.slice(0, -1)) at = at[name]; const value = await at[path.at(-1)](...args); " +
    'if (typeof value?.on === "function" && typeof value?.emit === "function") throw new Error("It gives an EventEmitter: only data can be returned to mlld"); return value;';
  const code = codeProcess("node", {
    body: body.replaceAll("module", "moduleName"),
    parameters: [
      { name: "moduleName", value: module },
      { name: "path", value: path },
      { name: "args", value: args.map(arg => plain(arg)) },
    ],
    functions: [],
    context: {},
  });
  const node = { start: 0, end: 0 };
  const result = await runProcess(
    {
      argv: code.argv,
      shown: ["node", "-e", `require("${module}").${path.join(".")}(…)`],
      vars: {},
      secrets: {},
      code: code.text,
      filter: code.filter,
      echo: false,
      capture: true,
      node,
    },
    context,
  );
  if (result.exitCode === MISSING_INTERPRETER)
    throw new RunError("node is not installed in this environment", "run/interpreter-missing");
  if (result.exitCode !== 0) throw new RunError(`${module}.${path.join(".")} failed`, "run/node-exception");
  return new Value(code.result(), withTaint(mergeSecurity(...args.map(arg => arg.security)), ["src:node"]));
}
