import * as vscode from "vscode";
import type { BaseLanguageClient, LanguageClientOptions } from "vscode-languageclient";
import { LANGUAGE_ID } from "../protocol/commands";
import {
  BLOCKS_REQUEST,
  type BlocksParams,
  type EnvBlock,
  EXPLAIN_REQUEST,
  type ExplainParams,
  type ExplainResult,
  type ServerOptions,
} from "../protocol/requests";

const OFFICIAL_EXTENSION = "andyet.mlld-vscode";

/** The options of the language client, the same for a server process and for a worker. */
export function clientOptions(extension: vscode.Uri, log: vscode.LogOutputChannel): LanguageClientOptions {
  return {
    documentSelector: [{ language: LANGUAGE_ID }],
    outputChannel: log,
    diagnosticCollectionName: "mlld-env",
    // Who starts the client tells of a failure, once.
    initializationFailedHandler: () => false,
    initializationOptions: {
      officialExtension: vscode.extensions.getExtension(OFFICIAL_EXTENSION) !== undefined,
      diagnosticPages: vscode.Uri.joinPath(extension, "docs", "diagnostics").toString(),
      lensTitles: {
        // A plain space after an icon is not drawn.
        run: `$(play)\u00a0${vscode.l10n.t("Run env block ({0})", "{0}")}`,
        explain: vscode.l10n.t("Explain environment"),
      },
    } satisfies ServerOptions,
  };
}

/** The connection to the language server, as the commands use it. */
export class Language {
  constructor(private readonly client: BaseLanguageClient & { restart?(): Promise<void> }) {}

  async restart(): Promise<void> {
    if (this.client.restart) return this.client.restart();
    await this.client.stop();
    await this.client.start();
  }

  async stop(): Promise<void> {
    if (this.client.isRunning()) await this.client.stop();
  }

  /** The env blocks of a document, in order of the text. */
  async blocks(uri: vscode.Uri): Promise<EnvBlock[]> {
    await this.running();
    return this.client.sendRequest<EnvBlock[]>(BLOCKS_REQUEST, {
      textDocument: { uri: uri.toString() },
    } satisfies BlocksParams);
  }

  /** What the block at a place may do, and why; null where no block is. */
  async explain(uri: vscode.Uri, { line, character }: vscode.Position): Promise<ExplainResult | null> {
    await this.running();
    return this.client.sendRequest<ExplainResult | null>(EXPLAIN_REQUEST, {
      textDocument: { uri: uri.toString() },
      position: { line, character },
    } satisfies ExplainParams);
  }

  /** A server that crashed too often is not started again by itself; a person who asks for something starts it. */
  private async running(): Promise<void> {
    if (!this.client.isRunning()) await this.client.start();
  }
}
