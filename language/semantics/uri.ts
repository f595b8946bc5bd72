/** Paths in URIs, by text alone: no file system is asked. */

const SCHEME = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)(\/.*)?$/i;

/** `file:///a/b.mld` → `file:///a`. */
export function folderOf(uri: string): string {
  const slash = uri.lastIndexOf("/");
  const { prefix } = split(uri);
  return slash <= prefix.length ? prefix + "/" : uri.slice(0, slash);
}

/** A path as people write it, from a folder; absolute paths start at the root of the same scheme. */
export function resolvePath(folder: string, path: string): string {
  const { prefix, path: base } = split(folder);
  const windows = /^[a-z]:[\\/]/i.test(path);
  const text = windows ? "/" + path.replaceAll("\\", "/") : path;
  const segments = text.startsWith("/") ? [] : base.split("/");
  for (const segment of text.split("/").map(encode)) segments.push(segment);
  return prefix + "/" + normalise(segments).join("/");
}

/** The path that a URI names, as the file system writes it: `file:///c%3A/a` is `c:/a`. */
export function pathOfUri(uri: string): string {
  const path = split(uri).path.split("/").map(decode).join("/");
  return /^\/[a-z]:/i.test(path) ? path.slice(1) : path;
}

/** The name of the file that a URI names: `file:///a/my%20b.mld` is `my b.mld`. */
export function fileName(uri: string): string {
  return decode(uri.slice(uri.lastIndexOf("/") + 1));
}

function split(uri: string): { prefix: string; path: string } {
  const match = SCHEME.exec(uri);
  return match ? { prefix: match[1]!, path: match[2] ?? "/" } : { prefix: "", path: uri };
}

function normalise(segments: string[]): string[] {
  const out: string[] = [];
  for (const segment of segments) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") out.pop();
    else out.push(segment);
  }
  return out;
}

/** Half of a character, as it stands for a moment when one is typed or deleted. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

function encode(segment: string): string {
  const text = segment.replace(LONE_SURROGATE, "\uFFFD");
  // What `pathToFileURL` leaves as it is must stay, or two URIs would name one file.
  return encodeURIComponent(text).replace(/%(40|3A|2B|24|26|2C|3B|3D)/gi, code => decodeURIComponent(code));
}

/** A segment of a URI as the file system writes it. */
export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // A lone `%` in a name is itself.
  }
}
