import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import type { Runs } from "./runs";

/** One item in the status bar while something runs; choosing it stops the run. */
export function showRunning(runs: Runs): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("mlldEnv.running", vscode.StatusBarAlignment.Left);
  item.name = vscode.l10n.t("mlld Env: running blocks");
  item.command = "mlldEnv.stop" satisfies CommandId;
  const update = () => {
    const running = runs.running;
    void vscode.commands.executeCommand("setContext", "mlldEnv.running", running.length > 0);
    void vscode.commands.executeCommand("setContext", "mlldEnv.hasRun", runs.last !== undefined);
    if (running.length === 0) return item.hide();
    const what = running.length === 1 ? running[0]!.title : vscode.l10n.t("{0} runs", running.length);
    item.text = `$(sync~spin) ${what}`;
    item.tooltip = vscode.l10n.t("Running {0}. Choose to stop.", running.map(run => run.title).join(", "));
    item.accessibilityInformation = { label: item.tooltip, role: "button" };
    item.show();
  };
  return vscode.Disposable.from(item, runs.onDidChange(update));
}
