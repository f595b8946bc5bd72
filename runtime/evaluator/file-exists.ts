import type { Action } from "../../language/syntax/tree";
import type { Context } from "./context";
import { RunError } from "./errors";
import { evaluate } from "./expressions";
import { pathFor, pathText } from "./files";
import { makeValue, type Value } from "./value";

/** `@fileExists("path")`, `@fileExists(<path>)`, `@fileExists(<*.md>)`. */
export async function fileExists(argument: Action, context: Context): Promise<Value> {
  if (argument.kind !== "FileReference")
    return makeValue(await pathExists(await evaluate(argument, { ...context, lenient: true }), context));
  try {
    const loaded = await evaluate(argument, context);
    return makeValue(
      Array.isArray(loaded.data) && loaded.facts.printsText ? loaded.data.length > 0 : loaded.data !== null,
    );
  } catch (cause) {
    if (cause instanceof RunError && cause.code === "FileNotFound") return makeValue(false);
    throw cause;
  }
}

export async function pathExists(value: Value, context: Context): Promise<boolean> {
  const path = pathText(value);
  return path !== "" && context.run.services.files.exists(pathFor(path, context));
}
