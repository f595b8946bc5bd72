/** The script's own file work inside a block is held to `fs` where the chain declares it. */
import { isAbsolute, relative, sep } from "node:path";
import picomatch from "picomatch";
import type { Context } from "./context";
import { DeniedError } from "./errors";

/** Refuses a path outside the grants, and traps. Real paths count, so that links lead nowhere else. */
export async function checkFileGrant(path: string, access: "read" | "write", context: Context): Promise<void> {
  const { files } = context.run.services;
  const { real, links } = await files.resolved(path);
  refuseTrap(path, real, links, context);
  const mounts = context.environment.grants?.fs.mounts ?? null;
  if (mounts === null) return;
  for (const mount of mounts) {
    if (access === "write" && mount.mode !== "rw") continue;
    const below = wayTo((await files.resolved(mount.host)).real, real);
    if (below === null) continue;
    if (mount.tail === null || picomatch(mount.tail, { dot: true })(below)) return;
  }
  const verb = access === "read" ? "read" : "written";
  throw new DeniedError(
    `${path} may not be ${verb} here: fs.${access} of this environment does not grant it`,
    "ENV_FS_DENIED",
  );
}

/**
 * Where a sandbox of this run could write, a link that leads out of there would let its commands choose which file of the host the script
 * reads or writes.
 */
function refuseTrap(path: string, real: string, links: readonly string[], { run }: Context): void {
  const isWritable = (at: string) => [...run.sandboxWritable].some(folder => wayTo(folder, at) !== null);
  if (isWritable(real)) return;
  const link = links.find(isWritable);
  if (link === undefined) return;
  throw new DeniedError(
    `${path} leads by the link ${link}, which commands of a sandbox may have made, out of what they can write to. Name ${real} itself if that is what you want`,
    "ENV_FS_DENIED",
  );
}

/** The way from a folder to what is in it, or is it; null for what lies elsewhere. */
function wayTo(folder: string, path: string): string | null {
  const way = relative(folder, path);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way) ? null : way;
}
