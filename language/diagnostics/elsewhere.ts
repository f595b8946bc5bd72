/** What stands in another file than the one that is checked. */
import type { PathContext, Problem } from "../environment";
import type { Analysis } from "../semantics";
import { folderOf, pathOfUri } from "../semantics/uri";

/** Relative paths of a config start at the folder of the file that it is used in. */
export function pathsIn(uri: string, { uri: own, paths }: Analysis): PathContext {
  return uri === own ? paths : { ...paths, folder: pathOfUri(folderOf(uri)) };
}

/** Another file has other users: what is done there is left to choose. */
export function withOwnFixes(problem: Problem, uri: string): Problem {
  const fixes = problem.fixes.map(fix => (fix.place.uri === uri ? fix : { ...fix, preferred: false }));
  return { ...problem, fixes };
}
