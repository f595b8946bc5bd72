import type { File } from "../syntax/tree";
import type { Finding } from "./finding";

const MARK = /^(?:>>|<<)\s*mlld-env-ignore\b:?\s*(.*)$/s;

/** Stands for every code. */
const ALL = "*";

/**
 * Whether a finding is silenced by `>> mlld-env-ignore code[, code]` on its line or the line before. Without a code every finding
 * there is, but for parse errors, which never are.
 */
export function suppressions(file: File): (finding: Finding) => boolean {
  if (!file.text.includes("mlld-env-ignore")) return () => false;
  const lines = new Map<number, Set<string>>();
  const starts = lineStarts(file.text);
  for (const comment of file.comments) {
    const match = MARK.exec(file.text.slice(comment.start, comment.end).trim());
    if (!match) continue;
    const codes = match[1]!.match(/[a-z]+\/[a-z-]+/g) ?? [ALL];
    const line = lineOf(starts, comment.start);
    // A comment on its own line speaks of the next one.
    const alone = file.text.slice(starts[line]!, comment.start).trim() === "";
    for (const at of alone ? [line + 1] : [line, line + 1])
      lines.set(at, new Set([...(lines.get(at) ?? []), ...codes]));
  }
  if (lines.size === 0) return () => false;
  return ({ code, place }) => {
    const codes = code.startsWith("syntax/") ? undefined : lines.get(lineOf(starts, place.start));
    return codes !== undefined && (codes.has(ALL) || codes.has(code));
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
