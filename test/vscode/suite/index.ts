import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";

/** VS Code calls this in its extension host. Runs the tests of the window's kind and writes for the launcher how many passed, and which failed. */
export async function run(): Promise<void> {
  const {
    MLLD_ENV_TEST_SUITE: suite = "trusted",
    MLLD_ENV_TEST_RESULTS: results,
    VSCODE_TEST_GREP: grep,
  } = process.env;
  const mocha = new Mocha({ ui: "bdd", color: false, timeout: 60_000, reporter: "spec", ...(grep ? { grep } : {}) });
  mocha.addFile(join(__dirname, `${suite}.test.js`));
  await mocha.loadFilesAsync();
  let passed = 0;
  const failed: string[] = [];
  await new Promise<number>(resolve => {
    mocha
      .run(resolve)
      .on("pass", () => {
        passed++;
      })
      .on("fail", test => {
        failed.push(test.fullTitle());
      });
  });
  if (results) writeFileSync(results, JSON.stringify({ passed, failed }));
  if (failed.length) throw new Error(`${failed.length} tests failed`);
}
