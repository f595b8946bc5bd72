import { CATALOG } from "../../diagnostics";
import type { Analysis } from "../../semantics";
import { pathAt } from "../../syntax";
import type { Span } from "../span";
import { type CursorContext, contextAt } from "./context";
import { credentials } from "./credentials";
import { DIRECTIVES, type Directive, ENV_HEADS, GUARD_ACTIONS, LABELS, OPERATIONS, RUNNERS } from "./directives";
import type { CompletionEntry, EntryKind } from "./entry";
import { keyEntries, shapeOf, valueEntries } from "./keys";
import { memberEntries, nameEntries } from "./names";
import { type PathRequest, pathRequest } from "./paths";
import type { CompletionWorld } from "./world";

export { type CompletionEntry, type EntryKind, plainOf } from "./entry";
export type { PathRequest } from "./paths";
export type { CompletionWorld } from "./world";

export interface Completion {
  entries: CompletionEntry[];
  /** Files that fit, for the caller to list. */
  path: PathRequest | null;
}

const NOTHING: Completion = { entries: [], path: null };

/** What may be written at an offset. */
export function complete(analysis: Analysis, offset: number, world: CompletionWorld): Completion {
  const { file } = analysis;
  if (file.mode === "att" || file.mode === "mtt") return only(inText(analysis, offset));
  const markdown = file.mode === "markdown" && !inProgram(analysis, offset);
  if (markdown && inProse(analysis, offset)) return NOTHING;
  const context = contextAt(file.text, offset, markdown);
  if (context.comment) return only(ignoredCodes(file.text, offset, context.comment));
  if (context.code !== null) return only(context.code === "cmd" ? inText(analysis, offset) : []);

  const path = pathRequest(file.text, offset, context);
  if (context.quote) {
    const values = valueEntries(analysis, offset, context, world);
    const names = context.quote.quote === "'" || path ? [] : inText(analysis, offset);
    return { entries: values.length > 0 ? values : names, path };
  }
  if (path) return { entries: [], path };
  return only(inCode(analysis, offset, context, world));
}

function only(entries: CompletionEntry[]): Completion {
  return { entries, path: null };
}

