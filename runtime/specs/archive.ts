import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readlink, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createTarPacker, type TarHeader } from "modern-tar";
import { type Compression, compressor, extensionOf } from "./compression";
import { type Filters, filter } from "./globs";
import { leadsOutside } from "./restore";

export interface ArchiveOptions extends Filters {
  compression: Compression;
  /** Kept there; a temporary folder when null. */
  saveDir: string | null;
}

export interface Archive {
  path: string;
  /** SHA-256 over names, modes and contents: the same workspace gives the same sum, whenever and however it was packed. */
  checksum: string;
  files: number;
  /** Links that lead out of the workspace: no archive with one could be restored. */
  leftOut: string[];
}

/** What a workspace loses from every snapshot besides the spec's own filters. */
export const ALWAYS_IGNORED = ["tests/assets", "tests/assets/*"];

/** Packs a workspace: sorted, without owners and times, links as links. `<UTC stamp>.<8 hex>.<folder name>.tar[.gz|.bz2|.xz]`. */
export async function createArchive(workspace: string, options: ArchiveOptions): Promise<Archive> {
  const folder = options.saveDir ?? (await mkdtemp(join(tmpdir(), "mlld-env-snapshot-")));
  await mkdir(folder, { recursive: true });
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const path = join(
    folder,
    `${stamp}.${randomBytes(4).toString("hex")}.${basename(workspace)}${extensionOf(options.compression)}`,
  );
  const { entries, leftOut } = await listEntries(workspace, options, folder);
  const hash = createHash("sha256");
  const { readable, controller } = createTarPacker();
  const pack = async (): Promise<void> => {
    try {
      for (const { header, source } of entries) {
        hash.update(JSON.stringify([header.name, header.type, header.mode, header.linkname ?? null, header.size]));
        const writer = controller.add(header).getWriter();
        if (source) {
          for await (const chunk of createReadStream(source)) {
            hash.update(chunk as Buffer);
            await writer.write(chunk as Buffer);
          }
        }
        await writer.close();
      }
      controller.finalize();
    } catch (error) {
      controller.error(error);
      throw error;
    }
  };
  try {
    await Promise.all([
      pack(),
      pipeline(
        Readable.fromWeb(readable as import("node:stream/web").ReadableStream),
        compressor(options.compression),
        createWriteStream(path, { flags: "wx", mode: 0o600 }),
      ),
    ]);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, checksum: hash.digest("hex"), files: entries.filter(entry => entry.source).length, leftOut };
}

interface Entry {
  header: TarHeader;
  /** The file to read; null for folders and links. */
  source: string | null;
}

const NO_TIME = new Date(0);

/** As archives are named; a workspace that holds the folder of its archives does not pack those. */
const ARCHIVE_NAME = /^\d{8}T\d{6}Z\.[0-9a-f]{8}\..+\.tar(?:\.(?:gz|bz2|xz))?$/;

/** Files, links and folders that the filters leave, by name. Devices, sockets and pipes have no content and are left out. */
async function listEntries(
  workspace: string,
  options: Filters,
  saveDir: string,
): Promise<{ entries: Entry[]; leftOut: string[] }> {
  const { prunes, keeps } = filter({
    keepGlobs: options.keepGlobs,
    ignoreGlobs: [...options.ignoreGlobs, ...ALWAYS_IGNORED],
  });
  const entries: Entry[] = [];
  const leftOut: string[] = [];
  const archives = await realpath(saveDir);
  const visit = async (folder: string, prefix: string): Promise<void> => {
    const holdsArchives = (await realpath(folder)) === archives;
    for (const name of (await readdir(folder)).sort()) {
      if (holdsArchives && ARCHIVE_NAME.test(name)) continue;
      const path = join(folder, name);
      const relative = prefix + name;
      const facts = await lstat(path);
      const header = { name: relative, size: 0, mode: facts.mode & 0o777, mtime: NO_TIME, uid: 0, gid: 0 };
      if (facts.isDirectory()) {
        if (prunes(relative)) continue;
        if (keeps(relative))
          entries.push({ header: { ...header, name: `${relative}/`, type: "directory" }, source: null });
        await visit(path, `${relative}/`);
      } else if (!keeps(relative)) {
        // Left out.
      } else if (facts.isSymbolicLink()) {
        const linkname = await readlink(path);
        if (leadsOutside(relative, linkname)) leftOut.push(relative);
        else entries.push({ header: { ...header, type: "symlink", linkname }, source: null });
      } else if (facts.isFile()) {
        entries.push({ header: { ...header, type: "file", size: facts.size }, source: path });
      }
    }
  };
  await visit(workspace, "");
  return { entries, leftOut };
}
