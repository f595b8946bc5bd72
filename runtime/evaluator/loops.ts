/** `for`, `foreach`, `loop`. */
import { setTimeout as pause } from "node:timers/promises";
import type { Expression, ForExpression, ForeachExpression, LoopExpression } from "../../language/syntax/tree";
import { truthy } from "../../language/values";
import { invokeCallee } from "./calls";
import { type Context, inAmbient, inScope } from "./context";
import { ControlSignal, DeniedError, messageOf, RunError } from "./errors";
import { evaluate, evaluateCondition, evaluatePlain } from "./expressions";
import { chosenOf, isStatement, type Returned, runStatements } from "./flow";
import { type Iteration, iterationsOf } from "./iteration";
import { runStages } from "./pipelines";
import { echo, executeStatement } from "./statements";
import { giveWay, Pacer } from "./turns";
import { itemsOf, makeValue, NULL, plain, textOf, Value } from "./value";
import { whenMatch } from "./when";

/** How many iterations a parallel loop runs at once when it does not say. */
const DEFAULT_PARALLEL = 4;

/** `var @r = for …`: the list of what the iterations give. */
export async function forExpression(node: ForExpression, context: Context): Promise<Value> {
  const results = await iterate(node, { ...context, lenient: false, topLevel: false }, (_iteration, inner) =>
    iterationValue(node, inner),
  );
  const list = new Value(results.filter(result => result !== null));
  return node.batch.length === 0 ? list : runStages(async () => list, node.batch, context);
}

/** `for …` as a statement. A return in a nested `if` or block returns from what encloses the loop. */
export async function runForStatement(node: ForExpression, context: Context): Promise<Returned | null> {
  let returned: Returned | null = null;
  await iterate(node, context, async (_iteration, inner) => {
    if (returned !== null) throw new ControlSignal("done", null);
    const result = await runIteration(node, inner);
    if (result !== null) {
      returned = result;
      throw new ControlSignal("done", null);
    }
    return null;
  });
  return returned;
}

/** The value of one iteration; null drops it. */
async function iterationValue(node: ForExpression, context: Context): Promise<Value | null> {
  const { body } = node;
  if (body.kind !== "Block") {
    // `for @x in @xs when [ … ]` drops what matches no entry.
    if (body.kind === "WhenExpression" && !node.arrow) return whenMatch(body, context);
    const value = await evaluate(body, context);
    return value.data === undefined ? NULL.with(value.own) : value;
  }
  const { statements } = body;
  const last = statements.at(-1);
  const inner = { ...inScope(context, "block"), returns: true };
  if (last?.kind === "ExpressionStatement" && isValue(last.expression)) {
    const returned = await runStatements(statements.slice(0, -1), inner);
    return returned?.value ?? evaluate(last.expression, inner);
  }
  const returned = await runStatements(statements, inner);
  return returned?.value ?? NULL;
}

function isValue(expression: Expression): boolean {
  return (
    expression.kind !== "ForExpression" && expression.kind !== "LoopExpression" && expression.kind !== "WhenExpression"
  );
}

async function runIteration(node: ForExpression, context: Context): Promise<Returned | null> {
  const { body } = node;
  if (body.kind === "Block") {
    const inner = inScope(context, "block");
    for (const statement of chosenOf(body.statements, context)) {
      const returned = await executeStatement(statement, inner);
      // `=> v` directly in the body is only this iteration's value.
      if (returned !== null) return statement.kind === "ReturnStatement" ? null : returned;
    }
    return null;
  }
  if (isStatement(body)) return executeStatement(body, context);
  const value = await evaluate(body, context);
  if (context.topLevel && printsResult(body)) await echo(value, context);
  return null;
}

/** At top level `for … => @f()` prints; nested loops and `when` have printed what there is to print. */
function printsResult(body: Expression): boolean {
  return body.kind !== "ForExpression" && body.kind !== "WhenExpression" && body.kind !== "EnvExpression";
}

type Step = (iteration: Iteration, context: Context) => Promise<Value | null>;

/** Runs the iterations one after another or several at once; results are in the order of the input. */
async function iterate(node: ForExpression, context: Context, step: Step): Promise<(Value | null)[]> {
  const source = await evaluate(node.source, context);
  const iterations = iterationsOf(source);
  if (node.parallel !== null) return iterateParallel(node, iterations, context, step);
  const results: (Value | null)[] = [];
  for (const [index, iteration] of iterations.entries()) {
    await giveWay(context.run.signal);
    const inner = bindIteration(node, iteration, index, iterations.length, context);
    if (!(await passes(node, inner))) continue;
    try {
      results.push(await step(iteration, inner));
    } catch (cause) {
      if (!(cause instanceof ControlSignal) || cause.keyword === "retry") throw cause;
      if (cause.keyword === "done") break;
    }
  }
  return results;
}

async function iterateParallel(
  node: ForExpression,
  iterations: Iteration[],
  context: Context,
  step: Step,
): Promise<(Value | null)[]> {
  const cap = node.parallel!.cap === null ? DEFAULT_PARALLEL : Number(await evaluatePlain(node.parallel!.cap, context));
  const pace = node.parallel!.pace === null ? 0 : Number(await evaluatePlain(node.parallel!.pace, context));
  const pacer = new Pacer(pace, context.run.signal);
  const results = new Array<Value | null>(iterations.length).fill(null);
  const errors: Value[] = [];
  let next = 0;
  let stopped = false;
  const worker = async (): Promise<void> => {
    while (next < iterations.length && !stopped) {
      const index = next++;
      await pacer.start();
      await giveWay(context.run.signal);
      const iteration = iterations[index]!;
      const inner = bindIteration(node, iteration, index, iterations.length, context);
      try {
        if (await passes(node, inner)) results[index] = await step(iteration, inner);
      } catch (cause) {
        if (cause instanceof ControlSignal && cause.keyword !== "retry") {
          if (cause.keyword === "done") stopped = true;
          continue;
        }
        if (!(cause instanceof RunError) || cause instanceof DeniedError || FATAL.has(cause.code ?? "")) throw cause;
        const entry = errorEntry(iteration, index, cause);
        results[index] = entry;
        errors.push(entry);
        await context.run.warn(`Iteration ${index} of a parallel for failed: ${messageOf(cause)}`);
      }
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(cap || 1, iterations.length)) }, worker);
  const settled = await Promise.allSettled(workers);
  const failed = settled.find(result => result.status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  context.run.errors = errors;
  return results;
}

