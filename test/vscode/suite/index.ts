import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";

/** VS Code calls this in its extension host. Runs the tests of the window's kind and writes the counts for the launcher. */
export async function run(): Promise<void> {
  const {
    MLLD_ENV_TEST_SUITE: suite = "trusted",
    MLLD_ENV_TEST_RESULTS: results,
    VSCODE_TEST_GREP: grep,
  } = process.env;
  const mocha = new Mocha({ ui: "bdd", color: false, timeout: 30_000, reporter: "spec", ...(grep ? { grep } : {}) });
  mocha.addFile(join(__dirname, `${suite}.test.js`));
  await mocha.loadFilesAsync();
  let passed = 0;
  const failed = await new Promise<number>(resolve => {
    mocha.run(resolve).on("pass", () => {
      passed++;
    });
  });
  if (results) writeFileSync(results, JSON.stringify({ passed, failed }));
  if (failed) throw new Error(`${failed} tests failed`);
}
