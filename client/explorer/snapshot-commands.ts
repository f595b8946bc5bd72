import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import type { SnapshotInfo } from "../../protocol/explorer";
import { confirmed } from "./confirm";
import type { EnvironmentsView } from "./environments-view";
import type { Node } from "./model";
import type { Handler, On, WithProgress } from "./on-environments";

/** Taking, restoring and deleting snapshots. */
export function snapshotCommands(view: EnvironmentsView, on: On, withProgress: WithProgress) {
  const { l10n, window } = vscode;

  const take = on(
    l10n.t("Take Snapshot"),
    async ({ name }) => {
      const as = await window.showInputBox({
        title: l10n.t("Take a snapshot of {0}", name),
        prompt: l10n.t("Name of the snapshot; empty takes one made of name and time"),
        validateInput: text =>
          /^[a-z0-9]*([._/-][a-z0-9]+)*(:[\w.-]+)?$/.test(text)
            ? undefined
            : l10n.t("Lower case letters, digits, and . _ / - between them."),
      });
      if (as === undefined) return;
      const { ref } = await withProgress(l10n.t("Taking a snapshot"), () =>
        view.ask("snapshot", { name, ...(as && { as }) }),
      );
      const copy = l10n.t("Copy");
      // Nobody waits for the answer.
      void window
        .showInformationMessage(l10n.t('Snapshot taken. In a config, from: "{0}" starts from it.', ref), copy)
        .then(answer => (answer === copy ? vscode.env.clipboard.writeText(ref) : undefined));
    },
    { can: "snapshot" },
  );

  const restore = on(
    l10n.t("Restore Snapshot"),
    async ({ name }, node) => {
      const snapshot = snapshotOf(node) ?? (await choose(await view.ask("snapshots", { name }), name));
      if (!snapshot) return;
      const question = l10n.t("Put {0} back to {1}?", name, snapshot.name);
      const detail = l10n.t("Its processes end, and what its files are now is lost. Its grants stay as they are.");
      if (await confirmed(question, detail, l10n.t("Restore")))
        await withProgress(l10n.t("Restoring"), () => view.ask("restore", { name, ref: snapshot.ref }));
    },
    { can: "restore" },
  );

  const remove = on(l10n.t("Delete Snapshot"), async (_, node) => {
    const snapshot = snapshotOf(node);
    if (!snapshot) return;
    const detail = l10n.t("What starts from it does so no more.");
    if (!(await confirmed(l10n.t("Delete the snapshot {0}?", snapshot.name), detail, l10n.t("Delete")))) return;
    await withProgress(l10n.t("Deleting"), () => view.ask("removeSnapshot", { ref: snapshot.ref }));
    await view.refresh();
  });

  return {
    "mlldEnv.environments.snapshot": take,
    "mlldEnv.environments.restore": restore,
    "mlldEnv.environments.removeSnapshot": remove,
    "mlldEnv.environments.copySnapshot": async node => {
      const snapshot = snapshotOf(node as Node | undefined);
      if (snapshot) await vscode.env.clipboard.writeText(snapshot.ref);
    },
  } satisfies Partial<Record<CommandId, Handler>>;
}

function snapshotOf(node: Node | undefined): SnapshotInfo | undefined {
  return node?.kind === "snapshot" ? node.snapshot : undefined;
}

async function choose(snapshots: SnapshotInfo[], name: string): Promise<SnapshotInfo | undefined> {
  if (!snapshots.length) {
    void vscode.window.showInformationMessage(vscode.l10n.t("No snapshot of {0} has been taken.", name));
    return undefined;
  }
  const items = snapshots.map(snapshot => ({
    label: snapshot.name,
    description: new Date(snapshot.createdAt).toLocaleString(),
    snapshot,
  }));
  const title = vscode.l10n.t("Restore a snapshot of {0}", name);
  return (await vscode.window.showQuickPick(items, { title }))?.snapshot;
}
