import type Dockerode from "dockerode";

/**
 * Does what gives a new image the tag `ref`, and removes the one that had it before, unless something still uses it: without a tag nobody
 * would find it again.
 */
export async function replacingImage<T>(docker: Dockerode, ref: string, make: () => Promise<T>): Promise<T> {
  const before = await inspectOrNull(docker, ref);
  const made = await make();
  const left = before && (await inspectOrNull(docker, before.Id));
  if (left && left.RepoTags.length === 0) {
    // A container or another image may be made from it.
    await docker
      .getImage(left.Id)
      .remove()
      .catch(() => {});
  }
  return made;
}

async function inspectOrNull(docker: Dockerode, image: string): Promise<Dockerode.ImageInspectInfo | null> {
  try {
    return await docker.getImage(image).inspect();
  } catch {
    // What is wrong with the engine, the making tells.
    return null;
  }
}
