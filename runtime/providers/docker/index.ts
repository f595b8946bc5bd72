/** The Docker backend: environments are containers of ours on an engine. */
import type Dockerode from "dockerode";
import type { EnvironmentDetails, FileChange, SnapshotInfo } from "../../../protocol/explorer";
import { identityOf } from "../../environments/process-identity";
import {
  type Environment,
  type EnvironmentInfo,
  type EnvironmentSpec,
  type OutputSink,
  type Provider,
  ProviderError,
} from "../provider";
import { buildImage } from "./build-image";
import { fileChanges } from "./changes";
import { removeCovers } from "./covers";
import { containerUser, createOptions } from "./create-options";
import { environmentDetails } from "./details";
import { AGENT, type Dialect, SHELL } from "./dialect";
import { agentMount } from "./egress/agent-volume";
import { Egress, type EgressOptions } from "./egress/egress";
import { type EgressRule, egressRule } from "./egress/rule";
import { connectEngine, type Engine } from "./engine";
import { DockerEnvironment, Vanished } from "./environment";
import { engineError, isUnreachable, statusOf, unreachable } from "./errors";
import { type FoundContainer, removeHalfRestored, restoreContainer, startContainer, stopContainer } from "./kept";
import { containerNameOf, environmentInfo, isOurs, LABEL, labelsFor, type ShellKind } from "./labels";
import { exposedBinds, refuseOtherMounts } from "./mounted";
import { type ResolvedMounts, resolveMounts } from "./mounts";
import { openContainer } from "./open-container";
import { orphanNames } from "./orphans";
import { type Bind, containerSide, realOrWritten, within } from "./paths";
import { appeared } from "./protected";
import { hasImage, isImageName, pullImage } from "./pull";
import { readContainerFile } from "./read-file";
import { removeContainer } from "./remove";
import { noteSetUp } from "./set-up";
import { listSnapshots, removeSnapshot, snapshotImage } from "./snapshot";
import { watchEngine } from "./watch";

export interface DockerProviderOptions {
  /** The reference as written in `provider:`; `docker` when unset. */
  ref?: string;
  /** The settings `docker.host` and `docker.context`; empty finds the engine as the Docker command line does. */
  host?: string;
  context?: string;
  /** The setting `docker.image`, or MLLD_ENV_DOCKER_IMAGE. */
  defaultImage?: string;
  /** Where DOCKER_HOST and its like are looked up; the process's own when unset. */
  env?: NodeJS.ProcessEnv;
  /** How a connection that a network rule allows is made; by default to the name's public addresses. */
  connect?: EgressOptions["connect"];
}

/** A provider of Docker environments. Connects with its first use; throws `ProviderError` from there. */
export function createDockerProvider(options: DockerProviderOptions = {}): Provider {
  return new DockerProvider(options);
}

/** How often an environment that others release in the same moment is opened anew. */
const OPEN_ATTEMPTS = 10;

class DockerProvider implements Provider {
  readonly ref: string;
  readonly #options: DockerProviderOptions;
  #engine: Promise<Engine> | null = null;

  constructor(options: DockerProviderOptions) {
    this.ref = options.ref ?? "docker";
    this.#options = options;
  }

