/** `import { f } from node @path`: functions of Node.js modules, called in a `node` process of the environment. */
import { codeProcess, MISSING_INTERPRETER } from "./code/process-code";
import { runProcess } from "./commands";
import type { Context } from "./context";
import { RunError } from "./errors";
import { mergeSecurity, withTaint } from "./security";
import { plain, Value } from "./value";

/** Calls `require(module).path(…args)`. */
export function callNodeFunction(
  module: string,
  path: readonly string[],
  args: readonly Value[],
  context: Context,
): Promise<Value> {
  return inNode(CALL, module, path, args, context);
}

/** The data of `new (require(module).path)(…args)`: an instance stays in its process, what it knows of itself comes back. */
export function constructInNode(
  module: string,
  path: readonly string[],
  args: readonly Value[],
  context: Context,
): Promise<Value> {
  return inNode(CONSTRUCT, module, path, args, context);
}

const FIND =
  "let at = require(moduleName); for (const name of path.slice(0, -1)) at = at[name]; const last = path.at(-1); ";
const REFUSE_EMITTERS =
  'if (typeof value?.on === "function" && typeof value?.emit === "function") throw new Error("It gives an EventEmitter: only data can be returned to mlld"); ';
const CALL = `${FIND}const value = await at[last](...args); ${REFUSE_EMITTERS}return value;`;
const CONSTRUCT =
  `${FIND}const value = new at[last](...args); ${REFUSE_EMITTERS}const data = {}; ` +
  "for (let of = value; of && of !== Object.prototype; of = Object.getPrototypeOf(of)) " +
  'for (const name of Object.getOwnPropertyNames(of)) if (!(name in data) && typeof value[name] !== "function") data[name] = value[name]; return data;';

async function inNode(
  body: string,
  module: string,
  path: readonly string[],
  args: readonly Value[],
  context: Context,
): Promise<Value> {
  context.environment.requireBash("node");
  context.run.policy.checkCode("node", "", mergeSecurity(...args.map(arg => arg.security)));
  const code = codeProcess("node", {
    body,
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
