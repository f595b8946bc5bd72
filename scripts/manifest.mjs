// Writes `contributes` and the trust declaration of package.json, and package.nls.json, from the tables in protocol/, and l10n/bundle.l10n.json
// from the texts in client/.
//   --check   writes nothing; exits 1 when the files differ from what they are made of
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import esbuild from "esbuild";
import { language, task, views, walkthrough } from "./manifest-parts.mjs";

const SEVERITIES = {
  error: "Shown as an error.",
  warning: "Shown as a warning.",
  information: "Shown as an information.",
  hint: "Shown as a hint: a few dots under the text.",
  off: "Not shown.",
};
const check = process.argv.includes("--check");

/** A module of protocol/, through esbuild: Node does not read TypeScript by itself. */
async function load(path) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "warning",
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const { SETTINGS, SETTING_GROUPS, SETTINGS_SECTION } = await load("protocol/settings.ts");
const { COMMANDS, COMMAND_CATEGORY, VIEW_CONTAINER_ID, ENVIRONMENTS_VIEW_ID, TASK_TYPE } =
  await load("protocol/commands.ts");
const CODES = await diagnosticCodes();

const texts = {};
const text = (key, english) => {
  texts[key] = english;
  return `%${key}%`;
};

/** Codes for the severity setting, with what they mean; the catalog belongs to the language. */
async function diagnosticCodes() {
  const { CATALOG } = await load("language/diagnostics/catalog.ts");
  return Object.entries(CATALOG).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The value of a code in the severity setting. */
function severitySchema(description) {
  return {
    type: "string",
    enum: Object.keys(SEVERITIES),
    enumDescriptions: Object.entries(SEVERITIES).map(([name, words]) => text(`severity.${name}`, words)),
    ...(description ? { description } : {}),
  };
}

function settingSchema(name, entry, order) {
  const described = {
    markdownDescription: text(`setting.${name}`, entry.description),
    scope: entry.scope,
    order,
    default: entry.default,
  };
  switch (entry.type) {
    case "enum":
      return {
        type: "string",
        enum: Object.keys(entry.values),
        markdownEnumDescriptions: Object.entries(entry.values).map(([value, words]) =>
          text(`setting.${name}.${value}`, words),
        ),
        ...described,
      };
    case "severities":
      return {
        type: "object",
        properties: Object.fromEntries(
          CODES.map(([code, { title, severity }]) => [
            code,
            severitySchema(text(`diagnostic.${code}`, `${title.replaceAll("`", "'")}. Unless set here: ${severity}.`)),
          ]),
        ),
        additionalProperties: severitySchema(),
        ...described,
      };
    case "number":
      return { type: "number", minimum: entry.minimum, ...described };
    default:
      return { type: entry.type, ...described };
  }
}

function configuration() {
  return Object.entries(SETTING_GROUPS).map(([group, title], order) => ({
    id: `${SETTINGS_SECTION}.${group}`,
    title: text(`settings.${group}`, title),
    order,
    properties: Object.fromEntries(
      Object.entries(SETTINGS)
        .filter(([, entry]) => entry.group === group)
        .map(([name, entry], index) => [`${SETTINGS_SECTION}.${name}`, settingSchema(name, entry, index)]),
    ),
  }));
}

function commands() {
  return Object.entries(COMMANDS).map(([command, entry]) => ({
    command,
    title: text(`command.${command}`, entry.title),
    category: COMMAND_CATEGORY,
    ...(entry.icon ? { icon: `$(${entry.icon})` } : {}),
    ...(entry.enablement ? { enablement: entry.enablement } : {}),
  }));
}

function menus() {
  const places = { commandPalette: [] };
  for (const [command, entry] of Object.entries(COMMANDS)) {
    if (entry.palette !== "true")
      places.commandPalette.push({ command, when: entry.palette === false ? "false" : entry.palette });
    for (const { at, when, group } of entry.menus ?? []) (places[at] ??= []).push({ command, when, group });
  }
  return places;
}

/** Settings that a folder could use to choose what runs: read from it only when it is trusted. */
const restricted = Object.entries(SETTINGS)
  .filter(([, entry]) => entry.scope === "machine-overridable")
  .map(([name]) => `${SETTINGS_SECTION}.${name}`);

const file = "package.json";
const had = await readFile(file, "utf8");
const manifest = JSON.parse(had);
manifest.contributes = {
  ...language(),
  configuration: configuration(),
  commands: commands(),
  menus: menus(),
  ...views(text, VIEW_CONTAINER_ID, ENVIRONMENTS_VIEW_ID),
  ...walkthrough(text),
  ...task(text, TASK_TYPE),
};
manifest.capabilities = {
  untrustedWorkspaces: {
    supported: "limited",
    description: text("trust", "Files are checked and explained. Nothing runs until the folder is trusted."),
    restrictedConfigurations: restricted,
  },
  virtualWorkspaces: {
    supported: "limited",
    description: text("virtual", "Files are checked and explained. Runs need files on a disk."),
  },
};

/** Every text that the client passes to `t("…")`, for translators. */
async function clientTexts() {
  const found = new Set();
  for (const entry of await readdir("client", { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".ts")) continue;
    const source = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const [, literal] of source.matchAll(/\bt\(\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')/g))
      found.add(literal[0] === "'" ? literal.slice(1, -1).replace(/\\(.)/g, "$1") : JSON.parse(literal));
  }
  return Object.fromEntries([...found].sort().map(words => [words, words]));
}

const wanted = {
  [file]: `${JSON.stringify(manifest, null, 2)}\n`,
  "package.nls.json": `${JSON.stringify(texts, null, 2)}\n`,
  "l10n/bundle.l10n.json": `${JSON.stringify(await clientTexts(), null, 2)}\n`,
};
const drifted = [];
for (const [name, content] of Object.entries(wanted)) {
  if ((await readFile(name, "utf8").catch(() => "")) === content) continue;
  drifted.push(name);
  if (!check) await writeFile(name, content);
}
if (check && drifted.length) {
  console.error(
    `${drifted.join(", ")} differ from the sources they are made of: run \`node scripts/manifest.mjs\` and commit the result`,
  );
  process.exit(1);
}
console.log(
  drifted.length
    ? `written: ${drifted.join(", ")}`
    : "package.json, package.nls.json and l10n/ agree with their sources",
);
