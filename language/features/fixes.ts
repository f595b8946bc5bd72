import type { Edit, Finding } from "../diagnostics";
import { parse } from "../syntax";
import type { File } from "../syntax/tree";
import type { Span } from "./span";

const SUPPRESS = ">> mlld-env-ignore";

/**
 * The change that silences a finding: a comment on the line above, or a code more in the comment that is there. Null where a comment
 * cannot stand, as in the middle of a template.
 */
export function suppression(file: File, finding: Finding): (Span & { newText: string }) | null {
  const { text } = file;
  if (finding.code.startsWith("syntax/") || file.mode === "att" || file.mode === "mtt") return null;
  const line = text.lastIndexOf("\n", finding.place.start - 1) + 1;
  const above = text.lastIndexOf("\n", line - 2) + 1;
  const present = file.comments.find(
    ({ start, end }) => start >= above && end <= line && text.startsWith(SUPPRESS, start),
  );
  if (present && line > 0) {
    const end = present.start + text.slice(present.start, present.end).trimEnd().length;
    return { start: end, end, newText: `, ${finding.code}` };
  }
  const indent = /^[ \t]*/.exec(text.slice(line, finding.place.start))![0];
  const newText = `${indent}${SUPPRESS} ${finding.code}${text.includes("\r\n") ? "\r\n" : "\n"}`;
  const after = parse(text.slice(0, line) + newText + text.slice(line), file.mode);
  const isComment = after.comments.some(({ start }) => start === line + indent.length);
  return isComment && after.errors.length <= file.errors.length ? { start: line, end: line, newText } : null;
}

/** Their fixes give more than there was: that is for the author to decide, one by one. */
const GRANTING = new Set(["env/command-needs-bash"]);

/**
 * The preferred fix of every finding, less those that would change the same text as one before. Nothing is granted, and no other
 * file is changed.
 */
export function fixAll(findings: Finding[]): Edit[] {
  const chosen: Edit[] = [];
  for (const finding of findings) {
    const fix = GRANTING.has(finding.code) ? undefined : finding.fixes.find(one => one.preferred);
    if (!fix || fix.edits.some(edit => edit.place.uri !== finding.place.uri)) continue;
    if (fix.edits.some(edit => chosen.some(other => collide(edit, other)))) continue;
    chosen.push(...fix.edits);
  }
  return chosen;
}

function collide(a: Edit, b: Edit): boolean {
  return a.place.uri === b.place.uri && a.place.start <= b.place.end && b.place.start <= a.place.end;
}
