/** Every fix of every program of the contract: it mends what it is offered for, and leaves a program that can be read. */
import { describe, expect, it } from "vitest";
import { check, type Finding } from "../../../language/diagnostics";
import { analyse } from "../../../language/semantics";
import { CONTRACT } from "../../support/contract-programs";
import { unmark } from "../../support/marked";
import { checkText, FOLDER, memoryHost } from "../../support/program";

const NAME = "main.mld";

function apply(text: string, edits: Finding["fixes"][number]["edits"]): string {
  return edits
    .toSorted((a, b) => b.place.start - a.place.start)
    .reduce((done, { place, newText }) => done.slice(0, place.start) + newText + done.slice(place.end), text);
}

const key = ({ code, message }: Finding): string => `${code}: ${message}`;

const fixes = Object.entries(CONTRACT).flatMap(([title, marked]) => {
  const { source } = unmark(marked);
  const found = checkText(source);
  return found.flatMap(finding =>
    finding.fixes.map(fix => ({ name: `${title}: ${fix.title}`, source, found, finding, fix })),
  );
});

describe("fixes of the contract's programs", () => {
  it("are many", () => expect(fixes.length).toBeGreaterThan(75));

  it.each(fixes)("$name", ({ source, found, finding, fix }) => {
    const mended = apply(source, fix.edits);
    const host = memoryHost({ [NAME]: mended });
    const after = check(analyse(`${FOLDER}/${NAME}`, host), host);
    expect(after.filter(({ code }) => code.startsWith("syntax/"))).toEqual([]);
    const same = (all: Finding[]) => all.filter(other => key(other) === key(finding)).length;
    expect(same(after)).toBe(same(found) - 1);
    // Nothing else is wrong now: another finding of the same code may be told in other words, of what is left.
    const codes = new Set(found.map(({ code }) => code));
    expect(after.filter(({ code }) => !codes.has(code)).map(key)).toEqual([]);
    expect(after.length).toBeLessThan(found.length);
  });
});
