/** Evaluates expressions. One table by node kind; each kind of thing has a file of its own. */
import type { Action, Expression, ObjectExpression, PropertyKey } from "../../language/syntax/tree";
import { isPlainObject, not, truthy } from "../../language/values";
import { callExpression, instanceOf, newExpression } from "./calls";
import { runCode, runCommandExpression } from "./code/run-code";
import { type Context, leniently, strictly } from "./context";
import { enterEnvironment } from "./env-blocks";
import { placed, RunError } from "./errors";
import { fieldOf, filterOf, indexOf, sliceOf } from "./fields";
import { loadFile, renamed } from "./files";
import { evaluateBlock, isStatement, runStatementAsValue } from "./flow";
import { forExpression, foreachExpression, loopExpression } from "./loops";
import { operation } from "./patterns";
import { parallelGroup, pipeline } from "./pipelines";
import { runExpression } from "./run-expression";
import { withLabels, withoutLabels } from "./security";
import { renderTemplateFile } from "./template-files";
import { render } from "./templates";
import { define, makeValue, NULL, plain, UNDEFINED, Value } from "./value";
import { lookup } from "./variables";
import { whenExpression } from "./when";
import { withExpression } from "./with-expression";

/** The value of an expression, or of a statement that stands where a value does. */
export async function evaluate(node: Action, context: Context): Promise<Value> {
  context.run.signal.throwIfAborted();
  try {
    if (isStatement(node)) return await runStatementAsValue(node, context);
    const evaluator = EVALUATORS[node.kind] as Evaluator<Expression>;
    return await evaluator(node, context);
  } catch (cause) {
    throw placed(cause, context.module, node);
  }
}

/** The plain data of an expression. */
export async function evaluatePlain(node: Action, context: Context): Promise<unknown> {
  return plain(await evaluate(node, context));
}

/** A condition: undefined names are false. */
export async function evaluateCondition(node: Action, context: Context): Promise<Value> {
  return evaluate(node, leniently(context));
}

type Evaluator<N> = (node: N, context: Context) => Value | Promise<Value>;
type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

const EVALUATORS: { [K in Expression["kind"]]: Evaluator<Of<K>> } = {
  Template: async (node, context) => {
    const { text, security } = await render(node.parts, strictly(context));
    return new Value(text, security);
  },
  NumberLiteral: node => new Value(node.value),
  BooleanLiteral: node => new Value(node.value),
  NullLiteral: () => NULL,
  Duration: node => new Value(node.milliseconds),
  BareWord: node =>
    node.text === "none" || node.text === "denied"
      ? notHere(`\`${node.text}\``, "as a condition of when")
      : new Value(node.text),
  Wildcard: () => new Value("*"),
  ComparisonPattern: () => notHere("A comparison pattern", "in a when with a subject"),
  RegularExpression: node => new Value(regularExpression(node.pattern, node.flags)),
  ArrayExpression: async (node, context) => {
    const elements: Value[] = [];
    for (const element of node.elements) {
      const value = await evaluate(element, leniently(context));
      if (element.kind !== "ConditionalValue" || truthy(plain(value)))
        elements.push(value.data === undefined ? NULL : value);
    }
    return new Value(elements);
  },
  ObjectExpression: objectValue,
  ConditionalValue: (node, context) => evaluate(node.value, leniently(context)),
  VariableReference: (node, context) => {
    const value = lookup(node.name, context);
    if (value !== null) return value;
    if (context.lenient) return UNDEFINED;
    throw new RunError(`Variable not found: ${node.name}`, "VariableNotFound");
  },
  MemberExpression: async (node, context) =>
    fieldOf(await instanceOf(await evaluate(node.object, context), context), node.property.name),
  IndexExpression: async (node, context) => {
    const object = await evaluate(node.object, context);
    if (node.index.kind === "Wildcard") return object;
    return indexOf(object, await evaluatePlain(node.index, context));
  },
  SliceExpression: async (node, context) => {
    const bound = async (at: Expression | null) => (at === null ? undefined : Number(await evaluatePlain(at, context)));
    return sliceOf(await evaluate(node.object, context), await bound(node.from), await bound(node.to));
  },
  FilterExpression: async (node, context) => {
    const wanted = node.value === null ? undefined : await evaluatePlain(node.value, context);
    return filterOf(await evaluate(node.object, context), node.field, node.operator, wanted);
  },
  CallExpression: (node, context) => callExpression(node, strictly(context)),
  FileReference: (node, context) => loadFile(node, context),
  UnaryExpression: async (node, context) => {
    const operand = await evaluate(node.operand, leniently(context));
    return makeValue(not(plain(operand)), operand.security);
  },
  BinaryExpression: binaryValue,
  ConditionalExpression: async (node, context) => {
    const condition = await evaluateCondition(node.condition, context);
    return evaluate(truthy(plain(condition)) ? node.then : node.else, context);
  },
  ParenthesizedExpression: (node, context) => evaluate(node.expression, context),
  NewExpression: newExpression,
  Pipeline: pipeline,
  WithExpression: withExpression,
  AsExpression: async (node, context) => renamed(await evaluate(node.value, context), node.as, context),
  LabelExpression: async (node, context) => {
    const value = await evaluate(node.value, context);
    return relabelled(
      value,
      node.modifier,
      node.labels.map(label => label.name),
    );
  },
  CommandExpression: (node, context) => runCommandExpression(node, context),
  CodeExpression: (node, context) => runCode(node, context),
  RunExpression: (node, context) => runExpression(node, context),
  ParallelGroup: (node, context) => parallelGroup(node, context),
  TemplateFile: async (node, context) => renderTemplateFile(String(await evaluatePlain(node.path, context)), context),
  ProseExpression: () => unsupported("prose blocks"),
  WhenExpression: (node, context) => whenExpression(node, context),
  ForExpression: (node, context) => forExpression(node, context),
  ForeachExpression: foreachExpression,
  LoopExpression: loopExpression,
  WhileExpression: () => unsupported("while as a statement"),
  EnvExpression: enterEnvironment,
  Block: (node, context) => evaluateBlock(node, context),
  GuardAction: () => notHere("A guard action", "in the rules of a guard"),
  ToolsFromMcp: () => unsupported("tools of an MCP server"),
  ModuleReference: node => new Value(node.text),
  Missing: () => notHere("Nothing", "where a value is needed"),
};

