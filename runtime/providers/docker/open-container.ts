/** Create or exists: however many callers ask at once, one container is made, and all get it. */
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { type EnvironmentSpec, ProviderError } from "../provider";
import type { ContainerUser } from "./create-options";
import type { Engine } from "./engine";
import { engineError, messageOf, statusOf } from "./errors";
import { isOurs, LABEL, ownerStateOf } from "./labels";
import { removeContainer } from "./remove";
import { isSetUp } from "./set-up";
import { folderArchive } from "./tar";

export interface OpenedContainer {
  container: Dockerode.Container;
  created: boolean;
  labels: Record<string, string>;
  /** Its end is the end of an anonymous environment. */
  lifeline: Duplex | null;
}

export interface OpenInput {
  engine: Engine;
  spec: EnvironmentSpec;
  containerName: string;
  user: ContainerUser;
  /** Makes the image available and gives the create request; called only if there is no container yet. */
  options(): Promise<Dockerode.ContainerCreateOptions>;
  /** Told once, when another run has to be waited for. */
  progress(message: string): void;
  signal: AbortSignal;
}

/** How long a caller waits for another one that is making the same environment, before it finishes the making itself. */
const WAIT_FOR_MAKER_MS = 2000;
const GIVE_UP_AFTER_MS = 30_000;
/** How long a set-up by another run may take, and how often it is looked at. */
const SET_UP_LIMIT_MS = 30 * 60_000;
const SET_UP_POLL_MS = 150;

/** Opens the container of a spec. Throws `ProviderError`. */
export async function openContainer(input: OpenInput): Promise<OpenedContainer> {
  const { engine, containerName, signal } = input;
  let started = Date.now();
  let options: Dockerode.ContainerCreateOptions | undefined;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    if (Date.now() - started > GIVE_UP_AFTER_MS) {
      throw new ProviderError(
        "run/create-contended",
        `The container ${containerName} keeps being made and removed by others.`,
      );
    }
    const found = await inspect(engine, containerName);
    if (found) {
      const asked = Date.now();
      const ready = await untilSetUp(input, found);
      // Waiting for a set-up is no contention.
      started += Date.now() - asked;
      const reused = ready ? await reuse(input, found, started) : null;
      if (reused) return reused;
      await pause(10 * Math.min(attempt + 1, 20));
      continue;
    }
    options ??= await input.options();
    const made = await create(input, options);
    if (made) return made;
  }
}

async function inspect(engine: Engine, name: string): Promise<Dockerode.ContainerInspectInfo | null> {
  try {
    return await engine.docker.getContainer(name).inspect();
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw engineError("Looking for the environment", error);
  }
}

/**
 * Waits while another run sets the environment up. False when it went away meanwhile, or was removed because whoever made it died before
 * its set-up was done: half made is not made.
 */
