import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, print, walk } from "../../../language/syntax";
import type { File } from "../../../language/syntax/tree";
import { CORPUS } from "../../support/corpus";
import { ACCEPTED_HERE, PLACES, REJECTED_HERE } from "./differences";
import { corpusVerdicts, PROGRAMS, programVerdicts, type Verdict } from "./verdicts";

const lineOf = (text: string, offset: number) => text.slice(0, offset).split("\n").length;

/** The first and last line of the top-level statement that holds a line; of the two around it when none does. */
function statementLines(file: File, line: number): [number, number] {
  let first = line;
  let last = line;
  for (const statement of file.statements) {
    const start = lineOf(file.text, statement.start);
    const end = lineOf(file.text, statement.end);
    if (start <= line) first = start;
    if (start <= line && end > last) last = end;
  }
  return [first, last];
}

/** Splits verdicts into those we share and those we do not, and says how well the places of errors agree. */
function compare(verdicts: Verdict[]) {
  const falseErrors: string[] = [];
  const missedErrors: string[] = [];
  const elsewhere: string[] = [];
  let sameLine = 0;
  let placed = 0;
  for (const { path, mode, text, ok, line } of verdicts) {
    const file = parse(text, mode);
    const error = file.errors[0];
    if (ok && error !== undefined) {
      if (!Object.values(REJECTED_HERE).some(pattern => pattern.test(text))) {
        falseErrors.push(`${path}:${lineOf(text, error.start)} ${error.code} ${error.message}`);
      }
    } else if (!ok && error === undefined) {
      if (!Object.values(ACCEPTED_HERE).some(pattern => pattern.test(text))) missedErrors.push(`${path}:${line}`);
    } else if (!ok && error !== undefined) {
      placed++;
      const ours = lineOf(text, error.start);
      const [first, last] = statementLines(file, line);
      if (ours === line || line === 0) sameLine++;
      else if (ours < first - 1 || ours > last) elsewhere.push(`${path}: ${ours} instead of ${line}`);
    }
  }
  return {
    falseErrors,
    missedErrors,
    elsewhere,
    sameLine: sameLine / placed,
    justified: 1 - elsewhere.length / placed,
  };
}

describe.skipIf(CORPUS === null)("the corpus", () => {
  const verdicts = CORPUS === null ? [] : corpusVerdicts();

  test("is accepted and rejected as mlld does, but for the listed differences", () => {
    const { falseErrors, missedErrors } = compare(verdicts);
    expect(falseErrors).toEqual([]);
    expect(missedErrors).toEqual([]);
  });

  test("has its errors on mlld's line, or in the statement that mlld names", () => {
    const { sameLine, justified, elsewhere } = compare(verdicts);
    expect(sameLine).toBeGreaterThan(0.9);
    expect(justified, elsewhere.join("\n")).toBeGreaterThan(0.98);
  });

  test("is printed byte for byte from its trees, every node within its parent and behind its elder", () => {
    for (const { path, mode, text } of verdicts) {
      const file = parse(text, mode);
      expect(print(file), path).toBe(text);
      walk(file, (node, parent) => {
        if (node.start > node.end) expect.fail(`${path}: ${node.kind} ends before it starts`);
        if (parent !== null && (node.start < parent.start || node.end > parent.end)) {
          expect.fail(
            `${path}: ${node.kind} ${node.start}-${node.end} outside ${parent.kind} ${parent.start}-${parent.end}`,
          );
        }
      });
    }
  });

  test("reads the same with other line ends, without a last one, and behind a byte order mark", () => {
    for (const { path, mode, text, ok } of verdicts) {
      const file = parse(text, mode);
      if (!ok || file.errors.length > 0) continue;
      for (const variant of [text.replace(/\r?\n/g, "\r\n"), text.trimEnd(), `\uFEFF${text}`]) {
        expect(parse(variant, mode).errors, path).toEqual([]);
      }
    }
  });

  test("gives few errors for one mistake", () => {
    const counts = verdicts
      .filter(({ path, ok }) => !ok && path.startsWith("mutations/"))
      .map(({ text, mode }) => parse(text, mode).errors.length)
      .sort((a, b) => a - b);
    expect(counts[Math.floor(counts.length * 0.8)]).toBe(1);
    expect(counts[counts.length - 1]).toBeLessThanOrEqual(4);
  });
});

describe.skipIf(PROGRAMS === null)("one-line programs", () => {
  test("are accepted and rejected as mlld does, with the error on its line", () => {
    const { falseErrors, missedErrors, sameLine } = compare(programVerdicts());
    expect(falseErrors).toEqual([]);
    expect(missedErrors).toEqual([]);
    expect(sameLine).toBeGreaterThan(0.97);
  });
});

test("every difference is in the docs, and every one of the docs in the tests", () => {
  const page = readFileSync(join(__dirname, "../../../docs/language-differences.md"), "utf8");
  const documented = [...page.matchAll(/^\| `([a-z-]+)`\s+\|/gm)].map(match => match[1]);
  expect(documented).toEqual([...Object.keys(ACCEPTED_HERE), ...Object.keys(REJECTED_HERE), ...PLACES]);
});
