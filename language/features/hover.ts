import {
  type BlockFacts,
  type CapabilityName,
  describeField,
  describeMarkdown,
  enterBlock,
  escaped,
  fieldNamed,
  sourceOfField,
  TOP_LEVEL,
} from "../environment";
import type { Analysis, MlldSymbol, Site } from "../semantics";
import { pathAt } from "../syntax";
import type { Node, Property } from "../syntax/tree";
import type { AbstractValue } from "../values/abstract";
import { contextIn } from "./completion/context";
import { DIRECTIVES, RUNNERS } from "./completion/directives";
import { shapeOf } from "./completion/keys";
import { documentationOf } from "./documentation";
import { parametersOf } from "./executables";
import { envTitle } from "./outline";
import type { Span } from "./span";
import { labelledKind } from "./symbol-texts";
import { keysOf, symbolValue } from "./symbol-values";
import { summaryOf } from "./value-texts";

export interface HoverText extends Span {
  markdown: string;
}

/** What is to be said about the place at an offset: a config field, a name, or the environment that holds there. */
export function hoverAt(analysis: Analysis, offset: number): HoverText | null {
  const path = pathAt(analysis.file, offset);
  return (
    fieldHover(analysis, path, offset) ??
    keyHover(analysis, path, offset) ??
    symbolHover(analysis, offset) ??
    methodHover(path) ??
    memberHover(analysis, path) ??
    environmentHover(analysis, path, offset) ??
    keywordHover(analysis, path, offset)
  );
}

/** At the head of an env block, a guard's choice or a derived config: the effective environment, and what narrowed it. */
function environmentHover(analysis: Analysis, path: Node[], offset: number): HoverText | null {
  const node = path.findLast(
    one => one.kind === "EnvExpression" || one.kind === "GuardAction" || one.kind === "NewExpression",
  );
  const site = analysis.sites.find(one => one.node === node);
  if (!site) return null;
  const head = headOf(site);
  if (offset < head.start || offset > head.end) return null;
  const keyword = keywordSpan(analysis, head);
  const innermost = path.at(-1)!;
  // The config and the `with` clause answer for themselves where they have something to say.
  const span =
    offset <= keyword.end ? keyword : innermost === node ? head : { start: innermost.start, end: innermost.end };
  return { ...span, markdown: environmentMarkdown(analysis, site) };
}

/** Of a config that is written into the head more is no help. */
const HEAD_LENGTH = 240;

/** Head and effective environment of a site, as Markdown. */
export function environmentMarkdown(analysis: Analysis, site: Site): string {
  const { node } = site;
  const title =
    node.kind === "EnvExpression"
      ? envTitle(analysis.file, node, HEAD_LENGTH)
      : analysis.file.text.slice(node.start, node.end).split("\n")[0]!;
  const { environment, comparisons } = enteredAt(analysis, site);
  const unsure = comparisons.filter(({ answer }) => answer === "unknown").map(({ field }) => field);
  return `\`\`\`mlld\n${title}\n\`\`\`\n\n${describeMarkdown(environment, unsure)}`;
}

/** What a site gives; a derived config as if a block were entered with it. */
function enteredAt(analysis: Analysis, site: Site): BlockFacts {
  if (site.kind !== "new" && site.kind !== "with") return analysis.factsOf(site);
  const { config, with: clause, label } = site;
  return enterBlock({ parent: TOP_LEVEL, config, with: clause, label, paths: analysis.paths });
}

export function headOf(site: Site): Span {
  return { start: site.head.start, end: site.head.end };
}

function keywordSpan(analysis: Analysis, head: Span): Span {
  const length = /^\/?[a-z]+/.exec(analysis.file.text.slice(head.start, head.end))?.[0].length ?? 0;
  return { start: head.start, end: head.start + Math.max(length, 1) };
}

