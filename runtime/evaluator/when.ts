/** `when`: the first entry whose condition holds. */
import type {
  Action,
  BinaryExpression,
  Block,
  Expression,
  Statement,
  WhenEntry,
  WhenExpression,
} from "../../language/syntax/tree";
import { looseEquals, truthy } from "../../language/values";
import { type Context, inScope } from "./context";
import { messageOf, RunError } from "./errors";
import { evaluate, evaluateCondition, evaluatePlain } from "./expressions";
import { isChosen, isStatement, type Returned, runBlock } from "./flow";
import { operation } from "./patterns";
import { echo, executeStatement } from "./statements";
import { NULL, plain, Value } from "./value";

/** The value of the matching entry; null when none matches. */
export async function whenExpression(node: WhenExpression, context: Context): Promise<Value> {
  return (await whenMatch(node, context)) ?? NULL;
}

/** The value of the matching entry; no value when none matches. */
export async function whenMatch(node: WhenExpression, context: Context): Promise<Value | null> {
  const inner = inScope({ ...context, lenient: false }, "when");
  const entry = await matchingEntry(node, inner);
  return entry === null || !isChosen(entry.action, inner) ? null : actionValue(entry.action, inner);
}

/** In an executable or env block a matching value returns from it; a matching effect does not. */
export async function whenStatement(node: WhenExpression, context: Context): Promise<Returned | null> {
  const inner = inScope(context, "when");
  const entry = await matchingEntry(node, inner);
  if (entry === null || !isChosen(entry.action, inner)) return null;
  const { action } = entry;
  if (action.kind === "Block") return runBlock(action, inner, "when");
  if (isStatement(action)) return executeStatement(action, inner);
  const value = await evaluate(action, inner);
  if (isEffect(action)) {
    await echo(value, inner);
    return action.kind === "CommandExpression" && context.returns ? { value } : null;
  }
  if (context.returns) return { value };
  if (action.kind === "CallExpression" && context.topLevel) await echo(value, inner);
  return null;
}

function isEffect(action: Expression): boolean {
  return action.kind === "RunExpression" || action.kind === "CommandExpression" || action.kind === "CodeExpression";
}

async function actionValue(action: Action, context: Context): Promise<Value> {
  if (action.kind === "Block") {
    const only = onlyElement(action);
    if (only !== null) return new Value([await evaluate(only, context)]);
    const returned = await runBlock(action, { ...context, returns: true, topLevel: false }, "when");
    return returned?.value ?? NULL;
  }
  const value = await evaluate(action, context);
  if (action.kind === "CommandExpression" && context.calls !== null) await echo(value, context);
  return value;
}

/** Where a value stands, brackets around one call or `run` and nothing else are a list of one element. */
function onlyElement(block: Block): Expression | null {
  const [only, ...rest] = block.statements;
  if (rest.length > 0 || only?.kind !== "ExpressionStatement") return null;
  const { kind } = only.expression;
  return kind === "CallExpression" || kind === "RunExpression" ? only.expression : null;
}

/** Runs the entries that bind names on the way, and finds the first one that matches. */
export async function matchingEntry(node: WhenExpression, context: Context): Promise<WhenEntry | null> {
  refuseUnreachable(node);
  const subject = node.subject === null ? null : await evaluateCondition(node.subject, context);
  const problems: string[] = [];
  for (const entry of node.entries) {
    if (entry.kind !== "WhenEntry") {
      await executeStatement(entry as Statement, context);
      continue;
    }
    try {
      if (await matches(entry.condition, subject, context)) return entry;
    } catch (cause) {
      if (!(cause instanceof RunError)) throw cause;
      problems.push(messageOf(cause));
    }
  }
  if (problems.length > 0) {
    const count = `${problems.length} condition error${problems.length === 1 ? "" : "s"}`;
    throw new RunError(`When expression evaluation failed with ${count}: ${problems.join("; ")}`);
  }
  return null;
}

/** `none` behind `*` never matches. */
function refuseUnreachable({ entries }: WhenExpression): void {
  const wildcard = entries.findIndex(entry => entry.kind === "WhenEntry" && entry.condition.kind === "Wildcard");
  if (wildcard === -1) return;
  const late = entries.slice(wildcard + 1).some(entry => {
    const condition = entry.kind === "WhenEntry" ? entry.condition : null;
    return condition?.kind === "BareWord" && condition.text === "none";
  });
  if (late) throw new RunError("`none` behind `*` is never reached: put it before, or leave it out", "run/unreachable");
}

async function matches(condition: Expression, subject: Value | null, context: Context): Promise<boolean> {
  if (condition.kind === "Wildcard") return true;
  // `none` stands after the others, so reaching it means that none of them matched.
  if (condition.kind === "BareWord") return condition.text === "denied" ? context.ambient.denied !== null : true;
  if (subject === null) return truthy(plain(await evaluateCondition(condition, context)));
  return fits(condition, plain(subject), context);
}

/** A pattern: a comparison, several joined by `&&` or `||`, or a value to be equal to. */
async function fits(pattern: Expression, subject: unknown, context: Context): Promise<boolean> {
  if (pattern.kind === "ParenthesizedExpression") return fits(pattern.expression, subject, context);
  if (pattern.kind === "ComparisonPattern") {
    const wanted = await evaluatePlain(pattern.value, context);
    return truthy(operation(pattern.operator as Parameters<typeof operation>[0], subject, wanted));
  }
  if (pattern.kind === "BinaryExpression" && isJoinOfPatterns(pattern)) {
    const left = await fits(pattern.left, subject, context);
    if (pattern.operator === "&&") return left && (await fits(pattern.right, subject, context));
    return left || (await fits(pattern.right, subject, context));
  }
  return looseEquals(subject, plain(await evaluateCondition(pattern, context)));
}

function isJoinOfPatterns(node: BinaryExpression): boolean {
  return (node.operator === "&&" || node.operator === "||") && (isPattern(node.left) || isPattern(node.right));
}

function isPattern(node: Expression): boolean {
  return node.kind === "ComparisonPattern" || (node.kind === "BinaryExpression" && isJoinOfPatterns(node));
}
