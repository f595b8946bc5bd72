import type { Span } from "../span";

export type EntryKind =
  | "keyword"
  | "variable"
  | "function"
  | "method"
  | "field"
  | "value"
  | "module"
  | "file"
  | "folder"
  | "credential"
  | "snippet"
  | "operator";

/** One proposal. */
export interface CompletionEntry {
  label: string;
  kind: EntryKind;
  /** Short, beside the label: a type, parameters. */
  detail?: string;
  /** Markdown. */
  doc?: string;
  /** What is put in the place of `replace`; with `${1:…}` placeholders when `snippet` is set. */
  insert: string;
  snippet?: boolean;
  replace: Span;
  /** Lower comes first; equal ranks are sorted by label. */
  rank: number;
  /** What is compared with the typed text; the label when unset. */
  filter?: string;
}

/** Text as it stands in a snippet. */
export function escapeSnippet(text: string): string {
  return text.replace(/[\\$}]/g, "\\$&");
}

/** A snippet without its placeholders, for clients that know none. */
export function plainOf(snippet: string): string {
  return snippet
    .replace(/\$\{\d+\|([^,|}]*)[^}]*\}/g, "$1")
    .replace(/\$\{\d+:?([^}]*)\}|\$\d+/g, "$1")
    .replace(/\\([\\$}])/g, "$1");
}

/** A word as it is. */
export function wordEntry(label: string, kind: EntryKind, replace: Span): CompletionEntry {
  return { label, kind, insert: label, replace, rank: 0 };
}
