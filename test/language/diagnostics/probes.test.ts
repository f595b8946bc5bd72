import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkText, told } from "../../support/program";

/** What mlld itself said to small programs with `env`: source, exit code, error text. Skipped where the table is not there. */
const FOLDER = process.env.MLLD_REFERENCE ?? join(__dirname, "../../../../shared/reference");
const TABLE = join(FOLDER, "env-probes.md");

interface Probe {
  name: string;
  source: string;
  parses: boolean;
  exit: string;
  error: string;
}

/** mlld's words and our code for the same fault. */
const CODES: [RegExp, string][] = [
  [/env config must be an object/, "env/config-not-object"],
  [
    /tools (must be|entries must)|profile must be|mcps must be|expects an object of profiles|is not an object/,
    "env/field-type",
  ],
  [/mcps entries|mcps\.args/, "env/mcps-entry"],
  [/Unknown profile/, "env/unknown-profile"],
  [/requires 'Bash' in env\.tools/, "env/command-needs-bash"],
  [/cannot add tools outside parent/, "env/tools-widened"],
  [/cannot add servers outside parent/, "env/mcps-widened"],
  [/Auth config '\w+' is not defined/, "auth/undefined"],
];

/** Where mlld's answer is another, and why ours is right. */
const DIFFERENT: Record<string, string> = {
  "062-config-undefined-var": "an undefined name is told as name/undefined",
  "064-config-exec-call": "what js returns is known only to the run",
  "093-config-mcpconfig-bad": "what mcpConfig gives is known only to the run",
  "216-b-with-tools-nested-exec": "what js returns is known only to the run",
  "321-c-env-config-structured-file": "the file of the probe is not part of the table",
  "134-policy-basic": "mlld 2.0.4 drops the tools of a policy, 2.0.5 applies them",
  "312-c-python-in-tools-restricted": "a Python process needs Bash, as every process does",
  "313-c-node-in-tools-restricted": "a node process needs Bash, as every process does",
  "127-guard-env-action": "the tools that a guard chooses hold, as in a block",
  "128-guard-env-action-inline": "the tools that a guard chooses hold, as in a block",
  "327-c-guard-return-env-tools": "the tools that a guard chooses hold, as in a block",
  "267-b-with-widens-config": "mlld lets `with` widen its own config",
};

function read(): Probe[] {
  const probes: Probe[] = [];
  for (const line of readFileSync(TABLE, "utf8").split("\n")) {
    const cells = line.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll("\\|", "|"));
    if (!/^\d{3}-/.test(cells[1] ?? "")) continue;
    const source = (cells[2] ?? "").replace(/^`+ ?|`+$/g, "");
    probes.push({
      name: cells[1]!,
      source: source.replaceAll("⟨cfg={}⟩", "var @cfg = {}").replaceAll(" ⏎ ", "\n") + "\n",
      parses: cells[3] === "ok",
      exit: cells[4] ?? "",
      error: cells[6] ?? "",
    });
  }
  return probes;
}

describe.skipIf(!existsSync(TABLE))("programs that mlld was asked about", () => {
  const probes = existsSync(TABLE) ? read().filter(({ parses }) => parses) : [];

  it("are read from the table", () => {
    expect(probes.length).toBeGreaterThan(150);
  });

  const refused = probes.flatMap(probe => {
    const code = CODES.find(([words]) => words.test(probe.error))?.[1];
    return code && !(probe.name in DIFFERENT) ? [{ ...probe, code }] : [];
  });
  it.each(refused)("$name: mlld refuses it, we say $code", ({ source, code }) => {
    expect(told(source).map(line => line.split(" ")[0])).toContain(code);
  });

  const accepted = probes.filter(({ exit, error, name }) => exit === "0" && error === "" && !(name in DIFFERENT));
  it.each(accepted)("$name: mlld runs it, we find no error", ({ source }) => {
    expect(checkText(source).filter(({ severity }) => severity === "error")).toEqual([]);
  });
});
