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

/** An item, or the property whose key stands at `place`, with the comma behind it, else the one before it, and the space between. */
function withComma(text: string, place: Place): Place {
  let { start } = place;
  let end = /^\s*:/.test(text.slice(place.end)) ? endOfValue(text, place.end) : place.end;
  const after = /^\s*,[ \t]*/.exec(text.slice(end));
  if (after) end += after[0].length;
  else start -= /,?\s*$/.exec(text.slice(0, start))![0].length;
  return { uri: place.uri, start, end };
}

/** Where the value of a property ends: at the comma or bracket that is not inside it. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const c = text[at]!;
    if (c === '"' || c === "'" || c === "`") {
      const close = text.indexOf(c, at + 1);
      if (close < 0) return at;
      at = close;
    } else if ("[{(".includes(c)) depth++;
    else if ("]})".includes(c) && depth-- === 0) return from + text.slice(from, at).trimEnd().length;
    else if (c === "," && depth === 0) return at;
  }
  return text.length;
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
