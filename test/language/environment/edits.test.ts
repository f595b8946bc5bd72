import { describe, expect, it } from "vitest";
import { editsOf, enterBlock, type FixData, TOP_LEVEL } from "../../../language/environment";
import type { AbstractValue } from "../../../language/values/abstract";
import { PATHS } from "./arbitraries";

const URI = "file:///a.mld";

/** The text after a fix; `«»` marks its place. */
function apply(marked: string, fix: (place: { uri: string; start: number; end: number }) => FixData): string | null {
  const start = marked.indexOf("«");
  const end = marked.indexOf("»") - 1;
  const text = marked.replace(/[«»]/g, "");
  const edits = editsOf(fix({ uri: URI, start, end }), () => text);
  if (!edits) return null;
  return edits
    .toSorted((a, b) => b.place.start - a.place.start)
    .reduce((result, { place, newText }) => result.slice(0, place.start) + newText + result.slice(place.end), text);
}

describe("edits of fixes", () => {
  it.each([
    ['["Read", «"Write"»]', '["Read"]'],
    ['[«"Write"», "Read"]', '["Read"]'],
    ['[«"Write"»]', "[]"],
    ['["Read",\n  «"Write"»\n]', '["Read"\n]'],
    ["{ a: 1, «Write»: {}, b: 2 }", "{ a: 1, b: 2 }"],
    ["{ a: 1, «Write»: { x: [1, 2] } }", "{ a: 1 }"],
    ['{ «Write»: "a, b" }', "{ }"],
    // While it is typed.
    ['{ «Write»: "a, b }', '{"a, b }'],
  ])("removes from %s", (marked, expected) => {
    expect(apply(marked, place => ({ kind: "remove", title: "", place }))).toBe(expected);
  });

  it.each([
    ['«["Read"]»', '["Read", "Bash"]'],
    ["«[]»", '["Bash"]'],
    ['«["Read",]»', '["Read", "Bash",]'],
    ['«"read, write"»', '"read, write, Bash"'],
    ['«""»', '"Bash"'],
    ["«@tools»", null],
  ])("adds to %s", (marked, expected) => {
    expect(apply(marked, place => ({ kind: "append", title: "", place, newText: '"Bash"' }))).toBe(expected);
  });

  it("offers the intersection for a list in one text", () => {
    const at = (start: number, end: number) => ({ uri: URI, start, end });
    const config = (tools: AbstractValue): AbstractValue => ({
      kind: "object",
      entries: [{ key: "tools", value: tools }],
      open: false,
      place: at(0, 30),
    });
    const parent = enterBlock({
      parent: TOP_LEVEL,
      config: config({ kind: "known", value: "Read", place: at(0, 6) }),
      with: null,
      paths: PATHS,
    }).environment;
    const child = { kind: "known" as const, value: "Read, Write", place: at(10, 23) };
    const [problem] = enterBlock({ parent, config: config(child), with: null, paths: PATHS }).problems;
    expect(problem!.fixes[0]).toMatchObject({ kind: "replace", place: at(10, 23), newText: '["Read"]' });
  });
});
