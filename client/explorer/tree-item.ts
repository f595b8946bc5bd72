import * as vscode from "vscode";
import type { ExplorerEnvironment } from "../../protocol/explorer";
import type { Node } from "./model";

/** Icon and colour of each state; the state is always said in words too. */
const STATES: Record<ExplorerEnvironment["state"], { icon: string; color?: string }> = {
  running: { icon: "vm-running", color: "testing.iconPassed" },
  creating: { icon: "loading~spin" },
  stopped: { icon: "vm-outline" },
  dead: { icon: "error", color: "testing.iconFailed" },
};

export function treeItem(node: Node): vscode.TreeItem {
  const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  if (node.kind === "environment") return environmentItem(node.environment, node.id);
  if (node.kind === "group") {
    const item = new vscode.TreeItem(node.label, Expanded);
    item.id = node.id;
    item.description = String(node.environments.length);
    item.tooltip = node.key;
    item.contextValue = "group";
    return item;
  }
  const item = new vscode.TreeItem(node.label, node.children.length ? Collapsed : None);
  item.id = node.id;
  item.description = node.value;
  item.tooltip = node.tooltip ?? `${node.label}: ${node.value}`;
  item.iconPath = new vscode.ThemeIcon(
    node.icon,
    node.icon === "warning" ? new vscode.ThemeColor("list.warningForeground") : undefined,
  );
  item.accessibilityInformation = { label: `${node.label}: ${node.value}` };
  item.contextValue = "detail";
  return item;
}

function environmentItem(environment: ExplorerEnvironment, id: string): vscode.TreeItem {
  const { name, provider, state, image } = environment;
  const words = stateWord(state);
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
  const { icon, color } = STATES[state];
  item.id = id;
  item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
  item.description = [words, image].filter(Boolean).join(" · ");
  item.accessibilityInformation = { label: [name, providerName(provider), words, image].filter(Boolean).join(", ") };
  item.contextValue = [
    "environment",
    state,
    ...(environment.file ? ["source"] : []),
    ...(canSnapshot(environment) ? ["snapshots"] : []),
  ].join(" ");
  const tooltip = new vscode.MarkdownString();
  tooltip.appendMarkdown(`**${escapeMarkdown(name)}** ${escapeMarkdown(words)}\n\n`);
  const rows: [string, string][] = [
    [vscode.l10n.t("Provider"), provider],
    [vscode.l10n.t("Image"), image],
    [vscode.l10n.t("Engine"), environment.engine],
    [vscode.l10n.t("Workspace"), environment.workspace],
    [vscode.l10n.t("File"), environment.file],
    [vscode.l10n.t("Created"), environment.createdAt && new Date(environment.createdAt).toLocaleString()],
  ];
  for (const [label, value] of rows)
    if (value) tooltip.appendMarkdown(`${escapeMarkdown(label)}: ${escapeMarkdown(value)}  \n`);
  item.tooltip = tooltip;
  return item;
}

/** A local environment is processes: there is nothing to take a picture of. */
function canSnapshot({ provider, state }: ExplorerEnvironment): boolean {
  return provider !== "local" && (state === "running" || state === "stopped");
}

function providerName(provider: string): string {
  return provider.replace(/^@mlld\/env-/, "");
}

function stateWord(state: ExplorerEnvironment["state"]): string {
  const words: Record<typeof state, string> = {
    running: vscode.l10n.t("running"),
    creating: vscode.l10n.t("starting"),
    stopped: vscode.l10n.t("stopped"),
    dead: vscode.l10n.t("dead"),
  };
  return words[state];
}

const escapeMarkdown = (text: string) => text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, "\\$&");
