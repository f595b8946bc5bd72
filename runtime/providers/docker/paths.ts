/** Paths of the host, of either kind, and mounts made of them. */
import { realpathSync } from "node:fs";
import { posix, win32 } from "node:path";

/** A bind mount: an absolute real path of the host, and where it lies. */
export interface Bind {
  source: string;
  target: string;
  readOnly: boolean;
}

/** The path of `path` relative to `folder` when it is that folder or below it, else null. Windows paths are known by their drive. */
export function within(folder: string, path: string): string | null {
  const flavour = /^[A-Za-z]:[\\/]|^\\\\/.test(folder) ? win32 : posix;
  const way = flavour.relative(folder, path);
  return way === ".." || way.startsWith(`..${flavour.sep}`) || flavour.isAbsolute(way) ? null : way;
}

/** The container side of a path of the host, by the innermost mount that holds it; null when none does. */
export function containerSide(binds: Bind[], hostPath: string): string | null {
  const path = realOrWritten(hostPath);
  let best: { bind: Bind; way: string } | undefined;
  for (const bind of binds) {
    const way = within(bind.source, path);
    if (way !== null && (!best || bind.source.length > best.bind.source.length)) best = { bind, way };
  }
  return best ? posix.join(best.bind.target, best.way.replaceAll("\\", "/")) : null;
}

/** The real path, or the path as written when nothing is there. */
export function realOrWritten(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
