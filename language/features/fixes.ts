import type { Edit, Finding } from "../diagnostics";
import type { File } from "../syntax/tree";
import type { Span } from "./span";

const SUPPRESS = ">> mlld-env-ignore";

/** The change that silences a finding: a comment above the directive that it stands in, or a code more in the comment that is there. */
export function suppression(file: File, finding: Finding): (Span & { newText: string }) | null {
  if (finding.code.startsWith("syntax/")) return null;
  const { text } = file;
  const statement = file.statements.find(one => one.start <= finding.place.start && finding.place.start <= one.end);
  if (!statement || file.mode === "att" || file.mode === "mtt") return null;
  const line = text.lastIndexOf("\n", statement.start - 1) + 1;
  const above = file.comments.find(
    comment =>
      comment.end <= line &&
      /^\s*$/.test(text.slice(comment.end, line)) &&
      text.startsWith(SUPPRESS, comment.start) &&
      !/\n[ \t]*\n/.test(text.slice(comment.end, line)),
  );
  if (above) return { start: above.end, end: above.end, newText: `, ${finding.code}` };
  const breaks = text.includes("\r\n") ? "\r\n" : "\n";
  return { start: line, end: line, newText: `${SUPPRESS} ${finding.code}${breaks}` };
}

/** The preferred fix of every finding, less those that would change the same text as one before. */
export function fixAll(findings: Finding[]): Edit[] {
  const chosen: Edit[] = [];
  for (const finding of findings) {
    const fix = finding.fixes.find(one => one.preferred);
    if (!fix || fix.edits.some(edit => chosen.some(other => collide(edit, other)))) continue;
    chosen.push(...fix.edits);
  }
  return chosen;
}

function collide(a: Edit, b: Edit): boolean {
  return a.place.uri === b.place.uri && a.place.start <= b.place.end && b.place.start <= a.place.end;
}
