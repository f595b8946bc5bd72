/** The form in which mlld prints a markdown document: no blank line at the start, one at most between, headings and paragraphs set off. */

const CODE_FENCE = /```[\s\S]*?```/g;
const TABLE = /(?:^\|[^\n]*(?:\n|$))+/gm;
const FRONTMATTER = /^---\n[\s\S]*?\n---\n/;
/** Stands for a part that is kept as it is; no text of a program holds these characters. */
const KEPT = /\uE000(\d+)\uE001/g;

/**
 * Normalises a document. Fences, tables and frontmatter stay as they are. A line that is followed by text gets a blank line between,
 * unless one of them belongs to a heading, a list or JSON.
 */
export function normaliseDocument(text: string): string {
  const body = text.replace(/^\n+/, "");
  const frontmatter = FRONTMATTER.exec(body)?.[0] ?? "";
  const kept: string[] = [];
  const keep = (part: string) => `\uE000${kept.push(part) - 1}\uE001`;
  const normalised = body
    .slice(frontmatter.length)
    .replace(CODE_FENCE, keep)
    .replace(TABLE, table => `${keep(table.trimEnd())}\n`)
    .replace(/^\n+/, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/\n(#{1,6}\s)/g, "\n\n$1")
    .replace(/(#{1,6}\s[^\n]+)\n([^\n#])/g, "$1\n\n$2")
    .replace(/([^{[\n])\n([^\n#\s\-}\]])/g, "$1\n\n$2")
    .replace(/\n{3,}/g, "\n\n")
    .replace(/\n*$/, "\n")
    .replace(KEPT, (_mark, number: string) => kept[Number(number)] ?? "");
  if (frontmatter === "") return normalised;
  return normalised.startsWith("\n") ? frontmatter + normalised : `${frontmatter}\n${normalised}`;
}
