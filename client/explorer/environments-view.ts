import * as vscode from "vscode";
import { ENVIRONMENTS_VIEW_ID } from "../../protocol/commands";
import type { ExplorerEngine, ExplorerEnvironment } from "../../protocol/explorer";
import type { Program } from "../program";
import { RUN_ICONS, runOutcome } from "../run/run-words";
import { setting } from "../settings";
import type { Activity } from "./activity";
import { ExplorerProcess } from "./explorer-process";
import {
  type Done,
  detailNodes,
  environmentId,
  environmentNode,
  type Node,
  rootNodes,
  type Shown,
  shownEnvironments,
  type Words,
} from "./model";
import { treeItem } from "./tree-item";

/** After a crash the explorer is started again by itself this often, then only by the person. */
const RESTARTS = 2;

/** The view of live environments. Its process starts when the view is first seen, in a trusted workspace only. */
export class EnvironmentsView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly tree: vscode.TreeView<Node>;
  private readonly listeners: vscode.Disposable;
  private process: ExplorerProcess | undefined;
  private restarts = 0;
  private known: ExplorerEnvironment[] = [];
  private engines: ExplorerEngine[] = [];
  /** The nodes of environments that are shown, so that a change of one redraws only that one. */
  private nodes = new Map<string, { node: Node; text: string }>();
  private filterText = "";

  constructor(
    private readonly program: Program,
    private readonly activity: Activity,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.tree = vscode.window.createTreeView<Node>(ENVIRONMENTS_VIEW_ID, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.listeners = vscode.Disposable.from(
      this.tree.onDidChangeVisibility(({ visible }) => visible && this.start()),
      this.activity.onDidChange(name => {
        for (const { node } of this.nodes.values())
          if (node.kind === "environment" && node.environment.name === name) this.changed.fire(node);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.tree.visible && this.start()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.redraw()),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration("mlldEnv.explorer")) this.redraw();
        if (event.affectsConfiguration("mlldEnv.docker") && this.process) this.restart();
      }),
    );
    if (this.tree.visible) this.start();
  }

  get environments(): readonly ExplorerEnvironment[] {
    return this.known;
  }

  get selected(): ExplorerEnvironment | undefined {
    const [node] = this.tree.selection;
    return node?.kind === "environment" ? node.environment : undefined;
  }

  get filter(): string {
    return this.filterText;
  }

  set filter(text: string) {
    this.filterText = text.trim();
    void vscode.commands.executeCommand("setContext", "mlldEnv.filtered", this.filterText !== "");
    this.redraw();
  }

  /** Starts the process that watches the engines; nothing before this call asks an engine anything. */
  start(): void {
    if (this.process || !vscode.workspace.isTrusted) return;
    const cwd =
      vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri.fsPath ?? process.cwd();
    const started: ExplorerProcess = new ExplorerProcess(this.program, cwd, {
      list: ({ environments, engines }) => {
        this.restarts = 0;
        this.take(environments, engines ?? []);
      },
      ended: trouble => {
        this.log.warn(trouble);
        if (this.process !== started) return;
        this.process = undefined;
        if (this.restarts++ < RESTARTS) this.start();
        else {
          this.take([], []);
          this.setState("failed");
        }
      },
      log: line => this.log.debug(`explorer: ${line}`),
    });
    this.process = started;
  }

  /** Asks for the list anew; starts the process again when it has ended. */
  async refresh(): Promise<void> {
    if (this.process) {
      await this.process.send({ command: "refresh" });
      return;
    }
    this.restarts = 0;
    this.setState(undefined);
    this.start();
  }

  async release(name: string): Promise<void> {
    await this.ask({ command: "release", name });
  }

  inspect(name: string): Promise<unknown> {
    return this.ask({ command: "inspect", name });
  }

  snapshot(name: string, as: string | undefined): Promise<unknown> {
    return this.ask({ command: "snapshot", name, ...(as ? { as } : {}) });
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return treeItem(node);
  }

  getChildren(node?: Node): Node[] {
    if (!node) {
      this.start();
      return rootNodes(this.shown(), setting("explorer.groupBy"), words()).map(root => this.remember(root));
    }
    if (node.kind === "group") return node.environments.map(environment => this.remember(environmentNode(environment)));
    return node.kind === "environment"
      ? detailNodes(node.environment, words(), done(this.activity, node.environment.name))
      : node.children;
  }

  dispose(): void {
    this.process?.stop();
    this.process = undefined;
    this.listeners.dispose();
    this.tree.dispose();
    this.changed.dispose();
  }

  private ask(command: Parameters<ExplorerProcess["send"]>[0]): Promise<unknown> {
    this.start();
    return this.process
      ? this.process.send(command)
      : Promise.reject(new Error(vscode.l10n.t("This workspace is not trusted: nothing runs in it.")));
  }

  private restart(): void {
    this.process?.stop();
    this.process = undefined;
    this.start();
  }

  private take(environments: ExplorerEnvironment[], engines: ExplorerEngine[]): void {
    const before = this.shown();
    this.known = environments;
    this.engines = engines;
    const after = this.shown();
    const sameRows =
      setting("explorer.groupBy") === "none" &&
      before.length === after.length &&
      after.every((environment, i) => environmentId(environment) === environmentId(before[i]!));
    this.updateState(after.length);
    if (sameRows) {
      for (const environment of after) {
        const entry = this.nodes.get(environmentId(environment));
        const text = JSON.stringify(environment);
        if (!entry || entry.text === text || entry.node.kind !== "environment") continue;
        entry.node.environment = environment;
        entry.text = text;
        this.changed.fire(entry.node);
      }
    } else this.changed.fire(undefined);
  }

  private redraw(): void {
    this.updateState(this.shown().length);
    this.changed.fire(undefined);
  }

  private shown(): ExplorerEnvironment[] {
    const shown: Shown = { groupBy: setting("explorer.groupBy"), filter: this.filterText };
    if (setting("explorer.show") === "workspace")
      shown.folders = (vscode.workspace.workspaceFolders ?? []).map(folder => folder.uri.fsPath);
    return shownEnvironments(this.known, shown);
  }

  private remember(node: Node): Node {
    if (node.kind === "environment") this.nodes.set(node.id, { node, text: JSON.stringify(node.environment) });
    return node;
  }

  private updateState(shown: number): void {
    const docker = this.engines.find(engine => engine.provider.includes("docker"));
    this.setState(docker && docker.state !== "ready" ? docker.state : "ready");
    for (const id of [...this.nodes.keys()])
      if (!this.known.some(environment => environmentId(environment) === id)) this.nodes.delete(id);
    const trouble = this.engines.filter(engine => engine.state === "unreachable").map(engine => engine.detail);
    const hidden = this.known.length - shown;
    this.tree.message =
      shown === 0 && hidden > 0
        ? vscode.l10n.t("{0} environments are hidden by the filter or the setting `mlldEnv.explorer.show`.", hidden)
        : shown > 0 && trouble.length
          ? trouble.join(" ")
          : undefined;
    this.tree.description = this.filterText ? vscode.l10n.t("filter: {0}", this.filterText) : undefined;
  }

  private setState(state: ExplorerEngine["state"] | "failed" | undefined): void {
    void vscode.commands.executeCommand("setContext", "mlldEnv.explorer", state);
  }
}

function done(activity: Activity, name: string): Done {
  const refusals = activity.refusals(name);
  return {
    runs: activity.runs(name).map(run => ({
      id: String(run.started.getTime()),
      title: run.title,
      outcome: runOutcome(run),
      icon: RUN_ICONS[run.state],
    })),
    refusals: [...(refusals?.kept ?? [])].reverse().map(([target, reason]) => ({ target, reason })),
    refused: refusals?.total ?? 0,
  };
}

function words(): Words {
  const { t } = vscode.l10n;
  return {
    unknown: t("unknown"),
    image: t("Image"),
    network: t("Network"),
    mounts: t("Mounts"),
    limits: t("Limits"),
    file: t("Made by"),
    readOnly: t("read only"),
    writable: t("writable"),
    none: t("none"),
    openNetwork: t("open to the internet"),
    refused: t("Refused connections"),
    runs: t("Runs"),
    hostNetwork: t("the network of this machine"),
    line: line => t("line {0}", line),
  };
}
