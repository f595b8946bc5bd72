import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { createTwoFilesPatch } from "diff";
import type { ParsedTarEntry } from "modern-tar";
import { archiveError, entriesOf } from "./restore";

export interface SnapshotDiff {
  created: string[];
  deleted: string[];
  /** `diff` is unified; null for what is no text, links, and texts that are too large or too different. */
  modified: { path: string; diff: string | null }[];
}

/** Texts beyond this are only named, also when all of an archive come to more. */
const MAX_TEXT_BYTES = 1_000_000;
const MAX_TEXTS_BYTES = 64_000_000;
/** Texts that have little in common take very long. */
const MAX_DIFF_MS = 1_000;

/** What changed between two snapshot archives, by path. Throws `run/archive-refused`. */
export async function diffArchives(before: string, after: string): Promise<SnapshotDiff> {
  const [old, current] = await Promise.all([sumsOf(before), sumsOf(after)]);
  const paths = [...new Set([...old.keys(), ...current.keys()])].sort();
  const changed = new Set(
    paths.filter(path => old.has(path) && current.has(path) && old.get(path) !== current.get(path)),
  );
  const [a, b] = await Promise.all([textsOf(before, changed), textsOf(after, changed)]);
  return {
    created: paths.filter(path => !old.has(path)),
    deleted: paths.filter(path => !current.has(path)),
    modified: [...changed].map(path => ({ path, diff: patch(path, a.get(path), b.get(path)) })),
  };
}

function patch(path: string, before: string | undefined, after: string | undefined): string | null {
  // Of a file that became executable the text is the same.
  if (before === undefined || after === undefined || before === after) return null;
  const limit = { timeout: MAX_DIFF_MS };
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, limit) ?? null;
}

/** A sum over kind, mode, link and content of each entry. */
async function sumsOf(archive: string): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  await read(archive, async ({ header, body }) => {
    const hash = createHash("sha256").update(JSON.stringify([header.type, header.mode, header.linkname ?? null]));
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) hash.update(chunk);
    sums.set(header.name, hash.digest("hex"));
  });
  return sums;
}

/** The texts among the entries that are asked for. */
async function textsOf(archive: string, names: ReadonlySet<string>): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (names.size === 0) return texts;
  let left = MAX_TEXTS_BYTES;
  await read(archive, async ({ header, body }) => {
    const { name, type, size } = header;
    if (type !== "file" || !names.has(name) || size > MAX_TEXT_BYTES || size > left) return body.cancel();
    left -= size;
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (isUtf8(bytes) && !bytes.includes(0)) texts.set(name, bytes.toString());
  });
  return texts;
}

async function read(archive: string, each: (entry: ParsedTarEntry) => Promise<void>): Promise<void> {
  try {
    for await (const entry of entriesOf(archive)) await each(entry);
  } catch (error) {
    throw archiveError(archive, error);
  }
}
