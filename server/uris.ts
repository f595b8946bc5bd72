import { URI, Utils } from "vscode-uri";

const known = new Map<string, string>();
const KNOWN_LIMIT = 20_000;

/**
 * One spelling for one resource (`file:///c%3A/a.mld` and `file:///C:/a.mld` are the same file): the form that VS Code uses. What
 * clients and the analysis hand over is brought to it before it serves as a key.
 */
export function canonicalUri(uri: string): string {
  let canonical = known.get(uri);
  if (canonical === undefined) {
    try {
      canonical = URI.parse(uri).toString();
    } catch {
      // Not a URI: it names no file, but it may still name an open document.
      canonical = uri;
    }
    if (known.size >= KNOWN_LIMIT) known.clear();
    known.set(uri, canonical);
  }
  return canonical;
}

export function joinUri(folder: string, name: string): string {
  return Utils.joinPath(URI.parse(folder), name).toString();
}

/** The folder that holds a file; the root folder holds itself. */
export function parentUri(uri: string): string {
  return Utils.dirname(URI.parse(uri)).toString();
}

export function baseName(uri: string): string {
  return Utils.basename(URI.parse(uri));
}

/** Whether `uri` is `folder` or below it, by segments. */
export function isInside(uri: string, folder: string): boolean {
  return uri === folder || uri.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
