/** Imports of files that cannot be parsed: the run would end there, perhaps after half of its work. */
import type { Finding } from "../../language/diagnostics/finding";
import type { Place } from "../../language/place";
import type { Analysis, ImportFact } from "../../language/semantics";
import type { Node } from "../../language/syntax/tree";

/** The first syntax error of each file that the chosen statements import, and of those that they import in turn. */
export function brokenImports(
  chosen: readonly Node[],
  analysis: Analysis,
  analysed: (uri: string) => Analysis,
): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set([analysis.uri]);
  const visit = ({ uri, kind, state }: ImportFact, place: Place) => {
    if (uri === null || kind !== "file" || state !== "loaded" || uri.endsWith(".json") || seen.has(uri)) return;
    seen.add(uri);
    const imported = analysed(uri);
    const [fault] = imported.file.errors;
    if (fault !== undefined) {
      const { code, message, start, end } = fault;
      const related = [{ message: "It is needed here.", place }];
      findings.push({ code, severity: "error", message, place: { uri, start, end }, related, fixes: [] });
    }
    for (const fact of imported.imports) visit(fact, placeOf(fact, uri));
  };
  for (const fact of analysis.imports) if (chosen.includes(fact.statement)) visit(fact, placeOf(fact, analysis.uri));
  return findings;
}

function placeOf({ statement: { start, end } }: ImportFact, uri: string): Place {
  return { uri, start, end };
}
