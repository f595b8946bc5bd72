/** `<file.ts { name }>`: definitions taken out of source code, by their heads and brackets and not by a parser of each language. */
import { RunError } from "./errors";
import { type FileFacts, Value } from "./value";

interface Definition {
  name: string;
  kind: Kind;
  code: string;
  /** 1-based. */
  line: number;
  /** At the outermost level, not a method. */
  outer: boolean;
}

type Kind =
  | "function"
  | "method"
  | "class"
  | "interface"
  | "type"
  | "enum"
  | "struct"
  | "trait"
  | "module"
  | "variable";

/** Heads of definitions at the start of a line. */
const HEADS: [kind: Kind, head: RegExp][] = [
  [
    "function",
    /^(?:export\s+)?(?:default\s+)?(?:pub(?:\([\w:]+\))?\s+)?(?:async\s+)?(?:function\*?|def|fn|func)\s+(?:\([^)]*\)\s*)?([\w$]+)/,
  ],
  ["class", /^(?:export\s+)?(?:default\s+)?(?:public\s+)?(?:abstract\s+)?class\s+([\w$]+)/],
  ["interface", /^(?:export\s+)?(?:public\s+)?interface\s+([\w$]+)/],
  ["enum", /^(?:export\s+)?(?:pub\s+|public\s+)?(?:const\s+)?enum\s+([\w$]+)/],
  ["struct", /^(?:pub\s+)?struct\s+([\w$]+)/],
  ["trait", /^(?:pub\s+)?trait\s+([\w$]+)/],
  ["module", /^(?:export\s+)?(?:pub\s+)?(?:mod|module|namespace)\s+([\w$]+)/],
  ["type", /^(?:export\s+)?(?:pub\s+)?type\s+([\w$]+)/],
  ["variable", /^(?:export\s+)?(?:pub\s+)?(?:const|let|var|static)\s+(?:mut\s+)?([\w$]+)/],
];
/** The head of a method, in a class. */
const METHOD =
  /^\s+(?:(?:public|private|protected|static|async|override|readonly|get|set|pub)\s+)*(?:def\s+|fn\s+|func\s+)?\*?([\w$]+)\s*(?:<[^>]*>)?\([^;]*(?:[{:]|=>)\s*$/;
const NO_METHODS = new Set(["if", "for", "while", "switch", "catch", "return", "function", "constructor", "super"]);

/** The words of `{ *fn }` and `{ class?? }`. */
const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  fn: ["function", "method"],
  var: ["variable"],
  class: ["class"],
  interface: ["interface"],
  type: ["type"],
  enum: ["enum"],
  struct: ["struct"],
  trait: ["trait"],
  module: ["module"],
};

/** The names of `{ ?? }` and `{ class?? }`; null for a selector of definitions. */
export function definitionNames(source: string, selector: string): string[] | null {
  const listing = /^(\w*)\s*\?\?$/.exec(selector.trim());
  if (listing === null) return null;
  const kinds = listing[1] === "" ? null : kindsOf(listing[1]!);
  return definitions(source)
    .filter(one => (kinds === null ? one.outer : kinds.includes(one.kind)))
    .map(one => one.name);
}

/** The chosen definitions with what is known of each; as text their code. */
export function selectDefinitions(value: Value, file: FileFacts | undefined, selector: string, shown: string): Value {
  const all = definitions(file?.text ?? String(value.data));
  const chosen = new Set(selector.split(",").flatMap(part => pick(all, part.trim(), shown)));
  const items = [...chosen].map(one => {
    const facts = { name: one.name, type: one.kind, line: one.line };
    const fields = { ...facts, code: one.code, file: file?.relative ?? shown };
    const mx = new Value({ ...facts, filename: file?.filename ?? shown, relative: file?.relative ?? shown });
    return new Value(fields, value.own, { text: one.code, printsText: true, mx });
  });
  return listOfDefinitions(items, value);
}

/** Definitions of one file or several: their code where a text is asked for. */
export function listOfDefinitions(items: readonly Value[], value: Value): Value {
  return new Value([...items], value.own, { text: items.map(item => item.facts.text).join("\n\n"), printsText: true });
}

function kindsOf(word: string): readonly Kind[] {
  const kinds = KINDS[word];
  if (kinds !== undefined) return kinds;
  throw new RunError(`There is no kind of definition '${word}': write one of ${Object.keys(KINDS).join(", ")}`);
}

function pick(all: Definition[], part: string, shown: string): Definition[] {
  if (part === "*") return all.filter(one => one.outer);
  const kinds = part.startsWith("*") ? KINDS[part.slice(1)] : undefined;
  if (kinds !== undefined) return all.filter(one => kinds.includes(one.kind));
  const used = /^\((.+)\)$/.exec(part)?.[1];
  if (used !== undefined) return all.filter(one => one.outer && mentions(one.code, used));
  if (/[*?]/.test(part)) {
    const pattern = part
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    const expression = new RegExp(`^${pattern}$`);
    return all.filter(one => expression.test(one.name));
  }
  const found = all.filter(one => one.name === part);
  if (found.length > 0) return found;
  throw new RunError(`No definition named "${part}" in ${shown}`, "SectionNotFound");
}

/** Whether code uses a name, apart from the head that defines it. */
function mentions(code: string, name: string): boolean {
  const body = code.slice(code.indexOf("\n") + 1 || code.search(/[{=]/) + 1);
  return new RegExp(`(?<![\\w$])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w$])`).test(body);
}

/** Definitions of the outermost level, from the head to the end of their braces or indented lines, and the methods of classes. */
function definitions(source: string): Definition[] {
  const lines = source.split(/\r?\n/);
  const found: Definition[] = [];
  for (let at = 0; at < lines.length; at++) {
    for (const [kind, head] of HEADS) {
      const name = head.exec(lines[at]!)?.[1];
      if (name === undefined) continue;
      const end = endOf(lines, at);
      found.push({ name, kind, code: lines.slice(at, end).join("\n"), line: at + 1, outer: true });
      if (kind === "class") found.push(...methodsOf(lines, at + 1, end));
      at = end - 1;
      break;
    }
  }
  return found;
}

function methodsOf(lines: string[], from: number, to: number): Definition[] {
  const found: Definition[] = [];
  for (let at = from; at < to; at++) {
    const name = METHOD.exec(lines[at]!)?.[1];
    if (name === undefined || NO_METHODS.has(name)) continue;
    const end = Math.min(endOf(lines, at), to);
    found.push({ name, kind: "method", code: lines.slice(at, end).join("\n"), line: at + 1, outer: false });
    at = end - 1;
  }
  return found;
}

function endOf(lines: string[], start: number): number {
  const indent = /^\s*/.exec(lines[start]!)![0].length;
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
    if (next === undefined || (next.trim() !== "" && /^\s*/.exec(next)![0].length <= indent)) return at + 1;
  }
  return lines.length;
}
