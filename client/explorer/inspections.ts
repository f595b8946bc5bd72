import * as vscode from "vscode";
import type { EnvironmentDetails, ExplorerEnvironment, SnapshotInfo } from "../../protocol/explorer";
import type { Documents } from "../documents";
import { detailsDocument } from "./details-document";
import type { EnvironmentsView } from "./environments-view";
import { environmentId } from "./model";

const KIND = "inspect";

interface Inspection {
  environment: ExplorerEnvironment;
  known: { details: EnvironmentDetails; snapshots: SnapshotInfo[]; now: Date };
}

/** The documents about environments: each follows its environment until its tab is closed. */
export class Inspections implements vscode.Disposable {
  private readonly open = new Map<string, Inspection>();
  private readonly listening: vscode.Disposable;
  private refreshing: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly view: EnvironmentsView,
    private readonly documents: Documents,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.listening = vscode.Disposable.from(
      view.onDidList(() => this.refresh()),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        for (const [id, { environment }] of this.open)
          if (closed.some(tab => documents.isIn(tab, KIND, titleOf(environment)))) this.open.delete(id);
      }),
    );
  }

  async show(environment: ExplorerEnvironment): Promise<void> {
    const known = await this.ask(environment);
    this.open.set(environmentId(environment), { environment, known });
    await this.documents.show(KIND, titleOf(environment), textOf(known), "markdown");
  }

  dispose(): void {
    this.listening.dispose();
    this.open.clear();
  }

  /** One after the other: what changes meanwhile is asked once more at the end. */
  private refresh(): void {
    if (this.refreshing) {
      this.again = true;
      return;
    }
    this.refreshing = this.refreshAll().finally(() => {
      this.refreshing = undefined;
      if (!this.again) return;
      this.again = false;
      this.refresh();
    });
  }

  private async refreshAll(): Promise<void> {
    for (const [id, inspection] of this.open) {
      const title = titleOf(inspection.environment);
      if (!this.view.answers(inspection.environment.provider)) continue;
      const live = this.view.environments.find(environment => environmentId(environment) === id);
      try {
        if (live) inspection.known = await this.ask(live);
        await this.documents.update(KIND, title, textOf(inspection.known, !live));
        if (!live) this.open.delete(id);
      } catch (error) {
        // It may have gone between the list and the question: the next list says so.
        this.log.debug(`${inspection.environment.name} could not be inspected again: ${String(error)}`);
      }
    }
  }

  private async ask({ name, abilities }: ExplorerEnvironment): Promise<Inspection["known"]> {
    const [details, snapshots] = await Promise.all([
      this.view.ask("inspect", { name }),
      abilities.includes("restore") ? this.view.ask("snapshots", { name }) : [],
    ]);
    return { details, snapshots, now: new Date() };
  }
}

function textOf({ details, snapshots, now }: Inspection["known"], gone = false): string {
  return detailsDocument(details, snapshots, { now, gone });
}

function titleOf({ name }: ExplorerEnvironment): string {
  return `${name}.md`;
}