/** On the key of a config: what the field means, who enforces it and how a child narrows it. */
function fieldHover(analysis: Analysis, path: Node[], offset: number): HoverText | null {
  const key = path.findLast(node => node.kind === "PropertyKey");
  const property = path.findLast((node): node is Property => node.kind === "Property");
  if (key?.kind !== "PropertyKey" || !property || key.name === null || offset > key.end) return null;
  const outer = path.slice(0, path.indexOf(property)).findLast((node): node is Property => node.kind === "Property");
  const parent = outer?.key.name ? fieldNamed(outer.key.name) : undefined;
  const spec = parent
    ? parent.fields.find(field => field.name === key.name || field.aliases.includes(key.name!))
    : fieldNamed(key.name);
  if (!spec || !isConfig(analysis, path)) return null;
  const lines = [`**${spec.name}**: \`${spec.type}\``, "", spec.doc];
  if (spec.enforcedBy) lines.push("", `*Enforced by:* ${spec.enforcedBy}`);
  if (spec.narrows) lines.push("", `*Narrows:* ${spec.narrows}`);
  const here = fieldHere(analysis, spec.name, offset);
  if (here) lines.push("", `*In this environment:* ${here}`);
  return { start: key.start, end: key.end, markdown: lines.join("\n") };
}

/** On a key of a policy, credential, `needs`, profile, tool, or of a `with` behind a command. */
function keyHover({ file }: Analysis, path: Node[], offset: number): HoverText | null {
  const key = path.findLast(node => node.kind === "PropertyKey");
  if (key?.kind !== "PropertyKey" || key.name === null || offset > key.end) return null;
  const shape = shapeOf(contextIn(file, key.start, file.mode === "markdown"), file.text);
  const spec = shape?.kind === "other" ? shape.keys.find(({ name }) => name === key.name) : undefined;
  return spec
    ? { start: key.start, end: key.end, markdown: `**${spec.name}**: \`${spec.type}\`\n\n${spec.doc}` }
    : null;
}

/** What a capability is in the environment whose head the key stands in. */
function fieldHere(analysis: Analysis, name: string, offset: number): string | null {
  const site = analysis.sites.findLast(({ head }) => head.start <= offset && offset <= head.end);
  if (!site || site.kind === "command") return null;
  const { environment } = enteredAt(analysis, site);
  if (!Object.hasOwn(environment.capabilities, name)) return null;
  const field = name as CapabilityName;
  return escaped(`${describeField(environment, field)} — ${sourceOfField(environment, field)}`);
}

/** Whether an object is, or is likely to be, the config of an environment. */
function isConfig(analysis: Analysis, path: Node[]): boolean {
  const outermost = path.find(node => node.kind === "ObjectExpression" || node.kind === "WithClause");
  if (!outermost) return false;
  if (
    path.some(
      node => node.kind === "PolicyStatement" || node.kind === "NeedsStatement" || node.kind === "AuthStatement",
    )
  )
    return false;
  const used = (value: AbstractValue | null): boolean =>
    value !== null &&
    ((value.kind === "object" &&
      value.entries.some(
        ({ keyPlace }) =>
          keyPlace?.uri === analysis.uri && keyPlace.start >= outermost.start && keyPlace.end <= outermost.end,
      )) ||
      (value.kind === "oneOf" && value.options.some(used)));
  if (analysis.sites.some(site => used(site.config) || used(site.with))) return true;
  // Not used in this file: an importer may use it, and its other keys tell.
  const keys =
    outermost.kind === "ObjectExpression"
      ? outermost.properties.flatMap(one => (one.kind === "Property" && one.key.name ? [one.key.name] : []))
      : [];
  return keys.some(isTelling);
}

/** Whether a key makes an object likely to be a config. */
function isTelling(key: string): boolean {
  return ["provider", "tools", "mcps", "fs", "net", "limits", "profiles"].includes(key);
}

function symbolHover(analysis: Analysis, offset: number): HoverText | null {
  const found = analysis.symbolAt(offset);
  return found && { start: found.start, end: found.end, markdown: symbolMarkdown(analysis, found.symbol) };
}

