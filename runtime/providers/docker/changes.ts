/** What an environment's files differ in from its image. */
import type Dockerode from "dockerode";
import type { FileChange } from "../../../protocol/explorer";
import { HOME } from "./create-options";
import { engineError } from "./errors";

const KINDS: Record<number, FileChange["kind"]> = { 0: "changed", 1: "added", 2: "deleted" };

/** What engines put into every container themselves. */
const OF_ENGINE = ["/sbin/docker-init", "/dev/init", "/.dockerenv", "/run/.containerenv"];

/**
 * Files, and folders without changes below them, by path. Left out are the places of mounts, the home that every environment gets and
 * what engines add: it is listed too, and nobody wrote it.
 */
export async function fileChanges(container: Dockerode.Container): Promise<FileChange[]> {
  let listed: { Path: string; Kind: number }[];
  let places: string[];
  try {
    const [changes, info] = await Promise.all([container.changes(), container.inspect()]);
    // Without changes the answer is no list.
    listed = Array.isArray(changes) ? (changes as typeof listed).sort((a, b) => (a.Path < b.Path ? -1 : 1)) : [];
    places = [...info.Mounts.map(mount => mount.Destination), ...Object.keys(info.HostConfig.Tmpfs ?? {})];
  } catch (error) {
    throw engineError("Comparing the environment with its image", error);
  }
  const ours = new Set([HOME, ...OF_ENGINE, ...places].map(place => place.replace(/(.)\/+$/, "$1")));
  const parents = new Set(listed.map(({ Path }) => Path.slice(0, Path.lastIndexOf("/"))));
  return listed
    .filter(({ Path }) => !parents.has(Path) && !ours.has(Path))
    .map(({ Path, Kind }) => ({ path: Path, kind: KINDS[Kind] ?? "changed" }));
}
