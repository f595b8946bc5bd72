import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Host, LanguageSettings } from "../language/host";
import { homeFolder } from "../runtime/environments/home";
import { reasonOf } from "./io";

/** Files beyond this size are not read: the parser would refuse them too. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Names that mark a project's root: mlld's own first, then the usual ones (mlld looks for them in this order). */
const MLLD_ROOT_MARKS = ["mlld-config.json", "mlld-lock.json"];
const ROOT_MARKS = ["package.json", ".git", "pyproject.toml", "Cargo.toml"];

/**
 * The world as the command line sees it. A command is one look at the disk, so files are read when the analysis asks for them,
 * once, and nothing is ever wanted.
 */
export class DiskHost implements Host {
  readonly home = pathToFileURL(homeFolder()).href;
  private readonly texts = new Map<string, string | null>();
  private readonly roots = new Map<string, string>();

  constructor(readonly settings: LanguageSettings = { languageVersion: "auto", severities: {} }) {}

  /** Puts a text in the place of a file, as for standard input. */
  overlay(uri: string, text: string): void {
    this.texts.set(uri, text);
  }

  text(uri: string): string | null {
    const known = this.texts.get(uri);
    if (known !== undefined) return known;
    const text = readText(uri);
    this.texts.set(uri, text);
    return text;
  }

  exists(uri: string): boolean {
    return this.texts.has(uri)
      ? this.texts.get(uri) !== null
      : uri.startsWith("file:///") && existsSync(fileURLToPath(uri));
  }

  root(uri: string): string {
    const folder = uri.startsWith("file:///") ? dirname(fileURLToPath(uri)) : uri;
    let root = this.roots.get(folder);
    if (root === undefined) {
      root = uri.startsWith("file:///") ? pathToFileURL(findRoot(folder)).href : folder;
      this.roots.set(folder, root);
    }
    return root;
  }
}

/** Only local files: a UNC path or URL is never opened. */
function readText(uri: string): string | null {
  if (!uri.startsWith("file:///")) return null;
  try {
    const path = fileURLToPath(uri);
    const facts = statSync(path);
    return facts.isFile() && facts.size <= MAX_BYTES ? readFileSync(path, "utf8") : null;
  } catch {
    // A missing or unreadable import is a fact of the program, which the analysis reports.
    return null;
  }
}

/** Why a file gives no text. */
export function whyUnread(uri: string): string {
  if (!uri.startsWith("file:///")) return "only local files are read";
  try {
    const path = fileURLToPath(uri);
    const facts = statSync(path);
    if (facts.isDirectory()) return "it is a folder";
    if (!facts.isFile()) return "it is no regular file; `-` reads standard input";
    if (facts.size > MAX_BYTES) return `it is larger than ${MAX_BYTES / 1024 / 1024} MiB`;
    readFileSync(path);
    return "it changed while it was read";
  } catch (error) {
    return reasonOf(error);
  }
}

/** The nearest folder with a mark of mlld, else the nearest with a usual mark, else the folder itself. */
function findRoot(folder: string): string {
  for (const marks of [MLLD_ROOT_MARKS, ROOT_MARKS]) {
    for (let at = folder; ; at = dirname(at)) {
      if (marks.some(mark => existsSync(join(at, mark)))) return at;
      if (dirname(at) === at) break;
    }
  }
  return folder;
}
