import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Inside } from "../../../client/extension";

/** The extension under test, activated. */
export async function extension(): Promise<{ inside: Inside; extension: vscode.Extension<Inside> }> {
  const found = vscode.extensions.getExtension<Inside>("mlld-environments.mlld-environments");
  assert.ok(found, "the extension is there");
  return { inside: await found.activate(), extension: found };
}

/** Waits until `look` finds something; fails with what was last seen. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  ms = 30_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) assert.fail(`waited ${ms} ms for ${what}`);
    await pause(25);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

export function fileUri(name: string): vscode.Uri {
  return vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0]!.uri, name);
}

export async function open(name: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(fileUri(name)));
}

/** Zero-based line of the first line that contains a text. */
export function lineOf(document: vscode.TextDocument, text: string): number {
  const line = document
    .getText()
    .split("\n")
    .findIndex(candidate => candidate.includes(text));
  assert.notEqual(line, -1, `${document.fileName} has a line with ${text}`);
  return line;
}

/** Terminal text without what only draws. */
export function plain(text: string): string {
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\(B/g, "");
}
