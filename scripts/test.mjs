// Runs every test: unit, LSP, grammar, runtime and Docker tests (vitest), then the extension in a real VS Code.
//   --results FILE   writes "PASSED FAILED" there
//   --no-vscode      leaves the editor out
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Counts from a result file; a run that wrote none failed as a whole. */
async function counts(file, read) {
  try {
    return read(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    console.error(`no results in ${file}: ${error.message}`);
    return { passed: 0, failed: 1 };
  }
}

const suites = {
  async unit() {
    const file = join(folder, "vitest.json");
    const code = await run(process.execPath, [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile=${file}`,
    ]);
    const found = await counts(file, r => ({
      passed: r.numPassedTests,
      failed:
        r.numFailedTests + r.testResults.filter(f => f.status === "failed" && f.assertionResults.length === 0).length,
    }));
    return code !== 0 && found.failed === 0 ? { ...found, failed: 1 } : found;
  },
  async vscode() {
    const file = join(folder, "vscode.json");
    const code = await run(process.execPath, ["test/vscode/run.mjs"], { VSCODE_TEST_RESULTS: file });
    const found = await counts(file, r => ({ passed: r.passed, failed: r.failed }));
    return code !== 0 && found.failed === 0 ? { ...found, failed: 1 } : found;
  },
};
if (values["no-vscode"]) delete suites.vscode;

let passed = 0;
let failed = 0;
for (const [name, suite] of Object.entries(suites)) {
  console.log(`\n== ${name}`);
  const found = await suite();
  console.log(`== ${name}: ${found.passed} passed, ${found.failed} failed`);
  passed += found.passed;
  failed += found.failed;
}
await rm(folder, { recursive: true, force: true });
if (values.results) await writeFile(values.results, `${passed} ${failed}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
