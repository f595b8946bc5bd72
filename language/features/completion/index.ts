import { CATALOG } from "../../diagnostics";
import type { Analysis } from "../../semantics";
import { pathAt } from "../../syntax";
import type { Span } from "../span";
import { type CursorContext, contextIn, startOfLine, wordEnd } from "./context";
import { credentials } from "./credentials";
import {
  DIRECTIVES,
  type Directive,
  ENV_HEADS,
  EXE_VALUES,
  GUARD_ACTIONS,
  OPERATIONS,
  POLICY_VALUES,
  RUNNERS,
} from "./directives";
import { type CompletionEntry, wordEntry } from "./entry";
import { keyEntries, pathFits, shapeOf, valueEntries } from "./keys";
import { memberEntries, nameEntries, type Wanted } from "./names";
import { type PathRequest, pathRequest } from "./paths";
import {
  continuations,
  definesName,
  ENV_PLACE,
  envTails,
  isChoice,
  isGuardAction,
  isParameter,
  OPERAND_PLACE,
  PARAMETER_TYPES,
  startsStatement,
  VALUE_PLACE,
} from "./places";
import { exportSpecifiers, importSpecifiers } from "./specifiers";
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
  const context = contextIn(file, offset, markdown);
  if (context.comment) return only(ignoredCodes(file.text, offset, context.comment));
  if (context.code !== null) return only(context.code === "cmd" ? inText(analysis, offset) : []);

  const requested = pathRequest(file.text, offset, context);
  const path = requested && { ...requested, fits: pathFits(analysis, offset, context) };
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
  const replace = { start: context.word.start, end: wordEnd(text, offset) };
  const { before } = context;
  const frame = context.frames.at(-1);
  const directives = (choice: Directive[], rank = 0) => choice.map(one => directiveEntry(one, replace, rank));
  const names = (wanted: Wanted) => nameEntries(analysis, offset, replace, wanted);

  const specifiers = importSpecifiers(text, offset, context, world) ?? exportSpecifiers(analysis, offset, context);
  if (specifiers) return specifiers;
  if (/:\s*$/.test(before) && isParameter(context))
    return PARAMETER_TYPES.map(word => wordEntry(word, "keyword", replace));
  if (definesName(context)) return [];
  if (/\busing[ \t]+auth:$/.test(before))
    return [...credentials(analysis, offset)].map(name => wordEntry(name, "credential", replace));
  const sigil = sigilEntries(analysis, offset);
  if (sigil) return sigil;

  const shape = shapeOf(context, text);
  if (frame?.open === "{" && frame.key === null && shape && !/\.\.\.$/.test(before))
    return keyEntries(shape, context, offset, text, world);
  const values = valueEntries(analysis, offset, context, world);
  if (values.length > 0) return values;

  if (/(?<!\|)\|[ \t]*$/.test(before)) return names({ pipe: true });
  if (/\bop:$/.test(before)) return OPERATIONS.map(word => wordEntry(word, "operator", replace));
  if (isGuardAction(text, context)) return directives(GUARD_ACTIONS);
  const choosing = frame?.open === "[" && isChoice(frame.head);
  if (startsStatement(text, context)) return choosing ? conditionEntries(names) : statementEntries(context, world);
  if (ENV_PLACE.test(before))
    return [...names({ config: true }).filter(({ rank }) => rank < 4), ...directives(ENV_HEADS, 5)];
  if (/(^|[\s=([])new[ \t]+$/.test(before)) return names({ config: true }).filter(({ rank }) => rank < 4);
  if (/^\s*\/?policy\s+@[\w-]+\s*=\s*$/.test(before)) return directives(POLICY_VALUES);
  const tails = envTails(before);
  if (tails.length > 0) return directives(tails);
  const continued = continuations(before, analysis);
  if (continued.length > 0) return continued.map(word => wordEntry(word, "keyword", replace));
  if (/\brun[ \t]+$/.test(before))
    return [...directives(RUNNERS), ...names({}).filter(({ kind }) => kind === "function")];
  if (/=>\s*$/.test(before) && (choosing || /^\s*\/?(for|when)\b/.test(before)))
    return [...names({}), ...directives(ACTIONS, 8), ...literals(replace)];
  if (VALUE_PLACE.test(before) || frame?.open === "(" || frame?.open === "[")
    return [
      ...names({}),
      ...directives(/^\s*\/?exe\b/.test(before) ? [...VALUES, ...EXE_VALUES] : VALUES, 8),
      ...literals(replace),
    ];
  if (
    OPERAND_PLACE.test(before) ||
    (frame?.open === "{" && frame.key !== null && /^\s*["']?[\w-]+["']?\??:\s*$/.test(before))
  )
    return [...names({}), ...literals(replace)];
  return [];
}

const ofWords = (...words: string[]): Directive[] => DIRECTIVES.filter(({ word }) => words.includes(word));
const VALUES: Directive[] = [...RUNNERS, ...ofWords("run", "env", "when", "for", "foreach", "loop")];
/** What a condition or an iteration may do instead of giving a value. */
const ACTIONS: Directive[] = [
  ...VALUES,
  ...ofWords("show", "log", "output", "append", "stream", "bail", "skip", "retry", "done", "continue"),
];

function literals(replace: Span): CompletionEntry[] {
  return ["true", "false", "null", "new"].map(word => ({ ...wordEntry(word, "keyword" as const, replace), rank: 9 }));
}

function conditionEntries(names: (wanted: Wanted) => CompletionEntry[]): CompletionEntry[] {
  const found = names({});
  const replace = found[0]!.replace;
  const rules = [
    directiveEntry({ word: "*", snippet: "* => $0", doc: "Whatever else it is.", at: "block" }, replace, 5),
    directiveEntry(
      { word: "none", snippet: "none => $0", doc: "When no other condition holds.", at: "block" },
      replace,
      5,
    ),
    ...ofWords("let").map(one => directiveEntry(one, replace, 6)),
  ];
  return [...found, ...rules];
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

/** A name with what is taken of it: `@a.b[0].c`, up to the cursor. */
const CHAIN = /@([\w-]+)((?:\.[\w-]+|\[\d+\]|\([^()\n]*\)|\?(?=\.))*)\.([\w-]*)$/;

/** Behind `@`: names, or members of what stands before the last dot. */
function sigilEntries(analysis: Analysis, offset: number): CompletionEntry[] | null {
  const { text } = analysis.file;
  const line = text.slice(startOfLine(text, offset), offset);
  const end = wordEnd(text, offset);
  const member = CHAIN.exec(line);
  if (member) {
    // What a call gives is not known, so nothing is a field of it.
    const taken = member[2]!.matchAll(/\.([\w-]+)|\[(\d+)\]|\([^()\n]*\)/g);
    const path = [member[1]!, ...[...taken].map(([call, field, index]) => field ?? index ?? call)];
    // The scope of a statement ends where it is broken: the name itself stands inside.
    return memberEntries(
      analysis,
      offset - member[0].length,
      path,
      { start: offset - member[3]!.length, end },
      text[end] === "(",
    );
  }
  const name = /@([\w-]*)$/.exec(line);
  if (!name) return null;
  const start = offset - name[0].length;
  const before = text.slice(0, start).trimEnd();
  return nameEntries(
    analysis,
    offset,
    { start, end },
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

/** Directives that 2.0.4 does not know. */
const NEWER = new Set(["box", "file", "files"]);

function statementEntries(context: CursorContext, { languageVersion }: CompletionWorld): CompletionEntry[] {
  const frame = context.frames.at(-1);
  const place = frame ? "block" : "top";
  const known = DIRECTIVES.filter(
    ({ at, word }) => (at === "both" || at === place) && !(languageVersion === "2.0.4" && NEWER.has(word)),
  );
  const later = languageVersion === "2.0.5" ? "env" : "box";
  const entries = known.map((directive, i) =>
    directiveEntry(directive, context.word, i < 12 && directive.word !== later ? 0 : 1),
  );
  if (frame) entries.push(...RUNNERS.map(runner => directiveEntry(runner, context.word, 2)));
  return entries;
}

function directiveEntry({ word, snippet, doc }: Directive, replace: Span, rank: number): CompletionEntry {
  return { label: word, kind: "keyword", doc, insert: snippet, snippet: true, replace, rank };
}

/** Fences of `mlld-run` hold strict mlld. */
function inProgram(analysis: Analysis, offset: number): boolean {
  return pathAt(analysis.file, offset).some(node => node.kind === "Fence" && /^mlld-run\b/.test(node.info));
}

/** Prose takes no completion, but for a directive at the start of its line. */
function inProse(analysis: Analysis, offset: number): boolean {
  const innermost = pathAt(analysis.file, offset).at(-1)?.kind;
  if (innermost !== "File" && innermost !== "Prose") return innermost === "Fence";
  const { text } = analysis.file;
  const line = text.slice(startOfLine(text, offset), offset);
  return !/^[ \t]*\/[a-z]*$/.test(line) && !DIRECTIVES.some(({ word }) => line.startsWith(`/${word} `));
}
