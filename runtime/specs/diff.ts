import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { createTwoFilesPatch } from "diff";
import { archiveError, entriesOf } from "./restore";

export interface SnapshotDiff {
  created: string[];
  deleted: string[];
  modified: { path: string /** Unified; null for binary or large files and for links. */; diff: string | null }[];
}

/** Texts beyond this are only named. */
const MAX_TEXT_BYTES = 1_000_000;

interface Content {
  sum: string;
  text: string | null;
}

/** What changed between two snapshot archives, by path. */
export async function diffArchives(before: string, after: string): Promise<SnapshotDiff> {
  const [old, current] = await Promise.all([contentsOf(before), contentsOf(after)]);
  const paths = [...new Set([...old.keys(), ...current.keys()])].sort();
  const diff: SnapshotDiff = { created: [], deleted: [], modified: [] };
  for (const path of paths) {
    const a = old.get(path);
    const b = current.get(path);
    if (!a) diff.created.push(path);
    else if (!b) diff.deleted.push(path);
    else if (a.sum !== b.sum) {
      const texts = a.text !== null && b.text !== null;
      diff.modified.push({
        path,
        diff: texts ? createTwoFilesPatch(`a/${path}`, `b/${path}`, a.text!, b.text!) : null,
      });
    }
  }
  return diff;
}

async function contentsOf(archive: string): Promise<Map<string, Content>> {
  const contents = new Map<string, Content>();
  try {
    for await (const { header, body } of entriesOf(archive)) {
      const hash = createHash("sha256").update(JSON.stringify([header.type, header.mode, header.linkname ?? null]));
      const chunks: Uint8Array[] = [];
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        hash.update(chunk);
        if (header.size <= MAX_TEXT_BYTES) chunks.push(chunk);
      }
      const bytes = Buffer.concat(chunks);
      const isText = header.type === "file" && header.size <= MAX_TEXT_BYTES && isUtf8(bytes) && !bytes.includes(0);
      contents.set(header.name, { sum: hash.digest("hex"), text: isText ? bytes.toString() : null });
    }
  } catch (error) {
    throw archiveError(archive, error);
  }
  return contents;
}
