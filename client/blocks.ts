import * as vscode from "vscode";
import { type CommandId, LANGUAGE_ID } from "../protocol/commands";
import type { EnvBlock } from "../protocol/requests";
import type { Language } from "./language";

/** A document and the zero-based line on which one of its env blocks starts. */
export interface BlockPlace {
  uri: vscode.Uri;
  line: number;
}

/**
 * The arguments of a lens (`uri` as text, zero-based line) as a place; undefined when a command came without them. Throws for anything
 * else: other extensions and key bindings can call commands too.
 */
export function placeOf(uri: unknown, line: unknown): BlockPlace | undefined {
  if (uri === undefined && line === undefined) return undefined;
  const parsed = typeof uri === "string" ? vscode.Uri.parse(uri, true) : uri;
  if (!(parsed instanceof vscode.Uri) || !Number.isInteger(line) || (line as number) < 0)
    throw new Error(vscode.l10n.t("The command takes the URI of a document and the zero-based line of an env block."));
  return { uri: parsed, line: line as number };
}

/** The innermost env block at a line, else the one that starts next after it, else the last one. */
export function blockAt(blocks: readonly EnvBlock[], line: number): EnvBlock | undefined {
  const around = blocks.filter(({ range }) => range.start.line <= line && line <= range.end.line);
  return around.at(-1) ?? blocks.find(({ range }) => range.start.line > line) ?? blocks.at(-1);
}

/** The editor with an mlld document, or undefined with a word to the person. */
export function mlldEditor(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId === LANGUAGE_ID) return editor;
  const example = vscode.l10n.t("Open an Example");
  void vscode.window.showInformationMessage(vscode.l10n.t("Open an mlld file first."), example).then(choice => {
    if (choice === example) return vscode.commands.executeCommand("mlldEnv.openExample" satisfies CommandId);
  });
  return undefined;
}

/** Lets the person choose a block of the document in the editor; the one at the cursor comes first. */
export async function pickBlock(language: Language, title: string): Promise<BlockPlace | undefined> {
  const editor = mlldEditor();
  if (!editor) return undefined;
  const { uri } = editor.document;
  const blocks = await language.blocks(uri);
  const current = blockAt(blocks, editor.selection.active.line);
  const items = blocks.map(block => ({
    label: "\u2003".repeat(block.depth) + block.title,
    description: `${block.target} · ${vscode.l10n.t("line {0}", block.range.start.line + 1)}`,
    block,
  }));
  if (!current) {
    void vscode.window.showInformationMessage(vscode.l10n.t("This file has no env block."));
    return undefined;
  }
  const pick = vscode.window.createQuickPick<(typeof items)[number]>();
  pick.title = title;
  pick.placeholder = vscode.l10n.t("Choose an env block");
  pick.matchOnDescription = true;
  pick.items = items;
  pick.activeItems = items.filter(item => item.block === current);
  return new Promise(resolve => {
    pick.onDidChangeActive(([item]) => {
      if (item) editor.revealRange(toRange(item.block), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    });
    pick.onDidAccept(() => {
      const chosen = pick.activeItems[0];
      resolve(chosen && { uri, line: chosen.block.range.start.line });
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

export function toRange({ range }: Pick<EnvBlock, "range">): vscode.Range {
  return new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
}
