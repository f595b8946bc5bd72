import {
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type InitializeParams,
  type InitializeResult,
  type ServerCapabilities,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import type { ServerOptions } from "../protocol/requests";
import { SETTINGS_SECTION } from "../protocol/settings";
import { type ClientFacts, type Context, clientFacts } from "./context";
import { discover, isMlldFile } from "./discover";
import { FEATURES } from "./features";
import type { FileSystem } from "./file-system";
import { Files } from "./files";
import { readSettings } from "./settings";
import { canonicalUri, isInside } from "./uris";
import { type Folder, Workspace } from "./workspace";

/** Files whose changes on disk matter: mlld's own, and what marks the root of a project. */
const WATCHED = ["**/*.{mld,md,att,mtt}", "**/{mlld-config,mlld-lock}.json"];

/** How many files are read at once while a workspace is loaded. */
const READS_AT_ONCE = 32;

/** How long answers wait for the client to tell its settings. */
const SETTINGS_PATIENCE_MS = 2000;

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
  let client: ClientFacts;
  let loaded: Promise<void> = Promise.resolve();

  const failed = (what: string) => (error: unknown) =>
    log(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  const changed = (uris: Iterable<string>) => workspace.onDidChange.fire({ uris: [...new Set(uris)], typed: false });

  connection.onInitialize((params): InitializeResult => {
    client = clientFacts(params.capabilities);
    workspace.folders = foldersOf(params);
    const context: Context = {
      connection,
      workspace,
      client,
      options: (params.initializationOptions ?? {}) as ServerOptions,
      ready: () => loaded,
      rested,
      log,
    };
    const capabilities: ServerCapabilities = {
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    };
    for (const feature of FEATURES) {
      feature.register(context);
      merge(capabilities, feature.capabilities(client));
    }
    return { capabilities, serverInfo: { name: "mlld-env" } };
  });

  connection.onInitialized(() => {
    void configure(undefined);
    loaded = start().catch(failed("The workspace could not be loaded"));
  });

  async function start(): Promise<void> {
    if (client.watchesFiles) {
      const watchers = WATCHED.map(globPattern => ({ globPattern }));
      connection.client
        .register(DidChangeWatchedFilesNotification.type, { watchers })
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
        void configure(undefined);
        loaded = loaded.then(loadFolders).catch(failed("The folders could not be loaded"));
      });
    }
    await loadFolders();
  }

  /** Loads the settings; until they are there, answers wait, but not for a client that stays silent. */
  function configure(pushed: unknown): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>(resolve => {
      timer = setTimeout(resolve, SETTINGS_PATIENCE_MS);
    });
    const configuring: Promise<void> = Promise.race([loadSettings(pushed), patience])
      .catch(failed("The settings could not be read"))
      .finally(() => {
        clearTimeout(timer);
        if (workspace.configuring === configuring) workspace.configuring = null;
      });
    workspace.configuring = configuring;
    return configuring;
  }

  /** `pushed` is what the client sent with the notification; a client that can be asked is asked, folder by folder. */
  async function loadSettings(pushed: unknown): Promise<void> {
    if (client.configuration) {
      const items = [
        { section: SETTINGS_SECTION },
        ...workspace.folders.map(folder => ({ scopeUri: folder.uri, section: SETTINGS_SECTION })),
      ];
      const [own, ...ofFolders] = (await connection.workspace.getConfiguration(items)) as unknown[];
      workspace.settings = readSettings(own);
      workspace.folders.forEach((folder, i) => {
        folder.settings = readSettings(ofFolders[i]);
      });
    } else if (pushed !== undefined) {
      workspace.settings = readSettings((pushed as Record<string, unknown> | null)?.[SETTINGS_SECTION]);
      for (const folder of workspace.folders) folder.settings = workspace.settings;
    }
    workspace.bumpAll();
  }

  /** Walks the folders, reads the files of mlld in them, and has everything checked; also drops files of folders that are gone. */
  async function loadFolders(): Promise<void> {
    const before = [...workspace.files];
    workspace.files.clear();
    for (const { uri, name } of workspace.folders) {
      const found = await discover(workspace.disk.fileSystem, uri, NEVER, (folder, entries) =>
        workspace.disk.listed(folder, entries),
      );
      if (found.truncated)
        log(
          `The folder ${name} is too large to be searched whole: some files of mlld are known only once they are opened.`,
        );
      for (const file of found.files) workspace.files.add(file);
    }
    const files = [...workspace.files];
    for (let i = 0; i < files.length; i += READS_AT_ONCE)
      await Promise.all(files.slice(i, i + READS_AT_ONCE).map(file => workspace.disk.load(file)));
    workspace.bumpAll();
    changed([...before, ...workspace.openUris(), ...files]);
  }

  documents.onDidChangeContent(({ document }) =>
    workspace.onDidChange.fire({ uris: [canonicalUri(document.uri)], typed: true }),
  );
  documents.onDidClose(({ document }) => {
    workspace.closed(document);
    changed([canonicalUri(document.uri)]);
  });

  connection.onDidChangeConfiguration(({ settings }) => {
    configure(settings ?? null)
      .then(() => changed([...workspace.openUris(), ...workspace.files]))
      .catch(failed("The settings could not be applied"));
  });

  connection.onDidChangeWatchedFiles(({ changes }) => {
    const touched = new Set<string>();
    for (const { uri: spelled, type } of changes) {
      const uri = canonicalUri(spelled);
      const below = type === FileChangeType.Deleted ? [...workspace.files].filter(file => isInside(file, uri)) : [];
      workspace.disk.forget(uri);
      for (const file of [uri, ...below]) {
        if (type === FileChangeType.Deleted) workspace.files.delete(file);
        else if (isMlldFile(file) && workspace.folderOf(file)) workspace.files.add(file);
        workspace.bump(file);
        touched.add(file);
      }
      if (/\/mlld-(config|lock)\.json$/.test(uri)) {
        workspace.bumpAll();
        for (const file of [...workspace.openUris(), ...workspace.files]) touched.add(file);
      }
    }
    changed(touched);
  });

  documents.listen(connection);
}

const NEVER = { isCancellationRequested: false };

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
