import * as vscode from "vscode";
import { mlldEditor, placeOf } from "./blocks";
import type { Documents } from "./documents";
import type { Language } from "./language";

/** The command that explains the environment of the block of a lens, or of the one at the cursor. */
export function explain(
  language: () => Promise<Language>,
  documents: Documents,
): (...args: unknown[]) => Promise<void> {
  return async (uri, line) => {
    const place = placeOf(uri, line) ?? cursor();
    if (!place) return;
    const found = await (await language()).explain(place.uri, new vscode.Position(place.line, 0));
    if (found) await documents.show("explain", `${found.title}.md`, found.markdown, "markdown");
    else void vscode.window.showInformationMessage(vscode.l10n.t("There is no env block at this line."));
  };
}

function cursor() {
  const editor = mlldEditor();
  return editor && { uri: editor.document.uri, line: editor.selection.active.line };
}
