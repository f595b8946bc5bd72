import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import { SETTINGS, SETTINGS_SECTION, type SettingName } from "../../protocol/settings";
import type { Documents } from "../documents";
import type { Language } from "../language";
import type { Program } from "../program";
import { setting } from "../settings";
import { mayRun } from "../trust";
import { revealBlock, runBlockHere } from "./block-of";
import { confirmed } from "./confirm";
import type { EnvironmentsView } from "./environments-view";
import type { Inspections } from "./inspections";
import type { Node } from "./model";
import { snapshotCommands } from "./snapshot-commands";
import { chooseShell, openLog, openShell } from "./terminals";

type Handler = (...args: unknown[]) => unknown;
export type Act = (environment: ExplorerEnvironment, node: Node | undefined) => Thenable<unknown> | undefined;

/** Runs an action on the environment of a node, or on one that the person chooses; its failure is told in the engine's own words. */
export type On = (title: string, action: Act, options?: { trusted?: boolean; many?: boolean }) => Handler;

/** The commands of the view. Each takes a node of the tree, or asks for an environment. */
export function explorerCommands(
  view: EnvironmentsView,
  program: Program,
  documents: Documents,
  inspections: Inspections,
  language: () => Promise<Language>,
) {
  const { l10n, window } = vscode;

  const on: On = (title, action, { trusted = true, many = false } = {}) => {
    return async (given, selected) => {
      if (trusted && !(await mayRun())) return;
      const nodes = many && Array.isArray(selected) ? (selected as Node[]) : [given as Node | undefined];
      const known = nodes.flatMap(node => environmentOf(node) ?? []);
      const fallback = view.selection.flatMap(node => environmentOf(node) ?? []).slice(0, 1);
      const environments = known.length ? known : fallback.length ? fallback : await choose(view, title);
      // One after the other: questions to the person do not pile up.
      for (const environment of environments) {
        try {
          await action(environment, given as Node | undefined);
        } catch (error) {
          void window.showErrorMessage(
            `${title}: ${environment.name}. ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
    };
  };
  const withProgress = <T>(title: string, task: () => Promise<T>) =>
    window.withProgress({ location: { viewId: "mlldEnv.environments" }, title }, task);

  const release = async ({ name }: ExplorerEnvironment) => {
    const detail = l10n.t("Its processes end and its files are lost. Snapshots of it stay.");
    if (await confirmed(l10n.t("Release {0}?", name), detail, l10n.t("Release")))
      await withProgress(l10n.t("Releasing"), () => view.release(name));
  };

  return {
    ...snapshotCommands(view, on, withProgress),
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
    "mlldEnv.environments.releaseAll": async given => {
      if (!(await mayRun())) return;
      const group = given as Node | undefined;
      const all = (group?.kind === "group" ? group.environments : view.environments).filter(isListed);
      if (!all.length) return;
      const answer = l10n.t("Release All");
      const detail = all.map(({ name }) => name).join("\n");
      if (!(await confirmed(l10n.t("Release {0} environments?", all.length), detail, answer, true))) return;
      const results = await withProgress(l10n.t("Releasing"), () =>
        Promise.allSettled(all.map(({ name }) => view.release(name))),
      );
      const failed = results.flatMap((result, i) =>
        result.status === "rejected" ? [`${all[i]!.name}: ${(result.reason as Error).message}`] : [],
      );
      if (failed.length) void window.showErrorMessage(l10n.t("Not released: {0}", failed.join("; ")));
    },
    "mlldEnv.environments.release": on(l10n.t("Release"), release, { many: true }),
    "mlldEnv.environments.stop": on(
      l10n.t("Stop"),
      ({ name }) => withProgress(l10n.t("Stopping"), () => view.ask("stop", { name })),
      { many: true },
    ),
    "mlldEnv.environments.start": on(
      l10n.t("Start"),
      ({ name }) => withProgress(l10n.t("Starting"), () => view.ask("start", { name })),
      { many: true },
    ),
    "mlldEnv.environments.openShell": on(l10n.t("Open Shell"), async environment =>
      openShell(environment, program, setting("explorer.shell")),
    ),
    "mlldEnv.environments.openShellWith": on(l10n.t("Open Shell"), async environment => {
      const shell = await chooseShell(environment, () => view.ask("shells", { name: environment.name }));
      if (shell) await openShell(environment, program, shell);
    }),
    "mlldEnv.environments.logs": on(l10n.t("Show Log"), async environment => openLog(environment, program)),
    "mlldEnv.environments.inspect": on(l10n.t("Inspect"), environment => inspections.show(environment)),
    "mlldEnv.environments.openFile": on(l10n.t("Open File"), async ({ name, provider }, node) => {
      if (node?.kind !== "change") return;
      const { path } = node.change;
      if (provider === "local") {
        await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(path));
        return;
      }
      const found = await view.ask("read", { name, path });
      if (!found) throw new Error(l10n.t("{0} is gone, or no text.", path));
      const more = found.cut ? `\n${l10n.t("… the rest is left out")}\n` : "";
      await documents.show("file", `${name}${path}`, found.text + more, "plaintext");
    }),
    "mlldEnv.environments.copyName": on(
      l10n.t("Copy Name"),
      async ({ name }) => await vscode.env.clipboard.writeText(name),
      { trusted: false },
    ),
    "mlldEnv.environments.reveal": on(l10n.t("Reveal Block"), revealBlock, { trusted: false }),
    "mlldEnv.environments.runHere": on(l10n.t("Run Block Here"), async environment =>
      runBlockHere(environment, await language()),
    ),
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

function environmentOf(node: Node | undefined): ExplorerEnvironment | undefined {
  return node && typeof node === "object" && "environment" in node ? node.environment : undefined;
}

/** Whether a backend knows of it; a local environment is known to the run that has it. */
function isListed({ provider }: ExplorerEnvironment): boolean {
  return provider !== "local";
}

async function choose(view: EnvironmentsView, title: string): Promise<ExplorerEnvironment[]> {
  const items = view.environments.filter(isListed).map(environment => ({
    label: environment.name,
    description: `${environment.state} · ${environment.image}`,
    environment,
  }));
  if (!items.length) {
    void vscode.window.showInformationMessage(vscode.l10n.t("No environment is live."));
    return [];
  }
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t("Choose an environment"),
  });
  return chosen ? [chosen.environment] : [];
}
