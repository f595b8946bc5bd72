// Makes an installable .vsix: a production build, then vsce.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

const LIMIT_BYTES = 1_500_000;
const file = "mlld-environments.vsix";

for (const args of [
  ["scripts/build.mjs", "--production"],
  [
    "node_modules/@vscode/vsce/vsce",
    "package",
    "--no-dependencies",
    "--allow-missing-repository",
    "--no-rewrite-relative-links",
    "-o",
    file,
  ],
]) {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
const { size } = statSync(file);
console.log(`${file}: ${(size / 1e6).toFixed(2)} MB (limit ${LIMIT_BYTES / 1e6} MB)`);
process.exit(size <= LIMIT_BYTES ? 0 : 1);
