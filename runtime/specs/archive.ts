import { createHash, randomBytes } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import { type FileHandle, mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createTarPacker } from "modern-tar";
import { type Compression, compressor, extensionOf } from "./compression";
import type { Filters } from "./globs";
import { isGone, type LeftOut, listWorkspace } from "./list-workspace";

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
  leftOut: LeftOut[];
}

/** Packs a workspace: sorted, without owners and times, links as links. `<UTC stamp>.<8 hex>.<folder name>.tar[.gz|.bz2|.xz]`. */
export async function createArchive(workspace: string, options: ArchiveOptions): Promise<Archive> {
  const folder = options.saveDir ?? (await mkdtemp(join(tmpdir(), "mlld-env-snapshot-")));
  await mkdir(folder, { recursive: true });
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const path = join(
    folder,
    `${stamp}.${randomBytes(4).toString("hex")}.${basename(workspace)}${extensionOf(options.compression)}`,
  );
  const { entries, leftOut } = await listWorkspace(workspace, options, folder);
  const hash = createHash("sha256");
  const { readable, controller } = createTarPacker();
  let files = 0;
  const pack = async (): Promise<void> => {
    try {
      for (const { header, source } of entries) {
        const file = source === null ? null : await openFile(source);
        if (source !== null && file === null) continue;
        const size = file?.size ?? 0;
        hash.update(JSON.stringify([header.name, header.type, header.mode, header.linkname ?? null, size]));
        const writer = controller.add({ ...header, size }).getWriter();
        if (file) {
          files++;
          for await (const chunk of contentOf(file)) {
            hash.update(chunk);
            await writer.write(chunk);
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
  return { path, checksum: hash.digest("hex"), files, leftOut };
}

interface OpenFile {
  handle: FileHandle;
  size: number;
}

/** The file as it is now, whatever became of it since it was listed; null when it is no file any more. Follows no link. */
async function openFile(path: string): Promise<OpenFile | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const facts = await handle.stat();
    if (facts.isFile()) return { handle, size: facts.size };
    await handle.close();
    return null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** As many bytes as it had when it was opened: what is written meanwhile is left out, what is cut off meanwhile is zeros. */
async function* contentOf({ handle, size }: OpenFile): AsyncGenerator<Uint8Array> {
  let left = size;
  if (size === 0) return handle.close();
  for await (const chunk of handle.createReadStream({ end: size - 1 })) {
    left -= (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  for (; left > 0; left -= Math.min(left, ZEROS.length)) yield ZEROS.subarray(0, left);
}

const ZEROS = new Uint8Array(65_536);
