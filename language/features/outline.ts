import { children } from "../syntax";
import type { EnvExpression, File, Node } from "../syntax/tree";
import type { Span } from "./span";

export type OutlineKind =
  | "variable"
  | "object"
  | "function"
  | "environment"
  | "policy"
  | "credential"
  | "guard"
  | "hook"
  | "heading"
  | "template";

/** A name in the outline of a file, with what it holds. */
export interface OutlineEntry extends Span {
  name: string;
  detail: string;
  kind: OutlineKind;
  /** The name itself. */
  selection: Span;
  children: OutlineEntry[];
}

/** Definitions and env blocks, nested as they are written. */
export function outline(file: File): OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  for (const statement of file.statements) collect(file, statement, entries);
  return file.mode === "markdown" ? underHeadings(file, entries) : entries;
}

function collect(file: File, node: Node, into: OutlineEntry[]): void {
  const entry = entryOf(file, node);
  if (entry) into.push(entry);
  for (const child of children(node)) collect(file, child, entry ? entry.children : into);
}

function entryOf(file: File, node: Node): OutlineEntry | null {
  const named = (name: { name: string } & Span, kind: OutlineKind, detail: string): OutlineEntry => ({
    name: `@${name.name}`,
    detail,
    kind,
    start: node.start,
    end: node.end,
    selection: { start: name.start, end: name.end },
    children: [],
  });
  switch (node.kind) {
    case "VarStatement":
      return named(
        node.name,
        node.value.kind === "ObjectExpression" ? "object" : "variable",
        node.labels.map(label => label.name).join(", "),
      );
    case "ExeStatement":
      return named(
        node.name,
        "function",
        node.parameters ? `(${node.parameters.map(parameter => parameter.name).join(", ")})` : "",
      );
    case "PolicyStatement":
      return named(node.name, "policy", "policy");
    case "AuthStatement":
      return named(node.name, "credential", "auth");
    case "GuardStatement":
      return node.name
        ? named(node.name, "guard", `guard ${node.timing} ${node.filter.name}`)
        : unnamed(node, `guard ${node.timing} ${node.filter.name}`, "guard", node.filter);
    case "HookStatement":
      return node.name
        ? named(node.name, "hook", `hook ${node.timing} ${node.target.name}`)
        : unnamed(node, `hook ${node.timing} ${node.target.name}`, "hook", node.target);
    case "EnvExpression":
      return unnamed(node, envTitle(file, node), "environment", {
        start: node.start,
        end: node.start + node.keyword.length,
      });
    default:
      return null;
  }
}

function unnamed(node: Span, name: string, kind: OutlineKind, selection: Span): OutlineEntry {
  return {
    name,
    detail: "",
    kind,
    start: node.start,
    end: node.end,
    selection: { start: selection.start, end: selection.end },
    children: [],
  };
}

const TITLE_LENGTH = 60;

/** `env @sandbox with { tools: […] }` on one line: everything before the block. */
export function envTitle(file: File, env: EnvExpression, longest = TITLE_LENGTH): string {
  const head = file.text.slice(env.start, env.body.start).replace(/\s+/g, " ").trim();
  return head.length > longest ? `${head.slice(0, longest - 1)}…` : head;
}

/** In a markdown file the headings hold what follows them. */
function underHeadings(file: File, entries: OutlineEntry[]): OutlineEntry[] {
  const headings: (OutlineEntry & { level: number })[] = [];
  for (const prose of file.statements) {
    if (prose.kind !== "Prose") continue;
    for (const match of file.text.slice(prose.start, prose.end).matchAll(/^(#{1,6})[ \t]+(.+?)[ \t#]*$/gm)) {
      const start = prose.start + match.index;
      const end = start + match[0].length;
      headings.push({
        name: match[2]!,
        detail: "",
        kind: "heading",
        start,
        end,
        selection: { start, end },
        children: [],
        level: match[1]!.length,
      });
    }
  }
  const top: OutlineEntry[] = [];
  const open: (OutlineEntry & { level: number })[] = [];
  const all = [...headings, ...entries].sort((a, b) => a.start - b.start);
  for (const entry of all) {
    if ("level" in entry) while (open.length > 0 && open.at(-1)!.level >= (entry.level as number)) open.pop();
    (open.at(-1)?.children ?? top).push(entry);
    for (const heading of open) heading.end = Math.max(heading.end, entry.end);
    if ("level" in entry) open.push(entry as OutlineEntry & { level: number });
  }
  return top.map(plain);
}

function plain(entry: OutlineEntry): OutlineEntry {
  const { name, detail, kind, start, end, selection, children: inner } = entry;
  return { name, detail, kind, start, end, selection, children: inner.map(plain) };
}
