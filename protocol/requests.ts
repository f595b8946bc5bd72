/** Requests of ours between the language client and the language server, beside LSP. */

export interface WireRange {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

/** `mlldEnv/blocks`: the env blocks of a document, in order of the text, nested ones after the one that holds them. */
export const BLOCKS_REQUEST = "mlldEnv/blocks";
export interface BlocksParams {
  textDocument: { uri: string };
}
export interface EnvBlock {
  /** The whole directive. */
  range: WireRange;
  /** `env @sandbox with { … }`: one line, for a list. */
  title: string;
  /** Where it runs: `local`, `docker`, `sprites`, the path of a provider module, or `unknown`. */
  target: string;
  /** 0 at the outside. */
  depth: number;
}

/** `mlldEnv/explain`: the effective environment of the block at a place, as Markdown; null where no block is. */
export const EXPLAIN_REQUEST = "mlldEnv/explain";
export interface ExplainParams {
  textDocument: { uri: string };
  position: { line: number; character: number };
}
export interface ExplainResult {
  title: string;
  markdown: string;
}

/** `initializationOptions` of the client. */
export interface ServerOptions {
  /** The official mlld extension is active: what it serves is left to it, unless the setting `coexistence` says otherwise. */
  officialExtension?: boolean;
  /** URI of the folder with a page a diagnostic code (`env/tools-widened.md`). */
  diagnosticPages?: string;
  /** Titles of the lenses in the person's language; `{0}` is where the block runs. */
  lensTitles?: { run: string; explain: string };
}

/** `mlldEnv/readFile`, server to client, from a server without a disk: the text of a file, null where there is none. */
export const READ_FILE_REQUEST = "mlldEnv/readFile";
export interface ReadFileParams {
  uri: string;
}
export interface ReadFileResult {
  text: string | null;
}

/** `mlldEnv/listFolder`, server to client, likewise: what is in a folder, null where there is none. */
export const LIST_FOLDER_REQUEST = "mlldEnv/listFolder";
export interface ListFolderParams {
  uri: string;
}
export interface ListFolderResult {
  entries: { name: string; folder: boolean }[] | null;
}
