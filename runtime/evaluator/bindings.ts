/** `var`, `let`, `@x += …`, `exe`. */
import type {
  AssignStatement,
  ExeShadowStatement,
  ExeStatement,
  LetStatement,
  VarStatement,
} from "../../language/syntax/tree";
import { type Inference, infer, isPlainObject, joinedLists, truthy } from "../../language/values";
import { type Context, leniently } from "./context";
import { RunError } from "./errors";
import { Executable } from "./executable";
import { evaluate } from "./expressions";
import { guardVariable } from "./guarded-operations";
import { withLabels } from "./security";
import { define, makeValue, plain, textOf, Value } from "./value";

export async function declareVariable(statement: VarStatement, context: Context): Promise<null> {
  const labels = statement.labels.map(label => label.name);
  const value = await guardVariable(labels, statement.value, context, async () => {
    const made = await evaluate(statement.value, statement.optional ? leniently(context) : context);
    return labelled(readOutput(made, "all"), labels);
  });
  if (statement.optional && !truthy(plain(value))) return null;
  // A `var` as the action of a `when` belongs to the module, as at top level.
  context.module.scope.declare(statement.name.name, value, "var");
  return null;
}

/** The text of a command or code, read as a value. */
export function readOutput(value: Value, inference: Inference): Value {
  if (value.facts.output === undefined || typeof value.data !== "string") return value;
  const read = infer(value.data, inference);
  const text = typeof read === "object" ? value.data : undefined;
  return new Value(read, value.own, { ...value.facts, output: undefined, ...(text === undefined ? {} : { text }) });
}

function labelled(value: Value, labels: readonly string[]): Value {
  return labels.length === 0 ? value : value.with(withLabels(value.own, labels));
}

export async function letVariable(statement: LetStatement, context: Context): Promise<null> {
  const value = await evaluate(statement.value, context);
  const name = statement.name.name;
  if (statement.operator === "+=") augment(name, value, context);
  else context.scope.let(name, value);
  return null;
}

export async function assign(statement: AssignStatement, context: Context): Promise<null> {
  const { target } = statement;
  if (target.kind !== "VariableReference") {
    throw new RunError(
      "Augmented assignment only supports simple variables; build a new object with a spread",
      "ETOOCOMPLEX",
    );
  }
  const value = await evaluate(statement.value, context);
  if (statement.operator === "+=") augment(target.name, value, context);
  else if (context.scope.find(target.name) === undefined) context.scope.let(target.name, value);
  else context.scope.assign(target.name, value);
  return null;
}

/** Numbers add, texts append, lists append a list or an item, objects merge. */
function augment(name: string, added: Value, context: Context): void {
  const old = context.scope.find(name)?.value;
  if (old === undefined)
    throw new RunError(`Variable not found: ${name}. Begin with: let @${name} = …`, "VariableNotFound");
  const security = old.own === added.own ? old.own : old.adding(added.own).own;
  context.scope.assign(name, new Value(sum(old, added), security));
}

function sum(old: Value, added: Value): unknown {
  if (typeof old.data === "number") return old.data + Number(added.data);
  if (Array.isArray(old.data)) return joinedLists(old.data, Array.isArray(added.data) ? added.data : added);
  if (isPlainObject(old.data) && isPlainObject(added.data)) {
    const merged: Record<string, unknown> = {};
    for (const [key, item] of [...Object.entries(old.data), ...Object.entries(added.data)]) define(merged, key, item);
    return merged;
  }
  if (old.data === null || old.data === undefined) return added.data;
  if (typeof old.data === "string") return old.data + textOf(added);
  throw new RunError(`+= cannot add to a value of type ${typeof old.data}`);
}

export function declareExecutable(statement: ExeStatement, context: Context): null {
  // `@f.risk` and `@f.about` describe an executable; they do not define one.
  if (statement.metadata !== null) return null;
  const executable = new Executable(
    statement.name.name,
    (statement.parameters ?? []).map(parameter => parameter.name),
    statement.labels.map(label => label.name),
    { kind: "program", action: statement.body, module: context.module, offset: statement.start },
  );
  context.module.scope.declare(statement.name.name, makeValue(executable), "exe");
  return null;
}

/** `exe js = { a, b }`: `a` and `b` can be called by name in js code of this module. */
export function declareShadows(statement: ExeShadowStatement, context: Context): null {
  const language = SHADOW_LANGUAGES[statement.language] ?? statement.language;
  const names = context.module.shadows.get(language) ?? new Set();
  for (const name of statement.names) names.add(name.name);
  context.module.shadows.set(language, names);
  return null;
}

const SHADOW_LANGUAGES: Record<string, string> = { javascript: "js", nodejs: "node", python: "py", shell: "sh" };
