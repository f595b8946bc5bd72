/** `value with { pipeline, stdin, auth, using, guards, … }`. */

import { isDerivedConfig } from "../../language/semantics";
import type { EffectStage, Expression, Stage, UsingClause, WithExpression } from "../../language/syntax/tree";
import { csvRows, infer, isPlainObject } from "../../language/values";
import { type CommandOptions, runCode, runCommandExpression } from "./code/run-code";
import type { Context } from "./context";
import { derivedConfig } from "./derived-config";
import { evaluate, evaluatePlain } from "./expressions";
import { guardOptions } from "./guards";
import { runStages } from "./pipelines";
import { runExpression } from "./run-expression";
import { sourceTextOf, Value } from "./value";

interface WithOptions extends CommandOptions {
  stages: Stage[];
  format?: string;
  guarding?: Partial<Context>;
}

/** `value with { pipeline, stdin, auth, using, guards, … }`. */
export async function withExpression(node: WithExpression, context: Context): Promise<Value> {
  const options = await withOptions(node, context);
  const inner: Context = { ...context, ...options.guarding };
  const source = async (at: Context) => {
    const value = await sourceValue(node.value, options, at);
    if (isDerivedConfig(node) && isPlainObject(value.data))
      return derivedConfig(value, node.value, node.clause, "with", at);
    return inFormat(value, options.format);
  };
  return options.stages.length === 0 ? source(inner) : runStages(source, options.stages, inner);
}

/** `format`: how the stages see the text of the source. */
function inFormat(value: Value, format: string | undefined): Value {
  const text = sourceTextOf(value);
  switch (format) {
    case "csv":
      return new Value(csvRows(text), value.security, { text });
    case "text":
      return new Value(text, value.security);
    case "json":
      return typeof value.data === "string" ? new Value(infer(text, "structures"), value.security, { text }) : value;
    default:
      return value;
  }
}

function sourceValue(node: Expression, options: WithOptions, context: Context): Promise<Value> {
  switch (node.kind) {
    case "RunExpression":
      return runExpression(node, context, options);
    case "CommandExpression":
      return runCommandExpression(node, context, options);
    case "CodeExpression":
      return runCode(node, context, options);
    default:
      return evaluate(node, context);
  }
}

async function withOptions(node: WithExpression, context: Context): Promise<WithOptions> {
  const options: WithOptions = { stages: [] };
  for (const property of node.clause.properties) {
    if (property.kind === "Spread" || property.value === null) continue;
    const { value } = property;
    switch (property.key.name) {
      case "pipeline":
        if (value.kind === "ArrayExpression") options.stages = value.elements.map(stageOf);
        break;
      case "stdin":
        options.stdin = await evaluate(value, context);
        break;
      case "auth": {
        const names = await evaluatePlain(value, context);
        options.auth = (Array.isArray(names) ? names : [names]).map(String);
        break;
      }
      case "using":
        options.using = usingOf(value as Expression);
        break;
      case "guards":
        options.guarding = await guardOptions(node, context);
        break;
      case "format":
        options.format = String(await evaluatePlain(value, context));
        break;
    }
  }
  return options;
}

/** `{ var: @v, as: NAME }`. */
function usingOf(value: Expression): UsingClause | null {
  if (value.kind !== "ObjectExpression") return null;
  const field = (name: string) =>
    value.properties.flatMap(entry =>
      entry.kind === "Property" && entry.key.name === name && entry.value !== null ? [entry.value as Expression] : [],
    )[0] ?? null;
  const as = field("as");
  const name =
    as?.kind === "BareWord"
      ? as.text
      : as?.kind === "Template"
        ? as.parts.map(part => (part.kind === "Text" ? part.value : "")).join("")
        : null;
  return { kind: "UsingClause", start: value.start, end: value.end, auth: null, variable: field("var"), as: name };
}

/** An element of `pipeline: […]` as a stage; a nested list is a parallel group. */
function stageOf(element: Expression): Stage {
  const place = { start: element.start, end: element.end };
  if (element.kind === "ArrayExpression") {
    return { kind: "ParallelGroup", ...place, members: element.elements.map(stageOf), cap: null, pace: null };
  }
  if (element.kind === "CommandExpression") return { kind: "CommandStage", ...place, command: element };
  const effect = effectOf(element);
  if (effect !== null) return effect;
  if (element.kind === "ObjectExpression") return { kind: "DataStage", ...place, value: element };
  return { kind: "CallStage", ...place, target: element };
}

function effectOf(element: Expression): EffectStage | null {
  const any = element as {
    kind: string;
    start: number;
    end: number;
    value?: Expression;
    source?: Expression | null;
    target?: EffectStage["target"];
  };
  const place = { start: element.start, end: element.end };
  switch (any.kind) {
    case "BareWord":
      return (element as { text: string }).text === "show"
        ? { kind: "EffectStage", ...place, effect: "show", argument: null, target: null }
        : null;
    case "ShowStatement":
      return {
        kind: "EffectStage",
        ...place,
        effect: "show",
        argument: any.value?.kind === "Missing" ? null : (any.value ?? null),
        target: null,
      };
    case "LogStatement":
      return { kind: "EffectStage", ...place, effect: "log", argument: any.source ?? null, target: null };
    case "OutputStatement":
      return {
        kind: "EffectStage",
        ...place,
        effect: "output",
        argument: any.source ?? null,
        target: any.target ?? null,
      };
    case "AppendStatement":
      return {
        kind: "EffectStage",
        ...place,
        effect: "append",
        argument: any.source ?? null,
        target: any.target ?? null,
      };
    default:
      return null;
  }
}
