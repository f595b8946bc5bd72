import type { Analysis } from "../../semantics";
import { fitsParent } from "../narrowable";
import { fieldOf, keysOf, symbolValue } from "../symbol-values";
import type { CursorContext, Frame } from "./context";
import { credentials } from "./credentials";
import { type CompletionEntry, escapeSnippet, plainOf } from "./entry";
import { ALLOW, AUTH, CONFIG, type KeySpec, NEEDS, POLICY, PROFILES, TAIL, TOOL, WITH } from "./schemas";
import type { CompletionWorld } from "./world";

/** What an object at the cursor is, and the keys that it may have. */
export interface Shape {
  kind: "config" | "with" | "other";
  keys: KeySpec[];
}

const shape = (keys: KeySpec[], kind: Shape["kind"] = "other"): Shape => ({ kind, keys });

/** The shape of the innermost object at the cursor; null when nothing is known of it. */
export function shapeOf(context: CursorContext, text: string): Shape | null {
  const last = context.frames.length - 1;
  return context.frames[last]?.open === "{" ? objectShape(context.frames, last, text) : null;
}

function objectShape(frames: Frame[], index: number, text: string): Shape | null {
  const frame = frames[index]!;
  const head = frame.head.replace(/\s+/g, " ");
  const around = enclosing(frames, index);
  if (around) {
    const holder = around.inList ? null : namedHolder(frames, around.index, text);
    if (holder) return shape(holder);
    const spec = objectShape(frames, around.index, text)?.keys.find(key => key.name === around.key);
    const keys = around.inList ? spec?.items : spec?.fields;
    return keys && keys.length > 0 ? shape(keys) : null;
  }
  if (/(^|\s)with $/.test(head)) return withShape(head);
  if (/(^|[\s=>([])(env|box) ?$/.test(head)) return shape(CONFIG, "config");
  if (/^\s*\/?policy\b.*= ?$/.test(head)) return shape(POLICY);
  if (/^\s*\/?needs ?$/.test(head)) return shape(NEEDS);
  if (/^\s*\/?auth\b.*= ?$/.test(head)) return shape(AUTH);
  if (/^\s*\/?var tools\b/.test(head)) return null;
  if (/^\s*\/?profiles ?$/.test(head)) return null;
  // Any object may be used as a config later on.
  if (/^\s*\/?(var|let)\b.*= ?$/.test(head) && !/\bexe\b/.test(head)) return shape(CONFIG, "config");
  return null;
}

function withShape(head: string): Shape {
  if (/(^|[\s=>([])(env|box)\b/.test(head) || /\bnew\b/.test(head)) return shape(WITH, "with");
  if (/\ballow\b/.test(head)) return shape(ALLOW);
  // `@config with { … }` derives a config; behind a command or call it is a tail.
  return /@[\w.-]+ with $/.test(head) && !/\b(run|show|cmd)\b/.test(head) ? shape(WITH, "with") : shape(TAIL);
}

/** The object that holds this one as a value: directly, or as an element of a list. */
function enclosing(frames: Frame[], index: number): { index: number; key: string; inList: boolean } | null {
  const direct = frames[index - 1];
  if (direct?.open === "{" && direct.key !== null) return { index: index - 1, key: direct.key, inList: false };
  const outer = frames[index - 2];
  if (direct?.open === "[" && outer?.open === "{" && outer.key !== null && /:\s*$/.test(direct.head))
    return { index: index - 2, key: outer.key, inList: true };
  return null;
}

/** Objects whose keys are names of the author's own, each with an object of known keys. */
function namedHolder(frames: Frame[], index: number, text: string): KeySpec[] | null {
  const frame = frames[index]!;
  if (/^\s*\/?profiles\s*$/.test(frame.head)) return PROFILES;
  if (/^\s*\/?var\s+tools\b/.test(frame.head)) return TOOL;
  const around = enclosing(frames, index);
  if (!around || around.inList) return null;
  return objectShape(frames, around.index, text)?.keys.find(key => key.name === around.key)?.names ?? null;
}

/** Keys that the object does not have yet. */
export function keyEntries(
  { kind, keys }: Shape,
  context: CursorContext,
  offset: number,
  text: string,
  world: CompletionWorld,
): CompletionEntry[] {
  const frame = context.frames.at(-1)!;
  const present = new Set([...frame.keys, ...keysBehind(text, offset)]);
  const colon = /^[\w-]*\s*\??:/.test(text.slice(offset));
  let end = offset;
  while (end < text.length && /[\w-]/.test(text[end]!)) end++;
  return keys
    .filter(({ name }) => !present.has(name) && (kind !== "with" || world.narrowable(name, frame.start)))
    .map((spec, i) => ({
      label: spec.name,
      kind: "field" as const,
      detail: spec.type,
      doc: spec.doc,
      insert: colon ? escapeSnippet(spec.name) : `${escapeSnippet(spec.name)}: ${spec.snippet}`,
      snippet: true,
      replace: { start: context.word.start, end },
      rank: i,
    }));
}

/** Keys of the same object behind the cursor. */
function keysBehind(text: string, offset: number): string[] {
  const keys: string[] = [];
  let depth = 0;
  const pattern = /[[({]|[\])}]|(["'])(?:\\.|(?!\1).)*\1|([\w-]+)\??\s*:|\n\s*\/?(?:var|exe|env|policy|run|show)\b/g;
  pattern.lastIndex = offset;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const token = match[0];
    if (/^[[({]$/.test(token)) depth++;
    else if (/^[\])}]$/.test(token)) {
      if (--depth < 0) break;
    } else if (token.startsWith("\n")) break;
    else if (depth === 0 && match[2]) keys.push(match[2]);
  }
  return keys;
}

/** Values that the field at the cursor may take: inside its quotes, or with quotes where none are written. */
export function valueEntries(
  analysis: Analysis,
  offset: number,
  context: CursorContext,
  world: CompletionWorld,
): CompletionEntry[] {
  const { text } = analysis.file;
  const at = fieldAt(context, text);
  const { quote } = context;
  if (!at || (quote && quote.quote !== '"' && quote.quote !== "'")) return [];
  const written = at.inList ? listedBefore(text, context, quote?.start ?? context.word.start) : new Set<string>();
  // The text at the cursor is a word of the file, too.
  const typed = quote ? text.slice(quote.start + 1, closing(text, quote.start, offset)) : null;
  const fits = at.holder.kind === "other" ? () => true : fitsParent(analysis, offset);
  return candidates(analysis, offset, at, world, context)
    .filter(({ source, own }) => !written.has(inner(source)) && !(own && inner(source) === typed))
    .filter(({ source }) => inner(source) === source || fits(at.spec.name, inner(source)))
    .flatMap((candidate, i): CompletionEntry[] => {
      const entry = quote ? insideQuotes(text, offset, quote.start, candidate) : outsideQuotes(context, candidate);
      return entry ? [{ ...entry, rank: i }] : [];
    });
}

/** Elements of the list before the cursor: a set needs none of them twice. */
function listedBefore(text: string, context: CursorContext, end: number): Set<string> {
  const listed = text.slice(context.frames.at(-1)!.start, end).matchAll(/"([^"\n]*)"|'([^'\n]*)'/g);
  return new Set([...listed].map(([, double, simple]) => double ?? simple ?? ""));
}

function outsideQuotes(context: CursorContext, { source, kind }: Candidate): Omit<CompletionEntry, "rank"> {
  return {
    label: inner(plainOf(source)),
    kind,
    insert: source,
    ...(source.includes("$") && { snippet: true }),
    replace: context.word,
  };
}

/** Only texts fit between quotes. `@` between double quotes would be a reference, so they become simple ones. */
function insideQuotes(
  text: string,
  offset: number,
  open: number,
  { source, kind }: Candidate,
): Omit<CompletionEntry, "rank"> | null {
  const plain = plainOf(source);
  const value = inner(plain);
  // A quote of an earlier line was left open: what follows is no text.
  if (value === plain || text.slice(open, offset).includes("\n")) return null;
  const end = closing(text, open, offset);
  if (text[open] === '"' && value.startsWith("@")) {
    const closed = text[end] === '"';
    return {
      label: value,
      kind,
      insert: `'${value}'`,
      replace: { start: open, end: closed ? end + 1 : end },
      filter: `"${value}`,
    };
  }
  return { label: value, kind, insert: value, replace: { start: open + 1, end } };
}

/** A text without its quotes; other values as they are. */
function inner(source: string): string {
  return /^(["']).*\1$/s.test(source) ? source.slice(1, -1) : source;
}

/** The field whose value stands at the cursor. */
function fieldAt(context: CursorContext, text: string): { spec: KeySpec; holder: Shape; inList: boolean } | null {
  const last = context.frames.length - 1;
  const frame = context.frames[last];
  if (!frame) return null;
  const inList = frame.open === "[";
  const index = inList ? last - 1 : last;
  const object = context.frames[index];
  if (object?.open !== "{" || object.key === null || (inList && !/:\s*$/.test(frame.head))) return null;
  const holder = objectShape(context.frames, index, text);
  const spec = holder?.keys.find(key => key.name === object.key);
  return holder && spec ? { spec, holder, inList } : null;
}

/** A value as it is written in a program, or the snippet of one. */
interface Candidate {
  source: string;
  kind: CompletionEntry["kind"];
  /** A word of the workspace, rather than of the language. */
  own?: true;
}

function candidates(
  analysis: Analysis,
  offset: number,
  { spec, holder }: { spec: KeySpec; holder: Shape },
  world: CompletionWorld,
  context: CursorContext,
): Candidate[] {
  const constants = spec.values.map((source): Candidate => ({ source, kind: "value" }));
  const texts = (values: Iterable<string>, kind: CompletionEntry["kind"] = "value"): Candidate[] => {
    const known = new Set(spec.values.map(inner));
    return [...values]
      .filter(value => !known.has(value))
      .map(value => ({ source: value.startsWith("@") ? `'${value}'` : `"${value}"`, kind, own: true }));
  };
  if (spec.words) return [...constants, ...texts(world[spec.words])];
  if (holder.kind === "other") return constants;
  switch (spec.name) {
    case "auth":
      return texts(credentials(analysis, offset), "credential");
    case "profile":
      return texts(profileNames(analysis, offset, context));
    default:
      return constants;
  }
}

/** Profiles of the config that the `with` clause belongs to, of the object itself, and of the file. */
function profileNames(analysis: Analysis, offset: number, context: CursorContext): string[] {
  const names = new Set<string>();
  const statement = analysis.file.text.slice(context.statement.start, offset);
  const config = /\b(?:env|box|new)\s+@([\w-]+)/.exec(statement)?.[1] ?? /@([\w-]+)\s+with\b/.exec(statement)?.[1];
  const symbol = config && analysis.visibleAt(offset).find(({ name }) => name === config);
  if (symbol) for (const name of keysOf(fieldOf(symbolValue(analysis, symbol), "profiles"))) names.add(name);
  const own = analysis.siteAt(offset);
  for (const name of keysOf(fieldOf(own?.config ?? null, "profiles"))) names.add(name);
  for (const { kind, value } of analysis.file.statements.flatMap(one =>
    one.kind === "ProfilesStatement" ? [one] : [],
  )) {
    if (kind === "ProfilesStatement")
      for (const property of value.properties)
        if (property.kind === "Property" && property.key.name) names.add(property.key.name);
  }
  return [...names];
}

function closing(text: string, open: number, offset: number): number {
  let end = offset;
  while (end < text.length && text[end] !== text[open] && text[end] !== "\n" && text[end] !== ",") end++;
  return text[end] === text[open] ? end : offset;
}
