import * as vscode from "vscode";
import type { Documents } from "./documents";
import { callProgram, type Program } from "./program";
import { withoutSequences } from "./run/plain-text";
import { mayRun } from "./trust";

/** Shows what `mlld-env doctor` finds, with the versions of the editor, as a read-only document. */
export async function showDoctor(program: Program, documents: Documents, version: string): Promise<void> {
  if (!(await mayRun())) return;
  const cwd = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri.fsPath ?? process.cwd();
  const { code, stdout, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t("mlld Env: doctor") },
    () => callProgram(program, ["doctor"], cwd),
  );
  const editor = `${vscode.env.appName} ${vscode.version}, mlld Environments ${version}, ${vscode.env.remoteName ?? vscode.l10n.t("not remote")}`;
  const found = withoutSequences([stdout, stderr].filter(Boolean).join("\n"));
  const verdict = code === 0 ? vscode.l10n.t("All is well.") : vscode.l10n.t("Something needs mending: see above.");
  await documents.show("doctor", "doctor.txt", `${editor}\n\n${found.trimEnd()}\n\n${verdict}\n`, "plaintext");
}
