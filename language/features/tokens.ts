import { fieldNamed } from "../environment";
import type { Analysis, SymbolKind } from "../semantics";
import { children } from "../syntax";
import type { Node } from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import type { Span } from "./span";

export const TOKEN_TYPES = [
  "keyword",
  "variable",
  "parameter",
  "function",
  "method",
  "property",
  "namespace",
  "type",
  "decorator",
  "number",
  "event",
] as const;
export const TOKEN_MODIFIERS = ["declaration", "readonly", "defaultLibrary", "modification"] as const;

export type TokenType = (typeof TOKEN_TYPES)[number];
export type TokenModifier = (typeof TOKEN_MODIFIERS)[number];

export interface Token extends Span {
  type: TokenType;
  modifiers: TokenModifier[];
}

const TYPE_OF: Record<SymbolKind, TokenType> = {
  var: "variable",
  let: "variable",
  exe: "function",
  parameter: "parameter",
  loop: "variable",
  import: "variable",
  namespace: "namespace",
  policy: "type",
  auth: "type",
  guard: "event",
  hook: "event",
  reserved: "variable",
  transformer: "function",
};

/** Words that are keywords where no child of a node covers them. */
const KEYWORDS = new Set(
  (
    "var let exe show output to as under append log stream if else when for in parallel foreach loop until while env box with new import from export " +
    "needs profiles policy auth guard before after always hook run cmd sh bash js javascript node nodejs py python bail checkpoint sign by verify " +
    "file files git skip done continue retry allow deny privileged using template prose tools first endless mcp module static live local cached " +
    "templates pipeline stdout stderr"
  ).split(" "),
);

/** Kinds whose text is their own: no keyword is looked for inside. */
const LEAVES = new Set<Node["kind"]>([
  "Text",
  "CodeBody",
  "Prose",
  "Frontmatter",
  "Comment",
  "Label",
  "Binding",
  "PropertyKey",
  "PropertyName",
  "Missing",
  "ErrorStatement",
  "ModuleReference",
]);

/**
 * Tokens of a range, in order, none overlapping. Strings, comments and embedded code are left to the grammar.
 * @param environmentsOnly only what concerns environments, where another extension colours the rest
 */
export function tokens(analysis: Analysis, range: Span = analysis.file, environmentsOnly = false): Token[] {
  const found: Token[] = [];
  const add = (span: Span, type: TokenType, ...modifiers: TokenModifier[]) => {
    if (span.end > span.start) found.push({ start: span.start, end: span.end, type, modifiers });
  };
  const fields = configKeys(analysis);
  if (!environmentsOnly) names(analysis, range, add);
  const visit = (node: Node) => {
    if (node.end < range.start || node.start > range.end) return;
    own(node, fields, environmentsOnly, add);
    const inner = children(node);
    if (!LEAVES.has(node.kind) && (!environmentsOnly || node.kind === "EnvExpression"))
      words(analysis, node, inner, add);
    inner.forEach(visit);
  };
  visit(analysis.file);
  return withoutOverlaps(found.filter(token => token.end > range.start && token.start < range.end));
}

type Add = (span: Span, type: TokenType, ...modifiers: TokenModifier[]) => void;

function names(analysis: Analysis, range: Span, add: Add): void {
  for (const symbol of analysis.symbols) {
    if (symbol.range && symbol.range.end > range.start && symbol.range.start < range.end)
      add(symbol.range, kindOf(analysis, symbol), "declaration");
  }
  for (const reference of analysis.references) {
    if (reference.end <= range.start || reference.start >= range.end || !reference.symbol) continue;
    const { symbol } = reference;
    const modifiers: TokenModifier[] = [];
    if (symbol.kind === "reserved" || symbol.kind === "transformer") modifiers.push("defaultLibrary");
    if (symbol.kind === "reserved") modifiers.push("readonly");
    if (reference.use === "write") modifiers.push("modification");
    add(reference, kindOf(analysis, symbol), ...modifiers);
  }
}

/** An imported name looks like what it stands for. */
function kindOf(analysis: Analysis, symbol: Analysis["symbols"][number]): TokenType {
  if (symbol.kind === "import") {
    const exported = analysis.exportedName(symbol);
    if (exported && exported.kind !== "import") return TYPE_OF[exported.kind];
  }
  return TYPE_OF[symbol.kind];
}

function own(node: Node, fields: Set<number>, environmentsOnly: boolean, add: Add): void {
  if (node.kind === "PropertyKey") {
    if (fields.has(node.start)) add(node, "property", "defaultLibrary");
    else if (!environmentsOnly && node.template === null) add(node, "property");
    return;
  }
  if (environmentsOnly) return;
  switch (node.kind) {
    case "CallExpression":
      if (node.callee.kind === "MemberExpression") add(node.callee.property, "method");
      break;
    case "PropertyName":
      add(node, "property");
      break;
    case "Label":
      add(node, "decorator");
      break;
    case "GuardFilter":
    case "HookTarget":
      add(node, "event");
      break;
    case "NumberLiteral":
    case "Duration":
      add(node, "number");
      break;
    case "BooleanLiteral":
    case "NullLiteral":
    case "BareWord":
      add(node, "keyword");
      break;
  }
}

/** Keywords in the text that no child and no comment covers; a name that nothing defines may be spelled like one. */
function words(analysis: Analysis, node: Node, inner: Node[], add: Add): void {
  const { text, comments } = analysis.file;
  let at = node.start;
  const gap = (end: number) => {
    if (end <= at) return;
    for (const match of text.slice(at, end).matchAll(/(?<![@\w-])[A-Za-z]+(?![\w-])/g)) {
      const start = at + match.index;
      if (KEYWORDS.has(match[0]) && !covered(comments, start)) add({ start, end: start + match[0].length }, "keyword");
    }
  };
  for (const child of inner) {
    gap(child.start);
    at = Math.max(at, child.end);
  }
  gap(node.end);
}

/** Whether one of these spans, which are in order, holds an offset. */
function covered(spans: Span[], offset: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.end <= offset) low = middle + 1;
    else high = middle;
  }
  return low < spans.length && spans[low]!.start <= offset;
}

/** Offsets of the keys of this file that some env block reads as a config field. */
function configKeys(analysis: Analysis): Set<number> {
  const starts = new Set<number>();
  const seen = new Set<AbstractValue>();
  const read = (value: AbstractValue | null) => {
    if (!value || seen.has(value)) return;
    seen.add(value);
    if (value.kind === "oneOf") value.options.forEach(read);
    if (value.kind !== "object") return;
    for (const { key, keyPlace } of value.entries)
      if (keyPlace?.uri === analysis.uri && fieldNamed(key)) starts.add(keyPlace.start);
  };
  for (const site of analysis.sites) {
    read(site.config);
    read(site.with);
  }
  return starts;
}

/** The first token of a place wins; names are found before the words of the tree, so they come first in a stable sort. */
function withoutOverlaps(found: Token[]): Token[] {
  const kept: Token[] = [];
  for (const token of found.sort((a, b) => a.start - b.start))
    if (token.start >= (kept.at(-1)?.end ?? 0)) kept.push(token);
  return kept;
}
