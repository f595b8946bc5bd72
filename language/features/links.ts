import type { Analysis } from "../semantics";
import { folderOf, resolvePath } from "../semantics/uri";
import { walk } from "../syntax";
import type { FileReference, Node, Template } from "../syntax/tree";
import type { Span } from "./span";

export interface Link extends Span {
  /** A URI: of a file, or of a page that the editor opens. */
  target: string;
  tooltip: string;
}

/** Paths and addresses that can be followed. Whether a file exists is for the caller to find out. */
export function links(analysis: Analysis, root: string): Link[] {
  const found: Link[] = [];
  const add = (span: Span, target: string, tooltip: string) =>
    found.push({ start: span.start, end: span.end, target, tooltip });
  for (const { statement, kind, uri, specifier } of analysis.imports) {
    const span = insideQuotes(statement.source);
    if (kind === "file" && uri) add(span, uri, "Open the imported file");
    else if (kind === "url" && specifier) add(span, specifier, "Open the address in a browser");
  }
  const folder = folderOf(analysis.uri);
  const file = (span: Span, path: string) => {
    if (/^https?:\/\//.test(path)) return add(span, path, "Open the address in a browser");
    const rooted = /^@(?:base|root)\/(.*)$/.exec(path);
    if (/[*?]/.test(path) || path.startsWith("//") || path.startsWith("\\\\") || (path.startsWith("@") && !rooted))
      return;
    add(span, rooted ? resolvePath(root, rooted[1]!) : resolvePath(folder, path), "Open the file");
  };
  walk(analysis.file, node => {
    if (node.kind === "Property" && node.value && FILE_FIELDS.has(node.key.name ?? "")) {
      for (const value of node.value.kind === "ArrayExpression" ? node.value.elements : [node.value]) {
        const path = constant(value);
        if (path && isFile(path)) file(insideQuotes(value), path);
      }
    } else if (node.kind === "TemplateFile") {
      const path = constant(node.path);
      if (path) file(insideQuotes(node.path), path);
    } else if (node.kind === "FileReference" && !node.placeholder) {
      const path = pathOf(node);
      if (path) file({ start: node.path[0]!.start, end: node.path.at(-1)!.end }, path);
    }
  });
  return found;
}

/** Fields of configs that may name a file of the project. */
const FILE_FIELDS = new Set(["provider", "spec", "build", "mcps", "module"]);

/** A path, and no name of a provider or server. */
function isFile(path: string): boolean {
  return /^(\.{1,2}\/|@(base|root)\/)\S+$/.test(path) || /^[\w./-]+\.(mld|mlld|md|ya?ml|json)$/.test(path);
}

function pathOf(reference: FileReference): string | null {
  const parts = reference.path.map(part => (part.kind === "Text" ? part.value : null));
  const [first] = reference.path;
  // `<@base/x>`: the prefix is a reference, the rest is text.
  if (first?.kind === "Interpolation" && first.expression.kind === "VariableReference")
    parts[0] = `@${first.expression.name}`;
  return parts.length > 0 && parts.every(part => part !== null) ? parts.join("").trim() : null;
}

function constant(node: Node): string | null {
  return node.kind === "Template" && node.parts.every(part => part.kind === "Text")
    ? node.parts.map(part => (part.kind === "Text" ? part.value : "")).join("")
    : null;
}

function insideQuotes(node: Span & { kind: string }): Span {
  return node.kind === "Template" && (node as Template).quote !== "none"
    ? { start: node.start + 1, end: node.end - 1 }
    : { start: node.start, end: node.end };
}
