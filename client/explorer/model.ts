import type { ExplorerEnvironment } from "../../protocol/explorer";
import type { SettingValue } from "../../protocol/settings";

export type Grouping = SettingValue<"explorer.groupBy">;

/** What the tree shows. Ids contain nothing that changes while the environment lives, so selection and expansion stay. */
export type Node =
  | { kind: "group"; id: string; label: string; key: string; environments: ExplorerEnvironment[] }
  | { kind: "environment"; id: string; environment: ExplorerEnvironment }
  | { kind: "detail"; id: string; label: string; value: string; icon: string; tooltip?: string; children: Node[] };

/** Words that differ by language, given by the caller. */
export interface Words {
  unknown: string;
  image: string;
  network: string;
  mounts: string;
  limits: string;
  file: string;
  readOnly: string;
  writable: string;
  none: string;
  openNetwork: string;
  hostNetwork: string;
  refused: string;
  runs: string;
  line: (line: number) => string;
}

export interface Shown {
  groupBy: Grouping;
  filter: string;
  /** Only environments made below these folders; undefined shows all. */
  folders?: readonly string[];
}

/** Environments that pass the filter and the scope, by name. */
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
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
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

export function environmentNode(environment: ExplorerEnvironment): Node {
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
  const detail = (
    key: string,
    label: string,
    value: string,
    icon: string,
    tooltip?: string,
    children: Node[] = [],
  ): Node => ({
    kind: "detail",
    id: `${id}/${key}`,
    label,
    value,
    icon,
    ...(tooltip ? { tooltip } : {}),
    children,
  });
  const details: Node[] = [];
  if (environment.image) details.push(detail("image", words.image, environment.image, "package"));
  if (environment.net !== undefined) {
    const { net } = environment;
    // `default` is what Docker calls its bridge.
    const open =
      net === "bridge" || net === "default" ? words.openNetwork : net === "host" ? words.hostNetwork : undefined;
    const value = Array.isArray(net) ? net.join(", ") || words.none : net === "none" ? words.none : net;
    details.push(detail("net", words.network, open ? `${value} · ${open}` : value, open ? "warning" : "globe", open));
  }
  if (done.refusals.length)
    details.push(
      detail(
        "refused",
        words.refused,
        String(done.refused),
        "shield",
        undefined,
        done.refusals.map(({ target, reason }) => detail(`refused/${target}`, target, reason, "circle-slash")),
      ),
    );
  if (environment.mounts)
    details.push(
      detail(
        "mounts",
        words.mounts,
        environment.mounts.length ? String(environment.mounts.length) : words.none,
        "folder",
        undefined,
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
    details.push(
      detail("limits", words.limits, limits.map(([name, value]) => `${name} ${value}`).join(", "), "dashboard"),
    );
  if (environment.file)
    details.push(
      detail(
        "file",
        words.file,
        lastSegment(environment.file) + (environment.line ? ` · ${words.line(environment.line)}` : ""),
        "file-code",
        environment.file,
      ),
    );
  if (done.runs.length)
    details.push(
      detail(
        "runs",
        words.runs,
        String(done.runs.length),
        "history",
        undefined,
        done.runs.map(run => detail(`runs/${run.id}`, run.title, run.outcome, run.icon)),
      ),
    );
  return details;
}

export function lastSegment(path: string): string {
  return /[^\\/]+(?=[\\/]*$)/.exec(path)?.[0] ?? path;
}

function isBelow(path: string, folder: string): boolean {
  const base = folder.replace(/[\\/]+$/, "");
  return path === base || path.startsWith(`${base}/`) || path.startsWith(`${base}\\`);
}
