import * as vscode from "vscode";
import type { FileChange, SnapshotInfo } from "../../protocol/explorer";
import { messageOf } from "../../protocol/message-of";
import { environmentId, type Node } from "./model";

type Section = Extract<Node, { kind: "section" }>;
/** Where the content of a section comes from, by the name of its environment. */
interface Source {
  changes(name: string): Promise<FileChange[]>;
  snapshots(name: string): Promise<SnapshotInfo[]>;
}

/** A tree of more is no help: the rest is counted, and `mlld-env changes` lists it. */
const MOST_CHANGES = 300;

/** What is below a section, asked of the engine now. A failure is a row too. */
export async function sectionChildren(section: Section, source: Source): Promise<Node[]> {
  const { name } = section.environment;
  try {
    return section.key === "changes"
      ? changeNodes(section, await source.changes(name))
      : snapshotNodes(section, await source.snapshots(name));
  } catch (error) {
    return [note(section, messageOf(error), true)];
  }
}

function changeNodes(section: Section, changes: FileChange[]): Node[] {
  const { t } = vscode.l10n;
  if (!changes.length) return [note(section, t("no changes"))];
  const nodes = changes.slice(0, MOST_CHANGES).map(
    (change): Node => ({
      kind: "change",
      id: `${section.id}${change.path}`,
      environment: section.environment,
      change,
    }),
  );
  const more = changes.length - nodes.length;
  return more > 0 ? [...nodes, note(section, t("and {0} more: 'mlld-env changes' lists them", more))] : nodes;
}

function snapshotNodes(section: Section, snapshots: SnapshotInfo[]): Node[] {
  const { environment } = section;
  if (!snapshots.length) return [note(section, vscode.l10n.t("none yet"))];
  return snapshots.map(snapshot => ({
    kind: "snapshot",
    id: `${environmentId(environment)}/snapshots/${snapshot.ref}`,
    environment,
    snapshot,
  }));
}

function note(section: Section, text: string, warning = false): Node {
  return { kind: "note", id: `${section.id}//note`, text, warning };
}
