// Runs every test: unit, LSP, grammar, runtime and Docker tests (vitest), then the extension in a real VS Code.
//   --results FILE   writes "PASSED FAILED" there, and a line for each test that failed
//   --no-vscode      leaves the editor out
// In CI (the variable is set) what fails is tried once more by itself; what passes then is listed as flaky: a fault to be found, of ours or
// of the test, but no reason to hold up everything else.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { results: { type: "string" }, "no-vscode": { type: "boolean", default: false } },
});
const folder = await mkdtemp(join(tmpdir(), "mlld-env-test-"));

/** Runs a program with our streams and resolves to its exit code. */
function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ? 1 : code));
  });
}

/** How many passed and which failed, from a result file. A run that wrote none, or ended with a fault outside of its tests, failed as a whole. */
async function outcome(name, code, file, read) {
  let found;
  try {
    found = read(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    return { passed: 0, failed: [`${name}: no results (${error.message}); see its output above`] };
  }
  if (code !== 0 && found.failed.length === 0)
    found.failed.push(`${name}: exit code ${code} though no test failed; see its output above`);
  return found;
}

const suites = {
  async unit() {
    const first = await vitest([]);
    if (!process.env.CI || first.failed.length === 0) return first;
    console.log("\n== unit: once more");
    const files = new Set(first.failed.map(test => test.split(/ > |: /)[0]));
    const whole = files.has("unit");
    const again = await vitest(whole ? [] : [...files]);
    const flaky = first.failed.filter(test => !again.failed.includes(test));
    return { passed: whole ? again.passed : first.passed + flaky.length, failed: again.failed, flaky };
  },

  async vscode() {
    const file = join(folder, "vscode.json");
    const code = await run(process.execPath, ["test/vscode/run.mjs"], { VSCODE_TEST_RESULTS: file });
    return outcome("vscode", code, file, r => r);
  },
};

/** Runs the unit tests, of all files or of those that are named. */
async function vitest(files) {
  const file = join(folder, "vitest.json");
  const code = await run(process.execPath, [
    "node_modules/vitest/vitest.mjs",
    "run",
    ...files,
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${file}`,
  ]);
  return outcome("unit", code, file, r => ({
    passed: r.numPassedTests,
    failed: r.testResults.flatMap(({ name, status, assertionResults }) => {
      const path = relative(process.cwd(), name);
      const tests = assertionResults.filter(t => t.status === "failed");
      if (status === "failed" && tests.length === 0)
        return [`${path}: could not be loaded, or a hook around its tests failed`];
      return tests.map(t => [path, ...t.ancestorTitles, t.title].join(" > ").replace(/\s+/g, " "));
    }),
  }));
}

if (values["no-vscode"]) delete suites.vscode;

let passed = 0;
const failed = [];
const flaky = [];
for (const [name, suite] of Object.entries(suites)) {
  console.log(`\n== ${name}`);
  const found = await suite();
  console.log(`== ${name}: ${found.passed} passed, ${found.failed.length} failed`);
  passed += found.passed;
  failed.push(...found.failed);
  flaky.push(...(found.flaky ?? []));
}
await rm(folder, { recursive: true, force: true });
if (values.results) await writeFile(values.results, [`${passed} ${failed.length}`, ...failed, ""].join("\n"));
for (const test of flaky) console.log(`flaky: ${test}`);
for (const test of failed) console.log(`failed: ${test}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length ? 1 : 0;