function inCode(analysis: Analysis, offset: number, context: CursorContext, world: CompletionWorld): CompletionEntry[] {
  const { text } = analysis.file;
  const specifiers = importSpecifiers(text, offset, context, world);
  if (specifiers) return specifiers;
  const credentials = credentialEntries(analysis, offset, context);
  if (credentials) return credentials;
  const sigil = sigilEntries(analysis, offset);
  if (sigil) return sigil;

  const frame = context.frames.at(-1);
  const shape = shapeOf(context, text);
  if (frame?.open === "{" && frame.key === null && shape) return keyEntries(shape, context, offset, text, world);
  const values = valueEntries(analysis, offset, context, world);
  if (values.length > 0) return values;

  const replace = context.word;
  const { before } = context;
  if (/\|[ \t]*$/.test(before)) return nameEntries(analysis, offset, replace, { pipe: true });
  if (/(^|[\s=])op:$/.test(before) || /\bop:$/.test(text.slice(0, replace.start)))
    return OPERATIONS.map(word => entry(word, "operator", replace));
  if (isGuardAction(text, context)) return [...GUARD_ACTIONS.map(action => directiveEntry(action, replace, 0))];
  if (startsStatement(text, context)) return statementEntries(context, world);
  if (/(^|[\s=>([])\/?(env|box)[ \t]+$/.test(before))
    return [
      ...nameEntries(analysis, offset, replace, { config: true }).filter(({ rank }) => rank < 4),
      ...ENV_HEADS.map(head => directiveEntry(head, replace, 5)),
    ];
  const continued = continuations(before, analysis);
  if (continued.length > 0) return continued.map(word => entry(word, "keyword", replace));
  if (/\brun[ \t]+$/.test(before)) return RUNNERS.map(runner => directiveEntry(runner, replace, 0));
  if (/(=|=>|[(,[]|\breturn)\s*$/.test(before) || frame?.open === "(" || frame?.open === "[") {
    return [
      ...nameEntries(analysis, offset, replace, {}),
      ...[
        ...RUNNERS,
        ...DIRECTIVES.filter(({ word }) => ["run", "env", "when", "for", "foreach", "loop"].includes(word)),
      ].map(word => directiveEntry(word, replace, 8)),
      ...["true", "false", "null", "new"].map(word => ({ ...entry(word, "keyword" as const, replace), rank: 9 })),
    ];
  }
  return [];
}

/** Codes behind `>> mlld-env-ignore`; other comments are the author's own. */
function ignoredCodes(text: string, offset: number, comment: Span): CompletionEntry[] {
  const written = text.slice(comment.start, offset);
  if (!/^(>>|<<)\s*mlld-env-ignore\b/.test(written)) return [];
  const start = offset - /[\w/-]*$/.exec(written)![0].length;
  return Object.entries(CATALOG)
    .filter(([code]) => !code.startsWith("syntax/") && !written.slice(0, start - comment.start).includes(code))
    .map(([code, { title, doc }]) => ({
      label: code,
      kind: "value",
      detail: title,
      doc,
      insert: code,
      replace: { start, end: offset },
      rank: 0,
    }));
}

/** Behind `@`: names, or members of what stands before the last dot. */
function sigilEntries(analysis: Analysis, offset: number): CompletionEntry[] | null {
  const { text } = analysis.file;
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  const match = /@([\w-]*(?:\.[\w-]*)*)$/.exec(line);
  if (!match) return null;
  const path = match[1]!.split(".");
  const partial = path.pop()!;
  const start = offset - partial.length;
  const end = wordEnd(text, offset);
  if (path.length > 0) return memberEntries(analysis, offset, path, { start, end });
  const before = text.slice(0, start - 1).trimEnd();
  return nameEntries(
    analysis,
    offset,
    { start: start - 1, end },
    {
      pipe: before.endsWith("|"),
      called: text[end] === "(",
      config: /(^|[^\w@.-])(env|box|new)$|\.\.\.$/.test(before),
    },
  );
}

/** In a template or command body: names only. */
function inText(analysis: Analysis, offset: number): CompletionEntry[] {
  const { text, mode } = analysis.file;
  if (mode === "mtt") {
    const open = /\{\{\s*([\w-]*)$/.exec(text.slice(Math.max(0, offset - 80), offset));
    if (!open) return [];
    const replace = { start: offset - open[1]!.length, end: wordEnd(text, offset) };
    return nameEntries(analysis, offset, replace, { called: true }).map(one => ({
      ...one,
      insert: one.insert.slice(1),
      filter: one.label.slice(1),
    }));
  }
  return sigilEntries(analysis, offset) ?? [];
}

const AUTH_PLACE = /\busing[ \t]+auth:$/;

function credentialEntries(analysis: Analysis, offset: number, context: CursorContext): CompletionEntry[] | null {
  if (!AUTH_PLACE.test(context.before)) return null;
  return [...credentials(analysis, offset)].map(name => entry(name, "credential", context.word));
}

/** Between the braces of `import { … } from "…"` what the module exports, of `export { … }` what the file defines. */
function importSpecifiers(
  text: string,
  offset: number,
  context: CursorContext,
  world: CompletionWorld,
): CompletionEntry[] | null {
  const frame = context.frames.at(-1);
  if (context.frames.length !== 1 || frame?.open !== "{") return null;
  if (!/^\s*\/?import\b/.test(text.slice(context.statement.start, frame.start))) return null;
  const rest = text.slice(offset, offset + 2000);
  const source = /^[^}]*\}\s*from\s+(?:"([^"\n]*)"|'([^'\n]*)'|<([^>\n]*)>|(@[\w./@-]+))/.exec(rest);
  const names = source ? world.exportsOf(source[1] ?? source[2] ?? source[3] ?? source[4]!) : null;
  const written = new Set(text.slice(frame.start, offset).match(/[\w-]+/g));
  const start = text[context.word.start - 1] === "@" ? context.word.start - 1 : context.word.start;
  return (names ?? [])
    .filter(({ name }) => !written.has(name))
    .map(({ name, kind }) => ({
      label: `@${name}`,
      kind: kind === "exe" ? "function" : "variable",
      detail: kind,
      insert: `@${name}`,
      replace: { start, end: wordEnd(text, offset) },
      rank: 0,
    }));
}

/** Words that may follow what stands before the cursor in its directive. */
function continuations(before: string, analysis: Analysis): string[] {
  const head = before.trim().replace(/^\//, "");
  if (!/[ \t]$/.test(before)) return [];
  if (/^import$/.test(head))
    return ["{", "module", "static", "live", "local", "cached", "templates", "policy", "tools"];
  if (/^import\b.*(\{\}|@[\w-]+)$/.test(head)) return ["from", "as"];
  if (/^(env|box)\s+\S.*$/.test(head)) return ["with"];
  if (/^(guard|hook)(\s+@[\w-]+)?$/.test(head))
    return head.startsWith("guard") ? ["before", "after", "always"] : ["before", "after"];
  if (/^(guard|hook)\b.*\b(before|after|always)$/.test(head)) return ["op:", ...labelsOf(analysis)];
  if (/^(output|append)\s+\S+$/.test(head)) return ["to"];
  if (/^output\b.*\bto$/.test(head)) return ["stdout", "stderr", "env"];
  if (/^for(\s+parallel\S*)?\s+@[\w.-]+$/.test(head)) return ["in"];
  if (/\}$/.test(head) && /\b(cmd|sh|bash|run|js|node|py)\b/.test(head)) return ["using", "with"];
  return [];
}

/** Labels that mlld knows, and those that the file gives. */
function labelsOf(analysis: Analysis): string[] {
  return [...new Set([...LABELS, ...analysis.symbols.flatMap(({ labels }) => labels)])];
}

function isGuardAction(text: string, context: CursorContext): boolean {
  return (
    /^\s*\/?guard\b/.test(text.slice(context.statement.start, context.statement.end)) &&
    /=>[ \t]*$/.test(context.before)
  );
}

/** Only the word itself stands on the line, or in a block before it. */
function startsStatement(text: string, context: CursorContext): boolean {
  const frame = context.frames.at(-1);
  const line = text.slice(text.lastIndexOf("\n", context.word.start - 1) + 1, context.word.start);
  if (!frame) return /^\/?$/.test(line) || (/^[ \t]*\/$/.test(line) && context.statement.start <= context.word.start);
  return frame.open === "[" && isBlock(text, context) && /(^|;)\s*\/?$/.test(context.before);
}

function isBlock(text: string, context: CursorContext): boolean {
  const frame = context.frames.at(-1)!;
  if (/:\s*$|[,(]\s*$/.test(frame.head)) return false;
  // `var @list = [` is an array; an executable, a condition and a loop have blocks.
  return !/^\s*\/?var\s+[^=]*=\s*$/.test(frame.head) || /^\s*(let|show|run|=>)\b/.test(text.slice(frame.start + 1));
}

/** Directives that 2.0.4 does not know. */
const NEWER = new Set(["box", "file", "files"]);

function statementEntries(context: CursorContext, { languageVersion }: CompletionWorld): CompletionEntry[] {
  const frame = context.frames.at(-1);
  const place = frame ? "block" : "top";
  const inWhen = /\b(when|guard)\b/.test(frame?.head ?? "");
  const known = DIRECTIVES.filter(
    ({ at, word }) => (at === "both" || at === place) && !(languageVersion === "2.0.4" && NEWER.has(word)),
  );
  const later = languageVersion === "2.0.5" ? "env" : "box";
  const entries = known.map((directive, i) =>
    directiveEntry(directive, context.word, i < 12 && directive.word !== later ? 0 : 1),
  );
  if (frame) entries.push(...RUNNERS.map(runner => directiveEntry(runner, context.word, 2)));
  if (inWhen) entries.push(...["*", "none"].map(word => entry(word, "keyword", context.word)));
  return entries;
}

function directiveEntry({ word, snippet, doc }: Directive, replace: Span, rank: number): CompletionEntry {
  return { label: word, kind: "keyword", doc, insert: snippet, snippet: true, replace, rank };
}

function entry(label: string, kind: EntryKind, replace: Span): CompletionEntry {
  return { label, kind, insert: label, replace, rank: 0 };
}

function wordEnd(text: string, offset: number): number {
  let end = offset;
  while (end < text.length && /[\w]/.test(text[end]!)) end++;
  return end;
}

/** Fences of `mlld-run` hold strict mlld. */
function inProgram(analysis: Analysis, offset: number): boolean {
  return pathAt(analysis.file, offset).some(node => node.kind === "Fence" && /^mlld-run\b/.test(node.info));
}

/** Prose takes no completion, but for a directive at the start of its line. */
function inProse(analysis: Analysis, offset: number): boolean {
  const { text } = analysis.file;
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  if (/^[ \t]*\/[a-z]*$/.test(line)) return false;
  const innermost = pathAt(analysis.file, offset).at(-1);
  return innermost?.kind === "File" || innermost?.kind === "Prose" || innermost?.kind === "Fence";
}
