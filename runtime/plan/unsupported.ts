/** What this runner does not do: refused by name and place before anything runs, never half run. */
import type { Finding } from "../../language/diagnostics/finding";
import { children } from "../../language/syntax";
import type { EnvExpression, Node } from "../../language/syntax/tree";

/** Why a node cannot be run; null when it can. `sandboxed` tells whether an env block has a provider. */
function reason(node: Node, sandboxed: (node: EnvExpression) => boolean): string | null {
  switch (node.kind) {
    case "ImportStatement":
      return node.sourceType === "mcp" || node.importType === "tools"
        ? "tools of an MCP server cannot be called yet"
        : null;
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

/** A finding for each node that cannot be run. */
export function unsupported(
  roots: readonly Node[],
  uri: string,
  sandboxed: (node: EnvExpression) => boolean,
): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: Node) => {
    const why = reason(node, sandboxed);
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
  ImportStatement: "import tools from mcp",
  ToolsFromMcp: "var tools … = mcp",
  FileStatement: "file",
  FilesStatement: "files",
  SignStatement: "sign",
  VerifyStatement: "verify",
  ProseExpression: "prose",
  WhileExpression: "while",
  EnvExpression: "box",
};
