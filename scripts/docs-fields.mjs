// Writes docs/fields.md from the table of config fields: `node scripts/docs-fields.mjs`; `--check` fails when it is not up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PAGE = "docs/fields.md";
process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const bundle = await build({
  entryPoints: ["language/environment/fields.ts"],
  bundle: true,
  write: false,
  format: "esm",
  logLevel: "error",
});
const source = Buffer.from(bundle.outputFiles[0].contents).toString("base64");
const { FIELDS } = await import(`data:text/javascript;base64,${source}`);

const cell = text => text.replaceAll("|", "\\|");

function section({ name, aliases, type, doc, enforcedBy, narrows, allowed, fields }) {
  const facts = [
    `Type: \`${cell(type)}\``,
    `Enforced by: ${enforcedBy}`,
    narrows && `A child may set: ${narrows}`,
    allowed === "both" ? "May stand in `with`." : "Only in a config, not in `with`.",
    aliases.length > 0 && `Also written ${aliases.map(alias => `\`${alias}\``).join(", ")}.`,
  ].filter(Boolean);
  const parts = fields.map(inner => `| \`${inner.name}\` | \`${cell(inner.type)}\` | ${cell(inner.doc)} |`);
  const table = parts.length > 0 ? [`| | | |\n|---|---|---|\n${parts.join("\n")}`] : [];
  return [`## \`${name}\``, doc, facts.map(fact => `- ${fact}`).join("\n"), ...table].join("\n\n");
}

const hidden = FIELDS.filter(field => !field.offered).map(field => `\`${field.name}\``);
const page = `${[
  "# Fields of an environment",
  "An environment is an object. What it does not say is inherited from the block around it, else the provider's default. This page is written from the table that validation, completion and the runner use.",
  ...FIELDS.filter(field => field.offered).map(section),
  "## Options of spec files",
  `Accepted in configs too: ${hidden.join(", ")}.`,
].join("\n\n")}\n`;

if (process.argv.includes("--check")) {
  if (readFileSync(PAGE, "utf8") !== page) {
    console.error(`${PAGE} is not up to date: run node scripts/docs-fields.mjs`);
    process.exitCode = 1;
  }
} else writeFileSync(PAGE, page);
