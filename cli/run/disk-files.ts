import { appendFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import picomatch from "picomatch";
import type { FileAccess } from "../../runtime/evaluator";
import { isWaitingPipe } from "./pipes";
import { resolvedPath } from "./resolved-path";

/** The disk, for the script's own file work. */
export const diskFiles: FileAccess = {
  async read(path) {
    try {
      await refusePipe(path);
      return await readFile(path, "utf8");
    } catch (error) {
      if (isMissing(error)) return null;
      // Reading a folder fails without its name.
      throw Object.assign(error as Error, { path });
    }
  },
  async write(path, text) {
    await refusePipe(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  },
  async append(path, text) {
    await refusePipe(path);
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, text);
  },
  async exists(path) {
    return (await facts(path)) !== null;
  },
  async isFolder(path) {
    return (await facts(path))?.isDirectory() ?? false;
  },
  async list(path) {
    return (await entries(path)).map(entry => entry.name).sort();
  },
  async glob(pattern, folder) {
    const { base, glob } = picomatch.scan(pattern);
    const matches = picomatch(glob === "" ? pattern : glob, { dot: false });
    const root = resolve(folder, base);
    const found: string[] = [];
    for await (const path of walk(root, "")) if (matches(path)) found.push(join(root, path));
    return found.sort();
  },
  resolved: resolvedPath,
};

async function refusePipe(path: string): Promise<void> {
  const found = await facts(path);
  if (found && isWaitingPipe(path, found)) throw Object.assign(new Error("it is a pipe"), { path, code: "ESPIPE" });
}

/** Files below a folder, relative with `/`. Links to folders are not followed: they may lead round in a circle. */
async function* walk(root: string, below: string): AsyncGenerator<string> {
  for (const entry of await entries(join(root, below))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) yield* walk(root, path);
    } else if (entry.isFile() || (entry.isSymbolicLink() && (await facts(join(root, path)))?.isFile())) yield path;
  }
}

const SKIPPED = new Set(["node_modules", ".git"]);

async function entries(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function facts(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "");
}
