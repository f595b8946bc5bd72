/** Commands on environments: of the node that they are called with, of the selection, or of a choice. */
import * as vscode from "vscode";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import { mayRun } from "../trust";
import type { EnvironmentsView } from "./environments-view";
import type { Node } from "./model";

export type Handler = (...args: unknown[]) => unknown;
type Act = (environment: ExplorerEnvironment, node: Node | undefined) => Thenable<unknown> | undefined;

/** Runs an action on the environment of a node, or on one that the person chooses; its failure is told in the engine's own words. */
export type On = (title: string, action: Act, options?: { trusted?: boolean; many?: boolean }) => Handler;

/** Shows in the view's title that something is under way. */
export type WithProgress = <T>(title: string, task: () => Promise<T>) => Thenable<T>;

export function onEnvironments(view: EnvironmentsView): On {
  return (title, action, { trusted = true, many = false } = {}) => {
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
          void vscode.window.showErrorMessage(
            `${title}: ${environment.name}. ${error instanceof Error ? error.message : String(error)}`,
          );
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
