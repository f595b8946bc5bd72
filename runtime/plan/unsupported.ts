/** What this runner does not do: refused by name and place before anything runs, never half run. */
import type { Finding } from "../../language/diagnostics/finding";
import type { ImportFact } from "../../language/semantics";
import { children } from "../../language/syntax";
import type { EnvExpression, ImportStatement, Node } from "../../language/syntax/tree";

/** What the plan knows about nodes. */
interface Known {
  /** Whether an env block has a provider. */
  sandboxed(node: EnvExpression): boolean;
  /** Where an import leads. */
  importKind(node: ImportStatement): ImportFact["kind"] | undefined;
}

/** Why a node cannot be run; null when it can. */
function reason(node: Node, { sandboxed, importKind }: Known): string | null {
  switch (node.kind) {
    case "ImportStatement":
      if (node.sourceType === "mcp" || node.importType === "tools")
        return "tools of an MCP server cannot be called yet";
      return IMPORTS[importKind(node) ?? ""] ?? null;
    case "FileReference": {
      const [first] = node.path;
      return first?.kind === "Text" && /^\s*https?:/i.test(first.value)
        ? "nothing is fetched from a URL by this runner"
        : null;
    }
    case "ToolsFromMcp":
      return "tools of an MCP server cannot be called yet";
    case "FileStatement":
      return "file writes into a workspace in memory, which this runner has not; use output";
    case "FilesStatement":
      return "files writes into a workspace in memory, which this runner has not; use output";
    case "SignStatement":
    case "VerifyStatement":
      return "signatures are not made or checked by this runner";
    case "ProseExpression":
      return "prose blocks need mlld's own interpreter for them";
    case "WhileExpression":
      return "while runs only as a stage of a pipeline: @value | while(5) @step";
    case "EnvExpression":
      return node.keyword === "box" && !sandboxed(node)
        ? "box without a sandbox provider means a shell in memory, which this runner has not; give its config a provider"
        : null;
    default:
      return null;
  }
}

const IMPORTS: Partial<Record<string, string>> = {
  registry: "modules of the registry are not loaded by this runner; import the file by its path",
  url: "nothing is fetched from a URL by this runner; import a file",
};

/** A finding for each node that cannot be run. */
export function unsupported(roots: readonly Node[], uri: string, known: Known): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: Node) => {
    const why = reason(node, known);
    if (why !== null) {
      findings.push({
        code: "run/unsupported",
        severity: "error",
        message: `${NAMES[node.kind] ?? "This"} is not run: ${why}.`,
        place: { uri, start: node.start, end: node.end },
        related: [],
        fixes: [],
      });
      return;
    }
    for (const child of children(node)) visit(child);
  };
  for (const root of roots) visit(root);
  return findings;
}

const NAMES: Partial<Record<Node["kind"], string>> = {
  ImportStatement: "This import",
  FileReference: "Loading <https://…>",
  ToolsFromMcp: "var tools … = mcp",
  FileStatement: "file",
  FilesStatement: "files",
  SignStatement: "sign",
  VerifyStatement: "verify",
  ProseExpression: "prose",
  WhileExpression: "while",
  EnvExpression: "box",
};
