/** One file of a container, whether it runs or not. */
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { engineError, statusOf } from "./errors";

const BLOCK = 512;
/** Entries that stand before a file's own and describe it. */
const DESCRIPTIONS = new Set(["x", "g", "L", "K"]);

/** The first `limit` bytes of a file; null when there is none, or when it is no plain file. */
export async function readContainerFile(
  container: Dockerode.Container,
  path: string,
  limit: number,
): Promise<Buffer | null> {
  let archive: Readable;
  try {
    archive = (await container.getArchive({ path })) as Readable;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw engineError(`Reading ${path}`, error);
  }
  let read = Buffer.alloc(0);
  try {
    for await (const chunk of archive) {
      read = Buffer.concat([read, chunk as Buffer]);
      const found = plainFile(read, limit);
      if (found !== undefined) return found;
    }
    return null;
  } finally {
    archive.destroy();
  }
}

/** Undefined while more of the archive is needed. */
function plainFile(archive: Buffer, limit: number): Buffer | null | undefined {
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8);
    const kind = archive.toString("latin1", at + 156, at + 157);
    if (DESCRIPTIONS.has(kind)) {
      at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      continue;
    }
    if (kind !== "0" && kind !== "\0") return null;
    const end = at + BLOCK + Math.min(size, limit);
    return archive.length < end ? undefined : archive.subarray(at + BLOCK, end);
  }
  return undefined;
}
