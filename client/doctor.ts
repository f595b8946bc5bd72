import { homedir, userInfo } from "node:os";
import * as vscode from "vscode";
import { withoutSequences } from "../protocol/plain-text";
import type { Documents } from "./documents";
import { callProgram, type Program } from "./program";
import { mayRun } from "./trust";

/**
 * Opens the editor's issue reporter with what the doctor finds. Names of folders and of the person are left out; in an untrusted workspace
 * nothing is run for it.
 */
export async function reportIssue(program: Program, extensionId: string): Promise<void> {
  const found = vscode.workspace.isTrusted ? await callProgram(program, ["doctor"], homedir()) : undefined;
  const facts = withoutSequences(found ? found.stdout + found.stderr : "")
    .replaceAll(homedir(), "~")
    .replaceAll(userInfo().username, "user");
  const body = `\n\n---\n\n\`\`\`\n${facts.trim()}\n\`\`\`\n`;
  await vscode.commands.executeCommand("workbench.action.openIssueReporter", { extensionId, issueBody: body });
}

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
