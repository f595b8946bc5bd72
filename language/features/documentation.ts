import type { Place } from "../place";
import type { Analysis, MlldSymbol } from "../semantics";
import { RESERVED, TRANSFORMERS } from "../semantics/builtins";

/** What is said about a symbol: of built-in names their description, of the author's own the comment above the definition. */
export function documentationOf(analysis: Analysis, symbol: MlldSymbol): string | null {
  if (symbol.kind === "reserved") return RESERVED[symbol.name]?.doc ?? null;
  if (symbol.kind === "transformer") return TRANSFORMERS[symbol.name]?.doc ?? null;
  if (symbol.kind === "parameter" || symbol.kind === "loop" || symbol.kind === "namespace") return null;
  const place = analysis.definitionOf(symbol);
  return place && commentAbove(analysis, place);
}

/** Comments on the lines right above a definition, without their signs. */
export function commentAbove(analysis: Analysis, { uri, start }: Place): string | null {
  const text = uri === analysis.uri ? analysis.file.text : analysis.textOf(uri);
  if (typeof text !== "string") return null;
  const lines: string[] = [];
  let at = text.lastIndexOf("\n", start - 1) + 1;
  while (at > 0) {
    const above = text.lastIndexOf("\n", at - 2) + 1;
    const comment = /^[ \t]*(?:>>|<<)[ \t]?(.*?)\s*$/.exec(text.slice(above, at))?.[1];
    if (comment === undefined || comment.startsWith("mlld-env-ignore")) break;
    lines.unshift(comment);
    at = above;
  }
  return lines.length > 0 ? lines.join("\n") : null;
}
