/** Files of the workspace's folders that need not be open: found once, then followed. */
import { FileChangeType, type FileEvent } from "vscode-languageserver";
import { discover, isMlldFile } from "./discover";
import { canonicalUri, isInside } from "./uris";
import type { Workspace } from "./workspace";

/** Files whose changes on disk matter: mlld's own, and what marks the root of a project. */
export const WATCHED = ["**/*.{mld,md,att,mtt}", "**/{mlld-config,mlld-lock}.json"];

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

/** Takes over what has happened to files on disk. @returns the files whose findings may be others now */
export function applyChanges(workspace: Workspace, changes: FileEvent[]): Set<string> {
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
  return touched;
}
