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
import { memberEntries } from "./members";
import { nameEntries, type Wanted } from "./names";
import { type PathRequest, pathRequest } from "./paths";
import {
  additions,
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
import { exportSpecifiers, importSpecifiers, moduleEntries } from "./specifiers";
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
  if (world.bySpace && file.text.slice(startOfLine(file.text, offset), offset).trim() === "") return NOTHING;
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
    const { quote } = context.quote;
    const names = quote === "'" || path ? [] : inText(analysis, offset, quote === ":::");
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

  const specifiers =
    importSpecifiers(text, offset, context, world) ??
    exportSpecifiers(analysis, offset, context) ??
    moduleEntries(text, offset, world);
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

  if (/(?<!\|)\|[ \t]*$/.test(before)) return [...names({ pipe: true }), ...directives(STAGES)];

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
  const continued = [...continuations(before, analysis), ...(world.bySpace ? [] : additions(before, analysis))];
  if (continued.length > 0) return continued.map((word, rank) => ({ ...wordEntry(word, "keyword", replace), rank }));
  if (/\brun[ \t]+$/.test(before))
    return [...directives(RUNNERS), ...names({}).filter(({ kind }) => kind === "function")];
  if (/=>\s*$/.test(before) && (choosing || /^\s*\/?(for|when)\b/.test(before)))
    return [...names({}), ...directives(COMMON_ACTIONS), ...directives(ACTIONS, 2), ...literals(replace)];
  if (VALUE_PLACE.test(before) || frame?.open === "(" || frame?.open === "[")
    return [
      ...names({}),
      ...(/^\s*\/?exe\b/.test(before)
        ? [...directives(COMMON_BODIES), ...directives(BODIES, 1)]
        : directives(VALUES, 2)),
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
/** What an executable is usually made of, and what else it may be. */
const COMMON_BODIES: Directive[] = [
  ...RUNNERS.filter(({ word }) => word !== "bash" && word !== "node"),
  ...EXE_VALUES.slice(0, 1),
  ...ofWords("run", "when"),
];
const BODIES: Directive[] = [...VALUES, ...EXE_VALUES].filter(one => !COMMON_BODIES.includes(one));
/** What a stage of a pipeline may be besides a name. */
const STAGES: Directive[] = [
  ...["show", "log"].map(word => ({ ...ofWords(word)[0]!, snippet: word })),
  ...ofWords("output", "append"),
  ...RUNNERS.slice(0, 1),
];
/** What a condition or an iteration may do instead of giving a value. */
const COMMON_ACTIONS = ofWords("show", "skip", "retry", "done", "continue");
const ACTIONS: Directive[] = [...VALUES, ...ofWords("log", "output", "append", "stream", "bail")];

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
    directiveEntry(
      { word: "denied", snippet: "denied => $0", doc: "When a guard refused the operation.", at: "block" },
      replace,
      6,
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

/** A name with what is taken of it: `@a.b[0].c`, up to the cursor; in double braces the sigil is not written. */
const CHAIN = /(@|\{\{\s*)([\w-]+)((?:\.[\w-]+|\[\d+\]|\([^()\n]*\)|\?(?=\.))*)\.([\w-]*)$/;

/** Members of what stands before the last dot; null where there is no dot behind a name. */
function chainEntries(analysis: Analysis, offset: number): CompletionEntry[] | null {
  const { text } = analysis.file;
  const chain = CHAIN.exec(text.slice(startOfLine(text, offset), offset));
  if (!chain) return null;
  const [whole, sigil = "", name = "", taken = "", last = ""] = chain;
  const end = wordEnd(text, offset);
  // What a call gives is not known, so nothing is a field of it.
  const path = [...taken.matchAll(/\.([\w-]+)|\[(\d+)\]|\([^()\n]*\)/g)];
  // The scope of a statement ends where it is broken: the name itself stands inside.
  return memberEntries(analysis, offset - whole.length + sigil.length - 1, {
    written: `@${name}${taken}`,
    path: [name, ...path.map(([call, field, index]) => field ?? index ?? call)],
    replace: { start: offset - last.length, end },
    called: text[end] === "(",
  });
}

/** Behind `@`: names, or members of what stands before the last dot. */
function sigilEntries(analysis: Analysis, offset: number): CompletionEntry[] | null {
  const { text } = analysis.file;
  const line = text.slice(startOfLine(text, offset), offset);
  const end = wordEnd(text, offset);
  const members = /\.[\w-]*$/.test(line) ? chainEntries(analysis, offset) : null;
  if (members) return members;
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

/** In a template or command body: names only; `braces` where they stand in double braces, without the sigil. */
function inText(analysis: Analysis, offset: number, braces = analysis.file.mode === "mtt"): CompletionEntry[] {
  if (!braces) return sigilEntries(analysis, offset) ?? [];
  const { text } = analysis.file;
  const open = /\{\{[^{}\n]*$/.exec(text.slice(startOfLine(text, offset), offset));
  if (!open) return [];
  const word = /\{\{\s*([\w-]*)$/.exec(open[0]);
  if (!word) return chainEntries(analysis, offset) ?? [];
  const replace = { start: offset - word[1]!.length, end: wordEnd(text, offset) };
  return nameEntries(analysis, offset, replace, { called: true }).map(one => ({
    ...one,
    insert: one.insert.slice(1),
    filter: one.label.slice(1),
  }));
}

/** How many of the most used directives come first. */
const COMMON = 10;
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
    directiveEntry(directive, context.word, i < COMMON && directive.word !== later ? 0 : 1),
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
