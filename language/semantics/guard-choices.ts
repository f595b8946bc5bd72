import type { FileAnalysis } from "./file-analysis";
import type { GuardChoice } from "./summary";

/** A choice, and from which offset of the file on it can be made: a block in front of the guard runs before it is there. */
export interface HeldChoice extends GuardChoice {
  from: number;
}

/** What guards choose for operations of a file: those of its imports and its own. A file that is imported twice counts once. */
export function guardChoices(analysis: FileAnalysis): HeldChoice[] {
  const imported = analysis.imports.flatMap(({ statement }, index) =>
    (analysis.moduleAtImport(index)?.choices ?? []).map(choice => ({ ...choice, from: statement.start })),
  );
  const seen = new Set<string>();
  return [...imported, ...ownChoices(analysis)].filter(({ head }) => {
    const key = `${head.uri} ${head.start}`;
    return !seen.has(key) && seen.add(key);
  });
}

function ownChoices(analysis: FileAnalysis): HeldChoice[] {
  return analysis.units.list.flatMap(unit => {
    const { statement } = unit;
    if (statement.kind !== "GuardStatement" || statement.timing === "after") return [];
    const { filter, name } = statement.filter;
    return analysis
      .sitesOf(unit)
      .filter(({ kind }) => kind === "guard")
      .map(({ config, head, label }) => ({ filter, name, config, head, label, from: statement.start }));
  });
}
