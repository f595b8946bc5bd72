import { NEWLINE, RETURN } from "./characters";
import type { Parser } from "./parser";
import type { Frontmatter } from "./tree";

/** Skips the byte order mark. */
export function skipMark(p: Parser): void {
  if (p.text.charCodeAt(0) === 0xfeff) p.pos = 1;
}

/** YAML between `---` lines at the start of the file; an unterminated block is no frontmatter. */
export function parseFrontmatter(p: Parser): Frontmatter | null {
  const start = p.pos;
  if (p.text.startsWith("resume:", start)) {
    // 2.0.5: how the script resumes from checkpoints, on the first line and without fences.
    const end = p.lineEnd(start);
    p.pos = end;
    return { kind: "Frontmatter", start, end, body: p.text.slice(start, end), bodyStart: start };
  }
  if (!p.text.startsWith("---", start) || p.afterSpaces(start + 3) < p.lineEnd(start)) return null;
  const firstNewline = p.text.indexOf("\n", start);
  if (firstNewline === -1) return null;
  const bodyStart = firstNewline + 1;
  for (let i = bodyStart; i < p.end; ) {
    const line = p.lineEnd(i);
    if (p.text.startsWith("---", i) && p.afterSpaces(i + 3) >= line) {
      p.pos = line;
      if (p.peek() === RETURN) p.pos++;
      if (p.peek() === NEWLINE) p.pos++;
      return { kind: "Frontmatter", start, end: line, body: p.text.slice(bodyStart, i), bodyStart };
    }
    const newline = p.text.indexOf("\n", i);
    if (newline === -1) return null;
    i = newline + 1;
  }
  return null;
}
