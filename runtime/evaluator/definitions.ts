/** `<file.ts { name }>`: definitions taken out of source code. */
import { RunError } from "./errors";
import { Value } from "./value";

interface Definition {
  name: string;
  kind: string;
  text: string;
}

/** Heads of definitions at the start of a line, by the kinds that `{ class?? }` and `{ (variable) }` name. */
const HEADS: [kind: string, head: RegExp][] = [
  ["function", /^(?:export\s+)?(?:default\s+)?(?:pub\s+)?(?:async\s+)?(?:function\*?|def|fn|func)\s+([\w$]+)/],
  ["class", /^(?:export\s+)?(?:default\s+)?(?:abstract\s+)?class\s+([\w$]+)/],
  ["interface", /^(?:export\s+)?interface\s+([\w$]+)/],
  ["type", /^(?:export\s+)?(?:type|enum|struct|trait)\s+([\w$]+)/],
  ["variable", /^(?:export\s+)?(?:const|let|var)\s+([\w$]+)/],
];

/** The chosen definitions: their text joined, or for `??` a list of names. */
export function selectDefinitions(value: Value, selector: string, shown: string): Value {
  const all = definitions(String(value.facts.file?.text ?? value.data));
  const wanted = selector.trim();
  const listing = /^(\w*)\s*\?\?$/.exec(wanted);
  if (listing !== null) {
    const names = all
      .filter(definition => listing[1] === "" || definition.kind === listing[1])
      .map(definition => definition.name);
    return new Value(names, value.own);
  }
  const chosen = wanted.split(",").flatMap(part => pick(all, part.trim(), shown));
  return new Value([...new Set(chosen)].map(definition => definition.text).join("\n\n"), value.own, {
    file: value.facts.file,
  });
}

function pick(all: Definition[], part: string, shown: string): Definition[] {
  const kind = /^\((\w+)\)$/.exec(part)?.[1];
  if (kind !== undefined) return all.filter(definition => definition.kind === kind);
  if (part.includes("*")) {
    const expression = new RegExp(`^${part.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
    return all.filter(definition => expression.test(definition.name));
  }
  const found = all.filter(definition => definition.name === part);
  if (found.length > 0) return found;
  throw new RunError(`No definition named "${part}" in ${shown}`, "SectionNotFound");
}

/** Definitions of the outermost level: from the head to the end of its braces or of its indented lines. */
function definitions(source: string): Definition[] {
  const lines = source.split("\n");
  const found: Definition[] = [];
  for (let at = 0; at < lines.length; at++) {
    for (const [kind, head] of HEADS) {
      const name = head.exec(lines[at]!)?.[1];
      if (name === undefined) continue;
      const end = endOf(lines, at);
      found.push({ name, kind, text: lines.slice(at, end).join("\n") });
      at = end - 1;
      break;
    }
  }
  return found;
}

function endOf(lines: string[], start: number): number {
  let depth = 0;
  let opened = false;
  for (let at = start; at < lines.length; at++) {
    for (const character of lines[at]!) {
      if (character === "{" || character === "(" || character === "[") depth++;
      else if (character === "}" || character === ")" || character === "]") depth--;
      if (character === "{") opened = true;
    }
    if (depth > 0) continue;
    if (opened || lines[at]!.trimEnd().endsWith(";")) return at + 1;
    const next = lines[at + 1];
    if (next === undefined || (next.trim() !== "" && !/^\s/.test(next))) return at + 1;
  }
  return lines.length;
}
