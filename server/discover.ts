import type { FileSystem, FolderEntry } from "./file-system";
import type { Stopped } from "./slices";
import { joinUri } from "./uris";

/** Folders that never hold files of the author's own. */
const SKIPPED = new Set(["node_modules", ".git", ".hg", ".svn"]);
const MAX_FOLDERS = 20_000;
const MAX_FILES = 10_000;
const AT_ONCE = 16;

const MLLD_FILE = /\.(mld|mld\.md|att|mtt)$/i;

export function isMlldFile(name: string): boolean {
  return MLLD_FILE.test(name);
}

/** Whether a walk of the folder would come by a file below it. */
export function isWalked(file: string, folder: string): boolean {
  return !file
    .slice(folder.length)
    .split("/")
    .some(segment => SKIPPED.has(segment));
}

export interface Discovery {
  /** Files of mlld below the folder, as URIs. */
  files: string[];
  /** True when a limit was met, so that further files may exist. */
  truncated: boolean;
}

/** Walks a workspace folder. `visit` is told of every folder that was listed. */
export async function discover(
  fileSystem: FileSystem,
  folder: string,
  stop: Stopped,
  visit: (folder: string, entries: FolderEntry[]) => void,
): Promise<Discovery> {
  const files: string[] = [];
  let truncated = false;
  let folders = 0;
  let level = [folder];
  while (level.length > 0 && !truncated && !stop.isCancellationRequested) {
    const next: string[] = [];
    for (let i = 0; i < level.length; i += AT_ONCE) {
      const listed = await Promise.all(
        level.slice(i, i + AT_ONCE).map(async uri => ({ uri, entries: await fileSystem.list(uri) })),
      );
      for (const { uri, entries } of listed) {
        if (!entries) continue;
        visit(uri, entries);
        for (const entry of entries) {
          if (entry.folder) {
            if (!SKIPPED.has(entry.name)) next.push(joinUri(uri, entry.name));
          } else if (isMlldFile(entry.name)) files.push(joinUri(uri, entry.name));
        }
      }
      folders += listed.length;
      truncated = folders > MAX_FOLDERS || files.length > MAX_FILES;
      if (truncated || stop.isCancellationRequested) break;
    }
    level = next;
  }
  return { files: files.slice(0, MAX_FILES), truncated };
}
