import { isUtf8 } from "node:buffer";
import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { TarHeader } from "modern-tar";
import { COVERED_FOLDERS } from "../providers/docker/protected";
import { type Filters, filter } from "./globs";
import { leadsOutside, liesOutside } from "./inside";

interface Entry {
  header: Omit<TarHeader, "size">;
  /** The file to read; null for folders and links. */
  source: string | null;
}

/** A link that leads out of the workspace, or a name that no archive can hold. */
export interface LeftOut {
  path: string;
  reason: "link" | "name";
}

/** What a workspace loses from every archive besides the spec's own filters. */
const ALWAYS_IGNORED = ["tests/assets", "tests/assets/*"];

/** As archives are named; a workspace that holds the folder of its archives does not pack those. */
const ARCHIVE_NAME = /^\d{8}T\d{6}Z\.[0-9a-f]{8}\..+\.tar(?:\.(?:gz|bz2|xz))?$/;

const NO_TIME = new Date(0);

/**
 * Files, links and folders that the filters leave, by name; what goes away meanwhile is not there. Devices, sockets and pipes have no
 * content and are left out.
 */
export async function listWorkspace(
  workspace: string,
  { keepGlobs, ignoreGlobs }: Filters,
  saveDir: string,
): Promise<{ entries: Entry[]; leftOut: LeftOut[] }> {
  const { prunes, keeps } = filter({ keepGlobs, ignoreGlobs: [...ignoreGlobs, ...ALWAYS_IGNORED] });
  const archives = await realpath(saveDir);
  const entries: Entry[] = [];
  const leftOut: LeftOut[] = [];
  const links = new Map<string, string>();

  const visit = async (path: string, name: string): Promise<void> => {
    const facts = await lstat(path);
    const header = { name, mode: facts.mode & 0o777, mtime: NO_TIME, uid: 0, gid: 0 };
    if (facts.isDirectory()) {
      if (prunes(name)) return;
      const inner = await namesIn(path, name);
      // A sandbox makes it to cover it, and it goes with the sandbox.
      if (inner.length === 0 && COVERED_FOLDERS.has(name)) return;
      if (keeps(name)) entries.push({ header: { ...header, name: `${name}/`, type: "directory" }, source: null });
      await visitAll(path, `${name}/`, inner);
    } else if (!keeps(name)) {
      // Left out.
    } else if (facts.isSymbolicLink()) {
      const linkname = await readlink(path);
      links.set(name, linkname);
      entries.push({ header: { ...header, type: "symlink", linkname }, source: null });
    } else if (facts.isFile()) {
      entries.push({ header: { ...header, type: "file" }, source: path });
    }
  };
  const visitAll = async (folder: string, prefix: string, names: string[]): Promise<void> => {
    const holdsArchives = (await realpath(folder)) === archives;
    for (const name of names) {
      if (holdsArchives && ARCHIVE_NAME.test(name)) continue;
      try {
        await visit(join(folder, name), prefix + name);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
  };
  const namesIn = async (folder: string, prefix: string): Promise<string[]> => {
    const names: string[] = [];
    for (const bytes of await readdir(folder, { encoding: "buffer" })) {
      const name = bytes.toString();
      if (isUtf8(bytes) && !liesOutside(name)) names.push(name);
      else leftOut.push({ path: join(prefix, name), reason: "name" });
    }
    return names.sort();
  };

  await visitAll(workspace, "", await namesIn(workspace, ""));
  const outside = new Set([...links.keys()].filter(link => leadsOutside(link, links)));
  for (const path of outside) leftOut.push({ path, reason: "link" });
  return { entries: entries.filter(({ header }) => !outside.has(header.name)), leftOut };
}

/** It was there when it was listed, and is not, or as something else. */
export function isGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes((error as NodeJS.ErrnoException).code ?? "");
}
