import { LineMap } from "../syntax";
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
  const map = new LineMap(file.text);
  for (const comment of file.comments) {
    const match = MARK.exec(file.text.slice(comment.start, comment.end).trim());
    if (!match) continue;
    const codes = match[1]!.match(/[a-z]+\/[a-z-]+/g) ?? [ALL];
    const { line, character } = map.positionAt(comment.start);
    // A comment on its own line speaks of the next one.
    const alone = file.text.slice(comment.start - character, comment.start).trim() === "";
    for (const at of alone ? [line + 1] : [line, line + 1])
      lines.set(at, new Set([...(lines.get(at) ?? []), ...codes]));
  }
  if (lines.size === 0) return () => false;
  return ({ code, place }) => {
    const codes = code.startsWith("syntax/") ? undefined : lines.get(map.positionAt(place.start).line);
    return codes !== undefined && (codes.has(ALL) || codes.has(code));
  };
}
