/** What can be done with a kept environment as a whole: stop, start, put back to a snapshot. */
import { randomBytes } from "node:crypto";
import type Dockerode from "dockerode";
import { ProviderError } from "../provider";
import { containerHome } from "./create-options";
import type { Engine } from "./engine";
import { engineError, statusOf } from "./errors";
import { LABEL } from "./labels";
import { removeContainer } from "./remove";
import { snapshotImage } from "./snapshot";
import { folderArchive } from "./tar";

/** A container of ours that was found by name. */
export interface FoundContainer {
  container: Dockerode.Container;
  info: Dockerode.ContainerInspectInfo;
}

/** The keeper ends at once when it is asked; seconds after which a container that does not is killed. */
const STOP_S = 3;
/** In the name of a container that is to take the place of another. */
const RESTORING = ".restoring-";

/** Ends its processes; its files stay. */
export async function stopContainer({ container, info }: FoundContainer): Promise<void> {
  requireKept(info, "stopped");
  try {
    // A frozen process hears no signal.
    if (info.State.Paused) await container.unpause();
    await container.stop({ t: STOP_S });
  } catch (error) {
    if (statusOf(error) !== 304) throw engineError("Stopping the environment", error);
  }
}

/** Starts a stopped environment; one that runs is left alone. */
export async function startContainer({ container, info }: FoundContainer): Promise<void> {
  try {
    if (info.State.Paused) await container.unpause();
    else if (!info.State.Running) await container.start();
  } catch (error) {
    if (statusOf(error) !== 304) throw engineError("Starting the environment", error);
  }
}

/**
 * Makes the environment anew from a snapshot, with its labels, mounts, network and limits. The old container goes only when the new one
 * runs and `ready` has not thrown; until then it is what it was.
 */
export async function restoreContainer(
  engine: Engine,
  found: FoundContainer,
  ref: string,
  ready: (container: Dockerode.Container) => Promise<void>,
): Promise<void> {
  const { container: old, info } = found;
  requireKept(info, "restored");
  const image = await snapshotImage(engine.docker, ref);
  const name = info.Name.replace(/^\//, "");
  const { Hostname, User, WorkingDir, Entrypoint, Cmd, Env, Labels, ExposedPorts, Healthcheck } = info.Config;
  const made = await attempt("Restoring the environment", () =>
    engine.docker.createContainer({
      name: `${name.slice(0, 80)}${RESTORING}${randomBytes(3).toString("hex")}`,
      Image: image,
      Hostname,
      User,
      WorkingDir,
      Entrypoint,
      // The keeper is the entry point, whatever the snapshot would start.
      Cmd: Cmd ?? [],
      Env,
      Labels,
      ExposedPorts,
      Healthcheck,
      HostConfig: info.HostConfig,
    }),
  );
  const ran = info.State.Running;
  try {
    const home = containerHome(User);
    if (home) await made.putArchive(folderArchive(home.path, home.uid, home.gid), { path: "/" });
    // Both want the same ports.
    if (ran) await stopContainer(found);
    await made.start();
    await ready(made);
  } catch (error) {
    await removeContainer(made);
    if (ran) await old.start();
    throw engineError("Restoring the environment", error);
  }
  await removeContainer(old);
  await attempt("Naming the restored environment", () => made.rename({ name }));
}

/** Removes what a restore left that was killed half-way; false when there is nothing. */
export async function removeHalfRestored(engine: Engine, containerName: string): Promise<boolean> {
  const left = await attempt("Looking for what a restore left", () =>
    engine.docker.listContainers({ all: true, filters: { label: [`${LABEL.owner}=${containerName}`] } }),
  );
  const half = left.filter(({ Names }) =>
    Names.some(name => name.startsWith(`/${containerName.slice(0, 80)}${RESTORING}`)),
  );
  await Promise.all(half.map(({ Id }) => removeContainer(engine.docker.getContainer(Id))));
  return half.length > 0;
}

async function attempt<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw engineError(step, error);
  }
}

/** An unnamed environment is its run's, and gone when it stops. */
function requireKept(info: Dockerode.ContainerInspectInfo, done: string): void {
  if (info.Config.Labels[LABEL.kind] === "named") return;
  throw new ProviderError(
    "run/not-kept",
    `The environment \`${info.Config.Labels[LABEL.name]}\` ends with its run: it cannot be ${done}.`,
    "Give it a `name` in its config, which keeps it.",
  );
}
