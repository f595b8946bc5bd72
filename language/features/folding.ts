import { walk } from "../syntax";
import type { Comment, File, Node, Statement } from "../syntax/tree";
import type { Span } from "./span";

export interface Fold extends Span {
  kind: "region" | "comment" | "imports";
  /** A closing bracket stands at the end and should stay visible. */
  closed: boolean;
}

const BRACKETED = new Set<Node["kind"]>([
  "Block",
  "ObjectExpression",
  "ArrayExpression",
  "WhenExpression",
  "WithClause",
  "CodeBody",
  "CommandBody",
  "CodeExpression",
  "CommandExpression",
]);
const OPAQUE = new Set<Node["kind"]>(["Template", "Fence", "Frontmatter", "TemplateLoop"]);

/** What can be folded: bracketed parts, templates, fences, runs of comments and imports, sections of a markdown file. */
export function folds(file: File): Fold[] {
  const found: Fold[] = [];
  walk(file, node => {
    if (BRACKETED.has(node.kind)) found.push({ start: node.start, end: node.end, kind: "region", closed: true });
    else if (OPAQUE.has(node.kind)) found.push({ start: node.start, end: node.end, kind: "region", closed: false });
  });
  found.push(...runs(file, file.comments, "comment", ownLine(file)));
  found.push(...runs(file, file.statements.filter(isImport), "imports", () => true));
  if (file.mode === "markdown") found.push(...sections(file));
  return found.filter(fold => file.text.slice(fold.start, fold.end).includes("\n"));
}

function isImport(statement: Statement): boolean {
  return statement.kind === "ImportStatement";
}

function ownLine(file: File): (comment: Comment | Statement) => boolean {
  return comment =>
    /(^|\n)[ \t]*$/.test(file.text.slice(Math.max(0, file.text.lastIndexOf("\n", comment.start - 1)), comment.start));
}

/** Neighbours on following lines fold as one. */
function runs(
  file: File,
  items: (Comment | Statement)[],
  kind: "comment" | "imports",
  counts: (item: Comment | Statement) => boolean,
): Fold[] {
  const found: Fold[] = [];
  let first: Span | null = null;
  let last: Span | null = null;
  const close = () => {
    if (first && last && first !== last) found.push({ start: first.start, end: last.end, kind, closed: false });
    first = last = null;
  };
  for (const item of items) {
    if (!counts(item)) continue;
    if (last && !/^[ \t]*\r?\n?[ \t]*$/.test(file.text.slice((last as Span).end, item.start))) close();
    first ??= item;
    last = item;
  }
  close();
  return found;
}

/** Markdown headings outside fences fold up to the next heading of the same or a higher level. */
function sections(file: File): Fold[] {
  const open: { level: number; start: number }[] = [];
  const found: Fold[] = [];
  const closeFrom = (level: number, end: number) => {
    while (open.length > 0 && open.at(-1)!.level >= level) {
      const { start } = open.pop()!;
      found.push({ start, end, kind: "region", closed: false });
    }
  };
  for (const statement of file.statements) {
    if (statement.kind !== "Prose") continue;
    for (const match of file.text.slice(statement.start, statement.end).matchAll(/^(#{1,6})[ \t]/gm)) {
      const at = statement.start + match.index;
      closeFrom(match[1]!.length, lineEndBefore(file.text, at));
      open.push({ level: match[1]!.length, start: at });
    }
  }
  closeFrom(1, file.text.trimEnd().length);
  return found;
}

function lineEndBefore(text: string, offset: number): number {
  return text.slice(0, offset).trimEnd().length;
}
