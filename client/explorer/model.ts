import type { ExplorerEnvironment, FileChange, SnapshotInfo } from "../../protocol/explorer";
import type { SettingValue } from "../../protocol/settings";

export type Grouping = SettingValue<"explorer.groupBy">;
export type Sorting = SettingValue<"explorer.sortBy">;
/** What is asked of the engine only when it is looked at. */
export type SectionKey = "changes" | "snapshots";

/** What the tree shows. Ids contain nothing that changes while the environment lives, so selection and expansion stay. */
export type Node =
  | { kind: "group"; id: string; label: string; key: string; environments: ExplorerEnvironment[] }
  | { kind: "environment"; id: string; environment: ExplorerEnvironment }
  | { kind: "detail"; id: string; label: string; value: string; icon: string; tooltip?: string; children: Node[] }
  | { kind: "source"; id: string; label: string; value: string; environment: ExplorerEnvironment }
  | { kind: "run"; id: string; run: string; title: string; outcome: string; icon: string }
  | { kind: "section"; id: string; key: SectionKey; environment: ExplorerEnvironment }
  | { kind: "snapshot"; id: string; environment: ExplorerEnvironment; snapshot: SnapshotInfo }
  | { kind: "change"; id: string; environment: ExplorerEnvironment; change: FileChange }
  | { kind: "note"; id: string; text: string; warning: boolean };

/** Words that differ by language, given by the caller. */
export interface Words {
  unknown: string;
  image: string;
  network: string;
  mounts: string;
  limits: string;
  tools: string;
  allTools: string;
  file: string;
  readOnly: string;
  writable: string;
  none: string;
  openNetwork: string;
  limitedNetwork: string;
  hostNetwork: string;
  refused: string;
  runs: string;
  line: (line: number) => string;
}

export interface Shown {
  sortBy: Sorting;
  filter: string;
  /** Only environments made below these folders; undefined shows all. */
  folders?: readonly string[];
}

const STATE_ORDER: ExplorerEnvironment["state"][] = ["running", "creating", "stopped", "dead"];
const byName = (a: ExplorerEnvironment, b: ExplorerEnvironment) =>
  a.name.localeCompare(b.name, undefined, { numeric: true });
const ORDERS: Record<Sorting, (a: ExplorerEnvironment, b: ExplorerEnvironment) => number> = {
  name: byName,
  created: (a, b) => b.createdAt.localeCompare(a.createdAt) || byName(a, b),
  state: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) || byName(a, b),
};

/** Environments that pass the filter and the scope, in order. */
export function shownEnvironments(all: readonly ExplorerEnvironment[], shown: Shown): ExplorerEnvironment[] {
  const words = shown.filter.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .filter(
      environment =>
        !shown.folders || shown.folders.some(folder => isBelow(environment.workspace || environment.file, folder)),
    )
    .filter(({ name, provider, state, image, workspace, file }) => {
      const text = [name, provider, state, image, workspace, file].join("\n").toLowerCase();
      return words.every(word => text.includes(word));
    })
    .sort(ORDERS[shown.sortBy]);
}

/** The roots of the tree: environments, or groups of them. */
export function rootNodes(environments: readonly ExplorerEnvironment[], groupBy: Grouping, words: Words): Node[] {
  if (groupBy === "none") return environments.map(environmentNode);
  const groups = new Map<string, ExplorerEnvironment[]>();
  for (const environment of environments) {
    const key = environment[groupBy] || words.unknown;
    const group = groups.get(key);
    if (group) group.push(environment);
    else groups.set(key, [environment]);
  }
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, members]) => ({
      kind: "group",
      id: `group/${groupBy}/${key}`,
      key,
      label: groupBy === "file" || groupBy === "workspace" ? lastSegment(key) : key,
      environments: members,
    }));
}

/** Two lists with the same shape show the same rows in the same places: only what the rows say may differ. */
export function shapeOf(roots: readonly Node[]): string {
  return roots
    .map(node => (node.kind === "group" ? [node.id, ...node.environments.map(environmentId)].join("\n") : node.id))
    .join("\n\n");
}

export function environmentNode(environment: ExplorerEnvironment): Extract<Node, { kind: "environment" }> {
  return { kind: "environment", id: environmentId(environment), environment };
}

