// Commands in a live Docker environment against `docker exec` from the command line, in the same run: latency and throughput.
//   node bench/docker.mjs [--image IMAGE] [--megabytes N] [--rounds N]
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import esbuild from "esbuild";
import { ensureEngine } from "../test/support/docker-engine.mjs";

const { values } = parseArgs({
  options: {
    image: { type: "string", default: "mlld-env-test:busybox" },
    megabytes: { type: "string", default: "500" },
    rounds: { type: "string", default: "60" },
  },
});
const megabytes = Number(values.megabytes);
const rounds = Number(values.rounds);

const engine = await ensureEngine();
if ("missing" in engine) {
  console.error(engine.missing);
  process.exit(1);
}
const env = { ...process.env, DOCKER_HOST: engine.host };
const folder = mkdtempSync(join(tmpdir(), "mlld-env-bench-"));
const bundle = join(folder, "provider.cjs");
await esbuild.build({
  entryPoints: ["runtime/providers/docker/index.ts"],
  bundle: true,
  platform: "node",
  format: "cjs",
  outfile: bundle,
  external: ["dockerode"],
  logLevel: "error",
});
// The bundle lies outside of the checkout: dockerode is found from there by its path.
execFileSync("ln", ["-s", join(process.cwd(), "node_modules"), join(folder, "node_modules")]);
const { createDockerProvider } = (await import(bundle)).default;

const signal = new AbortController().signal;
const spec = name => ({
  name,
  generatedName: name,
  fs: { mounts: null, scratch: [] },
  net: { kind: "none" },
  limits: {},
  folder,
  workspace: folder,
  file: join(folder, "bench.mld"),
  configHash: "bench",
  options: {},
});
const silent = { stdout() {}, stderr() {} };
const command = argv => ({ argv, vars: {}, secrets: {} });

function percentile(times, p) {
  return [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor((p / 100) * times.length))];
}

async function measure(label, times) {
  const [p50, p95] = [percentile(times, 50), percentile(times, 95)];
  console.log(`${label.padEnd(46)} p50 ${p50.toFixed(1).padStart(7)} ms   p95 ${p95.toFixed(1).padStart(7)} ms`);
  return { p50, p95 };
}

/** Times of some rounds; `idle` milliseconds of each don't count. */
async function timed(rounds_, work, idle = 0) {
  const times = [];
  for (let i = 0; i < rounds_; i++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started - idle);
  }
  return times;
}

/** Bytes that a program writes, with nothing kept. */
function drain(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    let bytes = 0;
    child.stdout.on("data", chunk => {
      bytes += chunk.length;
    });
    child.on("error", reject);
    child.on("close", () => resolve(bytes));
  });
}

const name = `mlld-bench-${process.pid}`;
const provider = createDockerProvider({ host: engine.host, defaultImage: values.image });
const environment = await provider.open(spec(name), silent, signal);
try {
  const echo = ["sh", "-lc", "echo hello"];
  const cli = [];
  const ours = [];
  const first = [];
  // Interleaved, so that a busy machine slows both alike.
  for (let i = 0; i < rounds; i++) {
    cli.push(...(await timed(1, () => drain("docker", ["exec", name, ...echo]))));
    await sleep(20);
    const started = performance.now();
    let byte;
    await environment.execute(
      command(echo),
      {
        ...silent,
        stdout: () => {
          byte ??= performance.now() - started;
        },
      },
      signal,
    );
    ours.push(performance.now() - started);
    first.push(byte);
  }
  const base = await measure("docker exec, command line", cli);
  await measure("live environment, first byte", first);
  const live = await measure("live environment, exit known", ours);
  await measure(
    "live environment, with stdin (a new shell each)",
    await timed(
      rounds,
      async () => {
        await environment.execute({ ...command(["cat"]), stdin: "x" }, silent, signal);
        await sleep(60);
      },
      60,
    ),
  );
  await measure(
    "live environment, 40 commands back to back",
    await timed(40, () => environment.execute(command(echo), silent, signal)),
  );
  console.log(
    `ratio to docker exec: p50 1/${(base.p50 / live.p50).toFixed(1)}, p95 1/${(base.p95 / live.p95).toFixed(1)}`,
  );

  await measure(
    "create, one command, release",
    await timed(5, async () => {
      const { name: _, ...anonymous } = spec(`${name}-anonymous`);
      const fresh = await provider.open(anonymous, silent, signal);
      await fresh.execute(command(echo), silent, signal);
      await fresh.release(signal);
    }),
  );
  await measure(
    "docker run --rm, command line",
    await timed(5, () => drain("docker", ["run", "--rm", "--network", "none", values.image, ...echo])),
  );

  const flood = ["sh", "-c", `dd if=/dev/zero bs=1M count=${megabytes} 2>/dev/null`];
  const speeds = { ours: 0, cli: 0 };
  let most = 0;
  const before = process.memoryUsage.rss();
  // In turns, and the best of each counts: another program on the machine slows one of them at a time.
  for (let round = 0; round < 2; round++) {
    let received = 0;
    let chunks = 0;
    const sink = {
      ...silent,
      stdout: chunk => {
        received += chunk.length;
        if (++chunks % 500 === 0) most = Math.max(most, process.memoryUsage.rss());
      },
    };
    const [ours] = await timed(1, () => environment.execute(command(flood), sink, signal));
    let byCli = 0;
    const [cli] = await timed(1, async () => {
      byCli = await drain("docker", ["exec", name, ...flood]);
    });
    if (received !== megabytes * 1048576 || byCli !== received)
      throw new Error(`${received} bytes arrived, by the command line ${byCli}`);
    speeds.ours = Math.max(speeds.ours, (1000 * megabytes) / ours);
    speeds.cli = Math.max(speeds.cli, (1000 * megabytes) / cli);
  }
  const growth = ((most - before) / 1e6).toFixed(0);
  console.log(
    `${megabytes} MB of output: ${speeds.ours.toFixed(0)} MB/s, memory +${growth} MB; docker exec ${speeds.cli.toFixed(0)} MB/s`,
  );
} finally {
  await environment.release(signal);
  rmSync(folder, { recursive: true, force: true });
}
