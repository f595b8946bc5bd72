import { Emitter, type TextDocumentsConfiguration } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { check, type Finding } from "../language/diagnostics";
import type { Host } from "../language/host";
import { type Analysis, Program } from "../language/semantics";
import { LineMap } from "../language/syntax";
import type { Files } from "./files";
import { readSettings, type ServerSettings } from "./settings";
import { canonicalUri, isInside } from "./uris";

/** Rounds of "analyse, load what was wanted, analyse again": an import chain can be that deep before the rest waits for an edit. */
const MAX_ROUNDS = 64;
/** Results of closed files that stay whole for requests; all others keep only what they reported. */
const KEPT_CLOSED = 8;

/** Between offsets and positions of one text. */
export interface Positions {
  positionAt(offset: number): { line: number; character: number };
  offsetAt(position: { line: number; character: number }): number;
}

/** Everything known of one file at one moment. */
export interface Checked {
  uri: string;
  /** The version of an open document; null for a file on disk. */
  version: number | null;
  text: string;
  positions: Positions;
  analysis: Analysis;
  findings: Finding[];
  basis: Basis;
}

/** What a result was made from: as long as none of it changes, making it again gives the same. */
export interface Basis {
  /** The files that were looked at, with the generation that was seen. */
  dependencies: Map<string, number>;
  /** Counts changes of settings and folders. */
  epoch: number;
}

/** Files whose text, settings or surroundings changed. */
export interface Change {
  uris: string[];
  /** By the author's keys, so that more changes are about to follow. */
  typed: boolean;
}

export interface Folder {
  uri: string;
  name: string;
  settings: ServerSettings;
}

/**
 * The open documents over the files on disk, and what the language layer says about each. Analysing is synchronous and memoised: a
 * result holds as long as the text it was made from and everything that it looked at.
 */
export class Workspace {
  folders: Folder[] = [];
  /** Settings of files outside every folder. */
  settings: ServerSettings = readSettings(undefined);
  /** Files of mlld in the workspace folders, open or not. */
  readonly files = new Set<string>();
  readonly onDidChange = new Emitter<Change>();

  /** Set while the settings are asked for: answers wait for it, so that none of them has to be taken back. */
  configuring: Promise<void> | null = null;

  private readonly open = new Map<string, TextDocument>();
  private readonly generations = new Map<string, number>();
  private readonly results = new Map<string, Checked>();
  private epoch = 0;
  private program = new Program();

  constructor(
    readonly disk: Files,
    private readonly log: (message: string) => void,
  ) {}

  /** Passed to `TextDocuments`: documents are known here from the moment they open. */
  readonly documentsConfiguration: TextDocumentsConfiguration<TextDocument> = {
    create: (uri, languageId, version, text) => this.opened(TextDocument.create(uri, languageId, version, text)),
    update: (document, changes, version) => this.opened(TextDocument.update(document, changes, version)),
  };

  private opened(document: TextDocument): TextDocument {
    const uri = canonicalUri(document.uri);
    this.open.set(uri, document);
    this.bump(uri);
    return document;
  }

  closed(document: TextDocument): void {
    const uri = canonicalUri(document.uri);
    this.open.delete(uri);
    this.disk.forget(uri);
    this.bump(uri);
  }

  document(uri: string): TextDocument | undefined {
    return this.open.get(canonicalUri(uri));
  }

  openUris(): string[] {
    return [...this.open.keys()];
  }

  /** The URI as the client spells it, where it has told us. */
  clientUri(uri: string): string {
    return this.open.get(uri)?.uri ?? uri;
  }

  folderOf(uri: string): Folder | undefined {
    // The innermost one, where folders are nested.
    return this.folders.filter(folder => isInside(uri, folder.uri)).sort((a, b) => b.uri.length - a.uri.length)[0];
  }

  settingsOf(uri: string): ServerSettings {
    return this.folderOf(uri)?.settings ?? this.settings;
  }

  /** The text of a document or of a file that has been read. */
  text(uri: string): string | null | undefined {
    const document = this.open.get(uri);
    return document ? document.getText() : this.disk.text(uri);
  }

  positions(uri: string): Positions | null {
    const result = this.results.get(uri);
    if (result && result.text === this.text(uri)) return result.positions;
    const text = this.text(uri);
    return this.open.get(uri) ?? (typeof text === "string" ? new LineMap(text) : null);
  }

  /** Marks what was made from a file as outdated. */
  bump(uri: string): void {
    this.generations.set(uri, this.generation(uri) + 1);
  }