export function environmentId(environment: ExplorerEnvironment): string {
  return `environment/${environment.engine}/${environment.provider}/${environment.name}`;
}

/** What the runs of this window did in an environment; runs newest first. */
export interface Done {
  runs: { id: string; title: string; outcome: string; icon: string }[];
  refusals: { target: string; reason: string }[];
  /** More than are listed, when there were many. */
  refused: number;
}
const NOTHING: Done = { runs: [], refusals: [], refused: 0 };

/** What is known of an environment, as children of its node. */
export function detailNodes(environment: ExplorerEnvironment, words: Words, done: Done = NOTHING): Node[] {
  const id = environmentId(environment);
  const detail = (key: string, label: string, value: string, icon: string, children: Node[] = []): Node => ({
    kind: "detail",
    id: `${id}/${key}`,
    label,
    value,
    icon,
    children,
  });
  const nodes: Node[] = [];
  if (environment.image) nodes.push(detail("image", words.image, environment.image, "package"));
  if (environment.net !== undefined) {
    const { value, open } = networkWords(environment.net, words);
    nodes.push(detail("net", words.network, open ? `${value} · ${open}` : value, open ? "warning" : "globe"));
  }
  if (done.refusals.length)
    nodes.push(
      detail(
        "refused",
        words.refused,
        String(done.refused),
        "shield",
        done.refusals.map(({ target, reason }) => detail(`refused/${target}`, target, reason, "circle-slash")),
      ),
    );
  const { tools } = environment;
  if (tools !== undefined)
    nodes.push(
      detail(
        "tools",
        words.tools,
        tools === null ? words.allTools : tools.length ? String(tools.length) : words.none,
        "tools",
        (tools ?? []).map(tool => detail(`tools/${tool}`, tool, "", "symbol-method")),
      ),
    );
  if (environment.mounts)
    nodes.push(
      detail(
        "mounts",
        words.mounts,
        environment.mounts.length ? String(environment.mounts.length) : words.none,
        "folder",
        environment.mounts.map(({ host, container, mode }) =>
          detail(
            `mounts/${container}`,
            container,
            `${host} · ${mode === "rw" ? words.writable : words.readOnly}`,
            mode === "rw" ? "edit" : "lock",
          ),
        ),
      ),
    );
  const limits = Object.entries(environment.limits ?? {});
  if (limits.length)
    nodes.push(
      detail("limits", words.limits, limits.map(([name, value]) => `${name} ${value}`).join(", "), "dashboard"),
    );
  if (environment.file)
    nodes.push({
      kind: "source",
      id: `${id}/file`,
      label: words.file,
      value: lastSegment(environment.file) + (environment.line ? ` · ${words.line(environment.line)}` : ""),
      environment,
    });
  if (done.runs.length)
    nodes.push(
      detail(
        "runs",
        words.runs,
        String(done.runs.length),
        "history",
        done.runs.map(({ id: run, ...more }): Node => ({ kind: "run", id: `${id}/runs/${run}`, run, ...more })),
      ),
    );
  for (const [ability, key] of [
    ["changes", "changes"],
    ["restore", "snapshots"],
  ] as const)
    if (environment.abilities.includes(ability)) nodes.push({ kind: "section", id: `${id}/${key}`, key, environment });
  return nodes;
}

/** A network in words, and whether it is more open than people may expect. */
export function networkWords(
  net: string | string[],
  words: Pick<Words, "none" | "openNetwork" | "limitedNetwork" | "hostNetwork">,
): { value: string; open?: string } {
  if (Array.isArray(net)) return { value: net.join(", ") || words.none };
  if (net === "none") return { value: words.none };
  if (net === "limited") return { value: `${net} · ${words.limitedNetwork}` };
  return { value: net, open: net === "host" ? words.hostNetwork : words.openNetwork };
}

export function lastSegment(path: string): string {
  return /[^\\/]+(?=[\\/]*$)/.exec(path)?.[0] ?? path;
}

function isBelow(path: string, folder: string): boolean {
  const base = folder.replace(/[\\/]+$/, "");
  return path === base || path.startsWith(`${base}/`) || path.startsWith(`${base}\\`);
}
