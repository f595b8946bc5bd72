import * as vscode from "vscode";
import type { ExplorerEnvironment, FileChange } from "../../protocol/explorer";
import { lastSegment, type Node, networkWords, type SectionKey } from "./model";
import { words } from "./words";

/** Icon and colour of each state; the state is always said in words too. */
const STATES: Record<ExplorerEnvironment["state"], { icon: string; color?: string }> = {
  running: { icon: "vm-running", color: "testing.iconPassed" },
  creating: { icon: "loading~spin" },
  stopped: { icon: "vm-outline" },
  dead: { icon: "error", color: "testing.iconFailed" },
};
const CHANGES: Record<FileChange["kind"], { icon: string; color: string }> = {
  added: { icon: "diff-added", color: "gitDecoration.addedResourceForeground" },
  changed: { icon: "diff-modified", color: "gitDecoration.modifiedResourceForeground" },
  deleted: { icon: "diff-removed", color: "gitDecoration.deletedResourceForeground" },
};
const SECTION_ICONS: Record<SectionKey, string> = { changes: "diff", snapshots: "device-camera" };

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** How a node looks and how it is read aloud. */
export function treeItem(node: Node): vscode.TreeItem {
  switch (node.kind) {
    case "environment":
      return environmentItem(node.environment, node.id);
    case "group":
      return item(node.id, {
        label: node.label,
        description: String(node.environments.length),
        spoken: vscode.l10n.t("{0}, {1} environments", node.label, node.environments.length),
        tooltip: node.key,
        context: "group",
        collapsible: Expanded,
      });
    case "detail": {
      const spoken = node.value ? `${node.label}: ${node.value}` : node.label;
      return item(node.id, {
        label: node.label,
        description: node.value,
        spoken,
        tooltip: node.tooltip ?? spoken,
        icon: node.icon,
        color: node.icon === "warning" ? "list.warningForeground" : undefined,
        context: "detail",
        collapsible: node.children.length ? Collapsed : None,
      });
    }
    case "source": {
      const found = item(node.id, {
        label: node.label,
        description: node.value,
        spoken: `${node.label}: ${node.value}`,
        tooltip: node.environment.file,
        icon: "file-code",
        context: "source",
        collapsible: None,
      });
      found.command = {
        command: "mlldEnv.environments.reveal",
        title: vscode.l10n.t("Reveal Block"),
        arguments: [node],
      };
      return found;
    }
    case "run": {
      const spoken = `${node.title}: ${node.outcome}`;
      const found = item(node.id, {
        label: node.title,
        description: node.outcome,
        spoken,
        tooltip: spoken,
        icon: node.icon,
        context: "run",
        collapsible: None,
      });
      found.command = {
        command: "mlldEnv.environments.openRun",
        title: vscode.l10n.t("Show Output"),
        arguments: [node],
      };
      return found;
    }
    case "section": {
      const label = sectionTitle(node.key);
      return item(node.id, {
        label,
        spoken: vscode.l10n.t("{0} of {1}", label, node.environment.name),
        icon: SECTION_ICONS[node.key],
        context: `section-${node.key}`,
        collapsible: Collapsed,
      });
    }
    case "snapshot": {
      const { name, ref, createdAt, sizeBytes } = node.snapshot;
      const time = new Date(createdAt).toLocaleString();
      const size = sizeBytes === undefined ? [] : [megabytes(sizeBytes)];
      return item(node.id, {
        label: name,
        description: time,
        spoken: vscode.l10n.t("Snapshot {0}, taken {1}", name, time),
        tooltip: [ref, time, ...size].join("\n"),
        icon: "archive",
        context: "snapshot",
        collapsible: None,
      });
    }
    case "change": {
      const { path, kind } = node.change;
      const how = changeWord(kind);
      const folder = path.slice(0, -lastSegment(path).length) || "/";
      const found = item(node.id, {
        label: lastSegment(path),
        description: `${how} · ${folder}`,
        spoken: `${path}, ${how}`,
        tooltip: `${path} · ${how}`,
        ...CHANGES[kind],
        context: "change",
        collapsible: None,
      });
      if (kind !== "deleted")
        found.command = {
          command: "mlldEnv.environments.openFile",
          title: vscode.l10n.t("Open File"),
          arguments: [node],
        };
      return found;
    }
    case "note":
      return item(node.id, {
        label: node.text,
        spoken: node.text,
        tooltip: node.text,
        icon: node.warning ? "warning" : "info",
        color: node.warning ? "list.warningForeground" : undefined,
        context: "note",
        collapsible: None,
      });
  }
}

