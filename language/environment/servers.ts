/** Entries of `mcps`: the normal form of a server is `command(argv)`, `module(path)` or `npm(name)`. */
import type { AbstractObject, AbstractValue } from "../values/abstract";
import { resolveHostPath } from "./paths";
import type { Item, PathContext } from "./types";

interface Server {
  items: Item[];
  /** The entry may be another server than is known. */
  open: boolean;
  problem?: string;
}

const UNKNOWN: Server = { items: [], open: true };

export function parseServer(value: AbstractValue, paths: PathContext): Server {
  if (value.kind === "unknown" || value.kind === "oneOf") return UNKNOWN;
  if (value.kind === "known" && typeof value.value === "string") {
    const text = value.value.trim();
    if (text === "") return { items: [], open: false };
    if (isPath(text) || isReference(text)) return one(module(text, value, paths));
    const argv = splitWords(text);
    return argv ? one(command(argv, text, value)) : bad(`the quotes of '${text}' do not close`);
  }
  if (value.kind === "object") return fromObject(value, paths);
  return bad("an entry is a string, or an object with one of module, command or npm");
}

/** A server as an author would write it. */
export function serverSource({ key, text }: Item): string {
  if (key.startsWith("npm:")) return `{ npm: ${JSON.stringify(key.slice("npm:".length))} }`;
  if (key.startsWith("module:"))
    return isPath(text) || isReference(text) ? JSON.stringify(text) : `{ module: ${JSON.stringify(text)} }`;
  const [command = "", ...args] = JSON.parse(key.slice("command:".length)) as string[];
  const plain = splitWords(text)?.join("\0") === [command, ...args].join("\0") && !isPath(text) && !isReference(text);
  return plain ? JSON.stringify(text) : `{ command: ${JSON.stringify(command)}, args: ${JSON.stringify(args)} }`;
}

function fromObject(value: AbstractObject, paths: PathContext): Server {
  const entry = (key: string): AbstractValue | undefined => value.entries.find(e => e.key === key)?.value;
  const sources = ["module", "command", "npm"].filter(key => entry(key));
  if (value.open && sources.length <= 1) return UNKNOWN;
  if (sources.length === 0) return bad("an entry needs one of module, command or npm");
  if (sources.length > 1) return bad(`an entry has one source, not both ${sources.join(" and ")}`);
  const source = entry(sources[0]!)!;
  if (source.kind === "unknown" || source.kind === "oneOf") return UNKNOWN;
  if (source.kind !== "known" || typeof source.value !== "string" || source.value.trim() === "")
    return bad(`${sources[0]} must be a string`);
  const text = source.value.trim();
  if (sources[0] === "module") return one(module(text, value, paths));
  if (sources[0] === "npm") return one({ key: `npm:${text}`, text: `npm ${text}`, place: value.place });
  const args = entry("args");
  const words = splitWords(text);
  if (!words) return bad(`the quotes of '${text}' do not close`);
  if (!args) return one(command(words, text, value));
  if (args.kind === "unknown" || args.kind === "oneOf" || (args.kind === "array" && args.open)) return UNKNOWN;
  if (args.kind !== "array") return bad("args must be a list of strings");
  const argv = words;
  for (const arg of args.items) {
    if (arg.kind === "unknown" || arg.kind === "oneOf") return UNKNOWN;
    if (arg.kind !== "known" || typeof arg.value !== "string") return bad("args must be a list of strings");
    argv.push(arg.value);
  }
  return one(command(argv, argv.join(" "), value));
}

/** `@author/name`: a module of the registry. */
function isReference(text: string): boolean {
  return /^@[\w.-]+\/[\w./@-]+$/.test(text);
}

function module(text: string, value: AbstractValue, paths: PathContext): Item {
  const written = /^@(?!(?:base|root)\/)/.test(text) ? text : resolveHostPath(text, paths).base;
  return { key: `module:${written}`, text, place: value.place };
}

function isPath(text: string): boolean {
  return !/\s/.test(text) && (/^[./~]/.test(text) || /^@(base|root)\//.test(text) || /\.(mld|mlld|md)$/.test(text));
}

function command(argv: string[], text: string, value: AbstractValue): Item {
  return { key: `command:${JSON.stringify(argv)}`, text, place: value.place };
}

function one(item: Item): Server {
  return { items: [item], open: false };
}

function bad(reason: string): Server {
  return { items: [], open: false, problem: `This is no MCP server: ${reason}.` };
}

/** Words as a POSIX shell splits them, without expansion; null when a quote does not close. */
function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (quote) {
      if (c === quote) quote = null;
      else if (c === "\\" && quote === '"' && /["\\$`]/.test(text[at + 1] ?? "")) word += text[++at]!;
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + (c === "\\" && at + 1 < text.length ? text[++at]! : c);
    }
  }
  if (quote) return null;
  if (word !== null) words.push(word);
  return words;
}
