import { homedir, userInfo } from "node:os";
import * as vscode from "vscode";
import { withoutSequences } from "../protocol/plain-text";
import type { Documents } from "./documents";
import { callProgram, type Program } from "./program";
import { redacted } from "./redaction";
import { mayRun } from "./trust";

/**
 * What a report may say of this machine: versions, and what the doctor finds, without names of folders, people and hosts. In an untrusted
 * workspace nothing is run for it.
 */
export async function issueFacts(program: Program, secrets: readonly string[], version: string): Promise<string> {
  const found = vscode.workspace.isTrusted ? await callProgram(program, ["doctor"], homedir()) : undefined;
  const facts = `${versions(version)}\n\n${withoutSequences(found ? found.stdout + found.stderr : "")}`;
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  return redacted(facts.trim(), { home: homedir(), user: userInfo().username, folders, secrets });
}

/** Opens the editor's issue reporter with the facts; where there is none, a document to copy them from. */
export async function reportIssue(facts: string, extensionId: string): Promise<void> {
  const issueBody = `\n\n---\n\n\`\`\`\n${facts}\n\`\`\`\n`;
  const commands = await vscode.commands.getCommands(true);
  if (commands.includes("workbench.action.openIssueReporter")) {
    await vscode.commands.executeCommand("workbench.action.openIssueReporter", { extensionId, issueBody });
    return;
  }
  const document = await vscode.workspace.openTextDocument({ language: "markdown", content: issueBody });
  await vscode.window.showTextDocument(document);
}

/** Shows what `mlld-env doctor` finds, with the versions of the editor, as a read-only document. */
export async function showDoctor(program: Program, documents: Documents, version: string): Promise<void> {
  if (!(await mayRun())) return;
  const cwd = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri.fsPath ?? process.cwd();
  const { code, stdout, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t("mlld Env: doctor") },
    () => callProgram(program, ["doctor"], cwd),
  );
  const editor = versions(version);
  const found = withoutSequences([stdout, stderr].filter(Boolean).join("\n"));
  const verdict = code === 0 ? vscode.l10n.t("All is well.") : vscode.l10n.t("Something needs mending: see above.");
  await documents.show("doctor", "doctor.txt", `${editor}\n\n${found.trimEnd()}\n\n${verdict}\n`, "plaintext");
}

function versions(version: string): string {
  return `${vscode.env.appName} ${vscode.version}, mlld Environments ${version}, ${vscode.env.remoteName ?? vscode.l10n.t("not remote")}`;
}
