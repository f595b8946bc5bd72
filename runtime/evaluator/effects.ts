/** `show`, `output`, `append`, `log`. Each returns the text that it printed or wrote. */
import type {
  AppendStatement,
  Expression,
  LogStatement,
  OutputStatement,
  OutputTarget,
  ShowStatement,
} from "../../language/syntax/tree";
import { inlineText, json, prettyJson, select, showText } from "../../language/values";
import type { Context } from "./context";
import { RunError } from "./errors";
import { evaluate, evaluatePlain } from "./expressions";
import { pathFor, renamed } from "./files";
import { checkFileGrant } from "./grants";
import { guardEffect } from "./guarded-operations";
import { makeValue, plain, sourceTextOf, textOf, type Value } from "./value";
import { toYaml } from "./yaml";

export async function show(statement: ShowStatement, context: Context): Promise<Value> {
  const labels = statement.labels.map(label => label.name);
  return guardEffect(
    { type: "show", subtype: null, source: statement.value, labels },
    context,
    async inner => {
      let value = await evaluate(statement.value, inner);
      if (statement.under !== null)
        value = makeValue(select(textOf(value), textOf(await evaluate(statement.under, inner))), value.own);
      if (statement.as !== null) value = await renamed(value, statement.as, inner);
      return value;
    },
    async value => {
      const text = displayText(value);
      if (context.module.prints) await context.run.output.show(text);
      return makeValue(text, value.security);
    },
  );
}

/** What `show` prints of a value. */
function displayText(value: Value): string {
  if (value.facts.printsText && value.facts.text !== undefined) return value.facts.text;
  if (value.facts.noReturn) return "undefined";
  // The text of a loaded file is shown as it is, JSON in it is not laid out anew.
  if (value.facts.file !== undefined && typeof value.data === "string") return value.data;
  if (value.data === null && value.facts.text !== undefined) return value.facts.text;
  return showText(plain(value));
}

export async function log(statement: LogStatement, context: Context): Promise<Value> {
  const value = statement.source === null ? makeValue("") : await evaluate(statement.source, context);
  const text = showText(plain(value));
  await context.run.output.error(text);
  return makeValue(text, value.security);
}

export async function output(statement: OutputStatement, context: Context): Promise<Value> {
  const { source } = statement;
  if (source === null) {
    const text = makeValue(context.run.output.text() ?? "");
    await write(text, statement.target, statement.format, context);
    return text;
  }
  return guardEffect(
    { type: "output", subtype: statement.target.to, source, labels: [] },
    context,
    inner => evaluate(source, inner),
    async value => {
      await write(value, statement.target, statement.format, context);
      return value;
    },
  );
}

/** Writes a value to a target; `format` is the word after `as`. */
export async function write(
  value: Value,
  target: OutputTarget,
  format: string | null,
  context: Context,
): Promise<void> {
  switch (target.to) {
    case "stdout":
      return context.run.output.show(formatted(value, format, ""));
    case "stderr":
      return context.run.output.error(formatted(value, format, ""));
    case "env":
      context.environment.setVariable(target.name ?? "MLLD_OUTPUT", textOf(value));
      return;
    case "file": {
      const path = await targetPath(target.value, context);
      await checkFileGrant(path, "write", context);
      context.run.policy.checkFile(path, "write");
      await context.run.services.files.write(path, formatted(value, format, path));
    }
  }
}

export async function append(statement: AppendStatement, context: Context): Promise<Value> {
  const { source } = statement;
  return guardEffect(
    { type: "append", subtype: "file", source, labels: [] },
    context,
    inner => evaluate(source, inner),
    async value => {
      await appendTo(value, statement.target.value, context);
      return value;
    },
  );
}

/** Adds a line to a file: JSON to `.jsonl`, text to the rest; `.json` cannot be appended to. */
export async function appendTo(value: Value, target: Expression | null, context: Context): Promise<void> {
  const path = await targetPath(target, context);
  if (path.endsWith(".json")) {
    throw new RunError(
      `Cannot append to .json files (${path}): one JSON text cannot hold a second one; append to a .jsonl file`,
    );
  }
  await checkFileGrant(path, "write", context);
  context.run.policy.checkFile(path, "write");
  const line = path.endsWith(".jsonl") ? jsonLine(value, path) : sourceTextOf(value);
  await context.run.services.files.append(path, line.endsWith("\n") ? line : `${line}\n`);
}

function jsonLine(value: Value, path: string): string {
  const data = plain(value);
  if (typeof data !== "string") return json(data);
  try {
    return json(JSON.parse(data));
  } catch {
    throw new RunError(
      `Only JSON can be appended to ${path}: this is text. Append an object, or use another file ending.`,
    );
  }
}

async function targetPath(target: Expression | null, context: Context): Promise<string> {
  if (target === null) throw new RunError("No path to write to is given");
  return pathFor(inlineText(await evaluatePlain(target, context)), context);
}

function formatted(value: Value, format: string | null, path: string): string {
  const data = plain(value);
  const kind = format ?? /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  if (typeof data !== "object" || data === null) return format === "json" ? json(data) : textOf(value);
  if (value.facts.printsText) return textOf(value);
  if (kind === "yaml" || kind === "yml") return toYaml(data);
  if (kind === "text" || kind === "txt") return sourceTextOf(value);
  return prettyJson(data);
}
