/** `run …`: commands, code, executables, with standard input, credentials and tails. */
import type { Expression, RunExpression } from "../../language/syntax/tree";
import { credentialsFor } from "./auth";
import { executableOf, invoke } from "./calls";
import { type CommandOptions, runCode, runCommandExpression } from "./code/run-code";
import type { Context } from "./context";
import { Executable } from "./executable";
import { evaluate } from "./expressions";
import { withLabels } from "./security";
import type { Value } from "./value";

/** The value of `run …`; `echo` prints a command's output as it comes. */
export async function runExpression(
  node: RunExpression,
  context: Context,
  options: CommandOptions = {},
): Promise<Value> {
  const stdin = node.stdin === null ? options.stdin : await evaluate(node.stdin, context);
  const more: CommandOptions = {
    ...options,
    using: node.using ?? options.using ?? null,
    ...(stdin === undefined ? {} : { stdin }),
  };
  const value = await target(node.target, context, more);
  const labels = node.labels.map(label => label.name);
  return labels.length === 0 ? value : value.with(withLabels(value.own, labels));
}

/** `run @f() using …`: every command of the call gets the credential. */
async function granting(options: CommandOptions, context: Context): Promise<Context> {
  const { using = null, auth = [] } = options;
  if (using === null && auth.length === 0) return context;
  return { ...context, granted: await credentialsFor(using, auth, context, false) };
}

async function target(node: Expression, context: Context, options: CommandOptions): Promise<Value> {
  switch (node.kind) {
    case "CommandExpression":
      return runCommandExpression(node, context, options);
    case "CodeExpression":
      return runCode(node, context, options);
    case "RunExpression":
      return runExpression(node, context, options);
    case "VariableReference":
    case "MemberExpression": {
      const value = await evaluate(node, { ...context, lenient: true });
      if (value.data instanceof Executable || value.data === undefined) {
        return invoke(
          await executableOf(node, context),
          [],
          await granting(options, context),
          options.stdin === undefined ? {} : { stdin: options.stdin },
        );
      }
      return value;
    }
    default:
      return evaluate(node, await granting(options, context));
  }
}
