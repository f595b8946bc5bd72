import type { CancellationToken } from "vscode-languageserver";
import type { Context } from "./context";
import { inSlices } from "./slices";
import { canonicalUri } from "./uris";
import type { Checked } from "./workspace";

/**
 * Visits the analysis of every known file whose text holds a name: the workspace's, the open ones and `also`. Files are analysed when
 * the text shows that it is worth it, and yield to other requests.
 */
export async function filesNaming(
  context: Context,
  name: string,
  also: string[],
  token: CancellationToken,
  visit: (file: Checked) => void,
): Promise<void> {
  const { workspace } = context;
  await context.ready();
  const uris = new Set([...also.map(canonicalUri), ...workspace.openUris(), ...workspace.files]);
  await inSlices(uris, token, async uri => {
    await workspace.disk.load(uri);
    if (!workspace.text(uri)?.includes(name)) return;
    const checked = await workspace.settled(uri);
    if (checked) visit(checked);
    workspace.release(uri);
  });
}
