import { fieldNamed } from "../../environment";
import type { Analysis, MlldSymbol } from "../../semantics";
import { RESERVED, TRANSFORMERS } from "../../semantics/builtins";
import { parametersOf } from "../executables";
import type { Span } from "../span";
import { labelledKind } from "../symbol-texts";
import { keysOf, symbolValue } from "../symbol-values";
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
  // A definition that lacks its value ends with its sign: blanks behind it belong to it all the same.
  const blanks = /=>?([ \t]*)$/.exec(text.slice(Math.max(0, replace.start - 80), replace.start))?.[1]?.length ?? 0;
  const visible = analysis.visibleAt(blanks > 0 ? replace.start - blanks : offset).filter(symbol => !defining(symbol));
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

/** A call with a place for each argument. */
export function callSnippet(name: string, parameters: string[]): string {
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
      : symbol.kind === "reserved" && RESERVED[symbol.name]?.redefined !== "free"
        ? 3
        : symbol.kind === "transformer" || symbol.kind === "reserved"
          ? 4
          : 1;
  if (how.pipe) return callable ? (symbol.kind === "exe" ? 0 : 1) : 5;
  return symbol.kind === "guard" || symbol.kind === "hook" ? 6 : near;
}
