import * as vscode from "vscode";
import { ENVIRONMENTS_VIEW_ID } from "../../protocol/commands";
import type { ExplorerCommands, ExplorerEngine, ExplorerEnvironment } from "../../protocol/explorer";
import type { Program } from "../program";
import { RUN_ICONS, runId, runOutcome } from "../run/run-words";
import { setting } from "../settings";
import type { Activity, Named } from "./activity";
import { ExplorerProcess } from "./explorer-process";
import {
  type Done,
  detailNodes,
  environmentId,
  environmentNode,
  type Node,
  rootNodes,
  type Shown,
  shapeOf,
  shownEnvironments,
} from "./model";
import { sectionChildren } from "./sections";
import { treeItem } from "./tree-item";
import { words } from "./words";

/** After a crash the explorer is started again by itself this often, then only by the person. */
const RESTARTS = 2;
/** What was asked of the engine a moment ago is not asked again because a row opens. Milliseconds. */
const FRESH_MS = 1000;
/** Where the filter of a workspace is remembered. */
const FILTER_KEY = "environments.filter";

type Kept = Extract<Node, { kind: "environment" | "section" }>;

/** The view of live environments. Its process starts when the view is first seen, in a trusted workspace only. */
export class EnvironmentsView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Node[] | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly lists = new vscode.EventEmitter<void>();
  /** The backends have said what is live now. */
  readonly onDidList = this.lists.event;
  private readonly tree: vscode.TreeView<Node>;
  private readonly listeners: vscode.Disposable;
  private process: ExplorerProcess | undefined;
  private restarts = 0;
  private listed: ExplorerEnvironment[] = [];
  private engines: ExplorerEngine[] = [];
  /** The nodes that the editor holds, by id: a change of one redraws only that one. */
  private readonly nodes = new Map<string, Kept>();
  /** When the content of a section was asked for. */
  private readonly asked = new Map<string, number>();
  private shape = "";
  /** What the backends said of each environment, by id. */
  private texts = new Map<string, string>();
  private any = false;
  /** What is wrong with the engines, as it was logged last. */
  private trouble = "";

  constructor(
    private readonly program: Program,
    private readonly activity: Activity,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.tree = vscode.window.createTreeView<Node>(ENVIRONMENTS_VIEW_ID, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
    });
    this.listeners = vscode.Disposable.from(
      this.tree.onDidChangeVisibility(({ visible }) => visible && this.start()),
      this.tree.onDidExpandElement(({ element }) => {
        if (element.kind === "section" && Date.now() - (this.asked.get(element.id) ?? 0) > FRESH_MS)
          this.changed.fire([element]);
      }),
      this.activity.onDidChange(environment => this.used(environment)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.tree.visible && this.start()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.redraw()),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration("mlldEnv.explorer")) this.redraw();
        if (event.affectsConfiguration("mlldEnv.docker") && this.process) this.restart();
      }),
    );
    void vscode.commands.executeCommand("setContext", "mlldEnv.filtered", this.filter !== "");
    if (this.tree.visible) this.start();
  }

  get environments(): readonly ExplorerEnvironment[] {
    return [...this.listed, ...this.activity.local.environments];
  }

  /** Whether a backend answers: of one that does not, nobody knows what lives. */
  answers(provider: string): boolean {
    return this.engines.some(engine => engine.provider === provider && engine.state === "ready");
  }

  /** Rows that a person sees as selected. */
  get selection(): readonly Node[] {
    return this.tree.visible ? this.tree.selection : [];
  }

  get filter(): string {
    return this.memory.get(FILTER_KEY, "");
  }

  set filter(text: string) {
    const filter = text.trim();
    void this.memory.update(FILTER_KEY, filter || undefined);
    void vscode.commands.executeCommand("setContext", "mlldEnv.filtered", filter !== "");
    this.redraw();
  }

  /** Starts the process that watches the engines; nothing before this call asks an engine anything. */
  start(): void {
    if (this.process || !vscode.workspace.isTrusted) return;
    const cwd =
      vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri.fsPath ?? process.cwd();
    const started: ExplorerProcess = new ExplorerProcess(this.program, cwd, {
      t: (message, ...places) => vscode.l10n.t(message, ...places),
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
      await this.process.send("refresh", {});
      return;
    }
    this.restarts = 0;
    this.setState(undefined);
    this.start();
  }

  /** Asks the content of a section anew. */
  refreshSection(node: Node): void {
    this.changed.fire([node]);
  }

  /** Asks the explorer process; rejects with the engine's own words, or in an untrusted workspace. */
  ask<C extends keyof ExplorerCommands>(
    command: C,
    given: ExplorerCommands[C]["takes"],
  ): Promise<ExplorerCommands[C]["answer"]> {
    this.start();
    return this.process
      ? this.process.send(command, given)
      : Promise.reject(new Error(vscode.l10n.t("This workspace is not trusted: nothing runs in it.")));
  }

  async release(name: string): Promise<void> {
    await this.ask("release", { name });
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return treeItem(node);
  }

  getChildren(node?: Node): Node[] | Promise<Node[]> {
    if (!node) {
      this.start();
      const roots = this.roots();
      this.shape = shapeOf(roots);
      return roots.map(root => this.keep(root));
    }
    switch (node.kind) {
      case "group":
        return node.environments.map(environment => this.keep(environmentNode(environment)));
      case "environment":
        return detailNodes(node.environment, words(), done(this.activity, node.environment)).map(child =>
          this.keep(child),
        );
      case "section":
        this.asked.set(node.id, Date.now());
        return sectionChildren(node, {
          changes: async name =>
            node.environment.provider === "local"
              ? (this.activity.local.changes(name) ?? [])
              : this.ask("changes", { name }),
          snapshots: name => this.ask("snapshots", { name }),
        });
      case "detail":
        return node.children;
      default:
        return [];
    }
  }

  dispose(): void {
    this.process?.stop();
    this.process = undefined;
    this.listeners.dispose();
    this.tree.dispose();
    this.changed.dispose();
    this.lists.dispose();
  }

  private restart(): void {
    this.process?.stop();
    this.process = undefined;
    this.start();
  }

  private roots(): Node[] {
    return rootNodes(this.shown(), setting("explorer.groupBy"), words());
  }

  private take(environments: ExplorerEnvironment[], engines: ExplorerEngine[]): void {
    this.show(environments, engines);
    this.updateState();
    this.lists.fire();
  }

  /** Redraws what differs. */
  private show(environments: ExplorerEnvironment[], engines: ExplorerEngine[]): void {
    const before = this.texts;
    this.texts = new Map(environments.map(environment => [environmentId(environment), JSON.stringify(environment)]));
    this.listed = environments;
    this.engines = engines;
    if (shapeOf(this.roots()) !== this.shape) {
      this.forgetGone();
      this.changed.fire(undefined);
      return;
    }
    const redrawn: Node[] = [];
    for (const environment of environments) {
      const id = environmentId(environment);
      const node = this.nodes.get(id);
      // Where nothing else has changed, somebody may have taken a snapshot.
      const snapshots = this.nodes.get(`${id}/snapshots`);
      if (node && before.get(id) !== this.texts.get(id)) {
        node.environment = environment;
        redrawn.push(node);
      } else if (snapshots && this.asked.has(snapshots.id)) redrawn.push(snapshots);
    }
    // At once: the editor draws the first call without delay, and collects those that come soon after.
    if (redrawn.length) this.changed.fire(redrawn);
  }

  /** A run of this window did something in an environment. */
  private used({ name, provider }: Named): void {
    if (shapeOf(this.roots()) !== this.shape) {
      this.redraw();
      return;
    }
    const own = [...this.nodes.values()].filter(
      ({ kind, environment }) =>
        kind === "environment" && environment.name === name && environment.provider === provider,
    );
    if (own.length) this.changed.fire(own);
  }

  private redraw(): void {
    this.changed.fire(undefined);
    this.updateState();
  }

  private shown(): ExplorerEnvironment[] {
    const shown: Shown = { sortBy: setting("explorer.sortBy"), filter: this.filter };
    if (setting("explorer.show") === "workspace")
      shown.folders = (vscode.workspace.workspaceFolders ?? []).map(folder => folder.uri.fsPath);
    return shownEnvironments(this.environments, shown);
  }

  /** The same object for the same row, as the editor knows rows by their objects. */
  private keep(node: Node): Node {
    if (node.kind !== "environment" && node.kind !== "section") return node;
    const known = this.nodes.get(node.id);
    if (known) return Object.assign(known, node);
    this.nodes.set(node.id, node);
    return node;
  }

  private forgetGone(): void {
    const live = new Set(this.environments.map(environmentId));
    for (const [id, node] of this.nodes)
      if (!live.has(environmentId(node.environment))) {
        this.nodes.delete(id);
        this.asked.delete(id);
      }
  }

  private updateState(): void {
    const shown = this.shown().length;
    const troubles = this.engines.filter(({ state }) => state !== "ready" && state !== "absent");
    const docker = this.engines.find(({ provider }) => provider.includes("docker"));
    // A backend that has not answered yet is not in the list.
    this.setState(docker?.state ?? (this.environments.length ? "ready" : undefined), docker?.named);
    const any = this.environments.length > 0;
    if (any !== this.any) {
      this.any = any;
      void vscode.commands.executeCommand("setContext", "mlldEnv.anyEnvironment", any);
    }
    const hidden = this.environments.length - shown;
    const messages = [
      ...(shown > 0 ? troubles.map(({ detail, mend }) => [detail, mend].filter(Boolean).join(" ")) : []),
      ...(this.filter && this.environments.length
        ? [vscode.l10n.t("Filter: {0} ({1} hidden)", this.filter, hidden)]
        : shown === 0 && hidden > 0
          ? [
              vscode.l10n.t(
                "{0} environments of other folders are hidden by the setting mlldEnv.explorer.show.",
                hidden,
              ),
            ]
          : []),
    ];
    const message = messages.join(" ") || undefined;
    // The editor takes this for a change of the rows, and holds back the next for 200 ms.
    if (this.tree.message !== message) this.tree.message = message;
    // A welcome text knows the kind of the trouble only.
    const trouble = troubles.map(({ detail }) => detail).join(" ");
    if (trouble && trouble !== this.trouble) this.log.warn(trouble);
    this.trouble = trouble;
  }

  private setState(state: ExplorerEngine["state"] | "failed" | undefined, named?: ExplorerEngine["named"]): void {
    void vscode.commands.executeCommand("setContext", "mlldEnv.explorer", state);
    void vscode.commands.executeCommand("setContext", "mlldEnv.engineNamedBy", named);
  }
}

function done(activity: Activity, environment: Named): Done {
  const refusals = activity.refusals(environment);
  return {
    runs: activity.runs(environment).map(run => ({
      id: runId(run),
      title: run.title,
      outcome: runOutcome(run),
      icon: RUN_ICONS[run.state],
    })),
    refusals: [...(refusals?.kept ?? [])].reverse().map(([target, reason]) => ({ target, reason })),
    refused: refusals?.total ?? 0,
  };
}
