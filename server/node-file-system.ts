import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type FileSystem, type FolderEntry, MAX_FILE_BYTES } from "./file-system";

/** The root where the system does not know the user, as in some containers. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return "/";
  }
}

/** The local disk. Only `file:` URIs without a host are ever opened. */
export const nodeFileSystem: FileSystem = {
  home: pathToFileURL(homeFolder()).href,

  allows: uri => localPath(uri) !== null,

  async read(uri) {
    const path = localPath(uri);
    if (path === null) return null;
    try {
      const facts = await stat(path);
      // A device or pipe named by an import must not block or flood the server.
      if (!facts.isFile() || facts.size > MAX_FILE_BYTES) return null;
      const text = await readFile(path, "utf8");
      return text.includes("\0") ? null : text;
    } catch {
      // Missing and unreadable files are facts of the program; the analysis reports them where they are named.
      return null;
    }
  },

  async list(uri) {
    const path = localPath(uri);
    if (path === null) return null;
    try {
      const entries: FolderEntry[] = [];
      for (const entry of await readdir(path, { withFileTypes: true })) {
        // Links to folders are not followed: they may lead in circles or out of the workspace.
        if (entry.isDirectory()) entries.push({ name: entry.name, folder: true });
        else if (entry.isFile() || entry.isSymbolicLink()) entries.push({ name: entry.name, folder: false });
      }
      return entries;
    } catch {
      // The same as above: a folder that cannot be read has nothing to offer.
      return null;
    }
  },
};

/** The path of a local file URI, or null for a URL, a UNC path (`file://host/…`, `file:////host/…`) or a malformed URI. */
function localPath(uri: string): string | null {
  if (!/^file:\/\/\/(?![/\\]|%2f|%5c)/i.test(uri)) return null;
  try {
    const path = fileURLToPath(uri);
    return path.startsWith("\\\\") || path.startsWith("//") ? null : path;
  } catch {
    return null;
  }
}
