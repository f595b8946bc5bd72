import { parse as parseYaml } from "yaml";
import { messageOf, RunError } from "./errors";

/** The YAML between `---` lines at the start of a text; undefined without any. Throws a `RunError` for text that is no YAML. */
export function frontmatterOf(text: string): unknown {
  const found = /^---\r?\n([\s\S]*?)\r?\n---\r?(?:\n|$)/.exec(text);
  if (found === null) return undefined;
  try {
    return parseYaml(found[1]!);
  } catch (cause) {
    throw new RunError(`The frontmatter is no YAML: ${messageOf(cause).split("\n", 1)[0]}`);
  }
}
