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
