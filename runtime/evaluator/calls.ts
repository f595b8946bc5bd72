/** Calls: executables, methods, transformers, `new`. */

import type { Action, CallExpression, Expression, NewExpression, WhenExpression } from "../../language/syntax/tree";
import { isMethodName, isPlainObject, transformer } from "../../language/values";
import { readOutput } from "./bindings";
import { runCode, runCommandExpression } from "./code/run-code";
import { type Context, inAmbient, strictly } from "./context";
import { derivedConfig } from "./derived-config";
import { chooseEnvironment } from "./env-blocks";
import { DeniedError, messageOf, RunError } from "./errors";
import { Executable } from "./executable";
import { evaluate } from "./expressions";
import { callValueMethod, fieldOf } from "./fields";
import { fileExists, pathExists } from "./file-exists";
import { evaluateBlock } from "./flow";
import { operationOf, withHooks } from "./guarded-operations";
import { guardBefore, guardEntry, withAfterGuards } from "./guards";
import { callNodeFunction, constructInNode } from "./node-modules";
import { Scope } from "./scope";
import { mergeSecurity, NO_SECURITY, withLabels, withTaint } from "./security";
import { renderTemplateFile } from "./template-files";
import { itemsOf, makeValue, NULL, plain, sourceTextOf, UNDEFINED, Value } from "./value";
import { lookup } from "./variables";

/** `@f(a)`, `@o.m(a)`, `@text.trim()`. */
export async function callExpression(node: CallExpression, context: Context): Promise<Value> {
  const { callee } = node;
  if (callee.kind === "VariableReference") {
    const special = await specialFunction(callee.name, node, context);
    if (special !== null) return special;
  }
  if (callee.kind === "MemberExpression") {
    const receiver = await receiverOf(callee.object, context);
    if (receiver !== null) {
      const member = await memberCall(receiver, callee.property.name, node, context);
      if (member !== null) return member;
    }
  }
  const executable = await executableOf(callee, context);
  return invoke(executable, await argumentsOf(node.arguments, context), context);
}

/** Calls what an expression names with values. */
export async function invokeCallee(callee: Expression, args: readonly Value[], context: Context): Promise<Value> {
  return invoke(await executableOf(callee, context), args, context);
}

/** The receiver of a method; null for a transformer with variants (`@parse.llm`). */
async function receiverOf(object: Expression, context: Context): Promise<Value | null> {
  if (object.kind === "VariableReference" && context.scope.find(object.name) === undefined && transformer(object.name))
    return null;
  return evaluate(object, { ...context, lenient: true });
}

async function memberCall(
  receiver: Value,
  name: string,
  node: CallExpression,
  context: Context,
): Promise<Value | null> {
  const field = isPlainObject(receiver.data) && Object.hasOwn(receiver.data, name) ? fieldOf(receiver, name) : null;
  if (field?.data instanceof Executable) return invoke(field.data, await argumentsOf(node.arguments, context), context);
  if (receiver.data instanceof Executable || name === "mx") return null;
  if (receiver.data === undefined || receiver.data === null) {
    if (name === "isDefined") return makeValue(false, receiver.own);
    if (name === "isNull") return makeValue(true, receiver.own);
    if (!isMethodName(name)) return null;
    // Only a name that means nothing is an error: a missing field has the methods of nothing.
    if (receiver.data === undefined) await evaluate((node.callee as { object: Expression }).object, strictly(context));
    return UNDEFINED.with(receiver.own);
  }
  const result = callValueMethod(receiver, name, await argumentsOf(node.arguments, context));
  if (result !== null) return result;
  const shadow = lookup(name, context);
  if (shadow?.data instanceof Executable)
    return invoke(shadow.data, [receiver, ...(await argumentsOf(node.arguments, context))], context);
  throw new RunError(
    `Method not found: ${name} on ${Array.isArray(receiver.data) ? "array" : typeof receiver.data}`,
    "MethodNotFound",
  );
}

async function argumentsOf(nodes: readonly Action[], context: Context): Promise<Value[]> {
  const values: Value[] = [];
  for (const node of nodes) values.push(await argumentOf(node, context));
  return values;
}

/** An argument. A name that means nothing is an error; a bare word is its text, or the parameter of that name. */
async function argumentOf(node: Action, context: Context): Promise<Value> {
  if (node.kind === "VariableReference") return evaluate(node, strictly(context));
  if (node.kind === "Template" && node.quote === "none") {
    const [only] = node.parts;
    const binding = node.parts.length === 1 && only?.kind === "Text" ? context.scope.find(only.value) : undefined;
    if (binding?.kind === "parameter") return binding.value;
  }
  return evaluate(node, { ...context, lenient: true });
}

