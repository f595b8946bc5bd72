/** Operations under guards and hooks: effects, variables, commands. */
import { children } from "../../language/syntax";
import type { Action, Expression, HookStatement, Node } from "../../language/syntax/tree";
import { type Context, inAmbient, inScope, type Operation, strictly } from "./context";
import { chooseEnvironment } from "./env-blocks";
import { DeniedError, RunError } from "./errors";
import { evaluate } from "./expressions";
import { isStatement, runBlock } from "./flow";
import type { Guard } from "./guard-registry";
import {
  FIRST,
  guardAfter,
  guardBefore,
  guardOptions,
  isGuarded,
  operationMatches,
  RetryRequest,
  withAfterGuards,
} from "./guards";
import { Scope } from "./scope";
import { NO_SECURITY, type Security } from "./security";
import { executeStatement } from "./statements";
import { makeValue, textOf, Value } from "./value";
import { matchingEntry } from "./when";

/** `show`, `output`, `append`: the variables that go in are guarded, then the text is made of what the guards let through. */
export async function guardEffect(
  operation: { type: string; subtype: string | null; source: Expression; labels: string[] },
  context: Context,
  read: (context: Context) => Promise<Value>,
  act: (value: Value) => Promise<Value>,
): Promise<Value> {
  const facts = operationOf(operation.type, operation.subtype, null, null, operation.labels);
  if (operation.source.kind === "WithExpression")
    context = { ...context, ...(await guardOptions(operation.source, context)) };
  const run = async (): Promise<Value> => {
    if (!isGuarded(context)) return act(checkedFlow(await read(context), facts, context));
    const { inner, changed } = await guardedVariables(operation.source, facts, context);
    let value = await read(inner);
    if (!changed) {
      const guarded = await guardBefore(facts, [value], inner);
      value = guarded.inputs[0]!;
    }
    return act(checkedFlow(value, facts, inner));
  };
  return withHooks(facts, context, run);
}

/** The same for an effect in a pipeline. */
export async function guardedEffect(
  type: string,
  subtype: string | null,
  value: Value,
  context: Context,
): Promise<Value> {
  const facts = operationOf(type, subtype, null, null, []);
  if (!isGuarded(context)) return value;
  const { inputs } = await guardBefore(facts, [value], context);
  return inputs[0] ?? value;
}

function checkedFlow(value: Value, operation: Operation, context: Context): Value {
  context.run.policy.checkFlow(operation.type, value.security.taint, operation.type, operation.subtype);
  return value;
}

/** Guards the variables that a template or reference uses, in a scope where they have the values that the guards gave them. */
async function guardedVariables(
  source: Expression,
  operation: Operation,
  context: Context,
): Promise<{ inner: Context; changed: boolean }> {
  const transformed = context.transformed ?? new Set<Guard>();
  const inner: Context = { ...inScope(context, "when"), transformed };
  let changed = false;
  if (source.kind === "Pipeline") return { inner, changed };
  for (const name of variablesIn(source)) {
    const value = context.scope.find(name)?.value;
    if (value === undefined || value.security === NO_SECURITY) continue;
    const once: Context = { ...inner, transformed: new Set() };
    const before = await guardBefore(operation, [value], once);
    const after = await lookAgain(operation, before.inputs[0]!, once);
    for (const guard of once.transformed ?? []) transformed.add(guard);
    if (after === value) continue;
    inner.scope.bind(name, after, "let");
    changed = true;
  }
  return { inner, changed };
}

/** After guards on what goes into an effect: it was not made here, so it cannot be made again. */
async function lookAgain(operation: Operation, value: Value, context: Context): Promise<Value> {
  try {
    return await guardAfter(operation, value, context, FIRST);
  } catch (cause) {
    if (cause instanceof RetryRequest) return value;
    throw cause;
  }
}

function variablesIn(node: Node): Set<string> {
  const names = new Set<string>();
  const visit = (at: Node) => {
    if (at.kind === "VariableReference") names.add(at.name);
    for (const child of children(at)) visit(child);
  };
  visit(node);
  return names;
}

/** `var`: an after guard on its labels sees what a call or command gave, and may ask for it again. */
export async function guardVariable(
  labels: string[],
  source: Action,
  context: Context,
  make: () => Promise<Value>,
): Promise<Value> {
  if (labels.length === 0 || !PRODUCERS.has(source.kind)) return make();
  return withAfterGuards(operationOf("var", null, null, null, labels), context, make);
}

