import { editsOf, type Problem } from "../environment";
import type { Host } from "../host";
import { samePlace } from "../place";
import type { Analysis } from "../semantics";
import { duplicateKeys } from "./duplicate-keys";
import { environmentProblems } from "./environments";
import { faultyImports } from "./faulty-imports";
import type { Finding, Fix, Severity } from "./finding";
import { nameFindings } from "./names";
import { withNarrowedLists } from "./narrow";
import { secretFindings } from "./secrets";
import { suppressions } from "./suppress";

/** Every diagnostic of a file, in the order of the text; severities are the settings', `off` and suppressed ones are left out. */
export function check(analysis: Analysis, host: Host): Finding[] {
  const suppressed = suppressions(analysis.file);
  const found = [
    ...syntaxFindings(analysis),
    ...withNarrowedLists(environmentProblems(analysis), analysis).flatMap(problem =>
      fromProblem(problem, analysis, host),
    ),
    ...versionFindings(analysis, host),
    ...nameFindings(analysis),
    ...duplicateKeys(analysis),
    ...faultyImports(analysis),
    ...secretFindings(analysis),
  ];
  const kept = new Map<string, Finding>();
  for (const finding of found) {
    const severity = severityOf(finding, host);
    const key = `${finding.code} ${finding.place.start} ${finding.place.end}`;
    const known = kept.get(key);
    // What is wider than a spread may be wider than the block around it, too: that is the error.
    if (severity === "off" || (known && (known.severity === "error" || severity !== "error")) || suppressed(finding))
      continue;
    kept.set(key, { ...finding, severity });
  }
  return [...kept.values()].sort((a, b) => a.place.start - b.place.start || a.place.end - b.place.end);
}

function severityOf(finding: Finding, host: Host): Severity | "off" {
  if (finding.code.startsWith("syntax/")) return "error";
  return host.settings.severities[finding.code] ?? finding.severity;
}

function syntaxFindings({ uri, file }: Analysis): Finding[] {
  return file.errors.map(({ code, message, start, end, fix, related }) => ({
    code,
    severity: "error",
    message,
    place: { uri, start, end },
    related: (related ?? []).map(more => ({ message: more.message, place: { uri, start: more.start, end: more.end } })),
    fixes: fix
      ? [
          {
            title: fix.title,
            edits: fix.edits.map(edit => ({ place: { uri, start: edit.start, end: edit.end }, newText: edit.newText })),
          },
        ]
      : [],
  }));
}

/** `box` where the setting says 2.0.4, `env` where it says 2.0.5. */
function versionFindings(analysis: Analysis, { settings: { languageVersion } }: Host): Finding[] {
  if (languageVersion === "auto") return [];
  const { uri } = analysis;
  const right = languageVersion === "2.0.4" ? "env" : "box";
  return analysis.sites.flatMap(({ node }): Finding[] => {
    if (node.kind !== "EnvExpression" || node.keyword === right) return [];
    const place = { uri, start: node.start, end: node.start + node.keyword.length };
    return [
      {
        code: "env/other-version",
        severity: "hint",
        message: `mlld ${languageVersion} calls this \`${right}\`.`,
        place,
        related: [],
        fixes: [{ title: `Change to ${right}`, edits: [{ place, newText: right }], preferred: true }],
      },
    ];
  });
}

/** A problem of the algebra as a diagnostic of this file. One that stands in another file is that file's own. */
function fromProblem(problem: Problem, analysis: Analysis, host: Host): Finding[] {
  const { code, severity, message, place } = problem;
  if (!place || place.uri !== analysis.uri) return [];
  const fixes = problem.fixes.flatMap((fix): Fix[] => {
    const edits = editsOf(fix, uri => host.text(uri) ?? undefined);
    return edits ? [{ title: fix.title, edits, ...(fix.preferred && { preferred: true }) }] : [];
  });
  const related = problem.related.filter(more => !samePlace(more.place, place));
  return [{ code, severity, message, place, related, fixes }];
}
