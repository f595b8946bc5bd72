import { children } from "../../syntax";
import type { File, Node } from "../../syntax/tree";
import type { Span } from "../span";

/** Nodes whose text is never touched, brackets in it included. */
export const OPAQUE = new Set<Node["kind"]>([
  "Template",
  "CommandExpression",
  "CodeExpression",
  "CodeBody",
  "FileReference",
  "Prose",
  "Fence",
  "Frontmatter",
  "RegularExpression",
  "ModuleReference",
  "PropertyKey",
  "OutputTarget",
  "GuardFilter",
  "HookTarget",
  "ProseExpression",
  "Label",
  "ErrorStatement",
]);

/** The opaque stretches of a file, in order, comments among them. */
export function opaqueSpans(file: File): Span[] {
  const spans: Span[] = file.comments.map(({ start, end }) => ({ start, end }));
  const visit = (node: Node) => {
    if (OPAQUE.has(node.kind)) {
      if (node.end > node.start) spans.push({ start: node.start, end: node.end });
    } else children(node).forEach(visit);
  };
  visit(file);
  return spans.sort((a, b) => a.start - b.start);
}
