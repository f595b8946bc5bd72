import type { Analysis } from "./analysis";
import type { HeldChoice, ModuleSummary } from "./summary";

/**
 * What guards choose for operations of a file, in the order in which the run registers them: those of its imports and its own. A file
 * that is imported twice counts once.
 */
export function guardChoices(
  analysis: Pick<Analysis, "imports" | "units" | "sitesOf">,
  moduleAtImport: (index: number) => ModuleSummary | null,
): HeldChoice[] {
  const imported = analysis.imports.flatMap(({ statement }, index) =>
    (moduleAtImport(index)?.choices ?? []).map(choice => ({ ...choice, from: statement.start })),
  );
  const seen = new Set<string>();
  return [...imported, ...ownChoices(analysis)]
    .sort((a, b) => a.from - b.from)
    .filter(({ head }) => {
      const key = `${head.uri} ${head.start}`;
      return !seen.has(key) && seen.add(key);
    });
}

function ownChoices(analysis: Pick<Analysis, "units" | "sitesOf">): HeldChoice[] {
  return analysis.units.list.flatMap(unit => {
    const { statement } = unit;
    if (statement.kind !== "GuardStatement" || statement.timing === "after") return [];
    const { filter, name } = statement.filter;
    const [first] = statement.rules.entries;
    const sure = first?.kind === "WhenEntry" && first.condition.kind === "Wildcard" ? first.action : null;
    return analysis
      .sitesOf(unit)
      .filter(({ kind }) => kind === "guard")
      .map(({ node, config, head, label }) => {
        return { filter, name, config, head, label, always: node === sure, from: statement.start };
      });
  });
}
