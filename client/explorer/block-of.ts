import * as vscode from "vscode";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import type { Language } from "../language";

/** Shows the block that made an environment. */
export async function revealBlock(environment: ExplorerEnvironment): Promise<void> {
  const document = await vscode.workspace.openTextDocument(environment.file);
  const at = placeOfBlock(environment, document);
  await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
}

/** Runs the block that made an environment: a named one is used again. Where edits have moved it, the person chooses. */
export async function runBlockHere(environment: ExplorerEnvironment, language: Language): Promise<void> {
  const document = await vscode.workspace.openTextDocument(environment.file);
  const { line } = placeOfBlock(environment, document);
  const blocks = await language.blocks(document.uri);
  const block = blocks.find(({ range }) => range.start.line === line) ?? (blocks.length === 1 ? blocks[0] : undefined);
  if (block) return vscode.commands.executeCommand("mlldEnv.runBlock", document.uri.toString(), block.range.start.line);
  await revealBlock(environment);
  return vscode.commands.executeCommand("mlldEnv.runBlock");
}

/** The line that the backend remembers, as long as a block stands there; else where the file says the environment's name. */
function placeOfBlock({ name, line }: ExplorerEnvironment, document: vscode.TextDocument): vscode.Position {
  if (line !== undefined && line <= document.lineCount && /\b(env|box)\b/.test(document.lineAt(line - 1).text))
    return new vscode.Position(line - 1, 0);
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = new RegExp(`\\bname["']?\\s*:\\s*["'\`]${quoted}["'\`]`).exec(document.getText());
  return document.positionAt(found?.index ?? 0);
}
