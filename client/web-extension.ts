import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/browser";
import { COMMANDS, type CommandId } from "../protocol/commands";
import {
  LIST_FOLDER_REQUEST,
  type ListFolderParams,
  type ListFolderResult,
  READ_FILE_REQUEST,
  type ReadFileParams,
  type ReadFileResult,
} from "../protocol/requests";
import { SETTINGS_SECTION } from "../protocol/settings";
import { Documents } from "./documents";
import { explain } from "./explain";
import { clientOptions, Language } from "./language";

/** Of the browser; the types of the whole DOM are not for this code. */
declare const Worker: new (url: string) => ConstructorParameters<typeof LanguageClient>[2];

let language: Language | undefined;

/** In a browser without a machine behind it: the language server in a worker, and nothing that runs. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("mlld Environments", { log: true });
  const documents = new Documents();
  context.subscriptions.push(log, documents);

  const worker = await startWorker(vscode.Uri.joinPath(context.extensionUri, "dist", "server-worker.js"));
  const client = new LanguageClient(
    SETTINGS_SECTION,
    "mlld Environments",
    worker,
    clientOptions(context.extensionUri, log),
  );
  client.onRequest(READ_FILE_REQUEST, ({ uri }: ReadFileParams) => readFile(vscode.Uri.parse(uri)));
  client.onRequest(LIST_FOLDER_REQUEST, ({ uri }: ListFolderParams) => listFolder(vscode.Uri.parse(uri)));
  const started = new Language(client);
  language = started;

  const handlers: Partial<Record<CommandId, (...args: unknown[]) => unknown>> = {
    "mlldEnv.explain": explain(async () => started, documents),
    "mlldEnv.showLog": () => log.show(),
    "mlldEnv.restartServer": () => started.restart(),
  };
  const elsewhere = () =>
    void vscode.window.showInformationMessage(
      vscode.l10n.t("Runs need an editor on a machine: here files are only checked and explained."),
    );
  for (const id of Object.keys(COMMANDS) as CommandId[])
    context.subscriptions.push(vscode.commands.registerCommand(id, handlers[id] ?? elsewhere));
  await client.start();
}

export async function deactivate(): Promise<void> {
  await language?.stop();
}

/** By its text: a worker cannot be started from the address of every place where an extension may lie. */
async function startWorker(module: vscode.Uri): Promise<InstanceType<typeof Worker>> {
  const code = await vscode.workspace.fs.readFile(module);
  return new Worker(URL.createObjectURL(new Blob([code], { type: "application/javascript" })));
}

/** The text of a file; null when there is none. */
async function readFile(uri: vscode.Uri): Promise<ReadFileResult> {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(await vscode.workspace.fs.readFile(uri)) };
  } catch (error) {
    // Not there, not readable, or no text: the server tells the person where it matters.
    if (error instanceof vscode.FileSystemError || error instanceof TypeError) return { text: null };
    throw error;
  }
}

async function listFolder(uri: vscode.Uri): Promise<ListFolderResult> {
  try {
    const entries = await vscode.workspace.fs.readDirectory(uri);
    return { entries: entries.map(([name, type]) => ({ name, folder: (type & vscode.FileType.Directory) !== 0 })) };
  } catch (error) {
    if (error instanceof vscode.FileSystemError) return { entries: null };
    throw error;
  }
}