/** The executable that an expression names. */
export async function executableOf(callee: Expression, context: Context): Promise<Executable> {
  if (callee.kind === "MemberExpression" && callee.object.kind === "VariableReference") {
    const { name } = callee.object;
    const variant = context.scope.find(name) === undefined ? transformer(name, callee.property.name) : undefined;
    if (variant !== undefined)
      return new Executable(variant.name, ["input"], [], { kind: "transformer", transformer: variant });
  }
  const value = await evaluate(callee, { ...context, lenient: true });
  if (value.data instanceof Executable) return value.data;
  const text = context.module.text.slice(callee.start, callee.end).replace(/^@/, "");
  if (value.data === undefined) throw new RunError(`Referenced command not found: ${text}`, "CommandNotFound");
  throw new RunError(`'@${text}' is not a function: it holds a value of type ${typeof value.data}`, "NotAFunction");
}

/** Functions that look at their argument before it is evaluated. */
async function specialFunction(name: string, node: CallExpression, context: Context): Promise<Value | null> {
  if (context.scope.find(name) !== undefined) return null;
  const [argument] = node.arguments;
  switch (name.toLowerCase()) {
    case "exists":
      return makeValue(argument !== undefined && (await evaluates(argument, context)));
    case "fileexists":
      return argument === undefined ? makeValue(false) : fileExists(argument, context);
    case "keep":
    case "keepstructured":
      return keep(await argumentsOf(node.arguments, context));
    default:
      return null;
  }
}

async function evaluates(argument: Action, context: Context): Promise<boolean> {
  try {
    const value = await evaluate(argument, strictly(context));
    return Array.isArray(value.data) && value.facts.printsText
      ? value.data.length > 0
      : value.data !== undefined && value.data !== null;
  } catch (cause) {
    if (cause instanceof RunError && !(cause instanceof DeniedError)) return false;
    throw cause;
  }
}

/** `keep(obj, [keys])` picks keys; with one argument it keeps what is known of the value. */
function keep(args: readonly Value[]): Value {
  const [value = NULL, keys] = args;
  if (keys === undefined) return value.stating({ kept: true });
  if (!isPlainObject(value.data)) return value;
  const wanted = itemsOf(keys).map(key => String(key.data));
  return new Value(Object.fromEntries(Object.entries(value.data).filter(([key]) => wanted.includes(key))), value.own);
}

export interface InvokeOptions {
  /** The value that a pipeline hands over: also on standard input. */
  stdin?: Value;
  /** Guard decisions of a stage go here. */
  trace?: (entries: unknown[]) => void;
  /** A stage of a pipeline: guards see it as one. */
  stage?: boolean;
}

/** Calls an executable: guards, body, labels. */
export async function invoke(
  executable: Executable,
  args: readonly Value[],
  context: Context,
  options: InvokeOptions = {},
): Promise<Value> {
  for (let frame = context.calls; frame !== null; frame = frame.caller) {
    if (frame.executable === executable) {
      throw new RunError(
        `Circular reference detected: executable '@${executable.name}' calls itself`,
        "CircularReference",
      );
    }
  }
  const { body } = executable;
  if (body.kind === "partial") return invoke(body.target, [...body.given, ...args], context, options);
  if (body.kind === "transformer") return transform(executable, args, context);
  if (body.kind === "builtin") return body.run(args);
  context.run.policy.calls.push(executable.name);
  const toolLabels = context.environment.toolLabels(executable);
  const type = options.stage ? "pipeline-stage" : "exe";
  const operation = operationOf(type, executable.name, executable.name, null, [...executable.labels, ...toolLabels]);
  let given = args;
  let denied: DeniedError["denial"] | null = null;
  let chosen: Value | null = null;
  try {
    const guarded = await guardBefore(operation, args, context);
    given = guarded.inputs;
    chosen = guarded.environment;
    if (guarded.trace.length > 0) options.trace?.([guardEntry(executable.name, guarded.trace)]);
    for (const arg of given) context.run.policy.checkFlow("arg", arg.security.taint, "exe", ...operation.labels);
  } catch (cause) {
    if (!(cause instanceof DeniedError) || !handlesDenial(executable)) throw cause;
    denied = cause.denial;
  }
  const inner: Context = {
    ...inAmbient(strictly(context), { operation, denied, loop: null }),
    calls: { executable, caller: context.calls },
    transformed: null,
  };
  const work = async (at: Context) =>
    labelledResult(executable, toolLabels, given, await runBody(executable, given, at, options), context);
  const apply = async () => {
    if (chosen === null) return work(inner);
    const place = body.kind === "program" ? body.action : { kind: "Missing" as const, start: 0, end: 0 };
    return chooseEnvironment(chosen, place, inner, work);
  };
  return withHooks(operation, context, () => withAfterGuards(operation, context, apply, given), given);
}

function handlesDenial(executable: Executable): boolean {
  if (executable.body.kind !== "program") return false;
  const { action } = executable.body;
  return action.kind === "WhenExpression" && hasDeniedEntry(action);
}

function hasDeniedEntry(node: WhenExpression): boolean {
  return node.entries.some(
    entry => entry.kind === "WhenEntry" && entry.condition.kind === "BareWord" && entry.condition.text === "denied",
  );
}

