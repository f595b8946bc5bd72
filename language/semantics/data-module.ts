import { fromValue } from "../environment";
import type { ExportedName, ModuleSummary } from "./summary";

/** What importers see of a `.json` file: the keys of its object. */
export function dataModule(uri: string, text: string): ModuleSummary {
  const place = { uri, start: 0, end: 0 };
  const exports = new Map<string, ExportedName>();
  const data = objectIn(text);
  for (const [name, value] of Object.entries(data ?? {}))
    exports.set(name, { name, kind: "var", place, value: { ...fromValue(value), place }, labels: [] });
  return {
    uri,
    fault: data === null ? { message: "It holds no JSON object.", place } : null,
    exports,
    effects: [],
    executables: new Map(),
    policies: [],
    guards: false,
    choices: [],
    auth: new Map(),
    openAuth: false,
    imports: [],
    wanted: [],
  };
}

function objectIn(text: string): object | null {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null && !Array.isArray(data) ? data : null;
  } catch {
    return null;
  }
}
