import type { File } from "../../syntax/tree";

/** Fields that say where a node stands, not what it means. */
const POSITION = new Set(["start", "end", "bodyStart"]);

/** Whether two files have the same tree and the same comments, wherever they stand. */
export function sameMeaning(a: File, b: File): boolean {
  if (a.errors.length !== b.errors.length || a.comments.length !== b.comments.length) return false;
  const commentsAgree = a.comments.every((comment, i) => textOf(a, comment) === textOf(b, b.comments[i]!));
  return commentsAgree && same(a.frontmatter, b.frontmatter) && same(a.statements, b.statements) && proseAgrees(a, b);
}

function textOf(file: File, span: { start: number; end: number }): string {
  return file.text.slice(span.start, span.end).trimEnd();
}

/** Prose and fences carry no text of their own: their range is their text. */
function proseAgrees(a: File, b: File): boolean {
  return a.statements.every((statement, i) => {
    const other = b.statements[i]!;
    return statement.kind !== "Prose" && statement.kind !== "Fence"
      ? true
      : a.text.slice(statement.start, statement.end) === b.text.slice(other.start, other.end);
  });
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left).filter(key => !POSITION.has(key));
  return (
    keys.length === Object.keys(right).filter(key => !POSITION.has(key)).length &&
    keys.every(key => same(left[key], right[key]))
  );
}
