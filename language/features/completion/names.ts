import { fieldNamed } from "../../environment";
import type { Analysis, MlldSymbol } from "../../semantics";
import { RESERVED, TRANSFORMERS } from "../../semantics/builtins";
import { METHOD_NAMES } from "../../values";
import type { AbstractValue } from "../../values/abstract";
import { parametersOf } from "../executables";
import type { Span } from "../span";
import { labelledKind } from "../symbol-texts";
import { fieldOf, itemOf, keysOf, symbolValue } from "../symbol-values";
import { type CompletionEntry, type EntryKind, escapeSnippet } from "./entry";

/** What a name is wanted for. */
export interface Wanted {
  /** A stage of a pipeline. */
  pipe?: boolean;
  /** Parentheses stand behind it already. */
  called?: boolean;
  /** The config of an environment. */
  config?: boolean;
}

/** Names that may follow `@`. `replace` starts at the sigil, or where it is to be written. */
export function nameEntries(analysis: Analysis, offset: number, replace: Span, how: Wanted): CompletionEntry[] {
  // A value cannot be made of itself, also where it is not written yet.
  const { text } = analysis.file;
  const defining = ({ kind, declaration }: MlldSymbol) =>
    (kind === "var" || kind === "let") &&
    declaration !== null &&
    declaration.start < offset &&
    /^[ \t]*$/.test(text.slice(declaration.end, Math.max(offset, declaration.end)));
  const visible = analysis.visibleAt(offset).filter(symbol => !defining(symbol));
  return visible.map(symbol => {
    const parameters = parametersOf(analysis, symbol);
    const name = `@${symbol.name}`;
    const calls = parameters !== null && !how.pipe && !how.called && symbol.kind !== "transformer";
    return {
      label: name,
      kind: kindOf(symbol, parameters !== null),
      detail: parameters ? `(${parameters.join(", ")})` : labelledKind(symbol),
      ...docOf(symbol),
      insert: calls ? callSnippet(name, parameters) : name,
      ...(calls && { snippet: true }),
      replace,
      rank: how.config ? configRank(analysis, symbol) : rankOf(symbol, how),
    };
  });
}

/** Objects with fields of a config first, then what may be or give one; what mlld itself defines is none. */
function configRank(analysis: Analysis, symbol: MlldSymbol): number {
  const value = symbol.kind === "reserved" || symbol.kind === "transformer" ? null : symbolValue(analysis, symbol);
  if (keysOf(value).some(key => fieldNamed(key) !== undefined)) return 0;
  const known = value?.kind === "known" || value?.kind === "array" || value?.kind === "object";
  return known ? 4 : 2 + rankOf(symbol, {});
}

function callSnippet(name: string, parameters: string[]): string {
  return `${escapeSnippet(name)}(${parameters.map((parameter, i) => `\${${i + 1}:${escapeSnippet(parameter.replace(/:.*/, ""))}}`).join(", ")})`;
}

function docOf(symbol: MlldSymbol): { doc?: string } {
  const doc =
    symbol.kind === "reserved"
      ? RESERVED[symbol.name]?.doc
      : symbol.kind === "transformer"
        ? TRANSFORMERS[symbol.name]?.doc
        : undefined;
  return doc ? { doc } : {};
}

function kindOf(symbol: MlldSymbol, callable: boolean): EntryKind {
  if (callable) return "function";
  if (symbol.kind === "namespace") return "module";
  if (symbol.kind === "auth") return "credential";
  return "variable";
}

/** The nearest names first; behind a pipe what can be called. */
function rankOf(symbol: MlldSymbol, how: Wanted): number {
  const callable = symbol.kind === "exe" || symbol.kind === "transformer";
  const near =
    symbol.kind === "parameter" || symbol.kind === "let" || symbol.kind === "loop"
      ? 0
      : symbol.kind === "transformer"
        ? 3
        : symbol.kind === "reserved"
          ? 4
          : 1;
  if (how.pipe) return callable ? (symbol.kind === "exe" ? 0 : 1) : 5;
  return symbol.kind === "guard" || symbol.kind === "hook" ? 6 : near;
}

/** Fields of the run's context, by the path to them. */
const CONTEXT_FIELDS: Record<string, string[]> = {
  "": [
    "profile",
    "op",
    "guard",
    "for",
    "loop",
    "try",
    "stage",
    "input",
    "errors",
    "tools",
    "policy",
    "labels",
    "sources",
    "taint",
    "filename",
    "tokens",
  ],
  op: ["type", "subtype", "name", "labels", "command", "target"],
  guard: ["name", "timing", "try", "tries", "reason", "reasons", "hint", "trace"],
  for: ["index", "total", "batch"],
  loop: ["iteration"],
  while: ["iteration", "limit"],
  tools: ["allowed", "denied", "calls"],
  policy: ["active", "configs"],
};

/** What may follow `@name.a.b.`: keys of known objects, exports of a module, methods. */
export function memberEntries(
  analysis: Analysis,
  offset: number,
  path: string[],
  replace: Span,
  called: boolean,
): CompletionEntry[] {
  const [head, ...fields] = path;
  const symbol = analysis.visibleAt(offset).find(visible => visible.name === head);
  const entries: CompletionEntry[] = [];
  const add = (label: string, kind: EntryKind, detail: string, rank: number, insert = label, snippet = false) =>
    entries.push(
      called
        ? { label, kind, detail, insert: label, replace, rank }
        : { label, kind, detail, insert, ...(snippet && { snippet }), replace, rank },
    );

  if (head === "mx" || head === "ctx") {
    for (const field of CONTEXT_FIELDS[fields.join(".")] ?? []) add(field, "field", "", 0);
    return entries;
  }
  if (symbol?.kind === "namespace" && fields.length === 0) {
    const module = analysis.moduleOf(symbol);
    for (const exported of module?.exports.values() ?? []) {
      const parameters = exported.kind === "exe" ? (module!.executables.get(exported.name)?.parameters ?? []) : null;
      if (parameters)
        add(
          exported.name,
          "function",
          `(${parameters.map(({ name }) => name).join(", ")})`,
          0,
          callSnippet(
            exported.name,
            parameters.map(({ name }) => name),
          ),
          true,
        );
      else add(exported.name, "field", exported.kind, 0);
    }
    return entries;
  }
  const exported = symbol?.kind === "namespace" ? analysis.moduleOf(symbol)?.exports.get(fields.shift()!) : undefined;
  const start = exported ? (exported.value ?? null) : symbol ? symbolValue(analysis, symbol) : null;
  const value = fields.reduce<AbstractValue | null>(
    (at, field) => (/^\d+$/.test(field) ? itemOf(at, Number(field)) : fieldOf(at, field)),
    start,
  );
  for (const key of keysOf(value)) add(key, "field", "", 0);
  for (const method of methodsOf(value))
    add(method, "method", "", 2, method === "length" ? method : `${method}($1)`, method !== "length");
  return entries;
}

/** Methods of a value; all of them where it is not known. */
function methodsOf(value: AbstractValue | null): Set<string> {
  const { text, list, any } = METHOD_NAMES;
  if (value?.kind === "object") return new Set(any);
  if (value?.kind === "array") return new Set([...list, ...any]);
  if (value?.kind === "known") return new Set([...(typeof value.value === "string" ? text : []), ...any]);
  return new Set([...text, ...list, ...any]);
}
