import type { Analysis, MlldSymbol } from "../semantics";
import { RESERVED, TRANSFORMERS } from "../semantics/builtins";

/** What is said about a symbol: of built-in names their description, of the author's own the comment above the definition. */
export function documentationOf(analysis: Analysis, symbol: MlldSymbol): string | null {
  if (symbol.kind === "reserved") return RESERVED[symbol.name]?.doc ?? null;
  if (symbol.kind === "transformer") return TRANSFORMERS[symbol.name]?.doc ?? null;
  return symbol.declaration ? commentAbove(analysis, symbol.declaration.start) : null;
}

/** Comments on the lines right above an offset, without their signs. */
function commentAbove(analysis: Analysis, offset: number): string | null {
  const { text, comments } = analysis.file;
  const lines: string[] = [];
  let start = text.lastIndexOf("\n", offset - 1) + 1;
  while (start > 0) {
    const above = text.lastIndexOf("\n", start - 2) + 1;
    const comment = comments.find(
      one => one.start >= above && one.end <= start && /^[ \t]*$/.test(text.slice(above, one.start)),
    );
    if (!comment) break;
    const line = text
      .slice(comment.start, comment.end)
      .replace(/^(>>|<<)[ \t]?/, "")
      .trimEnd();
    if (line.startsWith("mlld-env-ignore")) break;
    lines.unshift(line);
    start = above;
  }
  return lines.length > 0 ? lines.join("\n") : null;
}
