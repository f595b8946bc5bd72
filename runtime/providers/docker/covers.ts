import type { Engine } from "./engine";
import { LABEL } from "./labels";
import { removeMadeFolders } from "./protected";

/**
 * Removes folders that were made to be covered in a container which is gone, or was never made. One that another container covers too
 * stays: without it that container's cover would be gone, and its commands could make a folder of their own there.
 */
export async function removeCovers(engine: Engine, folders: string[], containerName: string): Promise<void> {
  if (folders.length === 0) return;
  let covered: string[];
  try {
    const containers = await engine.docker.listContainers({ all: true, filters: { label: [LABEL.owner] } });
    covered = containers
      .filter(({ Names }) => !Names.includes(`/${containerName}`))
      .flatMap(({ Mounts }) => Mounts.map(({ Source }) => Source));
  } catch {
    // Of an engine that does not answer nobody knows what it covers.
    return;
  }
  // A desktop's engine sees this machine's folders below one of its own.
  removeMadeFolders(folders.filter(folder => !covered.some(source => source.endsWith(folder))));
}
