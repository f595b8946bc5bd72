import {
  type Diagnostic,
  type DiagnosticRelatedInformation,
  DiagnosticSeverity,
  type Location,
  type Range,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { Edit, Finding, Severity } from "../language/diagnostics";
import type { Place } from "../language/place";
import { canonicalUri } from "./uris";
import type { Positions, Workspace } from "./workspace";

/** From offsets of the language layer to positions of LSP. */

export function rangeOf(positions: Positions, span: { start: number; end: number }): Range {
  return { start: positions.positionAt(span.start), end: positions.positionAt(span.end) };
}

/** Null when the file of the place is not loaded (any more). */
export function locationOf(workspace: Workspace, place: Place): Location | null {
  const uri = canonicalUri(place.uri);
  const positions = workspace.positions(uri);
  return positions && { uri: workspace.clientUri(uri), range: rangeOf(positions, place) };
}

/** Edits of any number of files; null when one of the files is not loaded, since half a change is worse than none. */
export function workspaceEditOf(workspace: Workspace, edits: Edit[]): WorkspaceEdit | null {
  const changes: Record<string, TextEdit[]> = {};
  for (const edit of edits) {
    const location = locationOf(workspace, edit.place);
    if (!location) return null;
    (changes[location.uri] ??= []).push({ range: location.range, newText: edit.newText });
  }
  return { changes };
}

const SEVERITY: Record<Severity, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

export const DIAGNOSTIC_SOURCE = "mlld-env";

export function diagnosticOf(
  workspace: Workspace,
  positions: Positions,
  finding: Finding,
  pages: string | undefined,
): Diagnostic {
  const related = finding.related.flatMap(({ place, message }): DiagnosticRelatedInformation[] => {
    const location = locationOf(workspace, place);
    return location ? [{ location, message }] : [];
  });
  return {
    range: rangeOf(positions, finding.place),
    severity: SEVERITY[finding.severity],
    code: finding.code,
    source: DIAGNOSTIC_SOURCE,
    message: finding.message,
    ...(pages && { codeDescription: { href: `${pages.replace(/\/$/, "")}/${finding.code}.md` } }),
    ...(related.length > 0 && { relatedInformation: related }),
  };
}
