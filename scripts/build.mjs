// Bundles client, server, its web worker and the command line into dist/, as CommonJS.
import { readFile, rm } from "node:fs/promises";
import esbuild from "esbuild";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");

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
  { ...common, entryPoints: { client: "client/extension.ts" }, platform: "node", external: ["vscode"] },
  { ...common, entryPoints: { server: "server/node.ts" }, platform: "node" },
  { ...common, entryPoints: { "server-worker": "server/worker.ts" }, platform: "browser", format: "iife", target: "es2022" },
  { ...common, entryPoints: { cli: "cli/main.ts" }, platform: "node", banner: { js: "#!/usr/bin/env node" } },
].map(options => ({ ...options, outdir: "dist" }));

if (watch) {
  for (const options of bundles) await (await esbuild.context(options)).watch();
} else {
  await rm("dist", { recursive: true, force: true });
  await Promise.all(bundles.map(options => esbuild.build(options)));
}
