import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import { SETTINGS, SETTINGS_SECTION } from "../../protocol/settings";
import type { Documents } from "../documents";
import { type Program, programVariables } from "../program";
import { setting } from "../settings";
import { mayRun } from "../trust";
import type { EnvironmentsView } from "./environments-view";
import type { Node } from "./model";

type Handler = (...args: unknown[]) => unknown;

/** The commands of the view. Each takes a node of the tree, or asks for an environment. */
export function explorerCommands(view: EnvironmentsView, program: Program, documents: Documents) {
  const { l10n, window } = vscode;

  /** Runs an action on the environment of a node; its failure is told in the engine's own words. */
  const on = (title: string, action: (environment: ExplorerEnvironment) => Thenable<unknown>, runs = true): Handler => {
    return async given => {
      if (runs && !(await mayRun())) return;
      const environment = environmentOf(given) ?? view.selected ?? (await choose(view, title));
      if (!environment) return;
      try {
        await action(environment);
      } catch (error) {
        void window.showErrorMessage(
          `${title}: ${environment.name}. ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    };
  };
  const withProgress = <T>(title: string, task: () => Promise<T>) =>
    window.withProgress({ location: { viewId: "mlldEnv.environments" }, title }, task);

  return {
    "mlldEnv.environments.refresh": async () => {
      if (await mayRun()) await withProgress(l10n.t("Refreshing"), () => view.refresh());
    },
    "mlldEnv.environments.groupBy": async () => {
      const current = setting("explorer.groupBy");
      const items = Object.entries(SETTINGS["explorer.groupBy"].values).map(([value, description]) => ({
        label: value === current ? `$(check) ${value}` : value,
        description,
        value,
      }));
      const chosen = await window.showQuickPick(items, { title: l10n.t("Group environments by") });
      if (chosen)
        await vscode.workspace
          .getConfiguration(SETTINGS_SECTION)
          .update("explorer.groupBy", chosen.value, vscode.ConfigurationTarget.Global);
    },
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
    "mlldEnv.environments.releaseAll": async () => {
      if (!(await mayRun())) return;
      const all = [...view.environments];
      if (!all.length) return;
      const release = l10n.t("Release All");
      const answer = await window.showWarningMessage(
        l10n.t("Release {0} environments?", all.length),
        { modal: true, detail: all.map(({ name }) => name).join("\n") },
        release,
      );
      if (answer !== release) return;
      const results = await withProgress(l10n.t("Releasing"), () =>
        Promise.allSettled(all.map(({ name }) => view.release(name))),
      );
      const failed = results.flatMap((result, i) =>
        result.status === "rejected" ? [`${all[i]!.name}: ${(result.reason as Error).message}`] : [],
      );
      if (failed.length) void window.showErrorMessage(l10n.t("Not released: {0}", failed.join("; ")));
    },
    "mlldEnv.environments.release": on(l10n.t("Release"), ({ name }) =>
      withProgress(l10n.t("Releasing"), () => view.release(name)),
    ),
    "mlldEnv.environments.openShell": on(l10n.t("Open Shell"), async environment => openShell(environment, program)),
    "mlldEnv.environments.inspect": on(l10n.t("Inspect"), async ({ name }) => {
      const found = await view.inspect(name);
      await documents.show("inspect", `${name}.json`, `${JSON.stringify(found, null, 2)}\n`, "json");
    }),
    "mlldEnv.environments.snapshot": on(l10n.t("Take Snapshot"), async ({ name }) => {
      const as = await window.showInputBox({
        title: l10n.t("Take a snapshot of {0}", name),
        prompt: l10n.t("Name of the snapshot; empty takes one made of name and time"),
        validateInput: text =>
          /^[a-z0-9]*([._/-][a-z0-9]+)*(:[\w.-]+)?$/.test(text)
            ? undefined
            : l10n.t("Lower case letters, digits, and . _ / - between them."),
      });
      if (as === undefined) return;
      const found = (await withProgress(l10n.t("Taking a snapshot"), () => view.snapshot(name, as || undefined))) as {
        ref?: string;
      };
      if (!found.ref) return;
      const copy = l10n.t("Copy");
      const answer = await window.showInformationMessage(
        l10n.t('Snapshot taken. In a config, from: "{0}" starts from it.', found.ref),
        copy,
      );
      if (answer === copy) await vscode.env.clipboard.writeText(found.ref);
    }),
    "mlldEnv.environments.copyName": on(
      l10n.t("Copy Name"),
      async ({ name }) => await vscode.env.clipboard.writeText(name),
      false,
    ),
    "mlldEnv.environments.reveal": on(
      l10n.t("Reveal Block"),
      async environment => {
        const document = await vscode.workspace.openTextDocument(environment.file);
        const at = blockOf(environment, document);
        await window.showTextDocument(document, { selection: new vscode.Range(at, at) });
      },
      false,
    ),
  } satisfies Partial<Record<CommandId, Handler>>;
}

/** A shell in an environment: a terminal with a real pty whose program is `mlld-env shell NAME`. */
function openShell({ name }: ExplorerEnvironment, program: Program): void {
  const shell = setting("explorer.shell");
  const variables = programVariables(program);
  const env: Record<string, string | null> = { ELECTRON_RUN_AS_NODE: "1" };
  for (const key of ["MLLD_ENV_DOCKER_IMAGE", "MLLD_ENV_DOCKER_HOST", "MLLD_ENV_DOCKER_CONTEXT"])
    if (variables[key]) env[key] = variables[key];
  if (shell) env.MLLD_ENV_SHELL = shell;
  const terminal = vscode.window.createTerminal({
    name,
    shellPath: process.execPath,
    shellArgs: [program.cli, "shell", name],
    env,
    iconPath: new vscode.ThemeIcon("server-environment"),
    isTransient: true,
  });
  terminal.show();
}

/** Where a file says the name of an environment, unless the backend knows the line of its block. */
function blockOf({ name, line }: ExplorerEnvironment, document: vscode.TextDocument): vscode.Position {
  if (line !== undefined) return new vscode.Position(line - 1, 0);
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = new RegExp(`\\bname["']?\\s*:\\s*["'\`]${quoted}["'\`]`).exec(document.getText());
  return document.positionAt(found?.index ?? 0);
}

function environmentOf(given: unknown): ExplorerEnvironment | undefined {
  const node = given as Node | undefined;
  return node && typeof node === "object" && node.kind === "environment" ? node.environment : undefined;
}

async function choose(view: EnvironmentsView, title: string): Promise<ExplorerEnvironment | undefined> {
  const items = view.environments.map(environment => ({
    label: environment.name,
    description: `${environment.state} · ${environment.image}`,
    environment,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: vscode.l10n.t("Choose an environment") }))
    ?.environment;
}
