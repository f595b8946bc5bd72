/** The labels that make a container ours; they are the whole state of a named environment. */
import { createHash, randomBytes } from "node:crypto";
import type { ContainerInfo } from "dockerode";
import type { EnvironmentAbility } from "../../../protocol/explorer";
import { type ProcessIdentity, stateOf } from "../../environments/process-identity";
import type { EnvironmentInfo, EnvironmentSpec, LimitGrants } from "../provider";
import { type EgressRule, egressRule } from "./egress/rule";

export const LABEL = {
  /** The name of the very container that carries it. An image committed from it inherits the label, a container of that image has another name. */
  owner: "dev.mlld-env.owner",
  /** The environment's name, as the author wrote it. */
  name: "dev.mlld-env.name",
  /** `named` (kept) or `anonymous` (dies with its owner). */
  kind: "dev.mlld-env.kind",
  config: "dev.mlld-env.config",
  /** The network rule (JSON) that whoever attaches holds to. */
  net: "dev.mlld-env.net",
  /** `agent` where the image has no shell, else `image`. */
  shell: "dev.mlld-env.shell",
  workspace: "dev.mlld-env.workspace",
  file: "dev.mlld-env.file",
  /** Of the env block that made it, one-based. */
  line: "dev.mlld-env.line",
  /** What the block granted, for lists (JSON): `{ tools, limits }`. */
  grants: "dev.mlld-env.grants",
  /** Folders of this machine that were made to be covered (JSON): they go with the container. */
  made: "dev.mlld-env.made",
  /** A token of an environment with a set-up: it is ready when a file in it holds the same. */
  setUp: "dev.mlld-env.set-up",
  /** The process that made it (JSON), so that the sweep of orphans touches nobody else's on a shared engine. */
  process: "dev.mlld-env.process",
  /** On images only: the Dockerfile that it was built from. */
  build: "dev.mlld-env.build",
  /** On images only: the snapshot's name. */
  snapshot: "dev.mlld-env.snapshot",
} as const;

/** What runs an environment's commands: the image's shell, or where there is none our agent. */
export type ShellKind = "image" | "agent";

/** The labels of a new container. */
export function labelsFor(
  spec: EnvironmentSpec,
  containerName: string,
  owner: ProcessIdentity | null,
  shell: ShellKind,
  madeFolders: string[],
): Record<string, string> {
  return {
    [LABEL.owner]: containerName,
    [LABEL.name]: spec.name ?? spec.generatedName,
    [LABEL.kind]: spec.name === undefined ? "anonymous" : "named",
    [LABEL.config]: spec.configHash,
    [LABEL.net]: JSON.stringify(egressRule(spec.net)),
    [LABEL.shell]: shell,
    [LABEL.made]: JSON.stringify(madeFolders),
    [LABEL.setUp]: spec.setUp ? randomBytes(8).toString("hex") : "",
    [LABEL.workspace]: spec.workspace,
    [LABEL.file]: spec.file,
    [LABEL.line]: spec.line === undefined ? "" : String(spec.line),
    [LABEL.grants]: JSON.stringify({ tools: spec.tools ?? null, limits: limitsAsWritten(spec.limits) }),
    [LABEL.process]: JSON.stringify(owner),
  };
}

/** True when the labels were put on this container by us, and not inherited from an image. */
export function isOurs(labels: Record<string, string> | undefined, containerName: string): boolean {
  return Boolean(labels?.[LABEL.owner]) && labels?.[LABEL.owner] === containerName.replace(/^\//, "");
}

/**
 * The container name of an environment: the same, when Docker takes it (`[a-zA-Z0-9][a-zA-Z0-9_.-]+`, we stop at 100 characters), else a
 * cleaned form with a hash of the original, so that different names never meet.
 */
export function containerNameOf(environmentName: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,99}$/.test(environmentName)) return environmentName;
  const cleaned = environmentName.replace(/[^a-zA-Z0-9_.-]+/g, "-").replace(/^[^a-zA-Z0-9]+/, "");
  const hash = createHash("sha256").update(environmentName).digest("hex").slice(0, 12);
  return `${cleaned.slice(0, 80) || "env"}-${hash}`;
}

const STATES: Record<string, EnvironmentInfo["state"]> = {
  created: "creating",
  restarting: "creating",
  running: "running",
  paused: "stopped",
  exited: "stopped",
  removing: "dead",
  dead: "dead",
};

