/** Sections of a markdown text, as `<file.md # Title>` selects them. */

export interface Heading {
  level: number;
  title: string;
  /** Offset of its line, and of the line after the section. */
  start: number;
  end: number;
}

/** The headings of a text, outside code fences, with the ranges of their sections. */
export function headings(text: string): Heading[] {
  const found: Heading[] = [];
  let offset = 0;
  let fence: string | null = null;
  for (const line of text.split("\n")) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined && (fence === null || mark.startsWith(fence))) fence = fence === null ? mark : null;
    const heading = fence === null ? /^(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line) : null;
    if (heading !== null)
      found.push({ level: heading[1]!.length, title: heading[2]!, start: offset, end: text.length });
    offset += line.length + 1;
  }
  found.forEach((heading, at) => {
    const next = found.slice(at + 1).find(later => later.level <= heading.level);
    if (next !== undefined) heading.end = next.start;
  });
  return found;
}

/** Thrown for a section that is not there. */
export class MissingSection extends Error {}

/**
 * What `# SELECTOR` takes out of a text: the section of a title, several (`A, B`), all but some (`!# A, B`), or lists of headings
 * (`??`, `##??`). A title with `?` may be missing.
 */
export function select(text: string, selector: string): string | string[] {
  const listing = /^(#{0,6})\s*\?\?$/.exec(selector.trim());
  const all = headings(text);
  if (listing !== null) {
    const level = listing[1]!.length;
    return all.filter(heading => level === 0 || heading.level === level).map(heading => heading.title);
  }
  const [wanted = "", unwanted = ""] = selector.split(/(?:^|[;,])\s*!#/);
  const include = names(wanted);
  const exclude = names(unwanted).flatMap(name => find(all, name) ?? []);
  const chosen =
    include.length === 0 || include.some(name => name.title === "*")
      ? [{ start: 0, end: text.length }]
      : include.flatMap(name => find(all, name) ?? missing(name, all));
  return chosen
    .filter(range => !exclude.includes(range as Heading))
    .map(range => without(text, range, exclude))
    .filter(part => part !== "")
    .join("\n\n");
}

interface SectionName {
  title: string;
  optional: boolean;
}

function names(list: string): SectionName[] {
  const found = list.match(/"[^"]*"\??|'[^']*'\??|[^,;]+/g) ?? [];
  return found.flatMap(raw => {
    const entry = raw.trim();
    const optional = entry.endsWith("?");
    const title = (optional ? entry.slice(0, -1) : entry).trim().replace(/^(["'])(.*)\1$/, "$2");
    return title === "" ? [] : [{ title, optional }];
  });
}

/** Titles are compared without case, then by their letters and digits alone (`tldr` finds `TL;DR`), then by their start. */
function find(all: Heading[], name: SectionName): Heading | undefined {
  const wanted = name.title.replace(/^#+\s*/, "");
  const lower = wanted.toLowerCase();
  const letters = onlyLetters(wanted);
  return (
    all.find(heading => heading.title.toLowerCase() === lower) ??
    all.find(heading => letters !== "" && onlyLetters(heading.title) === letters) ??
    all.find(heading => heading.title.toLowerCase().startsWith(lower))
  );
}

function onlyLetters(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

function missing(name: SectionName, all: Heading[]): [] {
  if (name.optional) return [];
  const there = all
    .map(heading => heading.title)
    .slice(0, 10)
    .join(", ");
  throw new MissingSection(`Section "${name.title}" not found in content${there === "" ? "" : `; it has: ${there}`}`);
}

function without(text: string, range: { start: number; end: number }, exclude: Heading[]): string {
  let result = "";
  let at = range.start;
  for (const hole of [...exclude].sort((a, b) => a.start - b.start)) {
    if (hole.start < at || hole.end > range.end) continue;
    result += text.slice(at, hole.start);
    at = hole.end;
  }
  return spaced((result + text.slice(at, range.end)).trim());
}

/** One blank line after a heading, as mlld prints sections; code fences stay as they are. */
function spaced(section: string): string {
  return section
    .split(/(^```[\s\S]*?^```)/m)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/^(#{1,6}\s[^\n]*)\n(?=[^\n#])/gm, "$1\n\n")))
    .join("");
}
