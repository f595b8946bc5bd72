// Makes an installable .vsix: a production build, then vsce.
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";

const LIMIT_BYTES = 1_500_000;
const file = "mlld-environments.vsix";

/**
 * The README as it is read outside of a checkout, where neither its pictures nor its other files are to be had (VS Code shows no picture
 * that lies in the text either). With a `repository` in package.json vsce makes addresses of them instead.
 */
function selfContained(readme) {
  return readme.replace(/!\[[^\]]*\]\((?!\w+:)[^)]+\)\n*/g, "").replace(/\[([^\]]*)\]\((?!\w+:|#)[^)]+\)/g, "$1");
}

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

run("scripts/build.mjs", "--production");
const { repository } = JSON.parse(readFileSync("package.json", "utf8"));
const readme = readFileSync("README.md", "utf8");
writeFileSync("dist/README.md", repository ? readme : selfContained(readme));
run(
  "node_modules/@vscode/vsce/vsce",
  "package",
  "--no-dependencies",
  "--readme-path=dist/README.md",
  ...(repository ? [] : ["--allow-missing-repository", "--no-rewrite-relative-links"]),
  `--out=${file}`,
);
const { size } = statSync(file);
console.log(`${file}: ${(size / 1e6).toFixed(2)} MB (limit ${LIMIT_BYTES / 1e6} MB)`);
process.exit(size <= LIMIT_BYTES ? 0 : 1);
