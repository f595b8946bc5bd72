import { pathAt } from "../syntax";
import type { File } from "../syntax/tree";
import type { Span } from "./span";

/** The ranges that grow around an offset, innermost first, each strictly inside the next. */
export function selections(file: File, offset: number): Span[] {
  const spans: Span[] = [];
  const word = wordAt(file.text, offset);
  if (word) spans.push(word);
  for (const node of pathAt(file, offset).reverse()) {
    if (node.end <= node.start) continue;
    const inner = insideOf(file.text, node);
    for (const span of inner ? [inner, node] : [node]) {
      const last = spans.at(-1);
      const grows =
        !last || (span.start <= last.start && span.end >= last.end && span.end - span.start > last.end - last.start);
      if (grows && span.start <= offset && offset <= span.end) spans.push({ start: span.start, end: span.end });
    }
  }
  return spans;
}

/** Between brackets or quotes, without them. */
function insideOf(text: string, node: Span & { kind: string }): Span | null {
  switch (node.kind) {
    case "Block":
    case "ObjectExpression":
    case "ArrayExpression":
      return { start: node.start + 1, end: node.end - 1 };
    case "Template": {
      const quote = /^(:::|::|\[\[|["'`])/.exec(text.slice(node.start, node.start + 3))?.[0];
      return quote && node.end - node.start >= 2 * quote.length
        ? { start: node.start + quote.length, end: node.end - quote.length }
        : null;
    }
    default:
      return null;
  }
}

function wordAt(text: string, offset: number): Span | null {
  let start = offset;
  let end = offset;
  while (start > 0 && /\w/.test(text[start - 1]!)) start--;
  while (end < text.length && /\w/.test(text[end]!)) end++;
  return end > start ? { start, end } : null;
}
