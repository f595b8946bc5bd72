import type { LanguageSettings } from "../../host";

/** What completion takes from outside the file. */
export interface CompletionWorld {
  /** Which spelling comes first: `env`, or `box` since 2.0.5. */
  languageVersion: LanguageSettings["languageVersion"];
  /** Names of tools that the workspace uses. */
  tools: Iterable<string>;
  /** References of providers that the workspace uses. */
  providers: Iterable<string>;
  /** Whether a field can still be narrowed in the block whose `with` clause starts at this offset. */
  narrowable: (field: string, offset: number) => boolean;
  /** Names that a module exports, with their kinds; null when the module is not known. */
  exportsOf: (specifier: string) => { name: string; kind: string }[] | null;
}
