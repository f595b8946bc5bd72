import * as vscode from "vscode";
import type { EnvironmentDetails, SnapshotInfo } from "../../protocol/explorer";
import { networkWords } from "./model";
import { escapeMarkdown, megabytes, stateWord } from "./tree-item";
import { words } from "./words";

/** All that is known about an environment at a time, as Markdown; of one that is gone, what was known last. */
export function detailsDocument(
  details: EnvironmentDetails,
  snapshots: SnapshotInfo[],
  { now = new Date(), gone = false } = {},
): string {
  const { t } = vscode.l10n;
  const w = words();
  const time = (iso: string | undefined) => iso && new Date(iso).toLocaleString();
  const since = (iso: string | undefined) =>
    iso && t("since {0} ({1})", time(iso)!, span(now.getTime() - new Date(iso).getTime()));
  const network = details.net === undefined ? undefined : networkWords(details.net, w);
  const facts: [string, string | undefined][] = [
    [t("State"), [stateWord(details.state), since(details.startedAt ?? details.stoppedAt)].filter(Boolean).join(" ")],
    [t("Provider"), details.provider],
    [t("Engine"), details.engine],
    [w.image, details.image],
    [t("Created"), time(details.createdAt)],
    [t("Life"), details.kept ? t("kept until it is released") : t("ends with its run")],
    [t("Workspace"), details.workspace],
    [w.file, details.file && details.file + (details.line ? ` · ${w.line(details.line)}` : "")],
    [t("User"), details.user],
    [t("Working folder"), details.workdir],
    [w.network, network && [network.value, network.open].filter(Boolean).join(" · ")],
    [
      t("Ports"),
      details.ports && (details.ports.map(({ host, container }) => `${host} → ${container}`).join(", ") || w.none),
    ],
    [
      w.limits,
      details.limits &&
        (Object.entries(details.limits)
          .map(([name, value]) => `${name} ${value}`)
          .join(", ") ||
          w.none),
    ],
    [
      t("In use"),
      details.usage &&
        [
          details.usage.memoryBytes === undefined ? "" : t("{0} of memory", megabytes(details.usage.memoryBytes)),
          details.usage.processes === undefined ? "" : t("{0} processes", details.usage.processes),
        ]
          .filter(Boolean)
          .join(", "),
    ],
    [
      w.tools,
      details.tools === undefined
        ? undefined
        : details.tools === null
          ? w.allTools
          : details.tools.join(", ") || w.none,
    ],
    [t("Memory folders"), details.scratch?.join(", ") || undefined],
  ];
  const lines = [
    `# ${escapeMarkdown(details.name)}`,
    "",
    gone
      ? t("**This environment is no more.** What was known of it at {0}:", now.toLocaleTimeString())
      : t("As of {0}. This page follows what changes.", now.toLocaleTimeString()),
    "",
    `| | |`,
    `| --- | --- |`,
    ...facts.flatMap(([label, value]) => (value ? [`| ${cell(label)} | ${cell(value)} |`] : [])),
  ];
  const section = (title: string, heads: string[], rows: string[][]) => {
    if (!rows.length) return;
    lines.push("", `## ${title}`, "", `| ${heads.join(" | ")} |`, `|${heads.map(() => " --- ").join("|")}|`);
    for (const row of rows) lines.push(`| ${row.map(cell).join(" | ")} |`);
  };
  section(
    w.mounts,
    [t("Folder of this machine"), t("In the environment"), t("Mode")],
    (details.mounts ?? []).map(({ host, container, mode }) => [
      host,
      container,
      mode === "rw" ? w.writable : w.readOnly,
    ]),
  );
  section(
    t("Snapshots"),
    [t("Name"), t("Taken"), t("Reference")],
    snapshots.map(({ name, createdAt, ref }) => [name, time(createdAt) ?? "", ref]),
  );
  if (details.engineAnswer !== undefined) {
    const answer = JSON.stringify(details.engineAnswer, null, 2);
    // Longer than any run of backticks in it.
    const fence = "`".repeat(Math.max(3, ...(answer.match(/`+/g) ?? []).map(run => run.length + 1)));
    lines.push("", `## ${t("What the engine says")}`, "", `${fence}json`, answer, fence);
  }
  return `${lines.join("\n")}\n`;
}

function cell(text: string): string {
  return escapeMarkdown(text).replace(/\s*\n\s*/g, " ");
}

/** `3 h 20 min`: the two largest units. */
function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  let left = seconds;
  const parts: string[] = [];
  for (const [size, unit] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || (unit === "s" && parts.length === 0)) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}
