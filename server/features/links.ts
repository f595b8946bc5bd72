import type { DocumentLink } from "vscode-languageserver";
import { links } from "../../language/features/links";
import { type Feature, onDocument } from "../context";
import { rangeOf } from "../convert";
import { canonicalUri } from "../uris";

/** Paths in imports, templates and file references, where they lead to a file that exists; addresses as they are. */
export const documentLinks: Feature = {
  capabilities: () => ({ documentLinkProvider: {} }),

  register(context) {
    const { workspace } = context;
    context.connection.onDocumentLinks(
      onDocument<{ textDocument: { uri: string } }, DocumentLink[]>(
        context,
        "textDocument/documentLink",
        [],
        async ({ uri, analysis, positions }) => {
          const found: DocumentLink[] = [];
          for (const link of links(analysis, workspace.host(uri, new Map()).root(uri))) {
            const target = canonicalUri(link.target);
            if (!/^https?:/.test(target)) {
              if (!workspace.disk.fileSystem.allows(target)) continue;
              if (workspace.disk.exists(target) === undefined) await workspace.disk.look(target);
              if (!workspace.document(target) && !workspace.disk.exists(target)) continue;
            }
            found.push({ range: rangeOf(positions, link), target, tooltip: link.tooltip });
          }
          return found;
        },
      ),
    );
  },
};