/** What a result is marked with besides what its parts bring. */
function labelledResult(
  executable: Executable,
  toolLabels: string[],
  args: readonly Value[],
  result: Value,
  context: Context,
): Value {
  const inputs = mergeSecurity(...args.map(arg => arg.security));
  // What a command or code did with its inputs cannot be seen: their labels stay on what it gives.
  let own = isOpaque(executable) ? mergeSecurity(result.own, inputs) : result.own;
  own = withTaint(own, sourceMarks(executable));
  if (executable.labels.length > 0 || toolLabels.length > 0)
    own = withLabels(own, [...executable.labels, ...toolLabels]);
  if (context.run.policy.influences(executable.labels, mergeSecurity(inputs, own)))
    own = withLabels(own, ["influenced"]);
  return result.with(own);
}

function sourceMarks(executable: Executable): string[] {
  const { body } = executable;
  if (body.kind === "template") return ["src:template"];
  if (body.kind !== "program" || isOpaque(executable)) return [];
  return [body.action.kind === "TemplateFile" ? "src:template" : "src:exe"];
}

const OPAQUE: ReadonlySet<string> = new Set(["CommandExpression", "CodeExpression", "RunExpression"]);

function isOpaque({ body }: Executable): boolean {
  return body.kind === "program" && OPAQUE.has(body.action.kind);
}

/** Runs the body in a scope of its own, whose outer names are those of the module that defines it. */
async function runBody(
  executable: Executable,
  args: readonly Value[],
  context: Context,
  options: InvokeOptions,
): Promise<Value> {
  const { body } = executable;
  if (body.kind === "node") return callNodeFunction(body.module, body.path, args, context);
  if (body.kind !== "program" && body.kind !== "template") throw new RunError(`@${executable.name} cannot be called`);
  const scope = new Scope("exe", body.module.scope);
  executable.parameters.forEach((name, index) => {
    scope.bind(name, args[index] ?? new Value(undefined, NO_SECURITY, { missing: true }), "parameter");
  });
  const inner: Context = { ...context, scope, module: body.module, topLevel: false, returns: true };
  if (body.kind === "template") return renderTemplateFile(body.path, inner);
  const value = await bodyValue(body.action, inner, options);
  // `exe @g = new @f(a)`: a call of `@g` gives the rest of the arguments.
  return body.action.kind === "NewExpression" && value.data instanceof Executable
    ? invoke(value.data, args, context)
    : value;
}

async function bodyValue(action: Action, context: Context, options: InvokeOptions): Promise<Value> {
  switch (action.kind) {
    case "Block":
      return evaluateBlock(action, context);
    case "CommandExpression":
      return readOutput(await runCommandExpression(action, context, withStdin(options)), "structures");
    case "CodeExpression":
      return readOutput(await runCode(action, context, action.language === "js" ? {} : withStdin(options)), "all");
    default:
      return readOutput(await evaluate(action, context), "structures");
  }
}

function withStdin(options: InvokeOptions): { stdin?: Value } {
  return options.stdin === undefined ? {} : { stdin: options.stdin };
}

async function transform(executable: Executable, args: readonly Value[], context: Context): Promise<Value> {
  if (executable.body.kind !== "transformer") return NULL;
  const { transformer: builtin } = executable.body;
  const [input = NULL] = args;
  if (builtin.name === "fileExists") {
    return makeValue(await pathExists(input, context), input.security);
  }
  try {
    // A list that prints as a text of its own (definitions of source code) still is the list for what reads JSON.
    const isRead = /^(?:parse|json)/.test(builtin.name) && input.facts.printsText && typeof input.data === "object";
    const result = isRead ? plain(input) : builtin.apply(sourceTextOf(input), plain(input));
    const structured = typeof result === "object" && result !== null;
    const text = structured ? JSON.stringify(result, null, 2) : result === null ? "null" : undefined;
    return new Value(result, input.security, text === undefined ? {} : { text });
  } catch (cause) {
    throw new RunError(messageOf(cause), "TransformerFailed");
  }
}

/** `exe @site = new @URL(…)`: a field of the executable is one of the instance that it makes. */
export async function instanceOf(value: Value, context: Context): Promise<Value> {
  if (!(value.data instanceof Executable)) return value;
  const { body, parameters } = value.data;
  const makes = body.kind === "program" && body.action.kind === "NewExpression" && parameters.length === 0;
  if (!makes) return value;
  return evaluate(body.action, { ...context, module: body.module, scope: new Scope("exe", body.module.scope) });
}

/** `new @config with { … }` narrows a config; `new @f(a)` gives the first arguments of a function. */
export async function newExpression(node: NewExpression, context: Context): Promise<Value> {
  const target = await evaluate(node.target, context);
  if (target.data instanceof Executable) {
    const given = await argumentsOf(node.arguments ?? [], context);
    const { data } = target;
    // A class by its name; `new` of a function gives its first arguments.
    if (data.body.kind === "node" && /^[A-Z]/.test(data.body.path.at(-1) ?? ""))
      return constructInNode(data.body.module, data.body.path, given, context);
    return makeValue(
      new Executable(data.name, data.parameters, data.labels, { kind: "partial", target: data, given }),
      target.own,
    );
  }
  if (!isPlainObject(target.data)) throw new RunError("new needs a config object or an executable");
  return node.with === null ? target : derivedConfig(target, node.target, node.with, "new", context);
}