/** A row of the environment list, or null when the container isn't ours. */
export function environmentInfo(container: ContainerInfo, provider: string, engine: string): EnvironmentInfo | null {
  const labels = container.Labels ?? {};
  if (!container.Names?.some(name => isOurs(labels, name))) return null;
  return {
    ...labelledFacts(labels),
    provider,
    state: stateOfContainer(container.State),
    image: container.Image,
    engine,
    createdAt: new Date(container.Created * 1000).toISOString(),
    mounts: bindMounts(container.Mounts ?? []),
    net: networkOf(labels, container.HostConfig?.NetworkMode),
    abilities: abilitiesOf(labels, container.State),
    orphaned: labels[LABEL.kind] === "anonymous" && ownerStateOf(labels) === "dead",
  };
}

export function stateOfContainer(state: string): EnvironmentInfo["state"] {
  return STATES[state] ?? "dead";
}

/** What the labels alone tell of an environment. */
export function labelledFacts(labels: Record<string, string>) {
  const line = Number(labels[LABEL.line] || Number.NaN);
  const { tools, limits } = grantsLabel(labels[LABEL.grants]);
  return {
    name: labels[LABEL.name] || labels[LABEL.owner]!,
    workspace: labels[LABEL.workspace] ?? "",
    file: labels[LABEL.file] ?? "",
    ...(Number.isInteger(line) && line > 0 && { line }),
    ...(tools !== undefined && { tools }),
    ...(limits !== undefined && { limits }),
  } satisfies Partial<EnvironmentInfo>;
}

export function bindMounts(
  mounts: { Type?: string; Source?: string; Destination: string; RW: boolean }[],
): NonNullable<EnvironmentInfo["mounts"]> {
  return mounts.flatMap(mount =>
    mount.Type === "bind"
      ? [{ host: mount.Source ?? "", container: mount.Destination, mode: mount.RW ? ("rw" as const) : ("ro" as const) }]
      : [],
  );
}

/** The network in the words of a config: behind `none` there may be a rule that lets names through. */
export function networkOf(labels: Record<string, string>, mode: string | undefined): EnvironmentInfo["net"] {
  const rule = json<EgressRule | null>(labels[LABEL.net]);
  if (rule?.kind === "limited") return "limited";
  if (rule?.kind === "allow")
    return rule.items.map(({ host, port }) => (port === null ? host : `${host}:${String(port)}`));
  // `default` is what Docker calls its bridge.
  return mode === "default" ? "bridge" : mode;
}

/** What can be done with a container of ours that is in a state of the engine's (`running`, `exited`, …). */
export function abilitiesOf(labels: Record<string, string>, state: string): EnvironmentAbility[] {
  const known = stateOfContainer(state);
  if (known !== "running" && known !== "stopped") return [];
  const shell: EnvironmentAbility[] = known === "running" && labels[LABEL.shell] !== "agent" ? ["shell"] : [];
  // An unnamed one ends when it stops, and is held by its run.
  const kept: EnvironmentAbility[] =
    labels[LABEL.kind] === "named" ? [known === "running" ? "stop" : "start", "restore"] : [];
  return [...shell, ...kept, "snapshot", "changes"];
}

interface GrantsLabel {
  tools?: string[] | null;
  limits?: Record<string, string | number>;
}

function grantsLabel(label: string | undefined): GrantsLabel {
  const grants = json<GrantsLabel>(label);
  return typeof grants === "object" && grants !== null ? grants : {};
}

/** `{ mem: "512m", cpu: 2, pids: 100, timeout: "300s" }` */
export function limitsAsWritten({ memoryBytes, cpus, pids, timeoutMs }: LimitGrants): Record<string, string | number> {
  return {
    ...(memoryBytes !== undefined && { mem: memoryWords(memoryBytes) }),
    ...(cpus !== undefined && { cpu: cpus }),
    ...(pids !== undefined && { pids }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs % 1000 === 0 ? `${timeoutMs / 1000}s` : `${timeoutMs}ms` }),
  };
}

function memoryWords(bytes: number): string {
  for (const [unit, size] of [
    ["g", 2 ** 30],
    ["m", 2 ** 20],
    ["k", 2 ** 10],
  ] as const)
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes}`;
}

/** Whether the process that made an anonymous environment lives. */
export function ownerStateOf(labels: Record<string, string>): "alive" | "dead" | "unknown" {
  const owner = json<ProcessIdentity | null>(labels[LABEL.process]);
  return owner && typeof owner.pid === "number" ? stateOf(owner) : "unknown";
}

/** Undefined for a label that is not there or that we did not write. */
function json<T>(label: string | undefined): T | undefined {
  try {
    return label ? (JSON.parse(label) as T) : undefined;
  } catch {
    return undefined;
  }
}
