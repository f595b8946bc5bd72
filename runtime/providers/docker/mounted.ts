/** Whether what was granted is what was mounted: the engine follows a path anew, and commands may have changed it since it was resolved. */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { ProviderError } from "../provider";
import type { Engine } from "./engine";
import { LABEL } from "./labels";
import { type Bind, within } from "./paths";

interface Mount {
  device: string;
  /** Of the file system, what is mounted. */
  root: string;
  target: string;
}

/** Grants below a folder that another environment of ours can write to: its commands could put a link in their place. */
export async function exposedBinds(engine: Engine, binds: Bind[], containerName: string): Promise<Bind[]> {
  if (engine.ownership !== "host" || binds.length === 0) return [];
  const containers = await engine.docker.listContainers({ filters: { label: [LABEL.owner] } });
  const writable = containers
    .filter(({ Names }) => !Names.includes(`/${containerName}`))
    .flatMap(({ Mounts }) => Mounts.flatMap(({ Type, RW, Source }) => (Type === "bind" && RW ? [Source] : [])));
  return binds.filter(({ source }) => writable.some(folder => (within(folder, source) ?? "") !== ""));
}

/** `mountinfo` is the environment's, as the kernel writes it. Throws a `ProviderError` for a grant that something else lies in the place of. */
export function refuseOtherMounts(binds: Bind[], mountinfo: string): void {
  const host = mountsOf(readFileSync("/proc/self/mountinfo", "utf8"));
  const inside = mountsOf(mountinfo);
  for (const { source, target } of binds) {
    const around = innermost(host, source);
    const mounted = inside.findLast(mount => mount.target === target);
    const root = around && posix.join(around.root, within(around.target, source)!);
    if (around && mounted?.device === around.device && mounted.root === root) continue;
    throw new ProviderError(
      "run/mount-refused",
      `${source} was changed while it was mounted: a command that can write to a folder around it put something else there${mounted ? ` (${mounted.root})` : ""}.`,
      "Look at what that command does; nothing ran in this environment.",
    );
  }
}

function innermost(mounts: Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts)
    if (within(mount.target, path) !== null && (!best || mount.target.length >= best.target.length)) best = mount;
  return best;
}

/** Lines of `ID PARENT DEVICE ROOT TARGET …`, with spaces and the like as octal numbers. */
function mountsOf(text: string): Mount[] {
  return text.split("\n").flatMap(line => {
    const [, , device, root, target] = line.split(" ").map(field => field.replace(/\\([0-7]{3})/g, octal));
    // A folder that was removed since is still the one that was mounted.
    return device && root && target ? [{ device, root: root.replace(/\/\/deleted$/, ""), target }] : [];
  });
}

function octal(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8));
}
