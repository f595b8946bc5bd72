import type { CompletionWorld } from "../../language/features/completion";
import { canNarrow } from "../../language/features/narrowable";
import { type Vocabulary, vocabularyOf } from "../../language/features/vocabulary";
import { folderOf, resolvePath } from "../../language/semantics/uri";
import { canonicalUri } from "../uris";
import type { Checked, Workspace } from "../workspace";

/** What the workspace and the analysis add to completion. */
export class Worlds {
  /** By file, with the text that the words were read from. */
  private readonly vocabularies = new Map<string, { text: string; words: Vocabulary }>();

  constructor(private readonly workspace: Workspace) {}

  of({ analysis, uri }: Checked): CompletionWorld {
    return {
      languageVersion: this.workspace.settingsOf(uri).language.languageVersion,
      tools: this.words("tools"),
      providers: this.words("providers"),
      modules: this.words("modules"),
      narrowable: (field, offset) => canNarrow(analysis, field, offset),
      exportsOf: specifier => {
        const resolved =
          analysis.imports.find(fact => fact.specifier === specifier)?.uri ?? resolvePath(folderOf(uri), specifier);
        const module = this.workspace.result(canonicalUri(resolved))?.analysis.summary;
        return module ? [...module.exports.values()].map(({ name, kind }) => ({ name, kind })) : null;
      },
    };
  }

  private words(kind: keyof Vocabulary): Set<string> {
    const words = new Set<string>();
    for (const uri of new Set([...this.workspace.openUris(), ...this.workspace.files])) {
      const text = this.workspace.text(uri);
      if (typeof text !== "string") continue;
      let known = this.vocabularies.get(uri);
      if (known?.text !== text) {
        known = { text, words: vocabularyOf(text) };
        this.vocabularies.set(uri, known);
      }
      for (const word of known.words[kind]) words.add(word);
    }
    return words;
  }
}
