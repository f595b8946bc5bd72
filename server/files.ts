import type { FileSystem, FolderEntry } from "./file-system";
import { baseName, isInside, parentUri } from "./uris";

/** Names that mark a project's root: mlld's own win over the usual ones, however far up. */
const MLLD_MARKS = ["mlld-config.json", "mlld-lock.json"];
const USUAL_MARKS = ["package.json", ".git", "pyproject.toml", "Cargo.toml"];

/**
 * What is known of the files behind the open documents: texts, which names a folder holds, and the root of a folder's project. All
 * keys are canonical URIs. Reading is asynchronous, looking is not: what has not been read is `undefined`.
 */
export class Files {
  private readonly texts = new Map<string, string | null>();
  private readonly listings = new Map<string, Set<string> | null>();
  private readonly roots = new Map<string, string>();
  private readonly loading = new Map<string, Promise<void>>();

  constructor(readonly fileSystem: FileSystem) {}

  text(uri: string): string | null | undefined {
    return this.fileSystem.allows(uri) ? this.texts.get(uri) : null;
  }

  exists(uri: string): boolean | undefined {
    if (!this.fileSystem.allows(uri)) return false;
    const text = this.texts.get(uri);
    if (text !== undefined && text !== null) return true;
    const listing = this.listings.get(parentUri(uri));
    return listing === undefined ? undefined : (listing?.has(baseName(uri)) ?? false);
  }

  /** The root of the project that a file belongs to; undefined until `load` was called for a file beside it. */
  root(uri: string): string | undefined {
    return this.roots.get(parentUri(uri));
  }

  /** Reads a file, the listing of its folder and its project's root, unless they are known. Never fails. */
  load(uri: string): Promise<void> {
    let loading = this.loading.get(uri);
    if (!loading) {
      loading = this.read(uri).finally(() => this.loading.delete(uri));
      this.loading.set(uri, loading);
    }
    return loading;
  }

  private async read(uri: string): Promise<void> {
    if (!this.fileSystem.allows(uri)) return;
    const folder = parentUri(uri);
    const [text] = await Promise.all([
      this.texts.has(uri) ? this.texts.get(uri)! : this.fileSystem.read(uri),
      this.findRoot(folder),
    ]);
    this.texts.set(uri, text);
  }

  /** Makes `exists` know about a file, without reading it. */
  async look(uri: string): Promise<void> {
    if (this.fileSystem.allows(uri)) await this.listing(parentUri(uri));
  }

  /** Keeps a listing that a walk came by. */
  listed(folder: string, entries: FolderEntry[]): void {
    this.listings.set(folder, new Set(entries.map(entry => entry.name)));
  }

  /** The entries of a folder as they are now, folders among them. */
  async entries(folder: string): Promise<FolderEntry[]> {
    const entries = this.fileSystem.allows(folder) ? await this.fileSystem.list(folder) : null;
    if (entries) this.listed(folder, entries);
    return entries ?? [];
  }

  /** Forgets what was known of a file or folder that was created, changed or deleted on disk. */
  forget(uri: string): void {
    this.listings.delete(parentUri(uri));
    const marks = [...MLLD_MARKS, ...USUAL_MARKS].includes(baseName(uri));
    if (marks) this.roots.clear();
    this.texts.delete(uri);
    for (const known of [...this.texts.keys()]) if (isInside(known, uri)) this.texts.delete(known);
    for (const known of [...this.listings.keys()]) if (isInside(known, uri)) this.listings.delete(known);
  }

  private async listing(folder: string): Promise<Set<string> | null> {
    let listing = this.listings.get(folder);
    if (listing === undefined) {
      const entries = await this.fileSystem.list(folder);
      listing = entries && new Set(entries.map(entry => entry.name));
      this.listings.set(folder, listing);
    }
    return listing;
  }

  private async findRoot(folder: string): Promise<void> {
    if (this.roots.has(folder)) return;
    let usual: string | undefined;
    let mlld: string | undefined;
    for (let at = folder; this.fileSystem.allows(at); at = parentUri(at)) {
      const listing = await this.listing(at);
      if (MLLD_MARKS.some(mark => listing?.has(mark))) {
        mlld = at;
        break;
      }
      if (usual === undefined && USUAL_MARKS.some(mark => listing?.has(mark))) usual = at;
      if (parentUri(at) === at) break;
    }
    this.roots.set(folder, mlld ?? usual ?? folder);
    // Both the file's folder and its listing are known now, so `exists` can answer for its neighbours.
    await this.listing(folder);
  }
}
