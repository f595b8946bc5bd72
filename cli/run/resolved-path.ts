import { readlink } from "node:fs/promises";
import { dirname, isAbsolute, join, parse, resolve, sep } from "node:path";
import type { ResolvedPath } from "../../runtime/evaluator";

/** As many links as a system follows. */
const MOST_LINKS = 40;

/**
 * Where a path leads, link by link. Unlike `realpath` it also tells where a file would be made: a link may lead to nothing yet, and what
 * lies behind it may be missing.
 */
export async function resolvedPath(path: string): Promise<ResolvedPath> {
  const { root } = parse(resolve(path));
  const links: string[] = [];
  const ahead = segments(path.slice(parse(path).root.length));
  let at = root;
  for (let segment = ahead.shift(); segment !== undefined; segment = ahead.shift()) {
    if (segment === "..") at = dirname(at);
    if (segment === "." || segment === "..") continue;
    const next = join(at, segment);
    const target = await linkTarget(next);
    if (target === null) {
      at = next;
      continue;
    }
    links.push(next);
    if (links.length > MOST_LINKS)
      throw Object.assign(new Error("its links lead in a circle"), { code: "ELOOP", path });
    if (isAbsolute(target)) at = parse(target).root;
    ahead.unshift(...segments(isAbsolute(target) ? target.slice(at.length) : target));
  }
  return { real: at, links };
}

function segments(path: string): string[] {
  return path.split(sep === "\\" ? /[\\/]/ : sep).filter(segment => segment !== "");
}

/** null for what is no link, or not there, or cannot be looked at: then the access itself fails. */
async function linkTarget(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch {
    return null;
  }
}
