import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENSE_FILE = /^(licen[cs]e|notice|copying|thirdparty)/i;

/** The licences of the packages that builds have put into their bundles, as one text. @param metafiles of esbuild */
export async function thirdPartyLicenses(metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles)
    for (const { inputs } of Object.values(outputs))
      for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
        const folder = bytesInOutput > 0 && PACKAGE.exec(file)?.[0];
        if (folder) folders.add(folder);
      }
  const parts = await Promise.all([...folders].map(licenseOf));
  return `mlld Environments contains parts of these packages.\n${[...new Set(parts)].sort().join("")}`;
}

async function licenseOf(folder) {
  const { name, version, license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter(file => LICENSE_FILE.test(file)).sort();
  const texts = await Promise.all(files.map(file => readFile(join(folder, file), "utf8")));
  if (!texts.length) {
    if (!license) throw new Error(`${folder} is bundled and names no licence: look for its terms before you ship it.`);
    texts.push(`License: ${license}${author ? `, by ${author.name ?? author}` : ""} (the package has no text of it)`);
  }
  return `\n${"-".repeat(80)}\n${name} ${version}\n\n${texts.map(text => text.replace(/\r\n/g, "\n").trim()).join("\n\n")}\n`;
}
