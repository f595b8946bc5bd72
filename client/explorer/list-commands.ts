import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import { SETTINGS, SETTINGS_SECTION, type SettingName } from "../../protocol/settings";
import { setting } from "../settings";
import { mayRun } from "../trust";
import type { EnvironmentsView } from "./environments-view";
import type { Node } from "./model";
import type { Handler, WithProgress } from "./on-environments";

/** What the list shows, and in which order. */
export function listCommands(view: EnvironmentsView, withProgress: WithProgress) {
  const { l10n, window } = vscode;
  return {
    "mlldEnv.environments.refresh": async () => {
      if (await mayRun()) await withProgress(l10n.t("Refreshing"), () => view.refresh());
    },
    "mlldEnv.environments.refreshSection": node => view.refreshSection(node as Node),
    "mlldEnv.environments.groupBy": () => chooseSetting("explorer.groupBy", l10n.t("Group environments by")),
    "mlldEnv.environments.sortBy": () => chooseSetting("explorer.sortBy", l10n.t("Sort environments by")),
    "mlldEnv.environments.filter": async () => {
      const text = await window.showInputBox({
        title: l10n.t("Filter environments"),
        prompt: l10n.t("Words in name, provider, state, image or file"),
        value: view.filter,
      });
      if (text !== undefined) view.filter = text;
    },
    "mlldEnv.environments.clearFilter": () => {
      view.filter = "";
    },
  } satisfies Partial<Record<CommandId, Handler>>;
}

/** Lets the person choose the value of a setting with named values; it holds for all windows. */
async function chooseSetting(name: SettingName & ("explorer.groupBy" | "explorer.sortBy"), title: string) {
  const current: string = setting(name);
  const items = Object.entries(SETTINGS[name].values).map(([value, description]) => ({
    label: value === current ? `$(check) ${value}` : value,
    description,
    value,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title });
  if (chosen)
    await vscode.workspace
      .getConfiguration(SETTINGS_SECTION)
      .update(name, chosen.value, vscode.ConfigurationTarget.Global);
}
