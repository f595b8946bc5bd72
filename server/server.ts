import {
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type FileEvent,
  type InitializeParams,
  type InitializeResult,
  type ServerCapabilities,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { messageOf } from "../protocol/message-of";
import type { ServerOptions } from "../protocol/requests";
import { SETTINGS_SECTION } from "../protocol/settings";
import { configure } from "./configure";
import { type Context, clientFacts } from "./context";
import { FEATURES } from "./features";
import type { FileSystem } from "./file-system";
import { Files } from "./files";
import { addFolders, applyChanges, loadFolders, WATCHERS } from "./folder-files";
import { readSettings } from "./settings";
import { canonicalUri } from "./uris";
import { type Folder, Workspace } from "./workspace";

/**
 * Serves a client on a connection that is not listening yet.
 * @param fileSystem how files other than the open documents are read; asked with the folders of the workspace once they are known
 * @param rested called when many files have been checked, and nothing is waiting
 */
export function serve(
  connection: Connection,
  fileSystem: (folders: () => string[]) => FileSystem,
  rested: () => void = () => {},
): void {
  const log = (message: string) => connection.console.error(message);
  const workspace: Workspace = new Workspace(
    new Files(fileSystem(() => workspace.folders.map(folder => folder.uri))),
    log,
  );
  const documents = new TextDocuments(workspace.documentsConfiguration);
  let context: Context;
  let loaded: Promise<void> = Promise.resolve();
  let shutDown = false;

  const failed = (what: string) => (error: unknown) => log(`${what}: ${messageOf(error)}`);
  const changed = (uris: Iterable<string>) => workspace.onDidChange.fire({ uris: [...new Set(uris)], typed: false });

  connection.onInitialize((params): InitializeResult => {
    workspace.folders = foldersOf(params);
    context = {
      connection,
      workspace,
      client: clientFacts(params.capabilities),
      options: (params.initializationOptions ?? {}) as ServerOptions,
      ready: () => loaded,
      isShutDown: () => shutDown,
      rested,
      log,
    };
    const capabilities: ServerCapabilities = {
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    };
    for (const feature of FEATURES) {
      feature.register(context);
      merge(capabilities, feature.capabilities(context.client));
    }
    return { capabilities, serverInfo: { name: "mlld-env" } };
  });

  connection.onInitialized(() => {
    void configure(context, undefined);
    loaded = start().catch(failed("The workspace could not be loaded"));
  });

  async function load(): Promise<void> {
    changed(await loadFolders(workspace, log));
  }

  async function start(): Promise<void> {
    const { client } = context;
    if (client.watchesFiles) {
      connection.client
        .register(DidChangeWatchedFilesNotification.type, { watchers: WATCHERS })
        .catch(failed("Files cannot be watched"));
    }
    if (client.watchesConfiguration) {
      connection.client
        .register(DidChangeConfigurationNotification.type, { section: SETTINGS_SECTION })
        .catch(failed("Settings cannot be watched"));
    }
    if (client.workspaceFolders) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = removed.map(folder => canonicalUri(folder.uri));
        workspace.folders = workspace.folders.filter(folder => !gone.includes(folder.uri));
        workspace.folders.push(...added.map(folderOf));
        void configure(context, undefined);
        loaded = loaded.then(load).catch(failed("The folders could not be loaded"));
      });
    }
    await load();
  }

  function filesChanged(changes: FileEvent[]): void {
    const { touched, folders } = applyChanges(workspace, changes);
    changed(touched);
    if (folders.length > 0)
      addFolders(workspace, folders).then(changed, failed("The files of a new folder could not be found"));
  }

  documents.onDidChangeContent(({ document }) =>
    workspace.onDidChange.fire({ uris: [canonicalUri(document.uri)], typed: true }),
  );
  documents.onDidClose(({ document }) => {
    workspace.closed(document);
    changed([canonicalUri(document.uri)]);
  });

  connection.onDidChangeConfiguration(({ settings }) => {
    configure(context, settings ?? null)
      .then(() => changed([...workspace.openUris(), ...workspace.files]))
      .catch(failed("The settings could not be applied"));
  });

  connection.onDidChangeWatchedFiles(({ changes }) => {
    filesChanged(changes);
  });

  const created = (uri: string): FileEvent => ({ uri, type: FileChangeType.Created });
  const deleted = (uri: string): FileEvent => ({ uri, type: FileChangeType.Deleted });
  connection.workspace.onDidCreateFiles(({ files }) => filesChanged(files.map(({ uri }) => created(uri))));
  connection.workspace.onDidDeleteFiles(({ files }) => filesChanged(files.map(({ uri }) => deleted(uri))));
  connection.workspace.onDidRenameFiles(({ files }) =>
    filesChanged(files.flatMap(({ oldUri, newUri }) => [deleted(oldUri), created(newUri)])),
  );

  connection.onShutdown(() => {
    shutDown = true;
  });

  documents.listen(connection);
}

function foldersOf(params: InitializeParams): Folder[] {
  if (params.workspaceFolders) return params.workspaceFolders.map(folderOf);
  return params.rootUri ? [folderOf({ uri: params.rootUri, name: params.rootUri })] : [];
}

function folderOf({ uri, name }: { uri: string; name: string }): Folder {
  return { uri: canonicalUri(uri).replace(/\/$/, ""), name, settings: readSettings(undefined) };
}

/** Capabilities of several features about the same area (`workspace`) stand beside each other. */
function merge(into: ServerCapabilities, from: ServerCapabilities): void {
  Object.assign(into, { ...from, ...(from.workspace && { workspace: { ...into.workspace, ...from.workspace } }) });
}
