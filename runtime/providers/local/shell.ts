/** Which program stands for `sh` on this machine. */
import { realpathSync, statSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

/** Path of a program; null when no folder of `path` holds it. */
export function programOnPath(program: string, path = ""): string | null {
  if (program.includes("/")) return program;
  const folder = path
    .split(delimiter)
    .find(at => at !== "" && statSync(join(at, program), { throwIfNoEntry: false })?.isFile());
  return folder === undefined ? null : join(folder, program);
}

const standIns = new Map<string, string | null>();

/**
 * Where `sh` is dash its `echo` makes line ends of `\n` in a text, which breaks JSON: there bash does the work under the name `sh`, in
 * its POSIX mode, as `sh` is on most systems that mlld is written on. null where the program is to be started as it is called.
 */
export function standInFor(program: string, path = ""): string | null {
  if (program !== "sh") return null;
  let standIn = standIns.get(path);
  if (standIn === undefined) {
    const shell = programOnPath("sh", path);
    standIn = shell !== null && basename(realpathSync(shell)) === "dash" ? programOnPath("bash", path) : null;
    standIns.set(path, standIn);
  }
  return standIn;
}
