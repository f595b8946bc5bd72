import * as vscode from "vscode";
import { setting } from "../settings";

/** Asks before files are lost, unless the setting says not to. `always` asks all the same. */
export async function confirmed(question: string, detail: string, answer: string, always = false): Promise<boolean> {
  if (!always && !setting("explorer.confirm")) return true;
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, answer)) === answer;
}
