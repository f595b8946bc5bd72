/** The script's own file work inside a block is held to `fs` where the chain declares it. */
import { isAbsolute, relative } from "node:path";
import picomatch from "picomatch";
import type { Context } from "./context";
import { DeniedError } from "./errors";

/** Refuses a path outside the grants; real paths count, so that links lead nowhere else. */
export async function checkFileGrant(path: string, access: "read" | "write", context: Context): Promise<void> {
  const mounts = context.environment.grants?.fs.mounts ?? null;
  if (mounts === null) return;
  const { files } = context.run.services;
  const real = await files.real(path);
  for (const mount of mounts) {
    if (access === "write" && mount.mode !== "rw") continue;
    const below = relative(await files.real(mount.host), real);
    if (below.startsWith("..") || isAbsolute(below)) continue;
    if (mount.tail === null || picomatch(mount.tail, { dot: true })(below)) return;
  }
  const verb = access === "read" ? "read" : "written";
  throw new DeniedError(
    `${path} may not be ${verb} here: fs.${access} of this environment does not grant it`,
    "ENV_FS_DENIED",
  );
}
