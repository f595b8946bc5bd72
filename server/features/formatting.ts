import type { Range, TextEdit } from "vscode-languageserver";
import { format } from "../../language/features/format";
import { type Feature, onDocument } from "../context";
import { rangeOf } from "../convert";

interface FormattingParams {
  textDocument: { uri: string };
  options: { tabSize: number; insertSpaces: boolean };
  range?: Range;
}

/** Formatting of documents and ranges. */
export const formatting: Feature = {
  capabilities: () => ({ documentFormattingProvider: true, documentRangeFormattingProvider: true }),

  register(context) {
    const handle = (name: string) =>
      onDocument<FormattingParams, TextEdit[]>(context, name, [], ({ analysis, positions }, { options, range }) =>
        format(analysis.file, { tabSize: options.tabSize, insertSpaces: options.insertSpaces })
          .map(change => ({ range: rangeOf(positions, change), newText: change.newText }))
          .filter(
            edit => !range || (edit.range.start.line <= range.end.line && edit.range.end.line >= range.start.line),
          ),
      );
    context.connection.onDocumentFormatting(handle("textDocument/formatting"));
    context.connection.onDocumentRangeFormatting(handle("textDocument/rangeFormatting"));
  },
};