const PRODUCERS = new Set([
  "CallExpression",
  "CommandExpression",
  "CodeExpression",
  "RunExpression",
  "Pipeline",
  "WithExpression",
]);

export interface CommandOperation {
  /** `cmd`, `sh`, `js`, … */
  type: string;
  command: string;
  node: Node;
  inputs: Security;
  stdin: Value | null;
}

/** A command or code block: op:run, op:cmd, op:sh, …; a guard may choose its environment. */
export async function guardCommand(
  operation: CommandOperation,
  context: Context,
  work: (context: Context) => Promise<Value>,
): Promise<Value> {
  const labels = context.calls?.executable.labels ?? [];
  const facts = operationOf("run", operation.type, context.calls?.executable.name ?? null, operation.command, labels);
  if (!isGuarded(context)) return withHooks(facts, context, () => work(context));
  const guarded = await guardBefore(facts, [makeValue(operation.command, operation.inputs)], context);
  return withHooks(facts, context, () =>
    withAfterGuards(facts, context, () =>
      guarded.environment === null
        ? work(context)
        : chooseEnvironment(guarded.environment, operation.node, context, work),
    ),
  );
}

export function operationOf(
  type: string,
  subtype: string | null,
  name: string | null,
  command: string | null,
  labels: readonly string[],
): Operation {
  return { type, subtype, name, command, labels };
}

/** Hooks before and after an operation; they look on, an after hook of an executable may give another value. */
export async function withHooks(
  operation: Operation,
  context: Context,
  work: () => Promise<Value>,
  inputs: readonly Value[] = [],
): Promise<Value> {
  const { hooks } = context.run.guards;
  if (hooks.length === 0 || context.guarding) return work();
  for (const hook of hooks) {
    if (hook.statement.timing === "before" && hookConcerns(hook.statement, operation, inputs))
      await lookOn(hook, operation, inputs, null, context);
  }
  let value = await work();
  for (const hook of hooks) {
    if (hook.statement.timing !== "after" || !hookConcerns(hook.statement, operation, [...inputs, value])) continue;
    const given = await lookOn(hook, operation, inputs, value, context);
    if (given !== null) value = given.adding(value.security);
  }
  return value;
}

function hookConcerns(statement: HookStatement, operation: Operation, values: readonly Value[]): boolean {
  const { target } = statement;
  if (target.target === "operation") return operationMatches(target.name, operation);
  if (target.target === "label")
    return operation.labels.includes(target.name) || values.some(value => value.security.taint.includes(target.name));
  if (!CALLS.has(operation.type) || operation.name !== target.name) return false;
  return target.prefix === null || (values[0] !== undefined && textOf(values[0]).startsWith(target.prefix));
}

const CALLS: ReadonlySet<string> = new Set(["exe", "pipeline-stage"]);

/** A hook's own fault is told, and ends nothing. */
async function lookOn(
  ...[hook, operation, inputs, output, context]: Parameters<typeof runHook>
): Promise<Value | null> {
  try {
    return await runHook(hook, operation, inputs, output, context);
  } catch (cause) {
    if (!(cause instanceof RunError) || cause instanceof DeniedError) throw cause;
    const name = hook.statement.name?.name ?? null;
    context.run.hookErrors.push({ hook: name, message: cause.message });
    await context.run.warn(`The hook ${name === null ? "" : `@${name} `}failed: ${cause.message}`);
    return null;
  }
}

async function runHook(
  hook: { statement: HookStatement; module: Context["module"] },
  operation: Operation,
  inputs: readonly Value[],
  output: Value | null,
  context: Context,
): Promise<Value | null> {
  const scope = new Scope("exe", hook.module.scope);
  scope.bind("input", inputs.length === 1 ? inputs[0]! : new Value([...inputs]), "parameter");
  scope.bind("output", output ?? makeValue(null), "parameter");
  const inner: Context = {
    ...inAmbient(strictly(context), { operation }),
    scope,
    module: hook.module,
    guarding: true,
    returns: true,
    topLevel: false,
  };
  const { body } = hook.statement;
  if (body.kind === "Block") return (await runBlock(body, inner))?.value ?? null;
  const entry = await matchingEntry(body, inner);
  if (entry === null) return null;
  if (isStatement(entry.action)) return (await executeStatement(entry.action, inner))?.value ?? null;
  return evaluate(entry.action, inner);
}
