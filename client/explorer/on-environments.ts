/** Commands on environments: of the node that they are called with, of the selection, or of a choice. */

import * as vscode from "vscode";
import type { EnvironmentAbility, ExplorerEnvironment } from "../../protocol/explorer";
import { messageOf } from "../../protocol/message-of";
import { mayRun } from "../trust";
import type { EnvironmentsView } from "./environments-view";
import type { Node } from "./model";
import { stateWord } from "./tree-item";

export type Handler = (...args: unknown[]) => unknown;
type Act = (environment: ExplorerEnvironment, node: Node | undefined) => Thenable<unknown> | undefined;

interface OnOptions {
  trusted?: boolean;
  many?: boolean;
  /** What an environment must be able to do, to be offered for it. */
  can?: EnvironmentAbility;
}

/** Runs an action on the environment of a node, or on one that the person chooses; its failure is told in the engine's own words. */
export type On = (title: string, action: Act, options?: OnOptions) => Handler;

/** Shows in the view's title that something is under way. */
export type WithProgress = <T>(title: string, task: () => Promise<T>) => Thenable<T>;

export function onEnvironments(view: EnvironmentsView): On {
  return (title, action, { trusted = true, many = false, can } = {}) => {
    return async (given, selected) => {
      if (trusted && !(await mayRun())) return;
      const nodes = many && Array.isArray(selected) ? (selected as Node[]) : [given as Node | undefined];
      const known = nodes.flatMap(node => environmentOf(node) ?? []);
      const fits = (environment: ExplorerEnvironment) => !can || environment.abilities.includes(can);
      const fallback = view.selection.flatMap(node => environmentOf(node) ?? []).filter(fits);
      const environments = known.length
        ? known
        : fallback.length
          ? fallback.slice(0, 1)
          : await choose(view, title, fits);
      // One after the other: questions to the person do not pile up.
      for (const environment of environments) {
        try {
          await action(environment, given as Node | undefined);
        } catch (error) {
          void vscode.window.showErrorMessage(`${title}: ${environment.name}. ${messageOf(error)}`);
        }
      }
    };
  };
}

function environmentOf(node: Node | undefined): ExplorerEnvironment | undefined {
  return node && typeof node === "object" && "environment" in node ? node.environment : undefined;
}

/** Whether a backend knows of it; a local environment is known to the run that has it. */
export function isListed({ provider }: ExplorerEnvironment): boolean {
  return provider !== "local";
}

async function choose(
  view: EnvironmentsView,
  title: string,
  fits: (environment: ExplorerEnvironment) => boolean,
): Promise<ExplorerEnvironment[]> {
  const listed = view.environments.filter(isListed);
  const items = listed.filter(fits).map(environment => ({
    label: environment.name,
    description: [stateWord(environment.state), environment.image].filter(Boolean).join(" · "),
    environment,
  }));
  if (!items.length) {
    const { t } = vscode.l10n;
    void vscode.window.showInformationMessage(
      listed.length ? t("{0}: no environment is in a state for it.", title) : t("No environment is live."),
    );
    return [];
  }
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t("Choose an environment"),
  });
  return chosen ? [chosen.environment] : [];
}
