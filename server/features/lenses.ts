import type { CodeLens, InlayHint, Range } from "vscode-languageserver";
import { InlayHintKind } from "vscode-languageserver";
import { blocks, hintOf } from "../../language/features/blocks";
import type { CommandId } from "../../protocol/commands";
import { type Feature, onDocument } from "../context";

const RUN: CommandId = "mlldEnv.runBlock";
const EXPLAIN: CommandId = "mlldEnv.explain";
const TITLES = { run: "Run env block ({0})", explain: "Explain environment" };

/** Over each env block *Run* and *Explain*; behind its head what it allows. Each can be turned off. */
export const lenses: Feature = {
  capabilities: () => ({ codeLensProvider: {}, inlayHintProvider: true }),

  register(context) {
    const { connection, workspace, options } = context;
    connection.onCodeLens(
      onDocument<{ textDocument: { uri: string } }, CodeLens[]>(
        context,
        "textDocument/codeLens",
        [],
        ({ uri, analysis, positions }, { textDocument }) => {
          const { runLens, explainLens } = workspace.settingsOf(uri);
          if (!runLens && !explainLens) return [];
          const titles = options.lensTitles ?? TITLES;
          return blocks(analysis).flatMap(block => {
            const start = positions.positionAt(block.start);
            const range = { start, end: start };
            const place = [textDocument.uri, start.line];
            const found: CodeLens[] = [];
            if (runLens)
              found.push({
                range,
                command: {
                  title: titles.run.replace("{0}", block.target),
                  command: RUN,
                  arguments: place,
                },
              });
            if (explainLens)
              found.push({ range, command: { title: titles.explain, command: EXPLAIN, arguments: place } });
            return found;
          });
        },
      ),
    );
    connection.languages.inlayHint.on(
      onDocument<{ textDocument: { uri: string }; range: Range }, InlayHint[]>(
        context,
        "textDocument/inlayHint",
        [],
        ({ uri, analysis, positions }, { range }) => {
          if (!workspace.settingsOf(uri).inlayHints) return [];
          return blocks(analysis).flatMap(block => {
            const position = positions.positionAt(block.hintAt);
            const hint = position.line >= range.start.line && position.line <= range.end.line ? hintOf(block) : null;
            return hint
              ? [{ position, label: hint.label, tooltip: hint.details, paddingLeft: true, kind: InlayHintKind.Type }]
              : [];
          });
        },
      ),
    );
  },
};
