import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { UnreadableError } from "./io";

/** Content of `mlld-config.json` at a project's root; an empty object without one. Throws a `UnreadableError` when it cannot be read. */
export function readProjectConfig(root: string): Record<string, unknown> {
  const path = join(root, "mlld-config.json");
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return {};
  try {
    // A pipe of that name would be waited for.
    if (!statSync(path).isFile()) throw new Error("it is no file");
    const config: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return { ...config };
    throw new Error("it holds no object");
  } catch (error) {
    throw new UnreadableError(path, error);
  }
}
