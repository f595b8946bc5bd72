// Times of the language server as an editor sees them: node bench/server.mjs (after npm run build).
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import protocol from "vscode-languageserver/node";

const SERVER = new URL("../dist/server.js", import.meta.url).pathname;
const LINES = 5000;
const FILES = 500;
const EDITS = 200;
const STARTS = 5;

/** About ten lines with a config, an executable, an env block and a text; numbered, so that names differ. */
const part = i => `>> part ${i}
var @config${i} = { provider: "docker", tools: ["Bash", "Read", "Write"], fs: { read: ["./src"], write: ["./out"] }, net: { allow: ["api.example.com"] } }
exe @build${i}(dir, mode) = cmd { make -C @dir @mode }
env @config${i} with { tools: ["Bash"], limits: { mem: "512m" } } [
  let @out = @build${i}("lib", "fast")
  if @out [
    show \`Part ${i}: @out\`
  ]
  => @out
]
`;

function program(lines) {
  const parts = [];
  for (let i = 0; i * 10 < lines; i++) parts.push(part(i));
  return parts.join("");
}

function start(folder) {
  const began = performance.now();
  const child = spawn(process.execPath, [SERVER, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const connection = protocol.createProtocolConnection(
    new protocol.StreamMessageReader(child.stdout),
    new protocol.StreamMessageWriter(child.stdin),
  );
  const diagnostics = new protocol.Emitter();
  connection.onNotification("textDocument/publishDiagnostics", params => diagnostics.fire(params));
  connection.onNotification("window/logMessage", ({ message }) => process.stderr.write(`${message}\n`));
  connection.listen();
  const workspaceFolders = folder ? [{ uri: pathToFileURL(folder).href, name: "bench" }] : null;
  return {
    began,
    child,
    connection,
    diagnostics: diagnostics.event,
    initialize: () =>
      connection.sendRequest("initialize", {
        processId: process.pid,
        rootUri: null,
        workspaceFolders,
        capabilities: {},
      }),
    async stop() {
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
      connection.dispose();
    },
  };
}

const memory = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const quantile = (times, q) =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))];

function report(what, value, unit, goal) {
  const verdict = goal ? `   goal < ${goal} ${unit}   ${value < goal ? "met" : "MISSED"}` : "";
  process.stdout.write(`${what.padEnd(52)} ${value.toFixed(1).padStart(8)} ${unit}${verdict}\n`);
  if (goal && value >= goal) process.exitCode = 1;
}

async function startTime() {
  const times = [];
  for (let i = 0; i < STARTS; i++) {
    const server = start(null);
    await server.initialize();
    times.push(performance.now() - server.began);
    await server.stop();
  }
  report("start to initialize answer, median", quantile(times, 0.5), "ms", 120);
}

async function keystrokes() {
  const server = start(null);
  await server.initialize();
  await server.connection.sendNotification("initialized", {});
  const uri = "file:///bench/large.mld";
  const text = program(LINES);
  const answered = version =>
    new Promise(resolve => server.diagnostics(params => params.version === version && resolve(params)));
  const opened = answered(1);
  await server.connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "mlld", version: 1, text },
  });
  const { diagnostics } = await opened;
  if (diagnostics.length > 0)
    throw new Error(`the program is not clean: ${diagnostics[0].code} ${diagnostics[0].message}`);
  const times = [];
  const line = text.split("\n").findIndex(one => one.includes("Part 250:"));
  for (let i = 0; i < EDITS; i++) {
    const at = { line, character: 12 };
    // Letters come and go, one keystroke after the other.
    const change =
      i % 2 === 0
        ? { range: { start: at, end: at }, text: "x" }
        : { range: { start: at, end: { line, character: 13 } }, text: "" };
    const done = answered(i + 2);
    const began = performance.now();
    await server.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version: i + 2 },
      contentChanges: [change],
    });
    await done;
    times.push(performance.now() - began);
  }
  const warm = times.slice(20);
  report(`keystroke to diagnostics, ${LINES} lines, p50`, quantile(warm, 0.5), "ms", 16);
  report(`keystroke to diagnostics, ${LINES} lines, p95`, quantile(warm, 0.95), "ms", 16);
  await server.stop();
}

/** @param goals only for files of the usual size: those of the corpus have 23 lines on average, and one environment in many files */
async function workspace(lines, goals) {
  const folder = mkdtempSync(join(tmpdir(), "mlld-env-bench-"));
  try {
    for (let i = 0; i < FILES; i++) {
      const sub = join(folder, `part${i % 20}`);
      mkdirSync(sub, { recursive: true });
      const imported =
        i >= 20
          ? `import { @config0 as @shared } from "./file${i - 20}.mld"\nenv @shared with { tools: ["Bash"] } [\n  show "x"\n]\n`
          : "";
      const wider = 'env { tools: ["Read"] } [\n  let @x = env { tools: ["Bash"] } [ => 1 ]\n]\n';
      writeFileSync(join(sub, `file${i}.mld`), imported + program(lines) + wider);
    }
    const server = start(folder);
    const seen = new Set();
    const all = new Promise(resolve =>
      server.diagnostics(({ uri, diagnostics }) => {
        if (diagnostics.length > 0) seen.add(uri);
        if (seen.size === FILES) resolve();
      }),
    );
    await server.initialize();
    await server.connection.sendNotification("initialized", {});
    await all;
    const size = `${FILES} files of ${lines} lines`;
    report(`start to the diagnostics of ${size}`, performance.now() - server.began, "ms", goals && 1500);
    await new Promise(resolve => setTimeout(resolve, 1000));
    report("memory of that server", memory(server.child.pid), "MB", goals && 80);
    await server.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await startTime();
await keystrokes();
await workspace(30, true);
await workspace(100, false);
