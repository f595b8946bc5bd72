/** Snapshots are images of ours; a snapshot's name is its tag. */
import type Dockerode from "dockerode";
import type { SnapshotInfo } from "../../../protocol/explorer";
import { ProviderError } from "../provider";
import { engineError, messageOf, statusOf } from "./errors";
import { containerNameOf, LABEL } from "./labels";
import { hasImage, isImageName } from "./pull";
import { replacingImage } from "./replaced-image";

const REPOSITORY = "mlld-env-snapshot";

/**
 * Commits the container's files (not its mounts and scratch folders) and gives the reference that `from` takes. The labels that would make
 * what is derived from it look owned are overwritten.
 */
export async function commitSnapshot(
  docker: Dockerode,
  container: Dockerode.Container,
  environmentName: string,
  name: string,
): Promise<string> {
  const tag = containerNameOf(name);
  const cleared = Object.values(LABEL).map(label => `LABEL ${label}=""`);
  const changes = [
    ...cleared,
    `LABEL ${LABEL.snapshot}=${JSON.stringify(name)}`,
    `LABEL ${LABEL.name}=${JSON.stringify(environmentName)}`,
    // The keeper of an environment is not what the image should start.
    "ENTRYPOINT []",
    'CMD ["/bin/sh"]',
  ];
  try {
    // Not paused: an engine that freezes a container in which an exec is just starting waits for itself, for ever.
    await replacingImage(docker, `${REPOSITORY}:${tag}`, () =>
      container.commit({ repo: REPOSITORY, tag, pause: false, changes }),
    );
  } catch (error) {
    if (/max depth exceeded/i.test(messageOf(error))) {
      throw new ProviderError(
        "run/snapshot-depth",
        `The snapshot \`${name}\` would be the last of too long a chain of snapshots, each made from the one before.`,
        "Start again from the image, or flatten it with `docker export` and `docker import`.",
      );
    }
    throw engineError(`Taking the snapshot \`${name}\``, error);
  }
  return `${REPOSITORY}:${tag}`;
}

/**
 * The image that `from` names: a snapshot by its name or its reference, else an image. A bare name that is neither here is an error: in a
 * public registry anybody could have taken it.
 */
export async function snapshotImage(docker: Dockerode, from: string): Promise<string> {
  if (/[:/@]/.test(from)) return from;
  const own = `${REPOSITORY}:${containerNameOf(from)}`;
  if (await hasImage(docker, own)) return own;
  if (isImageName(from) && (await hasImage(docker, from))) return from;
  throw new ProviderError(
    "run/snapshot-missing",
    `There is no snapshot \`${from}\` on this engine.`,
    "Take it first (`mlld-env snapshot NAME AS`), or write an image with its tag.",
  );
}

/** The snapshots of an environment, or all of this engine; newest first. */
export async function listSnapshots(docker: Dockerode, environment: string | undefined): Promise<SnapshotInfo[]> {
  let images: Dockerode.ImageInfo[];
  try {
    images = await docker.listImages({ filters: { label: [LABEL.snapshot] } });
  } catch (error) {
    throw engineError("Listing the snapshots", error);
  }
  return images
    .sort((a, b) => b.Created - a.Created)
    .flatMap(image => {
      const name = image.Labels?.[LABEL.snapshot];
      const of = image.Labels?.[LABEL.name];
      if (!name || !of || (environment !== undefined && of !== environment)) return [];
      const createdAt = new Date(image.Created * 1000).toISOString();
      return (image.RepoTags ?? [])
        .filter(ref => ref.startsWith(`${REPOSITORY}:`))
        .map(ref => ({ ref, name, environment: of, createdAt, sizeBytes: image.Size }));
    });
}

/** Removes a snapshot; false when there is none of that reference. Other images are left alone. */
export async function removeSnapshot(docker: Dockerode, ref: string): Promise<boolean> {
  const tag = ref.startsWith(`${REPOSITORY}:`) ? ref : `${REPOSITORY}:${containerNameOf(ref)}`;
  try {
    await docker.getImage(tag).remove();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    if (statusOf(error) === 409) {
      throw new ProviderError(
        "run/snapshot-used",
        `The snapshot \`${ref}\` is in use: an environment runs from it.`,
        "Release or restore that environment first (`mlld-env ls`).",
      );
    }
    throw engineError(`Removing the snapshot \`${ref}\``, error);
  }
}
