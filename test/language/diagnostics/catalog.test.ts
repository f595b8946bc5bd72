import { describe, expect, it } from "vitest";
import { CATALOG, type Example } from "../../../language/diagnostics";
import { checkText } from "../../support/program";

const WITH_EXAMPLE = Object.entries(CATALOG).filter(([, entry]) => entry.example !== null);

function checkExample(example: Example, which: "wrong" | "right") {
  return checkText(example[which], example.files, "main.mld", { languageVersion: example.languageVersion ?? "auto" });
}

describe("the catalog", () => {
  it.each(WITH_EXAMPLE)(
    "%s is raised by its wrong program, in the words of the file",
    (code, { example, severity }) => {
      const found = checkExample(example!, "wrong").filter(finding => finding.code === code);
      expect(found).toHaveLength(1);
      expect(found[0]!.severity).toBe(severity);
      expect(found[0]!.place.end).toBeGreaterThan(found[0]!.place.start);
    },
  );

  it.each(WITH_EXAMPLE)("%s: the mended program has no findings", (_code, { example }) => {
    expect(checkExample(example!, "right")).toEqual([]);
  });

  it("has an entry without example only for parse errors", () => {
    const without = Object.keys(CATALOG).filter(code => CATALOG[code]!.example === null);
    expect(without.every(code => code.startsWith("syntax/"))).toBe(true);
  });
});
