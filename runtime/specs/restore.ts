import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { ProviderError } from "../providers/provider";
import { compressionOf, decompressor } from "./compression";

/** What an archive may unpack to. */
export interface ArchiveLimits {
  bytes: number;
  entries: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = { bytes: 4 * 1024 ** 3, entries: 200_000 };

/** Unpacks an archive into a new or empty folder. Throws `run/archive-refused` for anything that would reach outside it. */
export async function restoreArchive(archive: string, folder: string, limits = ARCHIVE_LIMITS): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw refused(archive, `the folder ${folder} is not empty`);
  const links: { at: string; to: string }[] = [];
  const modes: { at: string; mode: number }[] = [];
  for await (const { header, body } of entriesOf(archive, limits)) {
    const name = safeName(archive, header.name);
    const at = join(folder, name);
    if (header.type === "directory") {
      await mkdir(at, { recursive: true });
      modes.push({ at, mode: (header.mode ?? 0o755) & 0o777 });
      await body.cancel();
    } else if (header.type === "symlink") {
      const to = header.linkname ?? "";
      if (leadsOutside(name, to)) throw refused(archive, `the link ${name} points outside, to ${to}`);
      links.push({ at, to });
      await body.cancel();
    } else if (header.type === "file" || header.type === undefined) {
      await mkdir(dirname(at), { recursive: true });
      await pipeline(
        Readable.fromWeb(body as import("node:stream/web").ReadableStream),
        createWriteStream(at, { flags: "wx", mode: 0o600 }),
      );
      modes.push({ at, mode: (header.mode ?? 0o644) & 0o777 });
    } else {
      throw refused(archive, `${name} is a ${header.type}`);
    }
  }
  // Links last, so that nothing is written through one; modes after that, so that a read-only folder can be filled.
  for (const { at, to } of links) {
    await mkdir(dirname(at), { recursive: true });
    await symlink(to, at);
  }
  for (const { at, mode } of modes.reverse()) await chmod(at, mode);
}

/** The entries of an archive as it is read; ends with an error as soon as a limit is passed. */
export async function* entriesOf(archive: string, limits = ARCHIVE_LIMITS): AsyncGenerator<ParsedTarEntry> {
  const compression = compressionOf(archive);
  if (!compression) throw refused(archive, "its name does not end in .tar, .tar.gz, .tar.bz2 or .tar.xz");
  const decoder = createTarDecoder({ strict: true });
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > limits.bytes ? refused(archive, `it unpacks to more than ${limits.bytes} bytes`) : null, chunk);
    },
  });
  let failure: unknown;
  const feeding = pipeline(
    createReadStream(archive),
    decompressor(compression),
    counted,
    Writable.fromWeb(decoder.writable as import("node:stream/web").WritableStream),
  ).catch(error => {
    failure = error;
  });
  let entries = 0;
  try {
    for await (const entry of decoder.readable as unknown as AsyncIterable<ParsedTarEntry>) {
      if (++entries > limits.entries) throw refused(archive, `it has more than ${limits.entries} entries`);
      yield entry;
    }
  } catch (error) {
    await feeding;
    // What we refused ourselves also ends the feeding: then its complaint is only a consequence.
    throw error instanceof ProviderError ? error : (failure ?? error);
  }
  await feeding;
  if (failure) throw failure;
}

function safeName(archive: string, name: string): string {
  const bare = name.replace(/\/+$/, "");
  if (
    bare === "" ||
    name.includes("\\") ||
    name.includes("\0") ||
    /^[A-Za-z]:/.test(name) ||
    posix.isAbsolute(name) ||
    escapes(bare)
  ) {
    throw refused(archive, `the entry '${name}' would lie outside`);
  }
  return posix.normalize(bare);
}

/** Whether a link of an archive would point out of the folder that it is unpacked to. */
export function leadsOutside(link: string, to: string): boolean {
  return posix.isAbsolute(to) || escapes(posix.join(posix.dirname(link), to));
}

function escapes(path: string): boolean {
  const normal = posix.normalize(path);
  return normal === ".." || normal.startsWith("../");
}

function refused(archive: string, reason: string): ProviderError {
  return new ProviderError("run/archive-refused", `The archive ${archive} was not unpacked: ${reason}.`);
}
