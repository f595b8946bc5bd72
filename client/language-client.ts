import * as vscode from "vscode";
import { LanguageClient, type ServerOptions as Launch, TransportKind } from "vscode-languageclient/node";
import { SETTINGS_SECTION } from "../protocol/settings";
import { clientOptions, Language } from "./language";

/** Starts the bundled language server as a process of its own. Rejects when it cannot be started. */
export async function startLanguage(extension: vscode.Uri, log: vscode.LogOutputChannel): Promise<Language> {
  const module = vscode.Uri.joinPath(extension, "dist", "server.js").fsPath;
  const launch: Launch = {
    run: { module, transport: TransportKind.ipc },
    debug: {
      module,
      transport: TransportKind.ipc,
      options: { execArgv: ["--nolazy", "--inspect=6019", "--enable-source-maps"] },
    },
  };
  const client = new LanguageClient(SETTINGS_SECTION, "mlld Environments", launch, clientOptions(extension, log));
  await client.start();
  return new Language(client);
}
