import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import type { Documents } from "../documents";
import type { Language } from "../language";
import type { Program } from "../program";
import { setting } from "../settings";
import { mayRun } from "../trust";
import { revealBlock, runBlockHere } from "./block-of";
import { confirmed } from "./confirm";
import type { EnvironmentsView } from "./environments-view";
import type { Inspections } from "./inspections";
import { listCommands } from "./list-commands";
import type { Node } from "./model";
import { type Handler, isListed, onEnvironments, type WithProgress } from "./on-environments";
import { snapshotCommands } from "./snapshot-commands";
import { chooseShell, openLog, openShell } from "./terminals";

/** The commands of the view. Each takes a node of the tree, or asks for an environment. */
export function explorerCommands(
  view: EnvironmentsView,
  program: Program,
  documents: Documents,
  inspections: Inspections,
  language: () => Promise<Language>,
) {
  const { l10n, window } = vscode;
  const on = onEnvironments(view);
  const withProgress: WithProgress = (title, task) =>
    window.withProgress({ location: { viewId: "mlldEnv.environments" }, title }, task);

  const release = async ({ name }: ExplorerEnvironment) => {
    const detail = l10n.t("Its processes end and its files are lost. Snapshots of it stay.");
    if (await confirmed(l10n.t("Release {0}?", name), detail, l10n.t("Release")))
      await withProgress(l10n.t("Releasing"), () => view.release(name));
  };

  return {
    ...listCommands(view, withProgress),
    ...snapshotCommands(view, on, withProgress),
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
      { many: true, can: "stop" },
    ),
    "mlldEnv.environments.start": on(
      l10n.t("Start"),
      ({ name }) => withProgress(l10n.t("Starting"), () => view.ask("start", { name })),
      { many: true, can: "start" },
    ),
    "mlldEnv.environments.openShell": on(
      l10n.t("Open Shell"),
      environment => openShell(environment, program, setting("explorer.shell")),
      { can: "shell" },
    ),
    "mlldEnv.environments.openShellWith": on(
      l10n.t("Open Shell"),
      async environment => {
        const shell = await chooseShell(environment, () => view.ask("shells", { name: environment.name }));
        if (shell) await openShell(environment, program, shell);
      },
      { can: "shell" },
    ),
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
