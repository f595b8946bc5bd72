/** Shell-style patterns of snapshot filters: as Python's fnmatch, `*` and `?` cross `/`. */

export interface Filters {
  /** Empty or null keeps all. */
  keepGlobs: readonly string[] | null;
  ignoreGlobs: readonly string[];
}

/** A test for many paths against the same filters; ignoring beats keeping. */
export function filter({ keepGlobs, ignoreGlobs }: Filters): {
  prunes(folder: string): boolean;
  keeps(path: string): boolean;
} {
  const ignored = matcher(ignoreGlobs);
  const kept = keepGlobs && keepGlobs.length > 0 ? matcher(keepGlobs) : () => true;
  return {
    prunes: folder => ignored(`${folder}/`),
    keeps: path => !ignored(path) && kept(path),
  };
}

/** Patterns are tried on the path and on `./path`. */
function matcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map(toRegExp);
  return path => expressions.some(expression => expression.test(path) || expression.test(`./${path}`));
}

export function toRegExp(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === "*") source += source.endsWith(".*") ? "" : ".*";
    else if (character === "?") source += ".";
    else if (character === "[") {
      // `]` right after the opening bracket, or after `!`, is a member.
      const from = pattern[at + 1] === "!" ? at + 2 : at + 1;
      const end = pattern.indexOf("]", from + 1);
      if (end < 0) source += "\\[";
      else {
        const members = pattern.slice(from, end).replace(/[\\\]^]/g, "\\$&");
        source += from === at + 2 ? `[^${members}]` : `[${members}]`;
        at = end;
      }
    } else source += character.replace(/[\\^$.|+(){}\]/]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, "s");
}
