import type { Hover, Position } from "vscode-languageserver";
import { blocks } from "../../language/features/blocks";
import { environmentMarkdown, hoverAt } from "../../language/features/hover";
import {
  BLOCKS_REQUEST,
  type BlocksParams,
  type EnvBlock,
  EXPLAIN_REQUEST,
  type ExplainParams,
  type ExplainResult,
} from "../../protocol/requests";
import { type Feature, onDocument } from "../context";
import { rangeOf } from "../convert";
import { plainText } from "../plain-text";

/** What is said about a place; and, for lists and panels of the client, about env blocks. */
export const hover: Feature = {
  capabilities: () => ({ hoverProvider: true }),

  register(context) {
    const { connection, client } = context;
    connection.onHover(
      onDocument<{ textDocument: { uri: string }; position: Position }, Hover | null>(
        context,
        "textDocument/hover",
        null,
        ({ analysis, positions }, { position }) => {
          const found = hoverAt(analysis, positions.offsetAt(position));
          if (!found) return null;
          return {
            contents: client.markdownHover
              ? { kind: "markdown", value: found.markdown }
              : { kind: "plaintext", value: plainText(found.markdown) },
            range: rangeOf(positions, found),
          };
        },
      ),
    );
    connection.onRequest(
      BLOCKS_REQUEST,
      onDocument<BlocksParams, EnvBlock[]>(context, BLOCKS_REQUEST, [], ({ analysis, positions }) =>
        blocks(analysis).map(({ start, end, title, target, depth }) => ({
          range: rangeOf(positions, { start, end }),
          title,
          target,
          depth,
        })),
      ),
    );
    connection.onRequest(
      EXPLAIN_REQUEST,
      onDocument<ExplainParams, ExplainResult | null>(
        context,
        EXPLAIN_REQUEST,
        null,
        ({ analysis, positions }, { position }) => {
          const site = analysis.siteAt(positions.offsetAt(position));
          return site && { title: site.label ?? "env", markdown: environmentMarkdown(analysis, site) };
        },
      ),
    );
  },
};
