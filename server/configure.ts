import { messageOf } from "../protocol/message-of";
import { SETTINGS_SECTION } from "../protocol/settings";
import type { Context } from "./context";
import { readSettings } from "./settings";

/** How long answers wait for the client to tell its settings. */
const PATIENCE_MS = 2000;

/**
 * Loads the settings of the workspace; until they are there, answers wait, but not for a client that stays silent. Rejects never.
 * @param pushed what the client sent with its notification; a client that can be asked is asked instead
 */
export function configure(context: Context, pushed: unknown): Promise<void> {
  const { workspace, log } = context;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>(resolve => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  const configuring: Promise<void> = Promise.race([load(context, pushed), patience])
    .catch(error => log(`The settings could not be read: ${messageOf(error)}`))
    .finally(() => {
      clearTimeout(timer);
      if (workspace.configuring === configuring) workspace.configuring = null;
    });
  workspace.configuring = configuring;
  return configuring;
}

async function load({ connection, workspace, client }: Context, pushed: unknown): Promise<void> {
  if (client.configuration) {
    const items = [
      { section: SETTINGS_SECTION },
      ...workspace.folders.map(folder => ({ scopeUri: folder.uri, section: SETTINGS_SECTION })),
    ];
    const [own, ...ofFolders] = (await connection.workspace.getConfiguration(items)) as unknown[];
    workspace.settings = readSettings(own);
    workspace.folders.forEach((folder, i) => {
      folder.settings = readSettings(ofFolders[i]);
    });
  } else if (pushed !== undefined) {
    workspace.settings = readSettings((pushed as Record<string, unknown> | null)?.[SETTINGS_SECTION]);
    for (const folder of workspace.folders) folder.settings = workspace.settings;
  }
  workspace.bumpAll();
}