async function untilSetUp(input: OpenInput, found: Dockerode.ContainerInspectInfo): Promise<boolean> {
  const { engine, spec, containerName, signal } = input;
  const labels = found.Config.Labels;
  const ours = found.Name.replace(/^\//, "") === containerName && isOurs(labels, containerName);
  // What it is instead, `reuse` tells.
  if (!ours) return true;
  const container = engine.docker.getContainer(found.Id);
  const end = Date.now() + SET_UP_LIMIT_MS;
  for (let told = false; !(await isSetUp(container, labels)); told = true) {
    signal.throwIfAborted();
    // Whatever config that was: one whose set-up failed is corrected, and run again.
    if (ownerStateOf(labels) === "dead") {
      input.progress(`The set-up of ${labels[LABEL.name]} was broken off: it is made anew.`);
      await removeContainer(container);
      return false;
    }
    if (labels[LABEL.config] !== spec.configHash) return true;
    if (!told) input.progress(`Another run sets ${labels[LABEL.name]} up: waiting for it.`);
    await pause(SET_UP_POLL_MS);
    if ((await inspect(engine, found.Id)) === null) return false;
    if (Date.now() > end) {
      throw new ProviderError(
        "run/set-up-unfinished",
        `The set-up of \`${labels[LABEL.name]}\` by another run does not end.`,
        `Release it (\`mlld-env release ${labels[LABEL.name]}\`) and run again.`,
      );
    }
  }
  return true;
}

/** Attaches to a container that is there; null when it is on its way out or not made yet. */
async function reuse(
  input: OpenInput,
  found: Dockerode.ContainerInspectInfo,
  since: number,
): Promise<OpenedContainer | null> {
  const { spec, containerName, engine } = input;
  // A name such as `3f2a` is also looked up as the beginning of an id.
  if (found.Name.replace(/^\//, "") !== containerName) return null;
  const labels = found.Config.Labels;
  if (!isOurs(labels, containerName)) {
    throw new ProviderError(
      "run/name-taken",
      `A container named \`${containerName}\` exists that is not an mlld environment.`,
      "Choose another `name`, or remove that container yourself.",
    );
  }
  if (labels[LABEL.config] !== spec.configHash) {
    throw new ProviderError(
      "run/config-drift",
      `The environment \`${spec.name ?? spec.generatedName}\` is live with another config than this one.`,
      `Release it first (\`mlld-env release ${spec.name ?? spec.generatedName}\`), restore the config it was made with, or choose another \`name\`.`,
    );
  }
  const container = engine.docker.getContainer(found.Id);
  const { State: state } = found;
  if (state.Running && !state.Paused) return { container, created: false, labels, lifeline: null };
  if (state.Dead || state.Status === "removing") return null;
  if (state.Status === "created" && Date.now() - since < WAIT_FOR_MAKER_MS) return null;
  if (state.Paused) {
    await container.unpause().catch(ignoreStatus(409, 500));
    return null;
  }
  if (!(await begin(input, container))) return null;
  return { container, created: false, labels, lifeline: null };
}

/** Null when somebody else was faster. */
async function create(input: OpenInput, options: Dockerode.ContainerCreateOptions): Promise<OpenedContainer | null> {
  const { engine, spec } = input;
  let container: Dockerode.Container;
  try {
    container = await engine.docker.createContainer({ ...options });
  } catch (error) {
    if (statusOf(error) === 409) return null;
    throw engineError("Making the environment", error);
  }
  try {
    // An abort between the engine's work and its answer would leave the container behind.
    input.signal.throwIfAborted();
    const lifeline = spec.name === undefined ? await attachLifeline(container) : null;
    if (!(await begin(input, container)))
      throw new ProviderError("run/container-removed", "The environment was removed while it was being made.");
    return { container, created: true, labels: options.Labels ?? {}, lifeline };
  } catch (error) {
    await container.remove({ force: true, v: true }).catch(() => {});
    throw error;
  }
}

/** Gives the user a home and starts the container; false when it is gone. Doing it twice does no harm. */
async function begin({ user }: OpenInput, container: Dockerode.Container): Promise<boolean> {
  try {
    if (user.home) await container.putArchive(folderArchive(user.home, user.uid, user.gid), { path: "/" });
    await container.start();
    return true;
  } catch (error) {
    if (statusOf(error) === 304) return true;
    if (statusOf(error) === 404 && /no such container/i.test(messageOf(error))) return false;
    if (statusOf(error) === 409) return false;
    throw engineError("Starting the environment", error);
  }
}

/** Its stdin: the engine ends the container when this connection ends, for whatever reason. */
async function attachLifeline(container: Dockerode.Container): Promise<Duplex> {
  const stream = (await container.attach({
    stream: true,
    stdin: true,
    stdout: false,
    stderr: false,
    hijack: true,
  })) as Duplex & {
    unref?(): void;
  };
  stream.on("error", () => {});
  stream.unref?.();
  return stream;
}

function ignoreStatus(...statuses: number[]): (error: unknown) => void {
  return error => {
    if (!statuses.includes(statusOf(error) ?? 0)) throw error;
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
