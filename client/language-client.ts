import * as vscode from "vscode";
import {
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions as Launch,
  State,
  TransportKind,
} from "vscode-languageclient/node";
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
import { SETTINGS_SECTION } from "../protocol/settings";

const OFFICIAL_EXTENSION = "andyet.mlld-vscode";

/** The connection to the language server, a process of its own. */
export class Language {
  private constructor(private readonly client: LanguageClient) {}

  /** Starts the bundled server. Rejects when it cannot be started. */
  static async start(extension: vscode.Uri, log: vscode.LogOutputChannel): Promise<Language> {
    const module = vscode.Uri.joinPath(extension, "dist", "server.js").fsPath;
    const launch: Launch = {
      run: { module, transport: TransportKind.ipc },
      debug: {
        module,
        transport: TransportKind.ipc,
        options: { execArgv: ["--nolazy", "--inspect=6019", "--enable-source-maps"] },
      },
    };
    const options: LanguageClientOptions = {
      documentSelector: [{ language: LANGUAGE_ID }],
      outputChannel: log,
      diagnosticCollectionName: "mlld-env",
      initializationOptions: {
        officialExtension: vscode.extensions.getExtension(OFFICIAL_EXTENSION) !== undefined,
        diagnosticPages: vscode.Uri.joinPath(extension, "docs", "diagnostics").toString(),
      } satisfies ServerOptions,
    };
    const client = new LanguageClient(SETTINGS_SECTION, "mlld Environments", launch, options);
    await client.start();
    return new Language(client);
  }

  async restart(): Promise<void> {
    await this.client.restart();
  }

  async stop(): Promise<void> {
    if (this.client.state === State.Running) await this.client.stop();
  }

  /** The env blocks of a document, in order of the text. */
  blocks(uri: vscode.Uri): Promise<EnvBlock[]> {
    return this.client.sendRequest<EnvBlock[]>(BLOCKS_REQUEST, {
      textDocument: { uri: uri.toString() },
    } satisfies BlocksParams);
  }

  /** What the block at a place may do, and why; null where no block is. */
  explain(uri: vscode.Uri, position: vscode.Position): Promise<ExplainResult | null> {
    const { line, character } = position;
    return this.client.sendRequest<ExplainResult | null>(EXPLAIN_REQUEST, {
      textDocument: { uri: uri.toString() },
      position: { line, character },
    } satisfies ExplainParams);
  }
}
