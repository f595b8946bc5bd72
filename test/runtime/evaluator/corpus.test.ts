/** Every program of the corpus prints the expected text, or is on the list of known differences with the reason. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CORPUS } from "../../support/corpus";
import { runProgram } from "./harness";
import { KNOWN_DIFFERENCES } from "./known-differences";

interface Case {
  name: string;
  folder: string;
  entry: string;
  mode: string;
  expected: string;
  others: string[];
  compare: string;
}

const cases: Case[] =
  CORPUS === null
    ? []
    : readFileSync(join(CORPUS, "run/cases.tsv"), "utf8")
        .split("\n")
        .slice(1)
        .filter(line => line !== "")
        .map(line => {
          const [folder = "", entry = "", mode = "", expected = "", others = "", compare = ""] = line.split("\t");
          const name = entry.startsWith("example.") ? folder : `${folder}/${entry}`;
          return {
            name,
            folder: join(CORPUS!, "run", folder),
            entry,
            mode,
            expected,
            others: others.split(",").filter(other => other !== ""),
            compare,
          };
        });

async function printed(one: Case): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), "evaluator-corpus-"));
  try {
    cpSync(join(CORPUS!, "run/_cwd"), place, { recursive: true });
    const entry = one.mode === "strict" ? one.entry.replace(/(\.mld)?\.md$/, ".mld") : one.entry;
    for (const other of one.others) {
      const source = join(one.folder, other);
      if (!existsSync(source)) continue;
      mkdirSync(dirname(join(place, other)), { recursive: true });
      cpSync(source, join(place, other));
    }
    const text = readFileSync(join(one.folder, one.entry), "utf8");
    const record = await runProgram({
      path: join(place, entry),
      text,
      root: place,
      variables: { MLLD_TEST_AUTH_VALUE: "injected-secret" },
    });
    if (process.env.CORPUS_ERRORS) for (const error of record.errors) console.error(one.name, error);
    return record.printed;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Without blank lines, and without spaces at the ends of lines. */
const blankless = (text: string) =>
  text
    .split("\n")
    .map(line => line.trimEnd())
    .filter(line => line !== "")
    .join("\n");
const trimmed = (text: string) => text.replace(/^\n+|\s+$/g, "");

const passed = { strict: 0, markdown: 0 };
const total = { strict: 0, markdown: 0 };

describe.skipIf(CORPUS === null)("corpus of programs", () => {
  for (const one of cases) {
    const known = KNOWN_DIFFERENCES[one.name];
    const mode = one.mode as "strict" | "markdown";
    total[mode]++;
    it(one.name, async context => {
      const wanted = readFileSync(join(one.folder, one.expected), "utf8");
      let actual: string;
      try {
        actual = await printed(one);
      } catch (cause) {
        if (known !== undefined) return context.skip(known);
        throw cause;
      }
      const normal = one.compare === "exact" ? trimmed : blankless;
      const equal = normal(actual) === normal(wanted);
      if (known !== undefined) {
        expect(equal, "it is on the list of known differences, and is none").toBe(false);
        return context.skip(known);
      }
      expect(normal(actual)).toBe(normal(wanted));
      passed[mode]++;
    });
  }

  afterAll(() => {
    if (CORPUS !== null)
      console.info(`strict ${passed.strict}/${total.strict}, markdown ${passed.markdown}/${total.markdown}`);
  });
});
