import type { LanguageSettings } from "../../host";

/** What completion takes from outside the file. */
export interface CompletionWorld {
  /** Which spelling comes first: `env`, or `box` since 2.0.5. */
  languageVersion: LanguageSettings["languageVersion"];
  /** The author has typed a space and nothing else: what need not follow is not offered, as Enter would take it. */
  bySpace?: boolean;
  /** Names of tools that the workspace uses. */
  tools: Iterable<string>;
  /** References of providers that the workspace uses. */
  providers: Iterable<string>;
  /** Modules of registries that the workspace imports. */
  modules: Iterable<string>;
  /** Whether a field can still be narrowed in the block whose `with` clause starts at this offset. */
  narrowable: (field: string, offset: number) => boolean;
  /** Names that a module exports, with their kinds; null when the module is not known. */
  exportsOf: (specifier: string) => { name: string; kind: string }[] | null;
}
