// Writes a page for every diagnostic from the catalog: `node scripts/docs-diagnostics.mjs`; `--check` fails when a page is not up to date.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const FOLDER = "docs/diagnostics";
process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

/** Path → text of every page. */
export async function pages() {
  const bundle = await build({
    entryPoints: ["language/diagnostics/catalog.ts"],
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "error",
  });
  const source = Buffer.from(bundle.outputFiles[0].contents).toString("base64");
  const { CATALOG } = await import(`data:text/javascript;base64,${source}`);
  const codes = Object.keys(CATALOG).sort();
  const all = new Map(codes.map(code => [`${FOLDER}/${code}.md`, page(code, CATALOG[code])]));
  all.set(`${FOLDER}/README.md`, index(codes, CATALOG));
  return all;
}

function page(code, { title, severity, doc, example }) {
  const parts = [`# ${title}`, `\`${code}\` · ${severity}`, doc];
  if (example) {
    parts.push("## Raised by", fence(example.wrong), "## Mended", fence(example.right));
    for (const [name, text] of Object.entries(example.files ?? {})) parts.push(`\`${name}\`:`, fence(text));
  }
  const silence = code.startsWith("syntax/")
    ? "Parse errors are always errors."
    : `\`>> mlld-env-ignore ${code}\` on the line, or on the line before, silences one; the setting \`mlldEnv.diagnostics.severity\` changes all.`;
  return `${[...parts, silence].join("\n\n")}\n`;
}

const SILENCE =
  "`>> mlld-env-ignore CODE, CODE` silences these codes on its line and on the next; without a code it silences all of them. Parse errors are never silenced.";

function index(codes, catalog) {
  const rows = codes.map(
    code => `| [\`${code}\`](${code}.md) | ${catalog[code].severity} | ${catalog[code].title.replaceAll("|", "\\|")} |`,
  );
  return `# Diagnostics\n\n${SILENCE}\n\n| code | severity | |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function fence(program) {
  return `\`\`\`mlld\n${program.trimEnd()}\n\`\`\``;
}

/** Pages that are missing, differ or are left over. */
export function drift(all) {
  const wrong = [...all].filter(([path, text]) => read(path) !== text).map(([path]) => path);
  return [...wrong, ...existing().filter(path => !all.has(path))];
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function existing() {
  try {
    return readdirSync(FOLDER, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const all = await pages();
  if (process.argv.includes("--check")) {
    const wrong = drift(all);
    for (const path of wrong) console.error(`${path} is not up to date: run node scripts/docs-diagnostics.mjs`);
    process.exitCode = wrong.length > 0 ? 1 : 0;
  } else {
    rmSync(FOLDER, { recursive: true, force: true });
    for (const [path, text] of all) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
}
