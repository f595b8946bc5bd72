import { children } from "../../syntax";
import type { File, Node } from "../../syntax/tree";
import type { TextChange } from "./change";
import { OPAQUE } from "./opaque";

/** What no rule speaks of: one space for several between the parts of nodes, and one before the bracket of a block, command or code. */
export function gaps(file: File): TextChange[] {
  const changes: TextChange[] = [];
  const { text } = file;
  const collapse = (start: number, end: number) => {
    for (const { 0: run, index } of text.slice(start, end).matchAll(/[ \t]{2,}/g)) {
      const from = start + index;
      const to = from + run.length;
      const lineStart = text.lastIndexOf("\n", from - 1) + 1;
      // Spaces at the ends of lines are indentation; those before a comment may line it up with others.
      if (from === lineStart || to >= text.length || /^(\r?\n|>>|<<)/.test(text.slice(to, to + 2))) continue;
      if (/>>|<</.test(text.slice(Math.max(lineStart, start), from))) continue;
      changes.push({ start: from, end: to, newText: " " });
    }
  };
  const apart = (open: number) => {
    if (/[\w=>)\]}"'`]/.test(text[open - 1] ?? "")) changes.push({ start: open, end: open, newText: " " });
  };
  const visit = (node: Node) => {
    if (node.kind === "Block") apart(node.start);
    else if ((node.kind === "CommandExpression" || node.kind === "CodeExpression") && text[node.body.start] === "{")
      apart(node.body.start);
    if (OPAQUE.has(node.kind)) return;
    const inner = children(node);
    if (node.kind !== "File" && inner.length > 0) {
      let at = node.start;
      for (const child of inner) {
        collapse(at, child.start);
        at = Math.max(at, child.end);
      }
      collapse(at, node.end);
    }
    inner.forEach(visit);
  };
  visit(file);
  return changes;
}
