import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as vscode from "vscode";
import { setting } from "./settings";

/** Puts the command `mlld-env` on the path of new terminals while the setting asks for it. */
export function keepPathOfTerminals(
  context: vscode.ExtensionContext,
  cli: string,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const update = async () => {
    const variables = context.environmentVariableCollection;
    if (!setting("terminal.addToPath")) return variables.delete("PATH");
    const folder = vscode.Uri.joinPath(context.globalStorageUri, "bin").fsPath;
    await writeCommand(folder, cli);
    variables.description = vscode.l10n.t("Adds the command mlld-env");
    variables.append("PATH", delimiter + folder);
  };
  const updateAndLog = () =>
    void update().catch(error => log.error(`mlld-env could not be put on the path of terminals: ${String(error)}`));
  if (setting("terminal.addToPath")) updateAndLog();
  return vscode.workspace.onDidChangeConfiguration(event => {
    if (event.affectsConfiguration("mlldEnv.terminal.addToPath")) updateAndLog();
  });
}

async function writeCommand(folder: string, cli: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (process.platform === "win32") {
    await writeFile(
      join(folder, "mlld-env.cmd"),
      `@echo off\r\nset ELECTRON_RUN_AS_NODE=1\r\n"${process.execPath}" "${cli}" %*\r\n`,
    );
    return;
  }
  const quoted = [process.execPath, cli].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const file = join(folder, "mlld-env");
  await writeFile(file, `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec ${quoted} "$@"\n`);
  await chmod(file, 0o755);
}