/** Faults that end the script, also inside a parallel loop. */
const FATAL: ReadonlySet<string> = new Set(["MlldBail", "run/environment-lost"]);

function errorEntry(iteration: Iteration, index: number, cause: RunError): Value {
  const fields: Record<string, unknown> = {
    index,
    message: cause.message,
    error: cause.message,
    value: iteration.item,
  };
  if (iteration.keyed) fields.key = iteration.key;
  return new Value(fields);
}

function bindIteration(
  node: ForExpression,
  iteration: Iteration,
  index: number,
  total: number,
  context: Context,
): Context {
  const parallel = node.parallel !== null;
  const facts = { index, total, key: iteration.keyed ? String(iteration.key.data) : null, parallel };
  const outer = parallel ? { ...context, parallel } : context;
  const inner = inAmbient(inScope(outer, "block", !parallel), { iteration: facts });
  const { name } = node.variable;
  context.scope.refuseLoop(name);
  inner.scope.bind(name, iteration.item, "loop");
  if (node.key !== null) inner.scope.bind(node.key.name, iteration.key, "loop");
  else if (iteration.keyed) inner.scope.bind(`${name}_key`, iteration.key, "loop");
  return inner;
}

async function passes(node: ForExpression, context: Context): Promise<boolean> {
  return node.filter === null || truthy(plain(await evaluateCondition(node.filter, context)));
}

/** `foreach @f(@a, @b)`: every combination, the first list slowest. */
export async function foreachExpression(node: ForeachExpression, context: Context): Promise<Value> {
  const { call } = node;
  if (call.kind !== "CallExpression") throw new RunError("foreach needs a call: foreach @f(@list)");
  const lists: Value[][] = [];
  for (const argument of call.arguments) {
    const value = await evaluate(argument, context);
    if (!Array.isArray(value.data)) throw new RunError("foreach needs lists as arguments", "TypeMismatch");
    lists.push(itemsOf(value));
  }
  const results: Value[] = [];
  for (const combination of combinations(lists)) {
    await giveWay(context.run.signal);
    results.push(await invokeCallee(call.callee, combination, context));
  }
  const options = await foreachOptions(node, context);
  if (options.separator === undefined && options.template === undefined) return new Value(results);
  const texts = results.map((result, index) =>
    options.template === undefined
      ? textOf(result)
      : options.template.replaceAll("{{result}}", textOf(result)).replaceAll("{{index}}", String(index)),
  );
  return makeValue(texts.join(options.separator ?? "\n"), new Value(results).security);
}

function* combinations(lists: readonly Value[][]): Generator<Value[]> {
  const [first, ...rest] = lists;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const item of first) for (const others of combinations(rest)) yield [item, ...others];
}

async function foreachOptions(
  node: ForeachExpression,
  context: Context,
): Promise<{ separator?: string; template?: string }> {
  const options: { separator?: string; template?: string } = {};
  for (const property of node.with?.properties ?? []) {
    if (property.kind === "Spread" || property.value === null) continue;
    const { name } = property.key;
    if (name === "separator" || name === "template")
      options[name] = String(await evaluatePlain(property.value, context)).replaceAll("\\n", "\n");
  }
  return options;
}

/** `loop(N) until … [ … ]`: null unless `done v` ends it. */
export async function loopExpression(node: LoopExpression, context: Context): Promise<Value> {
  return (await runLoop(node, context)).value;
}

export async function runLoopStatement(node: LoopExpression, context: Context): Promise<Returned | null> {
  return (await runLoop(node, context)).returned;
}

async function runLoop(node: LoopExpression, context: Context): Promise<{ value: Value; returned: Returned | null }> {
  const limit =
    node.limit === null || node.limit.kind === "BareWord"
      ? Number.POSITIVE_INFINITY
      : Number(await evaluatePlain(node.limit, context));
  const pace = node.pace === null ? 0 : Number(await evaluatePlain(node.pace, context));
  if (Number.isNaN(limit)) throw new RunError("loop needs a number of iterations, or endless");
  let input: Value = NULL;
  for (let iteration = 1; iteration <= limit; iteration++) {
    await giveWay(context.run.signal);
    const inner = inAmbient(inScope(context, "block"), { loop: { iteration, input }, pipeline: null });
    if (node.until !== null && truthy(plain(await evaluateCondition(node.until, inner)))) break;
    if (iteration > 1 && pace > 0) await pause(pace, undefined, { signal: context.run.signal });
    try {
      const returned = await runStatements(node.body.statements, { ...inner, lenient: false });
      if (returned !== null) return { value: returned.value, returned };
    } catch (cause) {
      if (!(cause instanceof ControlSignal) || cause.keyword === "retry") throw cause;
      const value = cause.value instanceof Value ? cause.value : NULL;
      if (cause.keyword === "done") return { value, returned: null };
      if (cause.keyword === "continue") input = value;
    }
  }
  return { value: NULL, returned: null };
}
