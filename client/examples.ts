import * as vscode from "vscode";

/**
 * Opens one of the examples that come with the extension, the given one or one that the person chooses, as a copy in the extension's own
 * storage that can be edited and run. A copy that was edited is kept.
 */
export async function openExample(context: vscode.ExtensionContext, name?: unknown): Promise<void> {
  const from = vscode.Uri.joinPath(context.extensionUri, "examples");
  const to = vscode.Uri.joinPath(context.globalStorageUri, "examples");
  const files = (await vscode.workspace.fs.readDirectory(from))
    .map(([name]) => name)
    .filter(name => name.endsWith(".mld"));
  const chosen = files.find(file => file === name) ?? (await chooseExample(from, files));
  if (!chosen) return;
  await copyMissing(from, to);
  await vscode.window.showTextDocument(vscode.Uri.joinPath(to, chosen), { preview: false });
}

async function chooseExample(from: vscode.Uri, files: string[]): Promise<string | undefined> {
  const items = await Promise.all(
    files.sort().map(async label => {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(from, label)));
      return { label, description: /^>>\s*(.*)/m.exec(text)?.[1] ?? "" };
    }),
  );
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Open an Example"),
    matchOnDescription: true,
  });
  return chosen?.label;
}

async function copyMissing(from: vscode.Uri, to: vscode.Uri): Promise<void> {
  await vscode.workspace.fs.createDirectory(to);
  const there = new Set((await vscode.workspace.fs.readDirectory(to)).map(([name]) => name));
  for (const [name, type] of await vscode.workspace.fs.readDirectory(from)) {
    const [source, target] = [vscode.Uri.joinPath(from, name), vscode.Uri.joinPath(to, name)];
    if (type & vscode.FileType.Directory) await copyMissing(source, target);
    else if (!there.has(name)) await vscode.workspace.fs.copy(source, target);
  }
}
