import type { Analysis, MlldSymbol } from "../../semantics";
import { METHOD_NAMES } from "../../values";
import type { AbstractValue } from "../../values/abstract";
import type { Span } from "../span";
import { fieldOf, itemOf, keysOf, symbolValue } from "../symbol-values";
import type { CompletionEntry, EntryKind } from "./entry";
import { callSnippet } from "./names";

/** Fields of the run's context, by the path to them; the most used first. */
const CONTEXT_FIELDS: Record<string, string[]> = {
  "": [
    ...[
      "op",
      "guard",
      "try",
      "profile",
      "for",
      "loop",
      "tools",
      "input",
      "hint",
      "errors",
      "policy",
      "taint",
      "labels",
    ],
    ...["sources", "stage", "args", "while", "checkpoint", "filename", "tokens"],
  ],
  op: ["type", "name", "subtype", "labels", "command", "target"],
  guard: ["reason", "try", "timing", "hintHistory", "trace", "tries", "hints", "reasons", "decision", "name", "hint"],
  for: ["index", "total", "key", "parallel", "batch", "batchIndex", "batchSize"],
  loop: ["iteration"],
  while: ["iteration", "limit"],
  tools: ["calls", "allowed", "denied", "results"],
  policy: ["configs", "activePolicies", "active"],
  checkpoint: ["hit"],
};

/** What mlld keeps beside a value, under `.mx`: of every value, of files, of items of a loop. */
const VALUE_FIELDS = [
  ...["labels", "taint", "sources", "type", "text", "data"],
  ...["filename", "relative", "absolute", "tokens", "fm"],
  ...["key", "index"],
];

/** A chain that ends at the cursor: `@name.a[0].b.`, or the same without `@` between double braces. */
export interface Chain {
  /** As it is written, with the sigil and without the last dot. */
  written: string;
  /** The name, and what is taken of it. */
  path: string[];
  /** The part behind the last dot. */
  replace: Span;
  /** Parentheses stand behind it already. */
  called: boolean;
}

/** What may follow the last dot: keys of known objects, exports of a module, methods. `offset` is where the names are looked up. */
export function memberEntries(analysis: Analysis, offset: number, chain: Chain): CompletionEntry[] {
  const [head, ...fields] = chain.path;
  const symbol = analysis.visibleAt(offset).find(visible => visible.name === head);
  const entries = new Map<string, CompletionEntry>();
  const add = (label: string, kind: EntryKind, detail: string, rank: number, call?: string) => {
    const insert = chain.called || call === undefined ? label : call;
    const snippet = insert !== label && { snippet: true };
    if (!entries.has(label))
      entries.set(label, { label, kind, detail, insert, ...snippet, replace: chain.replace, rank });
  };
  const addAll = (names: Iterable<string>, rank: number) => {
    for (const name of names) add(name, "field", "", rank++);
  };

  if (head === "mx" || head === "ctx") {
    addAll(CONTEXT_FIELDS[fields.join(".")] ?? [], 0);
    if (entries.size > 0) return [...entries.values()];
  } else if (symbol?.kind === "namespace" && fields.length === 0) {
    exportsOf(analysis, symbol, add);
    return [...entries.values()];
  } else if (fields.at(-1) === "mx") {
    addAll(VALUE_FIELDS, 0);
    addAll(usedElsewhere(analysis, chain), VALUE_FIELDS.length);
    return [...entries.values()];
  }
  const value = head === "mx" || head === "ctx" ? null : valueAt(analysis, symbol, fields);
  for (const key of keysOf(value)) add(key, "field", "", 0);
  if (!value || value.kind === "unknown") for (const name of usedElsewhere(analysis, chain)) add(name, "field", "", 0);
  if (!symbol) return [...entries.values()];
  for (const method of methodsOf(value))
    add(method, "method", "", COMMON_METHODS.has(method) ? 2 : 3, method === "length" ? undefined : `${method}($1)`);
  if (head !== "mx" && head !== "ctx") add("mx", "field", "what mlld knows of the value", 1);
  return [...entries.values()];
}

type Add = (label: string, kind: EntryKind, detail: string, rank: number, call?: string) => void;

function exportsOf(analysis: Analysis, symbol: MlldSymbol, add: Add): void {
  const module = analysis.moduleOf(symbol);
  for (const { kind, name } of module?.exports.values() ?? []) {
    const parameters = kind === "exe" ? (module!.executables.get(name)?.parameters ?? []).map(one => one.name) : null;
    if (parameters) add(name, "function", `(${parameters.join(", ")})`, 0, callSnippet(name, parameters));
    else add(name, "field", kind, 0);
  }
}

function valueAt(analysis: Analysis, symbol: MlldSymbol | undefined, path: string[]): AbstractValue | null {
  const fields = [...path];
  const exported = symbol?.kind === "namespace" ? analysis.moduleOf(symbol)?.exports.get(fields.shift()!) : undefined;
  const start = exported ? (exported.value ?? null) : symbol ? symbolValue(analysis, symbol) : null;
  return fields.reduce<AbstractValue | null>(
    (at, field) => (/^\d+$/.test(field) ? itemOf(at, Number(field)) : fieldOf(at, field)),
    start,
  );
}

/** Fields that the file takes of the same chain in other places: the best that is known where the value is not. */
function usedElsewhere({ file: { text } }: Analysis, { written, replace }: Chain): Set<string> {
  const name = written.replace(/^@/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const uses = text.matchAll(new RegExp(`(?:@|\\{\\{\\s*)${name}\\.([A-Za-z_][\\w-]*)(?![\\w-]|\\()`, "g"));
  return new Set(
    [...uses].filter(use => use.index + use[0].length - use[1]!.length !== replace.start).map(use => use[1]!),
  );
}

const COMMON_METHODS = new Set(["length", "includes", "trim", "split", "join", "slice", "replace", "startsWith"]);

/** Methods of a value; all of them where it is not known. */
function methodsOf(value: AbstractValue | null): Set<string> {
  const { text, list, any } = METHOD_NAMES;
  if (value?.kind === "object") return new Set(any);
  if (value?.kind === "array") return new Set([...list, ...any]);
  if (value?.kind === "known") return new Set([...(typeof value.value === "string" ? text : []), ...any]);
  return new Set([...text, ...list, ...any]);
}