  async open(spec: EnvironmentSpec, sink: OutputSink, signal: AbortSignal): Promise<Environment> {
    let shell: ShellKind = "image";
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#openOnce(spec, shell, sink, signal);
      } catch (error) {
        if (error instanceof ProviderError && error.code === "run/no-shell" && shell === "image") {
          shell = "agent";
          continue;
        }
        if (!(error instanceof Vanished)) throw error;
        if (attempt === OPEN_ATTEMPTS) throw engineError("Opening the environment", error.cause);
      }
    }
  }

  async #openOnce(
    spec: EnvironmentSpec,
    shell: ShellKind,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<Environment> {
    const engine = await this.#connect();
    const socket = engine.address.kind === "socket" ? engine.address.path : null;
    const mounts = resolveMounts(spec, socket);
    try {
      return await this.#openWith(engine, mounts, spec, shell, sink, signal);
    } catch (error) {
      await removeCovers(engine, mounts.madeFolders, containerNameOf(spec.name ?? spec.generatedName));
      throw error;
    }
  }

  async #openWith(
    engine: Engine,
    mounts: ResolvedMounts,
    spec: EnvironmentSpec,
    shell: ShellKind,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<Environment> {
    const containerName = containerNameOf(spec.name ?? spec.generatedName);
    const host = process.getuid && process.getgid ? { uid: process.getuid(), gid: process.getgid() } : null;
    const user = containerUser(spec, engine.ownership, host);
    const rule = egressRule(spec.net);
    if (spec.net.kind === "host" && !engine.hostNetwork)
      sink.warning?.(
        `The engine at ${engine.label} does not run on Linux itself, so there is no host network to share: \`host\` is \`bridge\`.`,
      );
    const opened = await openContainer({
      engine,
      spec,
      containerName,
      user,
      signal,
      progress: message => sink.progress?.(message),
      options: async () => {
        const image = await this.#image(engine, spec, sink, signal);
        const labels = labelsFor(spec, containerName, identityOf(process.pid), shell, mounts.madeFolders);
        const purpose = shell === "agent" ? "shell" : rule ? "network" : null;
        const agent = purpose ? await agentMount(engine, image, purpose) : null;
        return createOptions({ spec, image, containerName, labels, mounts, user, engine, agent, shell });
      },
    });
    const environment = new DockerEnvironment({
      ...opened,
      docker: engine.docker,
      name: spec.name ?? spec.generatedName,
      dialect: dialectOf(opened.labels),
      folder: cwd => commandFolder(cwd, spec, mounts.binds),
      egress: this.#egress(opened.container, rule, (host, port, reason) => sink.denied?.(host, port, reason)),
      timeoutMs: spec.limits.timeoutMs,
      tty: spec.tty === true,
      closed: async ended => {
        for (const path of appeared(mounts.absent)) {
          sink.progress?.(
            `The environment made ${path}, which programs of this machine may run: look at it before you use it.`,
          );
        }
        if (ended) await removeCovers(engine, mounts.madeFolders, containerName);
      },
    });
    try {
      await environment.ready(signal);
      const exposed = await exposedBinds(engine, mounts.binds, containerName);
      if (exposed.length > 0) refuseOtherMounts(exposed, await environment.mountinfo(signal));
    } catch (error) {
      await environment.detach();
      // Why it failed is told, not that it could not be removed: the run's journal knows of it.
      if (opened.created) await removeContainer(opened.container).catch(() => {});
      throw error;
    }
    return environment;
  }

  async list(signal: AbortSignal): Promise<EnvironmentInfo[]> {
    const engine = await this.#connect();
    const containers = await this.#containers(engine, signal);
    return containers.flatMap(container => environmentInfo(container, this.ref, engine.label) ?? []);
  }

  async attach(name: string, _signal: AbortSignal): Promise<Environment | null> {
    const found = await this.#find(name);
    if (!found) return null;
    await startContainer(found);
    return this.#attachment(await this.#connect(), name, found.container, found.info.Config.Labels);
  }

  /** To a container whose config is not at hand. */
  #attachment(
    { docker }: Engine,
    name: string,
    container: Dockerode.Container,
    labels: Record<string, string>,
  ): DockerEnvironment {
    return new DockerEnvironment({
      name,
      created: false,
      docker,
      container,
      lifeline: null,
      labels,
      dialect: dialectOf(labels),
      folder: cwd => cwd ?? "",
      egress: this.#egress(container, JSON.parse(labels[LABEL.net] || "null"), () => {}),
      closed: () => {},
    });
  }

  async inspect(name: string, _signal: AbortSignal): Promise<EnvironmentDetails | null> {
    const engine = await this.#connect();
    const found = await this.#find(name);
    return found && environmentDetails(found, this.ref, engine.label);
  }

  async stop(name: string, _signal: AbortSignal): Promise<boolean> {
    const found = await this.#find(name);
    if (found) await stopContainer(found);
    return found !== null;
  }

  async start(name: string, _signal: AbortSignal): Promise<boolean> {
    const found = await this.#find(name);
    if (found) await startContainer(found);
    return found !== null;
  }

  async restore(name: string, ref: string, signal: AbortSignal): Promise<boolean> {
    const found = await this.#find(name);
    if (!found) return false;
    const engine = await this.#connect();
    await restoreContainer(engine, found, ref, async container => {
      const environment = this.#attachment(engine, name, container, found.info.Config.Labels);
      await environment.ready(signal).finally(() => environment.detach());
      // Whatever it was put back to is how it is wanted: it is not made anew.
      await noteSetUp(container, found.info.Config.Labels);
    });
    return true;
  }

  async changes(name: string, _signal: AbortSignal): Promise<FileChange[] | null> {
    const found = await this.#find(name);
    return found && fileChanges(found.container);
  }

  async readFile(name: string, path: string, limit: number, _signal: AbortSignal): Promise<Uint8Array | null> {
    const found = await this.#find(name);
    return found && readContainerFile(found.container, path, limit);
  }

  async snapshots(environment: string | undefined, _signal: AbortSignal): Promise<SnapshotInfo[]> {
    return listSnapshots((await this.#connect()).docker, environment);
  }

  async removeSnapshot(ref: string, _signal: AbortSignal): Promise<boolean> {
    return removeSnapshot((await this.#connect()).docker, ref);
  }

  async remove(name: string, _signal: AbortSignal): Promise<boolean> {
    const found = await this.#find(name);
    const removed = found !== null && (await removeContainer(found.container));
    const engine = await this.#connect();
    if (found) {
      const made = JSON.parse(found.info.Config.Labels[LABEL.made] || "[]");
      await removeCovers(engine, made, containerNameOf(name));
    }
    return (await removeHalfRestored(engine, containerNameOf(name))) || removed;
  }

  async orphans(signal: AbortSignal): Promise<string[]> {
    const engine = await this.#connect();
    return orphanNames(await this.#containers(engine, signal));
  }

  async watch(changed: () => void, signal: AbortSignal): Promise<void> {
    await watchEngine(() => this.#connect(), changed, signal);
  }

  #egress(container: Dockerode.Container, rule: EgressRule | null, denied: EgressOptions["denied"]): Egress | null {
    return rule ? new Egress({ container, rule, denied, connect: this.#options.connect }) : null;
  }

  async #containers(engine: Engine, signal: AbortSignal) {
    try {
      return await engine.docker.listContainers({ all: true, filters: { label: [LABEL.owner] }, abortSignal: signal });
    } catch (error) {
      if (isUnreachable(error)) throw unreachable(engine.label, engine.address.source, error);
      throw engineError("Listing the environments", error);
    }
  }

  async #find(name: string): Promise<FoundContainer | null> {
    const engine = await this.#connect();
    const container = engine.docker.getContainer(containerNameOf(name));
    try {
      const info = await container.inspect();
      return isOurs(info.Config.Labels, info.Name) && info.Name === `/${containerNameOf(name)}`
        ? { container, info }
        : null;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw engineError(`Looking for ${name}`, error);
    }
  }

  /** One connection for all; a failed one is tried again by the next call. */
  #connect(): Promise<Engine> {
    this.#engine ??= connectEngine({
      host: this.#options.host,
      context: this.#options.context,
      env: this.#options.env ?? process.env,
    }).catch(error => {
      this.#engine = null;
      throw error;
    });
    return this.#engine;
  }

  async #image(engine: Engine, spec: EnvironmentSpec, sink: OutputSink, signal: AbortSignal): Promise<string> {
    if (spec.from === undefined && spec.build !== undefined) return buildImage(engine.docker, spec.build, sink, signal);
    const image = spec.from ? await snapshotImage(engine.docker, spec.from) : spec.image || this.#options.defaultImage;
    if (!image) {
      throw new ProviderError(
        "run/image-unset",
        "The environment names no image.",
        "Set `image` in the config, the setting `mlldEnv.docker.image`, or MLLD_ENV_DOCKER_IMAGE.",
      );
    }
    if (!isImageName(image)) throw new ProviderError("run/image-name", `"${image}" cannot be the name of an image.`);
    if (!(await hasImage(engine.docker, image))) await pullImage(engine.docker, image, sink, signal);
    return image;
  }
}

/**
 * The container side of the grant that holds the command's folder (the file's, unless it says otherwise), else the image's own. A folder
 * that belongs to the host and isn't granted has no other side.
 */
function commandFolder(cwd: string | undefined, spec: EnvironmentSpec, binds: Bind[]): string {
  const written = cwd ?? spec.folder;
  const inside = containerSide(binds, written);
  if (inside !== null) return inside;
  const ofHost = [spec.folder, spec.workspace].some(
    root => within(realOrWritten(root), realOrWritten(written)) !== null,
  );
  return cwd === undefined || ofHost ? (spec.workdir ?? "") : cwd;
}

function dialectOf(labels: Record<string, string>): Dialect {
  return labels[LABEL.shell] === "agent" ? AGENT : SHELL;
}
