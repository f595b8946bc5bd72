import * as vscode from "vscode";

/**
 * Whether something may run. The manifest hides what runs in an untrusted workspace; this holds for every other way to reach it (lens,
 * key binding, task, another extension). Says why not, and offers the way out.
 */
export async function mayRun(): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t("Manage Workspace Trust");
  const answer = vscode.window.showWarningMessage(
    vscode.l10n.t("This workspace is not trusted: nothing runs in it."),
    manage,
  );
  void answer.then(choice =>
    choice === manage ? vscode.commands.executeCommand("workbench.trust.manage") : undefined,
  );
  return false;
}
