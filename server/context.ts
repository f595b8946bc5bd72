import {
  type CancellationToken,
  type ClientCapabilities,
  type Connection,
  ErrorCodes,
  LSPErrorCodes,
  ResponseError,
  type ServerCapabilities,
} from "vscode-languageserver";
import { messageOf } from "../protocol/message-of";
import type { ServerOptions } from "../protocol/requests";
import { canonicalUri } from "./uris";
import type { Checked, Workspace } from "./workspace";

/** What every feature of the server works with. */
export interface Context {
  connection: Connection;
  workspace: Workspace;
  client: ClientFacts;
  options: ServerOptions;
  /** Resolves when the folders of the workspace have been walked and their files read. */
  ready: () => Promise<void>;
  /** Whether the client has said `shutdown`. */
  isShutDown: () => boolean;
  /** To be called when many files have been checked. */
  rested: () => void;
  log: (message: string) => void;
}

/** One thing that the server serves: what it tells the client about it, and its handlers. */
export interface Feature {
  capabilities: (client: ClientFacts) => ServerCapabilities;
  register: (context: Context) => void;
}

/** What the client said it can do, as far as answers depend on it. */
export interface ClientFacts {
  pullsDiagnostics: boolean;
  refreshesDiagnostics: boolean;
  refreshesTokens: boolean;
  refreshesLenses: boolean;
  refreshesHints: boolean;
  snippets: boolean;
  markdownHover: boolean;
  markdownCompletion: boolean;
  hierarchicalSymbols: boolean;
  literalActions: boolean;
  configuration: boolean;
  watchesFiles: boolean;
  watchesConfiguration: boolean;
  workspaceFolders: boolean;
  preparesRename: boolean;
  definitionLinks: boolean;
}

export function clientFacts(capabilities: ClientCapabilities): ClientFacts {
  const { textDocument, workspace } = capabilities;
  return {
    pullsDiagnostics: textDocument?.diagnostic !== undefined,
    refreshesDiagnostics: workspace?.diagnostics?.refreshSupport === true,
    refreshesTokens: workspace?.semanticTokens?.refreshSupport === true,
    refreshesLenses: workspace?.codeLens?.refreshSupport === true,
    refreshesHints: workspace?.inlayHint?.refreshSupport === true,
    snippets: textDocument?.completion?.completionItem?.snippetSupport === true,
    markdownHover: textDocument?.hover?.contentFormat?.includes("markdown") === true,
    markdownCompletion: textDocument?.completion?.completionItem?.documentationFormat?.includes("markdown") === true,
    hierarchicalSymbols: textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport === true,
    literalActions: textDocument?.codeAction?.codeActionLiteralSupport !== undefined,
    configuration: workspace?.configuration === true,
    watchesFiles: workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
    watchesConfiguration: workspace?.didChangeConfiguration?.dynamicRegistration === true,
    workspaceFolders: workspace?.workspaceFolders === true,
    preparesRename: textDocument?.rename?.prepareSupport === true,
    definitionLinks: textDocument?.definition?.linkSupport === true,
  };
}

type Answer<R> = Promise<R | ResponseError<never>>;

/**
 * Wraps a handler: a cancelled request is answered as cancelled, a fault is logged with its stack and answered as an error. The
 * server goes on in every case.
 */
export function guarded<P, R>(
  context: Context,
  name: string,
  handle: (params: P, token: CancellationToken) => R | Promise<R>,
) {
  return async (params: P, token: CancellationToken): Answer<R> => {
    if (context.isShutDown())
      return new ResponseError(ErrorCodes.InvalidRequest, `${name} came after shutdown: the server is about to end.`);
    if (token.isCancellationRequested) return cancelled();
    try {
      const answer = await handle(params, token);
      return token.isCancellationRequested ? cancelled() : answer;
    } catch (error) {
      if (token.isCancellationRequested) return cancelled();
      // An answer to the author, such as a refused rename, is no fault.
      if (error instanceof ResponseError) return error as ResponseError<never>;
      context.log(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return new ResponseError(LSPErrorCodes.RequestFailed, `${name} failed: ${messageOf(error)}`);
    }
  };
}

/** The same for requests about one document; `nothing` is the answer where there is no such document. */
export function onDocument<P extends { textDocument: { uri: string } }, R>(
  context: Context,
  name: string,
  nothing: R,
  handle: (checked: Checked, params: P, token: CancellationToken) => R | Promise<R>,
) {
  return guarded<P, R>(context, name, async (params, token) => {
    const checked = await context.workspace.settled(canonicalUri(params.textDocument.uri));
    return checked && !token.isCancellationRequested ? handle(checked, params, token) : nothing;
  });
}

function cancelled(): ResponseError<never> {
  return new ResponseError(LSPErrorCodes.RequestCancelled, "The request was cancelled.");
}
