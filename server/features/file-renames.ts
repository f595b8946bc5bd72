import type { FileOperationRegistrationOptions, RenameFilesParams, WorkspaceEdit } from "vscode-languageserver";
import type { Edit } from "../../language/diagnostics";
import { importChanges, type Move } from "../../language/features/moves";
import { type Feature, guarded } from "../context";
import { workspaceEditOf } from "../convert";
import { inSlices } from "../slices";
import { canonicalUri } from "../uris";

/** Watchers of files do not tell of folders. */
const FOLDERS: FileOperationRegistrationOptions = { filters: [{ pattern: { glob: "**", matches: "folder" } }] };
const MOVED: FileOperationRegistrationOptions = {
  filters: [{ pattern: { glob: "**/*.{mld,md,att,mtt}", matches: "file" } }, ...FOLDERS.filters],
};

/** Imports follow files that are renamed or moved. */
export const fileRenames: Feature = {
  capabilities: () => ({
    workspace: { fileOperations: { willRename: MOVED, didCreate: FOLDERS, didDelete: FOLDERS, didRename: FOLDERS } },
  }),

  register(context) {
    const { workspace } = context;
    context.connection.workspace.onWillRenameFiles(
      guarded<RenameFilesParams, WorkspaceEdit | null>(
        context,
        "workspace/willRenameFiles",
        async ({ files }, token) => {
          await context.ready();
          const moves: Move[] = files.map(({ oldUri, newUri }) => ({
            from: canonicalUri(oldUri),
            to: canonicalUri(newUri),
          }));
          const edits: Edit[] = [];
          await inSlices(new Set([...workspace.openUris(), ...workspace.files]), token, async uri => {
            await workspace.disk.load(uri);
            if (!workspace.text(uri)?.includes("import")) return;
            const checked = await workspace.settled(uri);
            if (!checked) return;
            const root = workspace.host(uri, new Map()).root(uri);
            for (const { start, end, newText } of importChanges(checked.analysis, root, moves))
              edits.push({ place: { uri, start, end }, newText });
            workspace.release(uri);
          });
          return workspaceEditOf(workspace, edits);
        },
      ),
    );
  },
};
