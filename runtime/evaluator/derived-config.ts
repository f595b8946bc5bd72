/** Configs made of others: `new @config with { … }`, `@config with { … }`. */
import { deriveConfig, fromValue } from "../../language/environment";
import type { Node, WithClause } from "../../language/syntax/tree";
import { isPlainObject } from "../../language/values";
import type { Context } from "./context";
import { DeniedError } from "./errors";
import { Executable } from "./executable";
import { objectValue } from "./expressions";
import { define, elementOf, plain, Value } from "./value";

/** The config with the fields of the clause, which must not be wider than what they replace. */
export async function derivedConfig(
  base: Value,
  source: Node,
  clause: WithClause,
  how: "new" | "with",
  context: Context,
): Promise<Value> {
  const overlay = await objectValue(
    { kind: "ObjectExpression", start: clause.start, end: clause.end, properties: clause.properties },
    context,
  );
  const { root, home } = context.run.services.settings;
  const label = source.kind === "VariableReference" ? `@${source.name}` : "the config";
  const { problems } = deriveConfig(fromValue(configData(base)), fromValue(configData(overlay)), how, {
    paths: { folder: context.module.folder, root, home },
    label,
  });
  const problem = problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) throw new DeniedError(problem.message, problem.code);
  return new Value(overlaid(base, overlay, how), base.adding(overlay.security).security);
}

/** Fields of the overlay replace those of the base; `limits` merges, and `"*"` inherits under `with` and is everything in `new`. */
function overlaid(base: Value, overlay: Value, how: "new" | "with"): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...(base.data as object) };
  for (const [key, item] of Object.entries(overlay.data as object)) {
    const { data } = elementOf(overlay, item);
    const before = Object.hasOwn(fields, key) ? elementOf(base, fields[key]) : null;
    if (data === "*" && how === "with") continue;
    if (data === "*" && (key === "tools" || key === "mcps")) define(fields, key, [item]);
    else if (key === "limits" && isPlainObject(before?.data) && isPlainObject(data))
      define(fields, key, overlaid(before!, elementOf(overlay, item), how));
    else define(fields, key, item);
  }
  return fields;
}

/** Configs and tool collections hold executables: for the algebra a function of their name stands for them. */
export function configData(value: Value): unknown {
  return named(plain(value));
}

function named(data: unknown): unknown {
  if (data instanceof Executable) return Object.defineProperty(() => {}, "name", { value: data.name });
  if (Array.isArray(data)) return data.map(named);
  if (!isPlainObject(data)) return data;
  const fields: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(data)) define(fields, key, named(item));
  return fields;
}
