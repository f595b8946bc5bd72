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
  return commentMayStand(file, line, indent, newText) ? { start: line, end: line, newText } : null;
}

/** Between statements it may; inside of one that is parsed again with it. */
function commentMayStand({ text, mode, statements }: File, line: number, indent: string, comment: string): boolean {
  const statement = statements.find(({ start, end }) => start < line && line < end);
  if (!statement) return true;
  const start = text.lastIndexOf("\n", statement.start) + 1;
  const own = text.slice(start, statement.end);
  const at = line - start;
  const after = parse(own.slice(0, at) + comment + own.slice(at), mode);
  const isComment = after.comments.some(one => one.start === at + indent.length);
  return isComment && after.errors.length <= parse(own, mode).errors.length;
}

/** Their fixes give more than there was: that is for the author to decide, one by one. */
const GRANTING = new Set(["env/command-needs-bash"]);

/**
 * The preferred fix of every finding, less those that would change the same text as one before. Nothing is granted, and no other
 * file is changed.
 */
export function fixAll(findings: Finding[]): Edit[] {
  /** By their starts. */
  const chosen: Edit[] = [];
  const placeOf = ({ place }: Edit): number => {
    let low = 0;
    let high = chosen.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (chosen[middle]!.place.start < place.start) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const collides = (edit: Edit): boolean => {
    const index = placeOf(edit);
    return [chosen[index - 1], chosen[index]].some(
      other => other && edit.place.start <= other.place.end && other.place.start <= edit.place.end,
    );
  };
  for (const finding of findings) {
    const fix = GRANTING.has(finding.code) ? undefined : finding.fixes.find(one => one.preferred);
    if (!fix || fix.edits.some(edit => edit.place.uri !== finding.place.uri)) continue;
    if (fix.edits.some(collides)) continue;
    for (const edit of fix.edits) chosen.splice(placeOf(edit), 0, edit);
  }
  return chosen;
}
