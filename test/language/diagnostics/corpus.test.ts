import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import { Program } from "../../../language/semantics";
import { CORPUS, corpusFiles } from "../../support/corpus";
import { FOLDER, memoryHost } from "../../support/program";

/**
 * Programs of the corpus that the parser of mlld takes and its interpreter refuses: what we find there is right. The rest must be
 * free of errors.
 */
const REFUSED_BY_MLLD = [
  /box-nested-tool-escalation-example\.md$/,
  /policy-(?:composition-deny-union|deny-run-js|guards-privileged|allowlist-command-denied|denies-shell)-example\.ml?d$/,
];

describe.skipIf(!CORPUS)("valid programs of the corpus", () => {
  const folders = ["strict/valid", "strict-derived/valid", "markdown/valid", "template/valid"];
  const files = CORPUS ? corpusFiles(...folders) : [];
  const program = new Program();

  function findings(path: string, text: string) {
    const name = path.replaceAll("/", "-");
    const host = memoryHost({ [name]: text });
    return check(program.analyse(`${FOLDER}/${name}`, host), host);
  }

  it("are there", () => expect(files.length).toBeGreaterThan(900));

  it("have no errors, but for commands that the tools of their block do not allow", () => {
    const errors = files.flatMap(({ path, text }) =>
      findings(path, text)
        .filter(({ severity, code }) => severity === "error" && !code.startsWith("syntax/"))
        .map(({ code, place }) => `${path}: ${code} «${text.slice(place.start, place.end)}»`),
    );
    const wrong = errors.filter(line => !line.includes("env/command-needs-bash"));
    expect(wrong.filter(line => !REFUSED_BY_MLLD.some(name => name.test(line.split(":")[0]!)))).toEqual([]);
    expect(errors.length).toBeLessThan(files.length / 50);
  });

  it("give few warnings about environments", () => {
    const warnings = files.flatMap(({ path, text }) =>
      findings(path, text).filter(({ severity, code }) => severity === "warning" && code.startsWith("env/")),
    );
    expect(warnings.length).toBeLessThanOrEqual(10);
  });

  it("never make the analysis fail, whole, cut short, or of a wrong kind", () => {
    for (const { path, text } of corpusFiles("strict/invalid", "mutations/valid", "mutations/invalid").slice(0, 600)) {
      expect(() => findings(path, text)).not.toThrow();
      expect(() => findings(path, text.slice(0, text.length >> 1))).not.toThrow();
    }
  });
});
