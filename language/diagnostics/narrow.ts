import type { Problem } from "../environment";
import type { Analysis } from "../semantics";
import { pathAt } from "../syntax";
import type { ArrayExpression } from "../syntax/tree";

/** Lists of names; of paths and hosts what both allow is more than the items that are not wider. */
const WIDER = /\/(tools|mcps|auth)-widened$/;

/** Where several items of one list are wider, each gets a further fix that removes them all. */
export function withNarrowedLists(problems: Problem[], analysis: Analysis): Problem[] {
  const lists = new Map<ArrayExpression, Set<number>>();
  const listOf = new Map<Problem, ArrayExpression>();
  for (const problem of problems) {
    const list = WIDER.test(problem.code) ? listAround(problem, analysis) : null;
    if (!list) continue;
    listOf.set(problem, list);
    lists.set(list, (lists.get(list) ?? new Set()).add(problem.place!.start));
  }
  return problems.map(problem => {
    const list = listOf.get(problem);
    const wider = list && lists.get(list)!;
    if (!list || !wider || wider.size < 2) return problem;
    const { text } = analysis.file;
    const kept = list.elements.filter(({ start }) => !wider.has(start)).map(({ start, end }) => text.slice(start, end));
    const place = { uri: analysis.uri, start: list.start, end: list.end };
    const title = "Keep only what the parent allows";
    return {
      ...problem,
      fixes: [...problem.fixes, { kind: "replace", title, place, newText: `[${kept.join(", ")}]` }],
    };
  });
}

/** The list that a problem's item is an element of. */
function listAround({ place }: Problem, analysis: Analysis): ArrayExpression | null {
  if (!place || place.uri !== analysis.uri) return null;
  const list = pathAt(analysis.file, place.start).findLast(node => node.kind === "ArrayExpression");
  return list?.kind === "ArrayExpression" &&
    list.elements.some(({ start, end }) => start === place.start && end === place.end)
    ? list
    : null;
}
