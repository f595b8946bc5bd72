import type { Analysis } from "../../semantics";
import { type Parent, parentOf } from "../narrowable";
import type { Span } from "../span";
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
  if (/(^|[\s=>([/])(env|box) ?$/.test(head)) return shape(CONFIG, "config");
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
  if (/(^|[\s=>([/])(env|box)\b/.test(head) || /\bnew\b/.test(head)) return shape(WITH, "with");
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
  const parent = at.compared ? parentOf(analysis, offset) : null;
  const item = quote && itemSpan(text, offset, quote.start, !at.inList && NAMES_BY_COMMA.has(at.spec.name));
  const written = listedElsewhere(text, context, at, item ?? context.word);
  // The text at the cursor is a word of the file, too.
  const typed = item && text.slice(item.start, item.end);
  return candidates(analysis, offset, at, world, context, parent)
    .filter(({ source, own }) => !written.has(inner(source)) && !(own && inner(source) === typed))
    .filter(({ source }) => !parent || inner(source) === source || parent.fits(at.path, inner(source)))
    .flatMap((candidate, i): CompletionEntry[] => {
      const entry = item ? insideQuotes(text, quote.start, item, candidate) : outsideQuotes(context, candidate);
      return entry ? [{ ...entry, rank: i }] : [];
    });
}

/** Whether a path at the cursor keeps within the parent of its config. */
export function pathFits(analysis: Analysis, offset: number, context: CursorContext): (path: string) => boolean {
  const at = fieldAt(context, analysis.file.text);
  const parent = at?.compared ? parentOf(analysis, offset) : null;
  return path => !at || !parent || parent.fits(at.path, path);
}

/** `"Read, Bash"` means the same as a list. */
const NAMES_BY_COMMA = new Set(["tools", "mcps"]);

/** What is replaced between quotes: all of it, or the name between two commas. */
function itemSpan(text: string, offset: number, open: number, byComma: boolean): Span {
  const end = closing(text, open, offset, byComma);
  if (!byComma) return { start: open + 1, end };
  const before = text.slice(open + 1, offset);
  const start = open + 1 + before.lastIndexOf(",") + 1;
  const comma = text.slice(offset, end).indexOf(",");
  return {
    start: start + /^[ ]*/.exec(text.slice(start, offset))![0].length,
    end: comma < 0 ? end : offset + comma,
  };
}

/** Elements of the list besides the one at the cursor: a set needs none of them twice. */
function listedElsewhere(text: string, context: CursorContext, { inList }: FieldPlace, item: Span): Set<string> {
  const { quote } = context;
  if (!inList && !quote) return new Set();
  if (!inList) {
    const rest = /^[^"'\n]*/.exec(text.slice(item.end))![0];
    return new Set(`${text.slice(quote!.start + 1, item.start)},${rest}`.split(",").map(name => name.trim()));
  }
  const own = quote?.start ?? item.start;
  const behind = quote && text[item.end] === text[quote.start] ? item.end + 1 : item.end;
  const rest = /^[^\]\n]*/.exec(text.slice(behind))![0];
  const elements = `${text.slice(context.frames.at(-1)!.start, own)}${rest}`.matchAll(/"([^"\n]*)"|'([^'\n]*)'/g);
  return new Set([...elements].map(([, double, simple]) => double ?? simple!));
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
  open: number,
  item: Span,
  { source, kind }: Candidate,
): Omit<CompletionEntry, "rank"> | null {
  const plain = plainOf(source);
  const value = inner(plain);
  // A quote of an earlier line was left open: what follows is no text.
  if (value === plain || text.slice(open, item.end).includes("\n")) return null;
  if (text[open] === '"' && value.startsWith("@")) {
    const closed = text[item.end] === '"';
    return {
      label: value,
      kind,
      insert: `'${value}'`,
      replace: { start: open, end: closed ? item.end + 1 : item.end },
      filter: `"${value}`,
    };
  }
  return { label: value, kind, insert: value, replace: item };
}

/** A text without its quotes; other values as they are. */
function inner(source: string): string {
  return /^(["']).*\1$/s.test(source) ? source.slice(1, -1) : source;
}

interface FieldPlace {
  spec: KeySpec;
  holder: Shape;
  /** Keys from the config down to the field. */
  path: string[];
  inList: boolean;
  /** Whether the field belongs to a config, so that an environment around it bounds it. */
  compared: boolean;
}

/** The field whose value stands at the cursor. */
function fieldAt({ frames }: CursorContext, text: string): FieldPlace | null {
  const frame = frames.at(-1);
  if (!frame) return null;
  const inList = frame.open === "[";
  const index = frames.length - (inList ? 2 : 1);
  const object = frames[index];
  if (object?.open !== "{" || object.key === null || (inList && !/:\s*$/.test(frame.head))) return null;
  const holder = objectShape(frames, index, text);
  const spec = holder?.keys.find(key => key.name === object.key);
  if (!holder || !spec) return null;
  const path = [object.key];
  let root = index;
  for (let around = enclosing(frames, root); around && !around.inList; around = enclosing(frames, root)) {
    root = around.index;
    path.unshift(around.key);
  }
  const outermost = root === index ? holder : objectShape(frames, root, text);
  return { spec, holder, path, inList, compared: outermost !== null && outermost.kind !== "other" };
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
  { spec, holder, path }: FieldPlace,
  world: CompletionWorld,
  context: CursorContext,
  parent: Parent | null,
): Candidate[] {
  const constants = spec.values.map((source): Candidate => ({ source, kind: "value" }));
  const texts = (values: Iterable<string>, kind: CompletionEntry["kind"] = "value"): Candidate[] => {
    const known = new Set(spec.values.map(inner));
    return [...values]
      .filter(value => !known.has(value))
      .map(value => ({ source: value.startsWith("@") ? `'${value}'` : `"${value}"`, kind, own: true }));
  };
  const granted = parent?.grants(path) ?? [];
  if (spec.words) return [...constants, ...texts(new Set([...granted, ...world[spec.words]]))];
  if (holder.kind === "other") return [...constants, ...texts(granted)];
  switch (spec.name) {
    case "auth":
      return texts(credentials(analysis, offset), "credential");
    case "profile":
      return texts(profileNames(analysis, offset, context));
    default:
      return [...constants, ...texts(granted)];
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

/** The closing quote on the same line; the cursor where there is none, or where another text may begin before it. */
function closing(text: string, open: number, offset: number, byComma: boolean): number {
  let end = offset;
  while (end < text.length && text[end] !== text[open] && text[end] !== "\n" && (byComma || text[end] !== ",")) end++;
  return text[end] === text[open] ? end : offset;
}
