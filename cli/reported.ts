import { fileURLToPath } from "node:url";
import type { Finding } from "../language/diagnostics";
import type { Host } from "../language/host";
import type { Place } from "../language/place";
import { LineMap } from "../language/syntax";
import type { EventRange, ReportedFinding } from "../protocol/events";

/** Turns findings into the form of `check --json` and of run events; `fileOf` says how files are called, by absolute paths when unset. */
export function reporter(host: Host, fileOf = absolutePath): (finding: Finding) => ReportedFinding {
  const lines = new Map<string, LineMap>();
  const at = ({ uri, start, end }: Place): { file: string; range: EventRange } => {
    let map = lines.get(uri);
    if (!map) lines.set(uri, (map = new LineMap(host.text(uri) ?? "")));
    return { file: fileOf(uri), range: { start: map.positionAt(start), end: map.positionAt(end) } };
  };
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

function absolutePath(uri: string): string {
  return uri.startsWith("file:///") ? fileURLToPath(uri) : uri;
}