/** `+` and the comparisons are of values; `??`, `||` and `&&` evaluate their right side only when it decides. */
async function binaryValue(node: Of<"BinaryExpression">, context: Context): Promise<Value> {
  const left = await evaluate(node.left, leniently(context));
  const first = plain(left);
  switch (node.operator) {
    case "??":
      return first === undefined || first === null ? evaluate(node.right, context) : left;
    case "||":
      return truthy(first) ? left : (await evaluate(node.right, leniently(context))).adding(left.security);
    case "&&":
      return truthy(first) ? (await evaluate(node.right, leniently(context))).adding(left.security) : left;
    default: {
      const right = await evaluate(node.right, leniently(context));
      const result = operation(node.operator, comparable(left, first), comparable(right, plain(right)));
      return makeValue(result, left.adding(right.security).security);
    }
  }
}

/** Lists and objects are equal only to themselves, so they are compared as they are and not as copies. */
function comparable(value: Value, data: unknown): unknown {
  return typeof value.data === "object" && value.data !== null && !containsValues(value.data) ? value.data : data;
}

function containsValues(data: object): boolean {
  return (Array.isArray(data) ? data : Object.values(data)).some(item => item instanceof Value);
}

/** The entries of an object literal; spreads keep what is known of the fields they bring. */
export async function objectValue(node: ObjectExpression, context: Context): Promise<Value> {
  const fields: Record<string, unknown> = {};
  for (const property of node.properties) {
    if (property.kind === "Spread") {
      const spread = await evaluate(property.argument, leniently(context));
      if (!isPlainObject(spread.data)) {
        if (spread.data === undefined) await evaluate(property.argument, strictly(context));
        if (spread.data === undefined || spread.data === null) continue;
        throw new RunError("Only an object can be spread into an object", "InvalidSpread");
      }
      for (const [key, item] of Object.entries(spread.data)) define(fields, key, makeValue(item, spread.own));
      continue;
    }
    const key = await keyOf(property.key, context);
    const value = property.value === null ? new Value(true) : await evaluate(property.value, leniently(context));
    if (property.optional && !truthy(plain(value))) continue;
    define(fields, key, value);
  }
  return new Value(fields);
}

async function keyOf(key: PropertyKey, context: Context): Promise<string> {
  if (key.name !== null || key.template === null) return key.name ?? "";
  return (await render(key.template.parts, context)).text;
}

/** `secret @x`, `trusted! @x`, `!secret @x`, `clear! @x`. */
export function relabelled(value: Value, modifier: "add" | "trust" | "remove" | "clear", labels: string[]): Value {
  const { security } = value;
  switch (modifier) {
    case "add":
      return value.with(withLabels(security, labels));
    case "trust":
      return new Value(
        plain(value),
        withLabels(withoutLabels(security, ["untrusted"]), [...new Set(["trusted", ...labels])]),
        value.facts,
      );
    case "remove":
      return new Value(plain(value), withoutLabels(security, labels), value.facts);
    case "clear":
      return new Value(plain(value), withoutLabels(security, [...security.labels, ...security.taint]), value.facts);
  }
}

function regularExpression(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch (cause) {
    throw new RunError(`The regular expression /${pattern}/${flags} is not valid: ${String(cause)}`);
  }
}

function notHere(what: string, where: string): never {
  throw new RunError(`${what} can only stand ${where}`);
}

/** The plan refuses these before anything runs; an import that holds one gets here. */
function unsupported(what: string): never {
  throw new RunError(`This runner does not run ${what}`, "run/unsupported");
}
