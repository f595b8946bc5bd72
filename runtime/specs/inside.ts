/** What stays inside the folder that an archive is unpacked to, on whatever system: `\` separates on some. */

const SEPARATORS = /[\\/]/;
/** As many links as a system follows; more is a circle, which leads nowhere. */
const MOST_HOPS = 40;

/** Whether a name of an archive would lie outside. */
export function liesOutside(name: string): boolean {
  if (name === "" || name.includes("\0") || isAbsolute(name)) return true;
  let depth = 0;
  for (const segment of segmentsOf(name)) {
    depth += segment === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

/** Whether a link of an archive leads outside, also by way of its other links; `links` has the target of each by its name. */
export function leadsOutside(link: string, links: ReadonlyMap<string, string>): boolean {
  const at: string[] = [];
  const ahead = segmentsOf(link);
  for (let hops = 0; ahead.length > 0; ) {
    const segment = ahead.shift()!;
    if (segment === "..") {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(segment);
    const target = links.get(at.join("/"));
    if (target === undefined) continue;
    if (isAbsolute(target)) return true;
    if (++hops > MOST_HOPS) return false;
    at.pop();
    ahead.unshift(...segmentsOf(target));
  }
  return false;
}

function segmentsOf(path: string): string[] {
  return path.split(SEPARATORS).filter(segment => segment !== "" && segment !== ".");
}

function isAbsolute(path: string): boolean {
  return /^(?:[A-Za-z]:)?[\\/]/.test(path);
}
