import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { posix, relative, resolve, sep } from "node:path";
import { type EnvironmentSpec, type MountGrant, ProviderError } from "../provider";
import type { SpritesApi } from "./api";
import { WORKDIR, writeFile } from "./record";

/** A copy beyond this is almost always a mistake: a `node_modules`, a data set. */
const MAX_FILES = 5_000;
const MAX_BYTES = 100 * 1024 * 1024;
const PARALLEL = 8;

interface Copy {
  from: string;
  to: string;
  mode: string;
}

/** Refuses grants that a machine elsewhere cannot keep. */
export function checkGrants(spec: EnvironmentSpec): void {
  for (const mount of spec.fs.mounts ?? []) {
    if (mount.mode === "rw") {
      throw new ProviderError(
        "run/mount-refused",
        `A sprite runs elsewhere: '${mount.host}' cannot be mounted for writing.`,
        "Grant it in `read` (it is copied), and bring results back through standard output; or use '@mlld/env-docker'.",
      );
    }
    if (mount.tail)
      throw new ProviderError(
        "run/mount-refused",
        `'${mount.host}/${mount.tail}' is a pattern: a sprite takes whole files and folders only.`,
      );
  }
  const { memoryBytes, cpus, pids } = spec.limits;
  if (memoryBytes !== undefined || cpus !== undefined || pids !== undefined) {
    throw new ProviderError(
      "run/limits-unsupported",
      "The size of a sprite is fixed: limits of memory, cpu and pids cannot be kept there.",
      "Leave only `timeout` in `limits`, or use '@mlld/env-docker'.",
    );
  }
}

/** Copies what `read` grants into a new sprite. */
export async function copyGrants(
  api: SpritesApi,
  sprite: string,
  spec: EnvironmentSpec,
  signal: AbortSignal,
): Promise<void> {
  const copies: Copy[] = [];
  let bytes = 0;
  for (const mount of spec.fs.mounts ?? []) {
    const root = await realpath(mount.host).catch(() => {
      throw new ProviderError(
        "run/mount-refused",
        `'${mount.host}' does not exist.`,
        "Create it, or take it out of `fs`.",
      );
    });
    for (const from of await filesBelow(root)) {
      const facts = await stat(from);
      bytes += facts.size;
      copies.push({
        from,
        to: posix.join(target(mount, spec), relative(root, from).split(sep).join("/")),
        mode: (facts.mode & 0o777).toString(8).padStart(4, "0"),
      });
      if (copies.length > MAX_FILES || bytes > MAX_BYTES) {
        throw new ProviderError(
          "run/mount-refused",
          `'${mount.host}' is too much to copy: more than ${MAX_FILES} files or ${MAX_BYTES >> 20} MB.`,
          "Grant a smaller folder.",
        );
      }
    }
  }
  const next = copies[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const copy of next) await writeFile(api, sprite, copy.to, copy.mode, await readFile(copy.from), signal);
    }),
  );
}

/** Where a grant lies in the sprite: as written, else a path of the program's folder below the work folder, else the same path. */
function target(mount: MountGrant, spec: EnvironmentSpec): string {
  if (mount.container) return mount.container;
  const inside = relative(spec.folder, resolve(spec.folder, mount.host));
  return inside.startsWith("..") ? mount.host : posix.join(spec.workdir ?? WORKDIR, inside.split(sep).join("/"));
}

/** Regular files; links are not followed, so that nothing outside the grant is copied. */
async function filesBelow(root: string): Promise<string[]> {
  if (!(await stat(root)).isDirectory()) return [root];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => resolve(entry.parentPath ?? entry.path, entry.name));
}
