/** Templates: literal text, interpolations, files, loops. */
import type { Expression, FileReference, Interpolation, TemplateLoop, TemplatePart } from "../../language/syntax/tree";
import { truthy } from "../../language/values";
import { type Context, inScope, leniently } from "./context";
import { evaluate } from "./expressions";
import { loadForTemplate, tolerant } from "./files";
import { iterationsOf } from "./iteration";
import { mergeSecurity, NO_SECURITY, type Security } from "./security";
import { ShellText } from "./shell-text";
import { giveWay } from "./turns";
import { plain, textOf, type Value } from "./value";
import { lookup } from "./variables";

export interface Rendered {
  text: string;
  /** What is known of everything that was put in. */
  security: Security;
}

/** The text of a template. */
export async function render(parts: readonly TemplatePart[], context: Context): Promise<Rendered> {
  const target = new PlainText();
  const security = await fill(parts, context, target);
  return { text: target.toString(), security };
}

/** The text of a command, with values quoted. */
export async function renderCommand(parts: readonly TemplatePart[], context: Context): Promise<Rendered> {
  const target = new CommandText();
  const security = await fill(parts, context, target);
  return { text: target.toString(), security };
}

/** What parts are written into. */
interface Target {
  literal(text: string): void;
  value(data: unknown, text: string): void;
}

class PlainText implements Target {
  private text = "";

  literal(text: string): void {
    this.text += text;
  }

  value(_data: unknown, text: string): void {
    this.text += text;
  }

  toString(): string {
    return this.text;
  }
}

/** In a command `@@` and `\\@` stand for `@`. */
class CommandText extends ShellText {
  override literal(text: string): void {
    super.literal(text.replace(/@@|\\@/g, "@"));
  }
}

async function fill(parts: readonly TemplatePart[], context: Context, target: Target): Promise<Security> {
  let security = NO_SECURITY;
  for (const part of parts) security = mergeSecurity(security, await fillPart(part, context, target));
  return security;
}

async function fillPart(part: TemplatePart, context: Context, target: Target): Promise<Security> {
  switch (part.kind) {
    case "Text":
      target.literal(part.value);
      return NO_SECURITY;
    case "Interpolation":
      return interpolate(part, context, target);
    case "FileReference":
      return fillFile(part, context, target);
    case "TemplateLoop":
      return fillLoop(part, context, target);
  }
}

async function interpolate(part: Interpolation, context: Context, target: Target): Promise<Security> {
  const known = isKnown(part.expression, context);
  if (!known && part.conditional === null) {
    target.literal(context.module.text.slice(part.start, part.end));
    return NO_SECURITY;
  }
  const evaluated = () => evaluate(part.expression, leniently(context));
  const value = !known ? null : await (isOfFile(part.expression) ? tolerant(evaluated, context) : evaluated());
  const data = value === null ? undefined : plain(value);
  switch (part.conditional) {
    case null:
      break;
    case "omit":
      if (!truthy(data)) return NO_SECURITY;
      break;
    case "fragment":
      if (!truthy(data)) return NO_SECURITY;
      return mergeSecurity(value?.security, await fill(part.alternative?.parts ?? [], context, target));
    case "default":
      if (data === undefined || data === null || data === "") return fillDefault(part, context, target);
      break;
  }
  return put(part.expression.kind === "Pipeline" ? piped(value!) : value!, target);
}

async function fillDefault(part: Interpolation, context: Context, target: Target): Promise<Security> {
  const { text, security } = await render(part.alternative?.parts ?? [], context);
  target.value(text, text);
  return security;
}

/** After condensed pipes (`@data|@json`) a value prints as the text that the last stage made. */
function piped(value: Value): Value {
  return value.facts.text === undefined ? value : value.stating({ printsText: true });
}

/** A missing field prints `null`; only a block without a return prints `undefined`. */
function put(value: Value, target: Target): Security {
  const data = value.facts.printsText ? value.facts.text : plain(value);
  if (data === undefined) target.value(null, value.facts.noReturn ? "undefined" : "null");
  else target.value(data, textOf(value));
  return value.security;
}

/** Whether the name at the root of an expression stands for something: otherwise a template keeps the text as it is. */
function isKnown(expression: Expression, context: Context): boolean {
  switch (expression.kind) {
    case "VariableReference": {
      const found = lookup(expression.name, context);
      return found !== null && !found.facts.missing;
    }
    case "MemberExpression":
    case "IndexExpression":
    case "SliceExpression":
    case "FilterExpression":
      return isKnown(expression.object, context);
    case "CallExpression":
      return isKnown(expression.callee, context);
    case "Pipeline":
      return expression.source === null || isKnown(expression.source, context);
    default:
      return true;
  }
}

/** `<a.json>.name`: a field of a file. */
function isOfFile(expression: Expression): boolean {
  switch (expression.kind) {
    case "FileReference":
      return true;
    case "MemberExpression":
    case "IndexExpression":
    case "SliceExpression":
    case "FilterExpression":
      return isOfFile(expression.object);
    case "Pipeline":
      return expression.source !== null && isOfFile(expression.source);
    default:
      return false;
  }
}

async function fillFile(part: FileReference, context: Context, target: Target): Promise<Security> {
  const loaded = await loadForTemplate(part, context);
  const text = textOf(loaded);
  target.value(text, text);
  return loaded.security;
}

async function fillLoop(loop: TemplateLoop, context: Context, target: Target): Promise<Security> {
  const source = await evaluate(loop.source, context);
  let security = source.security;
  for (const iteration of iterationsOf(source)) {
    await giveWay(context.run.signal);
    const inner = inScope(context, "block");
    inner.scope.bind(loop.variable.name, iteration.item, "loop");
    if (loop.key !== null) inner.scope.bind(loop.key.name, iteration.key, "loop");
    security = mergeSecurity(security, await fill(loop.body, inner, target));
  }
  return security;
}
