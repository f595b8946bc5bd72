/** `var tools @t = { name: { mlld: @f, labels: […] } }`: executables with the labels that the collection gives them. */
import { isPlainObject } from "../../language/values";
import type { Executable } from "./executable";
import { elementOf, plain, type Value } from "./value";

/** Labels that the tools of a block give an executable's results. */
export function toolLabels(tools: Value | null, executable: Executable): string[] {
  if (tools === null || !isPlainObject(tools.data)) return [];
  for (const item of Object.values(tools.data)) {
    const entry = elementOf(tools, item).data;
    if (!isPlainObject(entry)) continue;
    const target = elementOf(tools, entry.mlld).data;
    if (target !== executable) continue;
    const labels = plain(entry.labels);
    return Array.isArray(labels) ? labels.map(String) : [];
  }
  return [];
}