interface Look {
  label: string;
  description?: string;
  /** For screen readers: all that the row says, in words. */
  spoken: string;
  tooltip?: string;
  icon?: string;
  color?: string | undefined;
  context: string;
  collapsible: vscode.TreeItemCollapsibleState;
}

function item(id: string, look: Look): vscode.TreeItem {
  const made = new vscode.TreeItem(look.label, look.collapsible);
  made.id = id;
  made.description = look.description;
  made.tooltip = look.tooltip;
  made.accessibilityInformation = { label: look.spoken };
  made.contextValue = look.context;
  if (look.icon)
    made.iconPath = new vscode.ThemeIcon(look.icon, look.color ? new vscode.ThemeColor(look.color) : undefined);
  return made;
}

function environmentItem(environment: ExplorerEnvironment, id: string): vscode.TreeItem {
  const { name, provider, state, image } = environment;
  const stateText = stateWord(state);
  const made = item(id, {
    label: name,
    description: [stateText, image].filter(Boolean).join(" · "),
    spoken: [name, providerName(provider), stateText, image].filter(Boolean).join(", "),
    ...STATES[state],
    context: [
      "environment",
      state,
      ...environment.abilities.map(ability => `can-${ability}`),
      ...(environment.file ? ["source"] : []),
      // A local environment is known to this window alone.
      ...(provider === "local" ? [] : ["listed"]),
    ].join(" "),
    collapsible: Collapsed,
  });
  made.tooltip = environmentTooltip(environment, stateText);
  return made;
}

function environmentTooltip(environment: ExplorerEnvironment, stateText: string): vscode.MarkdownString {
  const { t } = vscode.l10n;
  const tooltip = new vscode.MarkdownString();
  tooltip.appendMarkdown(`**${escapeMarkdown(environment.name)}** ${escapeMarkdown(stateText)}\n\n`);
  const network = environment.net === undefined ? undefined : networkWords(environment.net, words());
  const rows: [string, string][] = [
    [t("Provider"), environment.provider],
    [t("Image"), environment.image],
    [t("Network"), network ? [network.value, network.open].filter(Boolean).join(" · ") : ""],
    [t("Engine"), environment.engine],
    [t("Workspace"), environment.workspace],
    [t("File"), environment.file + (environment.line ? `:${environment.line}` : "")],
    [t("Created"), environment.createdAt && new Date(environment.createdAt).toLocaleString()],
  ];
  for (const [label, value] of rows)
    if (value) tooltip.appendMarkdown(`${escapeMarkdown(label)}: ${escapeMarkdown(value)}  \n`);
  return tooltip;
}

function providerName(provider: string): string {
  return provider.replace(/^@mlld\/env-/, "");
}

export function stateWord(state: ExplorerEnvironment["state"]): string {
  const { t } = vscode.l10n;
  return { running: t("running"), creating: t("starting"), stopped: t("stopped"), dead: t("dead") }[state];
}

export function sectionTitle(key: SectionKey): string {
  return { changes: vscode.l10n.t("Changed files"), snapshots: vscode.l10n.t("Snapshots") }[key];
}

function changeWord(kind: FileChange["kind"]): string {
  const { t } = vscode.l10n;
  return { added: t("added"), changed: t("changed"), deleted: t("deleted") }[kind];
}

/** `1.9 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

/** Text as Markdown that shows just that. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, "\\$&");
}
