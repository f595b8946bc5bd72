/** The built-in transformers: functions of a text, used as stages of a pipeline and called like executables. */
import { toCsv } from "./csv";
import { normaliseDocument } from "./document";
import { json, typeName } from "./format";
import { parseRelaxedJson } from "./json5";
import { isPlainObject } from "./truth";
import { jsonToXml, markdownToXml } from "./xml";

export interface Transformer {
  name: string;
  doc: string;
  /** `text` is the value's text; `value` the value itself. Throws an `Error` that says what is wrong with the text. */
  apply(text: string, value: unknown): unknown;
  variants?: Record<string, Transformer>;
}

const FENCED_HINT = "the text looks like a fenced code block; use @parse.llm to take JSON out of prose";

const parseLoose = (text: string): unknown => parsed(text, parseRelaxedJson, "use @parse.llm for JSON inside prose");
const parseStrict = (text: string): unknown => parsed(text, JSON.parse, "use @parse.loose for relaxed JSON");
const parseLines = (text: string): string[] =>
  text
    .split("\n")
    .map(line => line.trimEnd())
    .filter(line => line !== "");

const PARSE_VARIANTS: Record<string, Transformer> = {
  loose: { name: "parse.loose", doc: "Reads relaxed JSON (comments, trailing commas, bare keys).", apply: parseLoose },
  strict: { name: "parse.strict", doc: "Reads strict JSON only.", apply: parseStrict },
  llm: { name: "parse.llm", doc: "Takes JSON out of prose or a fence; `null` if there is none.", apply: parseProse },
  fromlist: { name: "parse.fromlist", doc: "One list item a line.", apply: parseLines },
};

const LIST: Transformer[] = [
  { name: "parse", doc: "Reads JSON, also relaxed JSON.", apply: parseLoose, variants: PARSE_VARIANTS },
  { name: "json", doc: "Older name of `parse`.", apply: parseLoose, variants: PARSE_VARIANTS },
  { name: "xml", doc: "JSON or markdown sections as XML.", apply: xml },
  { name: "csv", doc: "A list of objects or a markdown table as CSV.", apply: toCsv },
  { name: "md", doc: "Tidies the whitespace of markdown.", apply: normaliseDocument },
  { name: "upper", doc: "Upper case.", apply: text => text.toUpperCase() },
  { name: "lower", doc: "Lower case.", apply: text => text.toLowerCase() },
  { name: "trim", doc: "Without whitespace at both ends.", apply: text => text.trim() },
  { name: "pretty", doc: "JSON spread over lines.", apply: pretty },
  { name: "sort", doc: "Sorts a list, the keys of an object, or lines.", apply: sorted },
  { name: "typeof", doc: "The name of the value's type.", apply: (_text, value) => typeName(value) },
  { name: "typeInfo", doc: "The type with its size.", apply: typeInfo },
  { name: "exists", doc: "Whether an expression has a value.", apply: text => text.trim() !== "" },
  { name: "fileExists", doc: "Whether a file exists.", apply: text => text.trim() !== "" },
];

export const TRANSFORMERS: ReadonlyMap<string, Transformer> = new Map(
  LIST.flatMap(entry => [
    [entry.name, entry],
    [entry.name.toUpperCase(), entry],
  ]),
);

/** The transformer that `name` or `name.variant` means. */
export function transformer(name: string, variant?: string): Transformer | undefined {
  const found = TRANSFORMERS.get(name);
  return variant === undefined ? found : found?.variants?.[variant];
}

function parsed(text: string, parse: (text: string) => unknown, hint: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const fenced = text.trimStart().startsWith("```");
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`JSON cannot be read (${reason}); ${fenced ? FENCED_HINT : hint}`);
  }
}

/** JSON inside a fence, else between the outermost braces or brackets; `null` where none can be read. */
function parseProse(text: string): unknown {
  const fence = /```(?:json)?\s*\n([\s\S]*?)\n```/.exec(text)?.[1];
  const candidates = [fence, /\{[\s\S]*\}/.exec(text)?.[0], /\[[\s\S]*\]/.exec(text)?.[0]];
  for (const candidate of candidates) {
    const trimmed = candidate?.trim();
    if (trimmed === undefined || trimmed.length <= 2 || !/^[{[][\s\S]*[:,][\s\S]*[}\]]$/.test(trimmed)) continue;
    try {
      return parseRelaxedJson(trimmed);
    } catch {
      return null;
    }
  }
  return null;
}

function xml(text: string): string {
  try {
    return jsonToXml(JSON.parse(text));
  } catch {
    return markdownToXml(text);
  }
}

function pretty(text: string): string {
  try {
    return json(JSON.parse(text), 2);
  } catch {
    return text;
  }
}

function sorted(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.split("\n").sort().join("\n");
  }
  if (Array.isArray(value)) return value.sort();
  return isPlainObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : text;
}

function typeInfo(_text: string, value: unknown): string {
  if (Array.isArray(value)) return `array (${value.length} items)`;
  if (isPlainObject(value)) return `object (${Object.keys(value).length} properties)`;
  if (typeof value === "string") return value.includes("/") || value.includes("\\") ? "path" : "simple-text";
  return `primitive (${typeName(value)})`;
}
