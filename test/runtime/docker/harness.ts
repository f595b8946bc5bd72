import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach } from "vitest";
import { createDockerProvider, type DockerProviderOptions } from "../../../runtime/providers/docker";
import { LABEL } from "../../../runtime/providers/docker/labels";
import type {
  Environment,
  EnvironmentCommand,
  EnvironmentSpec,
  Outcome,
  OutputSink,
  Provider,
} from "../../../runtime/providers/provider";
import { ensureEngine } from "../../support/docker-engine.mjs";

export const engine = await ensureEngine();
/** Without an engine these tests are skipped, which the report shows. */
export const hasEngine = "host" in engine;
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
export const hasHostImage = "images" in engine && engine.images.includes("mlld-env-test:node");

export const BUSYBOX = "mlld-env-test:busybox";
export const HOST_IMAGE = "mlld-env-test:node";
export const never = new AbortController().signal;

export function provider(options: DockerProviderOptions = {}): Provider {
  return createDockerProvider({ defaultImage: BUSYBOX, ...("host" in engine && { host: engine.host }), ...options });
}

const folders: string[] = [];
const opened: Environment[] = [];

afterEach(async () => {
  for (const environment of opened.splice(0)) await environment.release(never).catch(() => {});
});
afterAll(() => {
  if (hasEngine && folders.length > 0) removeBuiltImages();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Images that were built from a Dockerfile in a folder of ours. */
function removeBuiltImages(): void {
  const rows = docker("images", "--filter", `label=${LABEL.build}`, "--format", "{{.ID}}").split("\n").filter(Boolean);
  for (const row of rows) {
    const dockerfile = docker("inspect", "-f", `{{index .Config.Labels "${LABEL.build}"}}`, row);
    if (folders.some(folder => dockerfile.startsWith(folder))) docker("rmi", "-f", row);
  }
}

/** A new workspace folder, removed after the file's tests. */
export function workspace(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mlld-env-docker-")));
  folders.push(folder);
  mkdirSync(join(folder, "project"));
  return join(folder, "project");
}

let count = 0;
export function uniqueName(): string {
  return `mlld-test-${process.pid}-${randomBytes(3).toString("hex")}-${++count}`;
}

export function spec(overrides: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  const folder = overrides.folder ?? workspace();
  return {
    generatedName: uniqueName(),
    fs: { mounts: null, scratch: [] },
    net: { kind: "none" },
    limits: {},
    folder,
    workspace: folder,
    file: join(folder, "script.mld"),
    configHash: "hash-1",
    options: {},
    ...overrides,
  };
}

export class Output implements OutputSink {
  out = "";
  err = "";
  progressed: { message: string; percent?: number }[] = [];
  stdout(chunk: Uint8Array): void {
    this.out += Buffer.from(chunk).toString("latin1");
  }
  stderr(chunk: Uint8Array): void {
    this.err += Buffer.from(chunk).toString("latin1");
  }
  progress(message: string, percent?: number): void {
    this.progressed.push({ message, percent });
  }
}

/** Opens an environment that is released after the test. */
export async function open(
  overrides: Partial<EnvironmentSpec> = {},
  using: Provider = provider(),
): Promise<Environment> {
  const environment = await using.open(spec(overrides), new Output(), never);
  opened.push(environment);
  return environment;
}

export function command(argv: string[] | string, more: Partial<EnvironmentCommand> = {}): EnvironmentCommand {
  return { argv: typeof argv === "string" ? ["sh", "-c", argv] : argv, vars: {}, secrets: {}, ...more };
}

/** Runs a command and gives all it said. */
export async function run(
  environment: Environment,
  argv: string[] | string,
  more: Partial<EnvironmentCommand> = {},
  signal: AbortSignal = never,
): Promise<{ outcome: Outcome; out: string; err: string }> {
  const output = new Output();
  const outcome = await environment.execute(command(argv, more), output, signal);
  return { outcome, out: output.out, err: output.err };
}

/** Waits until such a process runs in a container. */
export async function untilRunning(container: string, command: string): Promise<void> {
  const line = new RegExp(`^\\s*\\d+\\s+${command}\\s*$`, "m");
  const running = () => line.test(docker("top", container, "-eo", "pid,args"));
  for (const end = Date.now() + 15_000; !running(); await sleep(20))
    if (Date.now() > end) throw new Error(`'${command}' did not run within 15 s`);
}

/** The docker command line, to look at things from outside. */
export function docker(...args: string[]): string {
  return execFileSync("docker", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...("host" in engine && { DOCKER_HOST: engine.host }) },
  }).trim();
}
