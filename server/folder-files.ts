/** Files of the workspace's folders that need not be open: found once, then followed. */
import { FileChangeType, type FileEvent, type FileSystemWatcher, WatchKind } from "vscode-languageserver";
import { discover, isMlldFile, isWalked } from "./discover";
import { canonicalUri, isInside } from "./uris";
import type { Workspace } from "./workspace";

/** Files whose changes on disk matter: mlld's own, what marks the root of a project, and what they import or name as a spec. */
const WATCHED = "**/*.{mld,md,att,mtt,json,yaml,yml}";
/** A client that watches by patterns tells of a folder that is gone, but not of the files in it. */
export const WATCHERS: FileSystemWatcher[] = [
  { globPattern: WATCHED },
  { globPattern: "**/*", kind: WatchKind.Delete },
];

/** How many files are read at once while a workspace is loaded. */
const READS_AT_ONCE = 32;

const NEVER = { isCancellationRequested: false };

/**
 * Walks the folders, reads the files of mlld in them, and has everything checked; also drops files of folders that are gone.
 * @returns the files whose findings may be others now
 */
export async function loadFolders(workspace: Workspace, log: (message: string) => void): Promise<string[]> {
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
  return [...before, ...workspace.openUris(), ...files];
}

/**
 * Takes over what has happened to files and folders on disk. Most of it concerns no file of mlld, and is passed over.
 * @returns the files whose findings may be others now, and the folders that may hold new ones
 */
export function applyChanges(workspace: Workspace, changes: FileEvent[]): { touched: Set<string>; folders: string[] } {
  const touched = new Set<string>();
  const folders: string[] = [];
  const known = workspace.knownUris();
  for (const { uri: spelled, type } of changes) {
    const uri = canonicalUri(spelled);
    const concerned = [...known].filter(one => isInside(one, uri));
    if (isMlldFile(uri)) concerned.push(uri);
    else if (type === FileChangeType.Created && !FILE.test(uri)) folders.push(uri);
    else if (concerned.length === 0) continue;
    workspace.disk.forget(uri);
    for (const file of concerned) {
      if (type === FileChangeType.Deleted) workspace.files.delete(file);
      else if (file === uri && isMlldFile(file) && inFolders(workspace, file)) workspace.files.add(file);
      workspace.bump(file);
      touched.add(file);
    }
    if (CONFIG_FILE.test(uri)) {
      workspace.bumpAll();
      for (const file of [...workspace.openUris(), ...workspace.files]) touched.add(file);
    }
  }
  return { touched, folders };
}

function inFolders(workspace: Workspace, uri: string): boolean {
  const folder = workspace.folderOf(uri);
  return folder !== undefined && isWalked(uri, folder.uri);
}

/** What has an ending is a file, most likely. */
const FILE = /\/[^/]+\.[a-z]{1,5}$/i;
const CONFIG_FILE = /\/mlld-(config|lock)\.json$/;

/** Files of mlld in folders that were made or moved into place. @returns those that were found */
export async function addFolders(workspace: Workspace, folders: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    if (!inFolders(workspace, folder)) continue;
    const { files } = await discover(workspace.disk.fileSystem, folder, NEVER, (at, entries) =>
      workspace.disk.listed(at, entries),
    );
    found.push(...files);
  }
  for (const file of found) {
    workspace.files.add(file);
    workspace.bump(file);
  }
  return found;
}
