import { readdirSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What a folder stands for: mlld programs and templates. A plain `.md` is checked only when it is named. */
const IN_FOLDERS = [".mld", ".mld.md", ".att", ".mtt"];
const SKIPPED = new Set(["node_modules", ".git"]);

/** The files that a path on the command line means, sorted. Throws the system's error for a path that cannot be read. */
export function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const files: string[] = [];
  const seen = new Set<string>();
  const visit = (folder: string): void => {
    // A link back to an ancestor would never end.
    const real = realpathSync(folder);
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const at = join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) visit(at);
      else if (entry.isFile() && IN_FOLDERS.some(extension => entry.name.endsWith(extension))) files.push(at);
    }
  };
  visit(path);
  return files;
}

export function uriOf(path: string, cwd: string): string {
  return pathToFileURL(resolve(cwd, path)).href;
}

/** The way back for output: relative to the working folder where the file lies in it, else absolute. */
export function displayPath(uri: string, cwd: string, absolute: boolean): string {
  if (!uri.startsWith("file:///")) return uri;
  const path = fileURLToPath(uri);
  return absolute ? path : shortPath(path, cwd);
}

/** A path as people read it: relative to the working folder where it lies in it, else absolute. */
export function shortPath(path: string, cwd: string): string {
  const from = relative(cwd, path);
  return isAbsolute(from) || from === "" || from === ".." || from.startsWith(`..${sep}`) ? path : from;
}
