// Throughput of the parser: over the corpus, over generated files of 5,000 and 20,000 lines, and beside acorn on JavaScript of
// the same size in the same run. `node bench/parse.mjs [--json]`
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseJavaScript } from "acorn";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** Throughput of mlld 2.0.4's own parser on the same corpus, warm, on a machine of this kind. */
const MLLD_MB_PER_SECOND = 0.96;

async function loadParser() {
  const bundle = await build({
    entryPoints: [join(here, "../language/syntax/index.ts")],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
  });
  const url = `data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].text).toString("base64")}`;
  return import(url);
}

/** The median of the times of `run`, in milliseconds, after a warm-up; runs for about `budget` milliseconds. */
function measure(run, budget = 1500) {
  const warm = performance.now();
  while (performance.now() - warm < budget / 3) run();
  const times = [];
  const begin = performance.now();
  while (performance.now() - begin < budget || times.length < 5) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], best: times[0] };
}

/** `lines` lines of ordinary mlld, about as dense as the programs of the corpus. */
function generateMlld(lines) {
  const out = [];
  for (let n = 0; out.length < lines; n++) {
    out.push(
      `>> Step ${n}: prepare the environment`,
      `var @config${n} = { provider: "@mlld/env-docker", tools: ["Read", "Write"], fs: { read: ["./src"] } }`,
      `exe @step${n}(name, count) = [`,
      `  let @total = @count + ${n} * 2`,
      `  if @total > 10 && @name != "none" [ show \`Large: @name (@total)\` ]`,
      `  let @out = run cmd { grep -n "@name" src/file${n}.txt | head -5 }`,
      `  => { name: @name, total: @total, out: @out.trim() }`,
      `]`,
      `env @config${n} with { tools: ["Read"] } [`,
      `  let @result = @step${n}("item-${n}", ${n})`,
      `  show @result.out | @upper`,
      `]`,
      ``,
      `var @picked${n} = when @config${n}.tools.length [`,
      `  > 1 => "many"`,
      `  * => "few"`,
      `]`,
      `for @item in [1, 2, ${n}] => show \`Item @item of @picked${n}\``,
      `run sh { echo "done ${n}" > out.txt && cat out.txt }`,
      `show "Finished step ${n} with @picked${n}"`,
    );
  }
  return out.slice(0, lines).join("\n") + "\n";
}

/** JavaScript of about `size` characters, of like density. */
function generateJavaScript(size) {
  const out = [];
  let length = 0;
  for (let n = 0; length < size; n++) {
    const part = [
      `// Step ${n}: prepare the environment`,
      `const config${n} = { provider: "@mlld/env-docker", tools: ["Read", "Write"], fs: { read: ["./src"] } };`,
      `function step${n}(name, count) {`,
      `  const total = count + ${n} * 2;`,
      `  if (total > 10 && name !== "none") { show(\`Large: \${name} (\${total})\`); }`,
      `  const out = run("grep -n", name, "src/file${n}.txt | head -5");`,
      `  return { name: name, total: total, out: out.trim() };`,
      `}`,
      `for (const item of [1, 2, ${n}]) show(\`Item \${item} of \${config${n}.tools.length}\`);`,
      `show("Finished step ${n}");`,
    ].join("\n");
    out.push(part);
    length += part.length + 1;
  }
  return out.join("\n");
}

const { parse, modeOf } = await loadParser();
const results = {};
const megabytes = text => text.length / 1e6;
const round = x => Math.round(x * 100) / 100;

const corpus = process.env.MLLD_CORPUS ?? resolve(here, "../../shared/corpus");
if (existsSync(corpus)) {
  const files = ["strict/valid", "strict-derived/valid", "markdown/valid", "template/valid"].flatMap(folder =>
    readdirSync(join(corpus, folder)).map(name => ({
      text: readFileSync(join(corpus, folder, name), "utf8"),
      mode: folder.startsWith("strict") ? "strict" : modeOf(name),
    })),
  );
  const size = files.reduce((sum, file) => sum + megabytes(file.text), 0);
  const { median, best } = measure(() => {
    for (const { text, mode } of files) parse(text, mode);
  });
  results.corpus = {
    files: files.length,
    megabytes: round(size),
    ms: round(median),
    bestMs: round(best),
    mbPerSecond: round((size / median) * 1000),
    timesMlld: round(((size / median) * 1000) / MLLD_MB_PER_SECOND),
  };
}

for (const lines of [5000, 20_000]) {
  const text = generateMlld(lines);
  const file = parse(text, "strict");
  if (file.errors.length > 0) throw new Error(`The generated file has an error: ${file.errors[0].message}`);
  const { median, best } = measure(() => parse(text, "strict"));
  const javascript = generateJavaScript(text.length);
  const acorn = measure(() => parseJavaScript(javascript, { ecmaVersion: "latest" }));
  const ours = (megabytes(text) / median) * 1000;
  const theirs = (megabytes(javascript) / acorn.median) * 1000;
  results[`lines${lines}`] = {
    megabytes: round(megabytes(text)),
    ms: round(median),
    bestMs: round(best),
    mbPerSecond: round(ours),
    timesMlld: round(ours / MLLD_MB_PER_SECOND),
    acornMs: round(acorn.median),
    acornMbPerSecond: round(theirs),
    timesAcorn: round(ours / theirs),
  };
}

if (process.argv.includes("--json")) console.log(JSON.stringify(results));
else console.table(results);
