import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, stat, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { ProviderError } from "../providers/provider";
import { compressionOf, decompressor } from "./compression";
import { leadsOutside, liesOutside } from "./inside";

/** What an archive may unpack to. */
export interface ArchiveLimits {
  bytes: number;
  entries: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = { bytes: 4 * 1024 ** 3, entries: 200_000 };

/** Unpacks an archive into a new or empty folder. Throws `run/archive-refused` for anything that would reach outside it, or cannot be read. */
export async function restoreArchive(archive: string, folder: string, limits = ARCHIVE_LIMITS): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw refused(archive, `the folder ${folder} is not empty`);
  const links = new Map<string, string>();
  const modes: { at: string; mode: number }[] = [];
  try {
    for await (const { header, body } of entriesOf(archive, limits)) {
      const { type = "file", mode, linkname = "" } = header;
      const name = safeName(archive, header.name);
      const at = join(folder, name);
      if (type === "directory") await mkdir(at, { recursive: true });
      else if (type === "file") await writeFile(at, body);
      else if (type === "symlink") links.set(name, linkname);
      else throw refused(archive, `${name} is a ${type === "link" ? "hard link" : type}`);
      if (type !== "file") await body.cancel();
      if (type !== "symlink") modes.push({ at, mode: (mode ?? (type === "file" ? 0o644 : 0o755)) & 0o777 });
    }
    for (const [name, to] of links)
      if (leadsOutside(name, links)) throw refused(archive, `the link ${name} leads outside, to ${to}`);
    // Links last, so that nothing is written through one; modes after that, so that a read-only folder can be filled.
    for (const [name, to] of links) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await symlink(to, join(folder, name));
    }
    for (const { at, mode } of modes.reverse()) await chmod(at, mode);
  } catch (error) {
    throw archiveError(archive, error);
  }
}

async function writeFile(at: string, body: ParsedTarEntry["body"]): Promise<void> {
  await mkdir(dirname(at), { recursive: true });
  await pipeline(
    Readable.fromWeb(body as import("node:stream/web").ReadableStream),
    createWriteStream(at, { flags: "wx", mode: 0o600 }),
  );
}

/** The entries of an archive as it is read; ends with an error as soon as a limit is passed. */
export async function* entriesOf(archive: string, limits = ARCHIVE_LIMITS): AsyncGenerator<ParsedTarEntry> {
  const compression = compressionOf(archive);
  if (!compression) throw refused(archive, "its name does not end in .tar, .tar.gz, .tar.bz2 or .tar.xz");
  if (!(await stat(archive)).isFile()) throw refused(archive, "it is no file");
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
  if (liesOutside(name)) throw refused(archive, `the entry '${name}' would lie outside`);
  return posix.normalize(name.replace(/\/+$/, ""));
}

/** What went wrong with an archive, as a refusal of it. That it is not there is no fault of its own, and passed on. */
export function archiveError(archive: string, error: unknown): unknown {
  const { code, path, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof ProviderError || path === archive) return error;
  if (code === "EEXIST") return refused(archive, `it has two entries at one place, ${path}`);
  return refused(archive, syscall === undefined ? `it is damaged (${message})` : message);
}

function refused(archive: string, reason: string): ProviderError {
  return new ProviderError("run/archive-refused", `The archive ${archive} was refused: ${reason}.`);
}
