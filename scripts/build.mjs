// Bundles client, server, its web worker and the command line into dist/, as CommonJS, with the licences
// of the packages in them. What runs from dist/ meanwhile never reads half a file.
//   --production   minified, without source maps, and nothing else in dist/
//   --watch        builds again at every change
//   --if-stale     does nothing when dist/ is newer than every source
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import esbuild from "esbuild";
import * as yaml from "yaml";
import { thirdPartyLicenses } from "./licenses.mjs";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");
const OUT = "dist";
const LICENSES = "THIRD-PARTY-LICENSES.txt";
const SOURCES = ["language", "protocol", "runtime", "server", "client", "cli"];

/** dockerode loads these for BuildKit sessions and engines over ssh, which are not used: empty modules save 0.7 MB and 80 ms. */
const withoutUnused = {
  name: "without-unused",
  setup(build) {
    build.onResolve({ filter: /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|ssh2)$/ }, ({ path }) => ({
      path,
      namespace: "unused",
    }));
    build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** A file of its own that is read at its first use: only environment specs and front matter are YAML. Saves a start 8 ms. */
const yamlWhenNeeded = {
  name: "yaml-when-needed",
  setup(build) {
    build.onResolve({ filter: /^yaml$/ }, ({ path }) => ({ path, namespace: "when-needed" }));
    build.onResolve({ filter: /^\.\/yaml\.js$/, namespace: "when-needed" }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace: "when-needed" }, () => ({
      contents: `for (const name of ${JSON.stringify(Object.keys(yaml))})
        Object.defineProperty(exports, name, { enumerable: true, get: () => require("./yaml.js")[name] });`,
    }));
  },
};

/** Writes a file beside its place and puts it there whole. */
async function replaceFile(path, contents) {
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, contents);
  await rename(beside, path);
}

/** esbuild writes into the files that are there: one that is being loaded then ends in its middle. */
const wholeFiles = {
  name: "whole-files",
  setup(build) {
    build.initialOptions.write = false;
    build.onEnd(async ({ outputFiles }) => {
      await mkdir(OUT, { recursive: true });
      await Promise.all(outputFiles.map(({ path, contents }) => replaceFile(path, contents)));
    });
  },
};

const common = {
  bundle: true,
  format: "cjs",
  target: "node20",
  sourcemap: production ? false : "linked",
  minify: production,
  legalComments: "none",
  define: { VERSION: JSON.stringify(JSON.parse(await readFile("package.json", "utf8")).version) },
  logLevel: "warning",
  // Native, and only needed for `keychain` credentials: loaded from node_modules when it is there.
  external: ["@napi-rs/keyring"],
};

const bundles = [
  {
    ...common,
    // The language client is a file of its own: activation does not wait until its 900 KB are read.
    entryPoints: { client: "client/extension.ts", "language-client": "client/language-client.ts" },
    platform: "node",
    external: ["vscode", "./language-client"],
    // An `import()` becomes a `require`, which finds the file without its extension.
    supported: { "dynamic-import": false },
  },
  { ...common, entryPoints: { "web-extension": "client/web-extension.ts" }, platform: "browser", external: ["vscode"] },
  // Small from the start: half the source is half the time to load it, and less memory.
  {
    ...common,
    entryPoints: { server: "server/node.ts" },
    platform: "node",
    minify: true,
    plugins: [yamlWhenNeeded],
  },
  { ...common, entryPoints: { yaml: "yaml" }, platform: "node", minify: true, sourcemap: false },
  {
    ...common,
    entryPoints: { "server-worker": "server/worker.ts" },
    platform: "browser",
    format: "iife",
    target: "es2022",
  },
  { ...common, entryPoints: { "script-worker": "runtime/evaluator/code/script-worker.ts" }, platform: "node" },
  {
    ...common,
    entryPoints: { cli: "cli/main.ts" },
    platform: "node",
    banner: { js: "#!/usr/bin/env node" },
    plugins: [withoutUnused, yamlWhenNeeded],
  },
].map(({ plugins = [], ...options }) => ({ ...options, outdir: OUT, plugins: [...plugins, wholeFiles] }));

/** Newest modification time of the files below a folder, ms. */
async function newest(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const times = await Promise.all(
    entries.filter(e => e.isFile()).map(async e => (await stat(join(e.parentPath ?? e.path, e.name))).mtimeMs),
  );
  return Math.max(0, ...times);
}

async function isStale() {
  const sources = await Promise.all([
    ...SOURCES.map(newest),
    ...["package-lock.json", "scripts/build.mjs"].map(async f => (await stat(f)).mtimeMs),
  ]);
  const outputs = await Promise.all(
    bundles
      .flatMap(({ entryPoints }) => Object.keys(entryPoints))
      .map(name =>
        stat(join(OUT, `${name}.js`)).then(
          s => s.mtimeMs,
          () => 0,
        ),
      ),
  );
  return Math.max(...sources) > Math.min(...outputs);
}

/** Removes what earlier builds have left in dist/. */
async function keepOnly(names) {
  const others = (await readdir(OUT)).filter(name => !names.includes(name));
  await Promise.all(others.map(name => rm(join(OUT, name), { recursive: true })));
}

if (watch) {
  for (const options of bundles) await (await esbuild.context(options)).watch();
} else if (!process.argv.includes("--if-stale") || (await isStale())) {
  const built = await Promise.all(bundles.map(options => esbuild.build({ ...options, metafile: true })));
  await replaceFile(join(OUT, LICENSES), await thirdPartyLicenses(built.map(({ metafile }) => metafile)));
  if (production)
    await keepOnly([...built.flatMap(({ outputFiles }) => outputFiles.map(({ path }) => basename(path))), LICENSES]);
}