  /** Marks everything as outdated, as when settings change. */
  bumpAll(): void {
    this.epoch++;
    this.program = new Program();
  }

  /** Open documents and files of the workspace that looked at one of these. */
  dependents(uris: Iterable<string>): string[] {
    const changed = new Set(uris);
    return [...this.looked]
      .filter(([uri, looked]) => !changed.has(uri) && [...changed].some(one => looked.has(one)))
      .map(([uri]) => uri);
  }

  /** Files of the workspace, and all that was looked at for them or for the open ones, whether it exists or not. */
  knownUris(): Set<string> {
    const known = new Set(this.files);
    for (const looked of this.looked.values()) for (const one of looked) known.add(one);
    return known;
  }

  /** What every file looked at when it was last analysed; it outlives the result. */
  private readonly looked = new Map<string, Set<string>>();

  /**
   * The analysis of a file over what is loaded now; null when there is no such text. Never throws: a fault of the analysis is
   * logged, and the file counts as unknown until it changes.
   */
  result(uri: string): Checked | null {
    const known = this.results.get(uri);
    if (known && this.holds(known.basis)) return known;
    const text = this.text(uri);
    if (typeof text !== "string") {
      this.results.delete(uri);
      return null;
    }
    try {
      return this.keep(this.make(uri, text));
    } catch (error) {
      this.log(
        `The analysis of ${uri} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      return null;
    }
  }

  /** Loads a file and what its analysis wants, until nothing new is wanted; then the same as `result`. */
  async settled(uri: string): Promise<Checked | null> {
    if (this.configuring) await this.configuring;
    if (!this.open.has(uri) || this.disk.root(uri) === undefined) {
      const before = this.disk.root(uri);
      await this.disk.load(uri);
      if (this.disk.root(uri) !== before) this.bump(uri);
    }
    const asked = new Set<string>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const result = this.result(uri);
      const fresh = result?.analysis.wanted.map(canonicalUri).filter(wanted => !asked.has(wanted)) ?? [];
      if (fresh.length === 0) return result;
      await Promise.all(fresh.map(wanted => this.disk.load(wanted)));
      for (const wanted of fresh) {
        asked.add(wanted);
        this.bump(wanted);
      }
    }
    return this.result(uri);
  }

  /** Drops the whole result of a closed file; it is made again when a request needs it. */
  release(uri: string): void {
    if (this.open.has(uri)) return;
    this.results.delete(uri);
    this.program.release(uri);
  }

  private generation(uri: string): number {
    return this.generations.get(uri) ?? 0;
  }

  holds({ dependencies, epoch }: Basis): boolean {
    if (epoch !== this.epoch) return false;
    for (const [uri, generation] of dependencies) if (this.generation(uri) !== generation) return false;
    return true;
  }

  private make(uri: string, text: string): Checked {
    const dependencies = new Map([[uri, this.generation(uri)]]);
    const host = this.host(uri, dependencies);
    const analysis = this.program.analyse(uri, host);
    const findings = check(analysis, host);
    const document = this.open.get(uri);
    return {
      uri,
      version: document?.version ?? null,
      text,
      positions: document ?? new LineMap(text),
      analysis,
      findings,
      basis: { dependencies, epoch: this.epoch },
    };
  }

  private keep(result: Checked): Checked {
    const { uri } = result;
    this.looked.set(uri, new Set(result.basis.dependencies.keys()));
    this.results.delete(uri);
    this.results.set(uri, result);
    let closed = 0;
    for (const known of [...this.results.keys()].reverse())
      if (!this.open.has(known) && ++closed > KEPT_CLOSED) this.release(known);
    return result;
  }

  /** The snapshot that the language layer sees. Every look is written down in `dependencies`. */
  host(uri: string, dependencies: Map<string, number>): Host {
    const look = (asked: string): string => {
      const key = canonicalUri(asked);
      if (!dependencies.has(key)) dependencies.set(key, this.generation(key));
      return key;
    };
    return {
      text: asked => this.text(look(asked)),
      exists: asked => {
        const key = look(asked);
        return this.open.has(key) || this.disk.exists(key);
      },
      root: asked => {
        const key = canonicalUri(asked);
        return this.disk.root(key) ?? this.folderOf(key)?.uri ?? key.slice(0, Math.max(key.lastIndexOf("/"), 0));
      },
      home: this.disk.fileSystem.home,
      settings: this.settingsOf(uri).language,
    };
  }
}
