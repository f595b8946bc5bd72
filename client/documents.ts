import * as vscode from "vscode";

const SCHEME = "mlld-env";
/** Documents kept for editors that show them again; an older one says that it can be asked for anew. */
const KEPT = 50;

/** Read-only documents of ours: explanations, inspections, output of past runs. */
export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.texts.get(uri.path) ??
      vscode.l10n.t("What stood here is no longer kept: call the command that showed it again.")
    );
  }

  /** Shows a text beside the editor, or in place of what was shown under the same name. */
  async show(kind: string, name: string, text: string, language: string): Promise<void> {
    const uri = uriOf(kind, name);
    this.put(uri, text);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.languages.setTextDocumentLanguage(document, language);
    if (language === "markdown" && (await shownAsPreview(uri))) return;
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
      preview: true,
      preserveFocus: false,
    });
  }

  /** Whether a tab shows a document, as text or drawn: a preview is known by its title alone. */
  isIn({ input, label }: vscode.Tab, kind: string, name: string): boolean {
    const uri = uriOf(kind, name);
    return input instanceof vscode.TabInputText
      ? input.uri.toString() === uri.toString()
      : input instanceof vscode.TabInputWebview && label.includes(uri.path.slice(uri.path.lastIndexOf("/") + 1));
  }

  /** Gives a document another text where it is shown. */
  async update(kind: string, name: string, text: string): Promise<void> {
    const uri = uriOf(kind, name);
    // The editor forgets a document that only a preview shows, and tells the preview of changes to documents that it knows.
    await vscode.workspace.openTextDocument(uri);
    this.put(uri, text);
  }

  private put(uri: vscode.Uri, text: string): void {
    this.texts.delete(uri.path);
    this.texts.set(uri.path, text);
    for (const path of this.texts.keys()) {
      if (this.texts.size <= KEPT) break;
      this.texts.delete(path);
    }
    this.changed.fire(uri);
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
    this.texts.clear();
  }
}

function uriOf(kind: string, name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${kind}/${name.replace(/[\\/]/g, "∕")}` });
}

/** Markdown reads better drawn; false where the editor's own Markdown extension is switched off. */
async function shownAsPreview(uri: vscode.Uri): Promise<boolean> {
  if (!vscode.extensions.getExtension("vscode.markdown-language-features")) return false;
  await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  return true;
}
