import * as vscode from "vscode";
import { TASK_TYPE } from "../protocol/commands";

/**
 * Sets the context `mlldEnv.mended`, for the walkthrough, once something wider than its parent has been taken away: the editor tells nobody
 * of a quick fix that is taken with the mouse.
 */
export function noticeMended(): vscode.Disposable {
  const widened = new Map<string, number>();
  const listening = vscode.languages.onDidChangeDiagnostics(({ uris }) => {
    for (const uri of uris) {
      const key = uri.toString();
      const count = vscode.languages.getDiagnostics(uri).filter(isWidened).length;
      const before = widened.get(key) ?? 0;
      widened.set(key, count);
      // The problems of a file that is closed may go too.
      if (count >= before || !vscode.workspace.textDocuments.some(open => open.uri.toString() === key)) continue;
      void vscode.commands.executeCommand("setContext", "mlldEnv.mended", true);
      listening.dispose();
      return;
    }
  });
  return listening;
}

function isWidened({ source, code }: vscode.Diagnostic): boolean {
  const name = String(typeof code === "object" ? code.value : code);
  return source === TASK_TYPE && /^env\/.*-(widened|weakened)$/.test(name);
}
