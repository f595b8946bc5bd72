/** The labels that make a container ours; they are the whole state of a named environment. */
import { createHash } from "node:crypto";
import type { ContainerInfo } from "dockerode";
import { type ProcessIdentity, stateOf } from "../../environments/process-identity";
import type { EnvironmentInfo, EnvironmentSpec } from "../provider";
import { egressRule } from "./egress/rule";

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
): Record<string, string> {
  return {
    [LABEL.owner]: containerName,
    [LABEL.name]: spec.name ?? spec.generatedName,
    [LABEL.kind]: spec.name === undefined ? "anonymous" : "named",
    [LABEL.config]: spec.configHash,
    [LABEL.net]: JSON.stringify(egressRule(spec.net)),
    [LABEL.shell]: shell,
    [LABEL.workspace]: spec.workspace,
    [LABEL.file]: spec.file,
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
    name: labels[LABEL.name] ?? labels[LABEL.owner]!,
    provider,
    state: STATES[container.State] ?? "dead",
    image: container.Image,
    engine,
    workspace: labels[LABEL.workspace] ?? "",
    file: labels[LABEL.file] ?? "",
    createdAt: new Date(container.Created * 1000).toISOString(),
    mounts: (container.Mounts ?? []).flatMap(mount =>
      mount.Type === "bind"
        ? [{ host: mount.Source, container: mount.Destination, mode: mount.RW ? ("rw" as const) : ("ro" as const) }]
        : [],
    ),
    net: container.HostConfig?.NetworkMode,
    orphaned: labels[LABEL.kind] === "anonymous" && ownerState(labels[LABEL.process]) === "dead",
  };
}

function ownerState(label: string | undefined): "alive" | "dead" | "unknown" {
  try {
    const owner = JSON.parse(label ?? "null") as ProcessIdentity | null;
    return owner === null ? "unknown" : stateOf(owner);
  } catch {
    // Not a label that we wrote.
    return "unknown";
  }
}
