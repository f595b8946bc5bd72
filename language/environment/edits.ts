/** Fixes as text edits. */
import type { Place } from "../place";
import type { FixData } from "./types";

export function editsOf(
  fix: FixData,
  textOf: (uri: string) => string | undefined,
): { place: Place; newText: string }[] | null {
  if (fix.kind === "replace") return [{ place: fix.place, newText: fix.newText }];
  const text = textOf(fix.place.uri);
  if (text === undefined) return null;
  return fix.kind === "remove"
    ? [{ place: withComma(text, fix.place), newText: "" }]
    : append(text, fix.place, fix.newText);
}

/** An entry with the comma behind it, else the one before it, and the space between. */
function withComma(text: string, place: Place): Place {
  let { start, end } = place;
  const after = /^\s*,[ \t]*/.exec(text.slice(end));
  if (after) end += after[0].length;
  else start -= /,?\s*$/.exec(text.slice(0, start))![0].length;
  return { uri: place.uri, start, end };
}

/** Adds to the list at `place`; a plain text such as `"read, write"` gets one more name. */
function append(text: string, place: Place, newText: string): { place: Place; newText: string }[] | null {
  const source = text.slice(place.start, place.end);
  if (/^["']/.test(source)) {
    const at = place.end - 1;
    const word = newText.replace(/^["']|["']$/g, "");
    return [{ place: { uri: place.uri, start: at, end: at }, newText: source.length > 2 ? `, ${word}` : word }];
  }
  if (!source.startsWith("[") || !source.endsWith("]")) return null;
  const inner = source.slice(1, -1);
  const kept = inner.trimEnd().replace(/,$/, "");
  const at = place.start + 1 + kept.length;
  return [{ place: { uri: place.uri, start: at, end: at }, newText: kept.trim() === "" ? newText : `, ${newText}` }];
}
