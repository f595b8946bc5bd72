/** Environments on a real engine, and commands of the command line called in this process. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach } from "vitest";
import { explorer } from "../../cli/explorer";
import type { Io } from "../../cli/io";
import type { ExplorerCommand, ExplorerMessage } from "../../protocol/explorer";
import { createDockerProvider } from "../../runtime/providers/docker";
import type { Environment, EnvironmentSpec } from "../../runtime/providers/provider";
import { ensureEngine } from "../support/docker-engine.mjs";

export const engine = await ensureEngine();
if ("missing" in engine) console.warn(`Docker tests are skipped: ${engine.missing}`);
export const env = { ...process.env, ...("host" in engine && { DOCKER_HOST: engine.host }) };
export const IMAGE = "mlld-env-test:busybox";
export const never = new AbortController().signal;
export const silent = { stdout: () => {}, stderr: () => {} };
export const provider = createDockerProvider({ defaultImage: IMAGE, env, ref: "@mlld/env-docker" });
const made: string[] = [];
/** Removed after the file's tests. */
export const images: string[] = [];

export const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8", env }).trim();
/** A name whose environment is removed after the test. */
export const unique = () => {
  const name = `mlld-live-${process.pid}-${randomBytes(3).toString("hex")}`;
  made.push(name);
  return name;
};

afterEach(async () => {
  for (const name of made.splice(0)) await provider.remove!(name, never);
});

afterAll(() => {
  for (const image of images) docker("rmi", "-f", image);
});

export async function open(name: string, more: Partial<EnvironmentSpec> = {}): Promise<Environment> {
  const spec: EnvironmentSpec = {
    name,
    generatedName: name,
    fs: { mounts: null, scratch: [] },
    net: { kind: "none" },
    limits: {},
    folder: "/tmp",
    workspace: "/tmp",
    file: "/tmp/bench.mld",
    configHash: "h",
    options: {},
    ...more,
  };
  return provider.open(spec, silent, never);
}

/** A call of the command line, with what it printed so far. */
export function call(
  command: (args: string[], io: Io) => Promise<number>,
  args: string[],
  more: NodeJS.ProcessEnv = {},
) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = { stdout: "", stderr: "" };
  streams.stdout.on("data", chunk => {
    texts.stdout += chunk;
  });
  streams.stderr.on("data", chunk => {
    texts.stderr += chunk;
  });
  const io = { ...streams, env: { ...env, ...more }, cwd: "/tmp" } as unknown as Io;
  return { ended: command(args, io), stdin: streams.stdin, out: () => texts.stdout, err: () => texts.stderr };
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let left = 500; !condition(); left--) {
    if (left === 0) throw new Error(`${what}: not within 5 s`);
    await sleep(10);
  }
}

/** An explorer process that is spoken to as the editor does. */
export function follow(more: NodeJS.ProcessEnv = {}) {
  const process = call(explorer, [], more);
  const read: ExplorerMessage[] = [];
  let at = 0;
  const messages = () => {
    const text = process.out();
    for (let end = text.indexOf("\n", at); end >= 0; end = text.indexOf("\n", at)) {
      read.push(JSON.parse(text.slice(at, end)) as ExplorerMessage);
      at = end + 1;
    }
    return read;
  };
  const lists = () => messages().filter(it => it.type === "list");
  const rows = () => lists().at(-1)?.environments ?? [];
  const say = (command: object) => process.stdin.write(`${JSON.stringify(command)}\n`);
  let id = 0;
  /** Sends a command and waits for its answer. */
  const ask = async (
    command: ExplorerCommand extends infer C ? (C extends unknown ? Omit<C, "id"> : never) : never,
  ) => {
    const own = ++id;
    say({ id: own, ...command });
    const answer = () => messages().find(it => it.type === "answer" && it.id === own);
    await until(() => answer() !== undefined, `the answer to ${command.command}`);
    return answer() as Extract<ExplorerMessage, { type: "answer" }>;
  };
  return { ...process, lists, rows, say, ask };
}
