// How long the explorer process takes to list many environments of a real engine, and to show a change of one.
//   node bench/explorer.mjs [--count N]      (after `npm run build`; containers are made, never started, and removed again)
import { execFile, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureEngine } from "../test/support/docker-engine.mjs";

const { values } = parseArgs({ options: { count: { type: "string", default: "500" } } });
const count = Number(values.count);
const engine = await ensureEngine();
if ("missing" in engine) {
  console.error(engine.missing);
  process.exit(1);
}
const env = { ...process.env, DOCKER_HOST: engine.host, SPRITES_TOKEN: "" };
const docker = (...args) => execFileSync("docker", args, { env, stdio: ["ignore", "pipe", "pipe"] });
const names = Array.from({ length: count }, (_, i) => `mlld-bench-${process.pid}-${i}`);
const made = [];

/** Milliseconds until the explorer's next list fulfils a condition. */
function listed(lines, wanted) {
  const started = performance.now();
  return new Promise(resolve => {
    const look = line => {
      const message = JSON.parse(line);
      if (message.type !== "list" || !wanted(message.environments)) return;
      lines.off("line", look);
      resolve(performance.now() - started);
    };
    lines.on("line", look);
  });
}

async function measure(label, rounds, work) {
  const times = [];
  for (let i = 0; i < rounds; i++) {
    await sleep(100);
    times.push(await work(i));
  }
  times.sort((a, b) => a - b);
  const at = p => times[Math.min(times.length - 1, Math.floor(p * times.length))].toFixed(0).padStart(5);
  console.log(`${label.padEnd(46)} p50 ${at(0.5)} ms   p95 ${at(0.95)} ms`);
}

try {
  for (let i = 0; i < count; i += 20)
    await Promise.all(
      names.slice(i, i + 20).map(
        name =>
          new Promise((resolve, reject) => {
            const labels = { owner: name, name, kind: "named", config: "bench", workspace: "/w", file: "/w/a.mld" };
            const options = Object.entries(labels).flatMap(([key, value]) => [
              "--label",
              `dev.mlld-env.${key}=${value}`,
            ]);
            made.push(name);
            const child = spawn(
              "docker",
              [
                "create",
                "--name",
                name,
                ...options,
                "mlld-env-test:busybox",
                "/bin/sh",
                "-c",
                "trap 'exit 0' TERM; sleep 600 & wait",
              ],
              { env, stdio: "ignore" },
            );
            child.on("close", code => (code === 0 ? resolve() : reject(new Error(`docker create ended with ${code}`))));
          }),
      ),
    );
  const child = spawn(process.execPath, [join(import.meta.dirname, "../dist/cli.js"), "__explorer"], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const full = rows => rows.length >= count;
  console.log(`first list of ${count}, with the start of the process: ${(await listed(lines, full)).toFixed(0)} ms`);
  await measure(`list of ${count} environments`, 20, () => {
    const next = listed(lines, full);
    child.stdin.write('{"id":1,"command":"refresh"}\n');
    return next;
  });
  const [name] = names;
  const state = wanted => rows => rows.find(row => row.name === name)?.state === wanted;
  await measure("a container's start or end, to the list", 10, i => {
    const action = i % 2 ? "die" : "start";
    const next = listed(lines, state(i % 2 ? "stopped" : "running"));
    // The engine's own time of the event: the command takes longer.
    return new Promise((resolve, reject) => {
      execFile(
        "docker",
        [
          "events",
          "--since",
          `${Date.now() / 1000}`,
          "--filter",
          `container=${name}`,
          "--filter",
          `event=${action}`,
          "--until",
          `${Date.now() / 1000 + 3}`,
          "--format",
          "{{.TimeNano}}",
        ],
        { env },
        async (error, stdout) => {
          await next;
          if (error || !stdout.trim()) reject(error ?? new Error(`no ${action} event`));
          else resolve(shownAt - Number(BigInt(stdout.trim()) / 1000n) / 1000);
        },
      );
      let shownAt = 0;
      void next.then(() => {
        shownAt = Date.now();
      });
      execFile("docker", [i % 2 ? "kill" : "start", name], { env });
    });
  });
  child.stdin.end();
} finally {
  for (let i = 0; i < made.length; i += 50) docker("rm", "-f", ...made.slice(i, i + 50));
}
