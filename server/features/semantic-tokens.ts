import {
  type Range,
  type SemanticTokens,
  SemanticTokensBuilder,
  type SemanticTokensDelta,
} from "vscode-languageserver";
import { TOKEN_MODIFIERS, TOKEN_TYPES, tokens } from "../../language/features/tokens";
import { type Context, type Feature, guarded, onDocument } from "../context";
import { cedesSyntax } from "../reports";
import { canonicalUri } from "../uris";
import type { Checked } from "../workspace";

/** Colours that need knowledge of names: what a name stands for, which keys are config fields. */
export const semanticTokens: Feature = {
  capabilities: () => ({
    semanticTokensProvider: {
      legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] },
      full: { delta: true },
      range: true,
    },
  }),

  register(context) {
    const { connection, workspace } = context;
    /** One builder a document: it remembers the last answer, which a delta starts from. */
    const builders = new Map<string, SemanticTokensBuilder>();
    const builderOf = (uri: string) => {
      for (const known of builders.keys()) if (!workspace.document(known)) builders.delete(known);
      let builder = builders.get(uri);
      if (!builder) builders.set(uri, (builder = new SemanticTokensBuilder()));
      return builder;
    };

    connection.languages.semanticTokens.on(
      onDocument<{ textDocument: { uri: string } }, SemanticTokens>(
        context,
        "textDocument/semanticTokens/full",
        { data: [] },
        checked => {
          const builder = builderOf(checked.uri);
          builder.previousResult("");
          push(context, builder, checked);
          return builder.build();
        },
      ),
    );
    connection.languages.semanticTokens.onDelta(
      guarded<{ textDocument: { uri: string }; previousResultId: string }, SemanticTokens | SemanticTokensDelta>(
        context,
        "textDocument/semanticTokens/full/delta",
        async ({ textDocument, previousResultId }) => {
          const checked = await workspace.settled(canonicalUri(textDocument.uri));
          if (!checked) return { data: [] };
          const builder = builderOf(checked.uri);
          builder.previousResult(previousResultId);
          push(context, builder, checked);
          return builder.buildEdits();
        },
      ),
    );
    connection.languages.semanticTokens.onRange(
      onDocument<{ textDocument: { uri: string }; range: Range }, SemanticTokens>(
        context,
        "textDocument/semanticTokens/range",
        { data: [] },
        (checked, { range }) => {
          const builder = new SemanticTokensBuilder();
          push(context, builder, checked, range);
          return builder.build();
        },
      ),
    );
  },
};

/** A token of LSP stays on its line. */
function push(context: Context, builder: SemanticTokensBuilder, { analysis, positions }: Checked, range?: Range): void {
  const span = range && { start: positions.offsetAt(range.start), end: positions.offsetAt(range.end) };
  for (const token of tokens(analysis, span, cedesSyntax(context))) {
    const modifiers = token.modifiers.reduce((bits, modifier) => bits | (1 << TOKEN_MODIFIERS.indexOf(modifier)), 0);
    const type = TOKEN_TYPES.indexOf(token.type);
    let at = token.start;
    for (const part of analysis.file.text.slice(token.start, token.end).split("\n")) {
      const length = part.endsWith("\r") ? part.length - 1 : part.length;
      const { line, character } = positions.positionAt(at);
      if (length > 0) builder.push(line, character, length, type, modifiers);
      at += part.length + 1;
    }
  }
}