function symbolMarkdown(analysis: Analysis, symbol: MlldSymbol): string {
  const parameters = parametersOf(analysis, symbol);
  const lines = [
    "```mlld",
    `@${symbol.name}${parameters ? `(${parameters.join(", ")})` : ""}`,
    "```",
    "",
    `*${labelledKind(symbol)}*${originOf(analysis, symbol)}`,
  ];
  const doc = documentationOf(analysis, symbol);
  if (doc) lines.push("", doc);
  const value = parameters === null ? symbolValue(analysis, symbol) : null;
  if (value) lines.push("", summaryOf(value));
  if (keysOf(value).some(isTelling)) {
    const entered = { parent: TOP_LEVEL, config: value, with: null, label: `@${symbol.name}`, paths: analysis.paths };
    lines.push("", describeMarkdown(enterBlock({ ...entered, policy: analysis.policy }).environment));
  }
  return lines.join("\n");
}

function originOf(analysis: Analysis, symbol: MlldSymbol): string {
  if (!symbol.import) return "";
  const fact = analysis.imports[symbol.import.index];
  if (!fact?.specifier) return "";
  const state =
    fact.state === "missing" ? ", which does not exist" : fact.state === "cycle" ? ", which imports this file" : "";
  return ` from \`${fact.specifier}\`${state}`;
}

const METHOD_DOCS: Record<string, string> = {
  length: "The number of characters or elements.",
  includes: "Whether it holds a part or element.",
  indexOf: "The place of a part or element, -1 without one.",
  startsWith: "Whether it starts with a text.",
  endsWith: "Whether it ends with a text.",
  toLowerCase: "The text in lower case.",
  toUpperCase: "The text in upper case.",
  trim: "The text without whitespace at its ends.",
  split: "The parts between separators.",
  slice: "A part, from one index up to before another.",
  substring: "A part, from one index up to before another.",
  replace: "The text with the first match replaced.",
  replaceAll: "The text with all matches replaced.",
  match: "The first match and its groups, or null.",
  padStart: "The text filled up at the front.",
  padEnd: "The text filled up at the end.",
  repeat: "The text several times.",
  join: "The elements as one text.",
  concat: "The list with others behind it.",
  reverse: "The list in reverse order.",
  sort: "The list, sorted.",
  flat: "The list with inner lists unpacked.",
  at: "The element at an index; negative ones count from the end.",
  isArray: "Whether it is an array.",
  isObject: "Whether it is an object.",
  isString: "Whether it is a text.",
  isNumber: "Whether it is a number.",
  isBoolean: "Whether it is true or false.",
  isNull: "Whether it is null.",
  isDefined: "Whether it is something else than null.",
};

function methodHover(path: Node[]): HoverText | null {
  const property = path.at(-1);
  if (
    property?.kind !== "PropertyName" ||
    path.at(-3)?.kind !== "CallExpression" ||
    !Object.hasOwn(METHOD_DOCS, property.name)
  )
    return null;
  return {
    start: property.start,
    end: property.end,
    markdown: `**.${property.name}()**\n\n${METHOD_DOCS[property.name]}`,
  };
}

/** On a member of something known: its value. */
function memberHover(analysis: Analysis, path: Node[]): HoverText | null {
  const [member, property] = path.slice(-2);
  if (member?.kind !== "MemberExpression" || property?.kind !== "PropertyName") return null;
  const value = analysis.evaluate(member);
  if (value.kind === "unknown") return null;
  const { start, end, name } = property;
  return { start, end, markdown: `\`\`\`mlld\n.${name}\n\`\`\`\n\n${summaryOf(value)}` };
}

/** On the first word of a directive. */
function keywordHover(analysis: Analysis, path: Node[], offset: number): HoverText | null {
  const innermost = path.at(-1)!;
  const { text } = analysis.file;
  const match = /^\/?([a-z]+)/.exec(text.slice(innermost.start, innermost.start + 20));
  const directive = match && [...DIRECTIVES, ...RUNNERS].find(({ word }) => word === match[1]);
  if (
    !directive ||
    offset > innermost.start + match[0].length ||
    innermost.kind === "Prose" ||
    innermost.kind === "File"
  )
    return null;
  return {
    start: innermost.start,
    end: innermost.start + match[0].length,
    markdown: `**${directive.word}**\n\n${directive.doc}`,
  };
}
