import { parseFrontmatter, skipMark } from "./frontmatter";
import { parseMarkdown } from "./markdown";
import { Parser } from "./parser";
import { noteOpen } from "./reparse";
import { parseStrict } from "./strict";
import { Ends, parseBraced, parseInterpolated } from "./templates";
import type { File, Mode, Statement } from "./tree";

export { difference } from "./difference";
export { SYNTAX_ERRORS } from "./errors";
export { LineMap } from "./line-map";
export { children, forEachChild, pathAt, print, walk } from "./nodes";
export { reparse } from "./reparse";

/** Texts longer than this many UTF-16 units are not parsed. */
export const MAX_LENGTH = 16 * 1024 * 1024;

/** How the file at `path` (or URI) is read; an unknown extension is read as strict code, as mlld does with standard input. */
export function modeOf(path: string): Mode {
  const name = path.toLowerCase();
  if (name.endsWith(".md")) return "markdown";
  if (name.endsWith(".att")) return "att";
  if (name.endsWith(".mtt")) return "mtt";
  return "strict";
}

/** Parses a file. Never throws: what cannot be read is an `ErrorStatement`, and `errors` says why. */
export function parse(text: string, mode: Mode): File {
  const p = new Parser(text, mode);
  const file: File = {
    kind: "File",
    start: 0,
    end: text.length,
    mode,
    text,
    frontmatter: null,
    statements: [],
    comments: p.comments,
    errors: p.errors,
  };
  if (text.length > MAX_LENGTH) {
    p.fail(
      "syntax/too-large",
      `Files of more than ${MAX_LENGTH / (1024 * 1024)} million characters are not read.`,
      0,
      0,
    );
    file.statements.push({ kind: mode === "strict" ? "ErrorStatement" : "Prose", start: 0, end: text.length });
    noteOpen(file);
    return file;
  }
  skipMark(p);
  if (mode === "att" || mode === "mtt") file.statements.push(parseTemplateBody(p, mode));
  else {
    file.frontmatter = parseFrontmatter(p);
    file.statements = mode === "strict" ? parseStrict(p) : parseMarkdown(p);
  }
  p.errors.sort((a, b) => a.start - b.start);
  if (p.searchedInVain) noteOpen(file);
  return file;
}

/** A template file is one template without quotes. */
function parseTemplateBody(p: Parser, mode: "att" | "mtt"): Statement {
  const start = p.pos;
  const parts = [];
  while (p.pos < p.end) {
    const before = p.pos;
    parts.push(...(mode === "att" ? parseInterpolated(p, Ends.File) : parseBraced(p, Ends.BraceFile)));
    if (p.pos === before) break;
  }
  return {
    kind: "ExpressionStatement",
    start,
    end: p.end,
    expression: { kind: "Template", start, end: p.end, quote: "none", parts },
  };
}
