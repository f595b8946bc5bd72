/** Paths as strings: POSIX and Windows, without a file system. */
import type { PathContext } from "./types";

const DRIVE = /^[A-Za-z]:(?=[\\/]|$)/;
const GLOB = /[*?[{]/;

/** `C:\x`, `C:/x`, `C:`. */
export function hasDrive(path: string): boolean {
  return DRIVE.test(path);
}

export function isAbsolute(path: string): boolean {
  return path.startsWith("/") || hasDrive(path) || path.startsWith("\\\\");
}

/** Absolute path with `/` between segments, without `.`, `..`, doubled or trailing slashes; drive letters in lower case. */
function normalise(path: string, windows: boolean): string {
  const slashed = windows ? path.replaceAll("\\", "/") : path;
  const drive = hasDrive(slashed) ? slashed.slice(0, 2).toLowerCase() : "";
  const unc = windows && drive === "" && slashed.startsWith("//") ? "/" : "";
  const segments: string[] = [];
  for (const segment of slashed.slice(drive.length).split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  return `${drive}${unc}/${segments.join("/")}`;
}

export interface HostPath {
  base: string;
  tail: string | null;
  /** The path below the file's folder, when it was written relative. */
  relative: string | null;
}

/**
 * Resolves a host path as an author writes it: relative to the folder, `~`, `@base`, `@root`, with or without a glob. The glob part
 * starts at the first segment with a wildcard; `**` and `**` + `/*` add nothing to their folder.
 */
export function resolveHostPath(written: string, context: PathContext): HostPath {
  const windows = hasDrive(context.folder) || hasDrive(written) || context.folder.startsWith("\\\\");
  const text = windows ? written.replaceAll("\\", "/") : written;
  const prefix = /^(~|@base|@root)(?=\/|$)/.exec(text)?.[1];
  let absolute: string;
  let relative: string | null = null;
  if (prefix === "~") absolute = (context.home === "" ? "/~" : context.home) + text.slice(1);
  else if (prefix !== undefined) absolute = context.root + text.slice(prefix.length);
  else if (isAbsolute(text)) absolute = text;
  else {
    absolute = `${context.folder}/${text}`;
    relative = text;
  }
  const slashed = windows ? absolute.replaceAll("\\", "/") : absolute;
  const segments = slashed.split("/");
  const glob = segments.findIndex(segment => GLOB.test(segment));
  const base = normalise(glob < 0 ? slashed : segments.slice(0, glob).join("/") + "/", windows);
  if (relative !== null) {
    const parts = relative.split("/");
    const wild = parts.findIndex(part => GLOB.test(part));
    relative = (wild < 0 ? parts : parts.slice(0, wild)).join("/");
  }
  return { base, tail: glob < 0 ? null : normaliseTail(segments.slice(glob)), relative };
}

function normaliseTail(segments: string[]): string | null {
  const parts = segments.filter(segment => segment !== "" && segment !== ".");
  const text = parts.join("/");
  return text === "**" || text === "**/*" || text === "**/**" ? null : text;
}

/** Whether `path` is `folder` or lies below it, by segments. Both normalised. */
export function isWithin(path: string, folder: string): boolean {
  if (path === folder) return true;
  return path.startsWith(folder.endsWith("/") ? folder : folder + "/");
}

/** Absolute POSIX path of a place in an environment. */
export function resolveContainerPath(path: string, workdir: string): string {
  return normalise(path.startsWith("/") ? path : `${workdir}/${path}`, false);
}

export interface GrantText {
  host: string;
  container: string | null;
  /** As written; `ro`, `rw` or something else that is a mistake. */
  mode: string | null;
}

/** Splits `HOST[:CONTAINER[:MODE]]`; the colon after a drive letter separates nothing. */
export function splitGrant(text: string): GrantText {
  const start = hasDrive(text) ? 2 : 0;
  const first = text.indexOf(":", start);
  if (first < 0) return { host: text, container: null, mode: null };
  const rest = text.slice(first + 1);
  const second = rest.indexOf(":", hasDrive(rest) ? 2 : 0);
  return second < 0
    ? { host: text.slice(0, first), container: rest, mode: null }
    : { host: text.slice(0, first), container: rest.slice(0, second), mode: rest.slice(second + 1) };
}
