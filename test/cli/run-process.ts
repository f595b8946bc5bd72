/** Starts the fixture of `run-fixture.ts` as a process, and waits for what it does. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildSync } from "esbuild";
import { afterAll, afterEach } from "vitest";
import type { RunEvent } from "../../protocol/events";

export interface Run {
  child: ChildProcessWithoutNullStreams;
  /** Standard output and error so far. */
  out: () => string;
  err: () => string;
  events: () => RunEvent[];
  /** Exit code or signal. */
  ended: Promise<number | NodeJS.Signals>;
}

/** Builds the fixture into a folder of its own, which goes away after the tests of the file. */
export function buildFixture(): { folder: string; program: string } {
  const folder = mkdtempSync(join(tmpdir(), "mlld-env-fixture-"));
  const program = join(folder, "fixture.js");
  const root = join(__dirname, "../..");
  buildSync({
    entryPoints: [join(__dirname, "run-fixture.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["@napi-rs/keyring", "dockerode"],
    logLevel: "error",
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  afterAll(() => rmSync(folder, { recursive: true }));
  return { folder, program };
}

const children: ChildProcessWithoutNullStreams[] = [];

/** Starts a Node program; it is killed after the test if it still runs. */
export function start(args: string[], env: NodeJS.ProcessEnv): Run {
  const child = spawn(process.execPath, args, { env });
  children.push(child);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", text => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", text => {
    err += text;
  });
  child.stdin.on("error", () => {});
  const ended = new Promise<number | NodeJS.Signals>(resolve =>
    child.on("close", (code, signal) => resolve(signal ?? code ?? -1)),
  );
  const events = () =>
    out
      .split("\n")
      .filter(line => line.endsWith("}"))
      .map(line => JSON.parse(line) as RunEvent);
  return { child, out: () => out, err: () => err, events, ended };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Waits for a condition and answers with the time it took, ms. */
export async function until(condition: () => boolean, what: string, limitMs = 15_000): Promise<number> {
  const start = Date.now();
  while (!condition()) {
    if (Date.now() - start > limitMs) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(10);
  }
  return Date.now() - start;
}
