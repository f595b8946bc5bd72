import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { TEMPORARY_FOLDER } from "../environments/journal";
import { restoreArchive } from "./restore";

export interface Workspace {
  path: string;
  /** Removes what was made for it. */
  close(): Promise<void>;
}

/** Told of a temporary folder before it is made, and when it is gone: a run that is killed leaves it to others. */
export interface FolderRecord {
  folder(path: string): void;
  folderGone(path: string): void;
}

/**
 * The folder that a session works on: the given one, or a temporary one with what an archive holds. `user` is `UID[:GID]` of the processes in
 * a sandbox, who have to be able to write there.
 */
export async function openWorkspace(
  folder: string,
  archive: string | null,
  user: string | null,
  record: FolderRecord,
): Promise<Workspace> {
  if (archive === null) return { path: folder, close: async () => {} };
  const parent = join(tmpdir(), TEMPORARY_FOLDER + randomBytes(8).toString("hex"));
  const close = async () => {
    await rm(parent, { recursive: true, force: true, maxRetries: 3 });
    record.folderGone(parent);
  };
  const path = join(parent, folderNameOf(archive));
  record.folder(parent);
  try {
    await mkdir(parent, { mode: 0o700 });
    await mkdir(path);
    await restoreArchive(archive, path);
    await handOver(path, user);
  } catch (error) {
    await close();
    throw error;
  }
  return { path, close };
}

/** `<stamp>.<hex>.<folder>.tar.gz`, as `createArchive` names them; the name without its ending for others. */
function folderNameOf(archive: string): string {
  const name = basename(archive).replace(/\.tar(?:\.\w+)?$/, "");
  return /^\d{8}T\d{6}Z\.[0-9a-f]{8}\.(.+)$/.exec(name)?.[1] ?? (name || "workspace");
}

/** Nobody else gets at the folder, as that above it is closed. */
async function handOver(path: string, user: string | null): Promise<void> {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(user ?? "") ?? [];
  if (user === null || (uid !== undefined && Number(uid) === process.getuid?.())) return;
  if (process.getuid?.() !== 0 || uid === undefined) return chmod(path, 0o777);
  const give = (to: string) => chown(to, Number(uid), Number(gid ?? uid));
  await give(path);
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (!entry.isSymbolicLink()) await give(join(entry.parentPath ?? entry.path, entry.name));
}
