/** What `mlld-env check --json` says of small programs: every row of the attenuation table, with exact ranges. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONTRACT as CASES } from "../support/contract-programs";
import { unmark } from "../support/marked";

interface Reported {
  file: string;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  severity: string;
  code: string;
  message: string;
  related: { file: string; message: string }[];
  fixes: { edits: { newText: string }[] }[];
}

const folder = mkdtempSync(join(tmpdir(), "mlld-env-check-"));
const cli = join(__dirname, "../../dist/cli.js");
let reported: Reported[];

/** The same programs in other clothes: what is found, and where, stays. */
const VARIANTS: Record<string, { extension: string; of: (program: string) => string }> = {
  "as it is": { extension: ".mld", of: program => program },
  "with line ends of Windows": { extension: ".crlf.mld", of: program => program.replaceAll("\n", "\r\n") },
  "behind letters of two units": {
    extension: ".emoji.mld",
    of: program => `\uFEFF>> 👍🏽 é\nvar @emoji = "👩‍👩‍👧 ß"\n${program.replaceAll(/(?<=\n)(?= )/g, " ")}`,
  },
  "in markdown": {
    extension: ".mld.md",
    of: program =>
      `# Title 👍🏽\n\nProse with \`code\` and @names.\n\n${program.replaceAll(/^(?=(⟦[\w/-]+⟧)?(var|env|box|exe|auth|policy|guard|run|show|import)\b)/gm, "/")}`,
  },
};

const fileOf = (index: number, extension = ".mld") => `case-${String(index).padStart(3, "0")}${extension}`;

beforeAll(() => {
  // A project of its own, whatever lies in the folders above.
  writeFileSync(join(folder, "mlld-config.json"), "{}");
  Object.values(CASES).forEach((marked, index) => {
    for (const { extension, of } of Object.values(VARIANTS))
      writeFileSync(join(folder, fileOf(index, extension)), unmark(of(marked)).source);
  });
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, "check", "--json", folder], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  expect(status, stderr).toBe(1);
  reported = JSON.parse(stdout) as Reported[];
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("check --json", () => {
  describe.each(Object.entries(VARIANTS))("%s", (_variant, { extension, of }) => {
    test.each(Object.entries(CASES).map(([title, marked], index) => [title, marked, index] as const))(
      "%s",
      (_title, marked, index) => {
        const { source, expected } = unmark(of(marked));
        const lines = source.split("\n");
        const offset = (p: { line: number; character: number }) =>
          lines.slice(0, p.line).reduce((n, l) => n + l.length + 1, 0) + p.character;
        const key = (f: { code: string; start: number; end: number }) =>
          `${f.code} at ‹${source.slice(f.start, f.end)}› (${f.start})`;
        const found = reported
          .filter(({ file }) => basename(file) === fileOf(index, extension))
          .map(r => ({ code: r.code, start: offset(r.range.start), end: offset(r.range.end) }));
        expect(found.map(key).sort(), source).toEqual(expected.map(key).sort());
      },
    );
  });

  test("a widening names the item and points at the parent", () => {
    const index = Object.keys(CASES).indexOf("tools: one more");
    const [finding] = reported.filter(({ file }) => basename(file) === fileOf(index));
    expect(finding).toMatchObject({ severity: "error", code: "env/tools-widened" });
    expect(finding!.message).toContain("Write");
    expect(finding!.related).toHaveLength(1);
  });

  const only = (title: string) => {
    const found = reported.filter(({ file }) => basename(file) === fileOf(Object.keys(CASES).indexOf(title)));
    expect(found).toHaveLength(1);
    return found[0]!;
  };

  test("what policy takes away is not given back by a fix", () => {
    const finding = only("policy takes Bash away");
    expect(finding.message).toContain("which policy takes away");
    expect(finding.related.map(({ message }) => message)).toEqual(["policy @p leaves Read"]);
    expect(finding.fixes).toEqual([]);
  });

  test("a wider network says what each allows, and offers the parent's", () => {
    const finding = only("net: limited is more than a list");
    expect(finding.message).toBe(
      "This allows any name, through the egress proxy. That is more than @p allows: a.example. A child may only narrow.",
    );
    expect(finding.fixes.flatMap(({ edits }) => edits.map(({ newText }) => newText))).toEqual([
      '{ allow: ["a.example"] }',
    ]);
  });
});
