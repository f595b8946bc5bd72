import { fileURLToPath } from "node:url";
import type { Finding } from "../language/diagnostics";
import type { Explanation } from "../language/environment";
import type { Host } from "../language/host";
import type { Place } from "../language/place";
import { LineMap } from "../language/syntax";
import type { EventRange, ReportedFinding } from "../protocol/events";

/** Turns findings into the form of `check --json` and of run events; `fileOf` says how files are called, by absolute paths when unset. */
export function reporter(host: Host, fileOf = absolutePath): (finding: Finding) => ReportedFinding {
  const at = locator(host, fileOf);
  return ({ code, severity, message, place, related, fixes }) => ({
    ...at(place),
    severity,
    code,
    message,
    related: related.map(more => ({ ...at(more.place), message: more.message })),
    fixes: fixes.map(({ title, edits }) => ({
      title,
      edits: edits.map(edit => ({ ...at(edit.place), newText: edit.newText })),
    })),
  });
}

interface Located {
  file: string;
  range: EventRange;
}

/** Turns places into files and ranges of lines and characters. */
export function locator(host: Host, fileOf = absolutePath): (place: Place) => Located {
  const lines = new Map<string, LineMap>();
  return ({ uri, start, end }) => {
    let map = lines.get(uri);
    if (!map) lines.set(uri, (map = new LineMap(host.text(uri) ?? "")));
    return { file: fileOf(uri), range: { start: map.positionAt(start), end: map.positionAt(end) } };
  };
}

/** An effective environment in the form of `explain --json`. */
export function explained(
  { provider, capabilities, provenance, profile }: Explanation,
  locate: (place: Place) => Located,
) {
  return {
    provider,
    capabilities,
    provenance: provenance.map(({ field, place, note }) => ({ field, from: place && locate(place), note })),
    profile,
  };
}

/** A finding and its related places, in the `file:line:column` form that editors and terminals make links of. */
export function findingText({ file, range, severity, code, message, related }: ReportedFinding): string {
  const at = ({ start }: EventRange): string => `${start.line + 1}:${start.character + 1}`;
  return [
    `${file}:${at(range)}: ${severity}: ${message} [${code}]`,
    ...related.map(more => `    ${more.file}:${at(more.range)}: ${more.message}`),
  ].join("\n");
}

function absolutePath(uri: string): string {
  return uri.startsWith("file:///") ? fileURLToPath(uri) : uri;
}
