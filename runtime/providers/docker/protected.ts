/** What the host later runs stays read-only inside writable mounts of a workspace: otherwise a sandboxed command could leave a trap there. */
import { lstatSync, mkdirSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { type EnvironmentSpec, ProviderError } from "../provider";
import { type Bind, within } from "./paths";

/** Relative to the workspace, and to each granted folder that may be a repository or workspace of its own. */
const PROTECTED: { path: string; kind: "folder" | "file" }[] = [
  { path: ".git/hooks", kind: "folder" },
  { path: ".git/config", kind: "file" },
  { path: ".vscode", kind: "folder" },
  { path: "mlld-config.json", kind: "file" },
];

/** Folders that a container's start makes where they are missing. */
export const COVERED_FOLDERS: ReadonlySet<string> = new Set(
  PROTECTED.filter(({ kind }) => kind === "folder").map(({ path }) => path),
);

export interface Protection {
  binds: Bind[];
  /** Folders that were made so that they can be covered; removed again when they are still empty. */
  madeFolders: string[];
  /** Protected files that don't exist, so that nothing can cover them: whoever finds one later should look at it. */
  absent: string[];
}

/** Throws a `ProviderError` when a protected path itself is granted for writing. */
export function refuseProtected(bind: Bind, spec: EnvironmentSpec): void {
  for (const { full } of protectedPaths(bind, spec)) {
    if (within(full, bind.source) === null) continue;
    throw new ProviderError(
      "run/mount-refused",
      `${full} cannot be granted for writing: the host runs what is in it.`,
      "Grant it for reading.",
    );
  }
}

/** The read-only mounts inside a writable one. Makes the folders that it covers. */
export function protect(bind: Bind, spec: EnvironmentSpec): Protection {
  const result: Protection = { binds: [], madeFolders: [], absent: [] };
  if (kindOf(bind.source) !== "folder") return result;
  for (const { full, kind } of protectedPaths(bind, spec))
    if (within(bind.source, full) !== null) cover(bind, full, kind, result);
  result.binds = [...new Map(result.binds.map(b => [b.target, b])).values()];
  return result;
}

function protectedPaths(bind: Bind, spec: EnvironmentSpec): { full: string; kind: "folder" | "file" }[] {
  const roots = new Set([realpathSync(spec.workspace), realpathSync(spec.folder), bind.source]);
  // A project of a repository may be granted with folders around it.
  for (const inner of [...roots])
    for (let at = inner; (within(bind.source, at) ?? "") !== ""; at = join(at, "..")) roots.add(at);
  return [...roots].flatMap(root => PROTECTED.map(({ path, kind }) => ({ full: join(root, path), kind })));
}

function cover(bind: Bind, path: string, kind: "folder" | "file", result: Protection): void {
  const parent = join(path, "..");
  for (let at = path; at !== bind.source; at = join(at, "..")) refuseLink(at);
  const found = kindOf(path);
  if (found === "none") {
    // `.git` of a worktree or submodule is a file that points elsewhere.
    if (kindOf(parent) === "file") {
      cover(bind, parent, "file", result);
      return;
    }
    if (kind === "file" || kindOf(parent) !== "folder") {
      result.absent.push(path);
      return;
    }
    mkdirSync(path);
    result.madeFolders.push(path);
  }
  // A folder on the way could be renamed, and with it the mount below: as a mount of its own it cannot.
  for (let at = parent; at !== bind.source; at = join(at, "..")) {
    result.binds.push({ source: at, target: targetOf(bind, at), readOnly: bind.readOnly });
  }
  result.binds.push({ source: path, target: targetOf(bind, path), readOnly: true });
}

/** A mount covers what a link leads to; the link itself could be replaced. */
function refuseLink(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new ProviderError(
    "run/mount-refused",
    `${path} is a link, so it cannot be kept read-only inside a writable grant: the host runs what it leads to.`,
    "Put what it leads to in its place, or grant a narrower folder.",
  );
}

function targetOf(bind: Bind, path: string): string {
  return posix.join(bind.target, within(bind.source, path)!.split("\\").join("/"));
}

function kindOf(path: string): "folder" | "file" | "none" {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch {
    return "none";
  }
}

/** Removes the folders made for covering that nobody filled. */
export function removeMadeFolders(folders: string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // Not empty, or gone already: it is somebody else's now.
    }
  }
}

/** Which of the absent protected files exist now. */
export function appeared(absent: string[]): string[] {
  return absent.filter(path => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}
