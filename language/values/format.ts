/** How values become text: in templates, in `show`, on a command's standard input. */
import { isPlainObject } from "./truth";

/** In a template: texts as they are, lists and objects as compact JSON, `null` as `null`. */
export function inlineText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "undefined";
  if (value === null || typeof value !== "object") return String(value);
  return json(value);
}

/** Beyond this many characters even a list of one text is spread over lines. */
const SHORT_JSON = 60;

/** In `show`: JSON spread over lines, except for one-entry values; `null` and missing values are empty. */
export function showText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return reprinted(value);
  if (typeof value !== "object") return String(value);
  return prettyJson(value);
}

/** A text that is a JSON object or list is shown spread over lines, as a value would be. */
function reprinted(text: string): string {
  const trimmed = text.trim();
  const looksLikeJson =
    (trimmed.startsWith("{") && trimmed.endsWith("}")) || (trimmed.startsWith("[") && trimmed.endsWith("]"));
  if (!looksLikeJson) return text;
  try {
    return prettyJson(JSON.parse(trimmed));
  } catch {
    return text;
  }
}

/** `{"a": 1}`, `["x"]`, `[]` and `{}` on one line, everything else with two spaces. */
export function prettyJson(value: unknown): string {
  const compact = json(value);
  if (Array.isArray(value)) {
    const simple = value.length <= 1 && !value.some(item => typeof item === "object" && item !== null);
    return simple && compact.length <= SHORT_JSON ? compact : json(value, 2);
  }
  if (isPlainObject(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) return "{}";
    const [key, item] = entries[0]!;
    if (entries.length === 1 && (typeof item !== "object" || item === null))
      return `{${JSON.stringify(key)}: ${json(item)}}`;
  }
  return json(value, 2);
}

/** JSON that never throws: a value without a JSON form becomes its text. */
export function json(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, jsonSafe, indent) ?? "null";
  } catch {
    return JSON.stringify(String(value));
  }
}

function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** On standard input of a command: texts as they are, the rest as compact JSON; `null` is empty. */
export function inputText(value: unknown): string {
  return value === null || value === undefined ? "" : inlineText(value);
}

/** As an environment variable of `sh`: a list of simple values is one a line, `null` is empty. */
export function variableText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every(isSimple)) return value.map(inlineText).join("\n");
  return inlineText(value);
}

/** A value that fits in one word of a command: no list, no object. */
export function isSimple(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/** The name of a value's type as `@typeof` and `.mx.type` give it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return isPlainObject(value) ? "object" : "executable";
  return typeof value;
}
