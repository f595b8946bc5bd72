/** A run whose program is one of these scenarios, and whose sandbox is a folder with a file for each environment. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlLines } from "../../cli/run/control-lines";
import { Ground } from "../../cli/run/ground";
import { runSession, type SessionEnd, type SessionParts } from "../../cli/run/session";
import { SpareEnvironment } from "../../cli/run/spare-environment";
import { ProviderRegistry } from "../../runtime/environments/registry";
import { watch } from "../../runtime/environments/watchdog";
import {
  type Environment,
  type EnvironmentSpec,
  type Outcome,
  type Provider,
  ProviderError,
} from "../../runtime/providers/provider";

const folder = process.env.FIXTURE_FOLDER!;

const folderProvider: Provider = {
  ref: "folder",
  async open(spec, _sink, signal): Promise<Environment> {
    const name = spec.name ?? spec.generatedName;
    const path = join(folder, name);
    const created = !existsSync(path);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, "");
    if (spec.options.slow) await sleep(300);
    if (spec.options.silent === "open") return new Promise(() => {});
    if (spec.options.dies) process.kill(process.pid, "SIGKILL");
    if (spec.options.slow) signal.throwIfAborted();
    return {
      name,
      created,
      execute: async (): Promise<Outcome> =>
        spec.options.lost ? { kind: "lost", cause: "the engine went away" } : { kind: "exited", exitCode: 0 },
      async release() {
        if (spec.options.silent === "release") return new Promise(() => {});
        if (spec.options.stuck) throw new Error("the engine is busy");
        rmSync(path);
      },
      async detach() {},
    };
  },
  async attach(name, signal) {
    return existsSync(join(folder, name)) ? folderProvider.open(spec({}, { name }), silent, signal) : null;
  },
  async remove(name) {
    const path = join(folder, name);
    const there = existsSync(path);
    rmSync(path, { force: true });
    return there;
  },
};

const docker = async () =>
  (await import("../../runtime/providers/docker")).createDockerProvider({ defaultImage: "mlld-env-test:busybox" });
const registry = (local: Provider) =>
  new ProviderRegistry({ local, backends: { folder: async () => folderProvider, docker } });
const ground = () =>
  new Ground({
    env: process.env,
    program: [process.execPath, process.argv[1]!],
    registry: ({ local }) => registry(local),
  });

function spec(options: Record<string, unknown> = {}, more: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return {
    generatedName: `env-${process.pid}-${Math.random().toString(36).slice(2)}`,
    fs: { mounts: null, scratch: [] },
    net: { kind: "none" },
    limits: {},
    folder: process.cwd(),
    workspace: process.cwd(),
    file: "fixture.mld",
    configHash: "h",
    options,
    ...more,
  };
}

const silent = { stdout: () => {}, stderr: () => {} };

async function shell(parts: SessionParts, environment: Environment, script: string): Promise<Outcome> {
  const text = (event: "stdout" | "stderr") => (chunk: Uint8Array) =>
    parts.emit({ event, command: 1, text: Buffer.from(chunk).toString() });
  return environment.execute(
    { argv: ["sh", "-c", script], vars: {}, secrets: {} },
    { stdout: text("stdout"), stderr: text("stderr") },
    parts.signal,
  );
}

const scenarios: Record<string, (parts: SessionParts) => Promise<SessionEnd>> = {
  async success({ environments, signal }) {
    const environment = await environments.open("folder", spec(), signal);
    await environment.execute({ argv: [], vars: {}, secrets: {} }, silent, signal);
    await environments.close(environment, "release");
    return { ok: true };
  },
  async late(parts) {
    await sleep(400);
    return scenarios.success!(parts);
  },
  async left({ environments, signal }) {
    await environments.open("folder", spec(), signal);
    return { ok: false };
  },
  async throws({ environments, signal }) {
    await environments.open("folder", spec(), signal);
    throw new Error("a fault of the evaluator");
  },
  async crash({ environments, signal }) {
    await environments.open("folder", spec(), signal);
    setTimeout(() => {
      throw new Error("a fault outside the program");
    });
    return new Promise(() => {});
  },
  async refused({ emit }) {
    await emit({ event: "refused", findings: [] });
    return "refused";
  },
  async "refused-later"({ environments, emit, signal }) {
    await environments.open("folder", spec(), signal);
    await emit({ event: "refused", findings: [] });
    return { ok: false };
  },
  async hang({ environments, emit, signal }) {
    await environments.open("folder", spec(), signal);
    await emit({ event: "show", text: "ready\n" });
    return new Promise(() => {});
  },
  async "hang-opening"({ environments, emit, signal }) {
    await emit({ event: "show", text: "ready\n" });
    await environments.open("folder", spec({ slow: true }), signal);
    return { ok: true };
  },
  async "silent-opening"({ environments, emit, signal }) {
    await emit({ event: "show", text: "ready\n" });
    await environments.open("folder", spec({ silent: "open" }), signal);
    return { ok: true };
  },
  async "silent-release"({ environments, emit, signal }) {
    await environments.open("folder", spec({ silent: "release" }), signal);
    await emit({ event: "show", text: "ready\n" });
    return new Promise(() => {});
  },
  async "dies-opening"({ environments, signal }) {
    await environments.open("folder", spec({ dies: true }), signal);
    return { ok: true };
  },
  async lost({ environments, signal }) {
    const environment = await environments.open("folder", spec({ lost: true }), signal);
    await environment.execute({ argv: [], vars: {}, secrets: {} }, silent, signal);
    return { ok: true };
  },
  async stuck({ environments, signal }) {
    await environments.close(await environments.open("folder", spec({ stuck: true }), signal), "release");
    return { ok: true };
  },
  async named({ environments, signal }) {
    await environments.open("folder", spec({}, { name: "bench" }), signal);
    return { ok: true };
  },
  async "named-not-kept"({ environments, signal }) {
    await environments.open("folder", spec({ keep: false }, { name: "bench" }), signal);
    return { ok: true };
  },
  async chatty({ environments, emit, signal }) {
    await environments.open("folder", spec(), signal);
    for (;;) {
      await emit({ event: "show", text: "x".repeat(1000) + "\n" });
      await sleep(1);
    }
  },
  async processes(parts) {
    const environment = await parts.environments.open(null, spec(), parts.signal);
    const outcome = await shell(parts, environment, process.env.FIXTURE_SCRIPT!);
    return { ok: outcome.kind === "exited" && outcome.exitCode === 0 };
  },
  async docker(parts) {
    const environment = await parts.environments.open("docker", spec(), parts.signal);
    const outcome = await shell(parts, environment, process.env.FIXTURE_SCRIPT!);
    return { ok: outcome.kind === "exited" && outcome.exitCode === 0 };
  },
  async secret(parts) {
    const value = await parts.credentials.find({ kind: "variable", name: "FIXTURE_SECRET" });
    if (value === null) throw new ProviderError("ENV_AUTH_MISSING", "no secret");
    const environment = await parts.environments.open(null, spec(), parts.signal);
    await parts.emit({
      event: "command",
      command: 1,
      envName: null,
      argv: ["sh"],
      range: NOWHERE,
      file: "f",
      echo: true,
    });
    await shell(
      parts,
      environment,
      `printf %s "$FIXTURE_SECRET" | (head -c 3; sleep 0.1; cat); printf %s "$FIXTURE_SECRET" | base64`,
    );
    await parts.emit({ event: "exit", command: 1, exitCode: 0, outcome: "exited", durationMs: 1 });
    await parts.emit({ event: "show", text: `shown ${value}\n` });
    await parts.emit({ event: "error", message: `failed with ${value}` });
    return { ok: true };
  },
};

const NOWHERE = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

async function main(): Promise<void> {
  const [name = "", ...args] = process.argv.slice(2);
  const io = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
  };
  if (name === "__watchdog") {
    await watch(process.stdin, args[0]!, registry({ ref: "local", open: () => Promise.reject(new Error("not here")) }));
    return;
  }
  const value = (option: string) => args.find(arg => arg.startsWith(`${option}=`))?.slice(option.length + 1);
  const timeout = value("--timeout");
  const run = {
    json: !args.includes("--text"),
    control: args.includes("--control"),
    keep: args.includes("--keep"),
    timeoutMs: timeout === undefined ? null : Number(timeout),
    file: "fixture.mld",
    dryRun: false,
  };
  const standing = ground();
  const control = run.control ? new ControlLines(process.stdin) : null;
  const spare =
    name === "spare"
      ? new SpareEnvironment({ provider: "folder", spec: spec({}, { generatedName: "spare" }) }, standing)
      : undefined;
  const session = { run, ground: standing, control, spare };
  process.exitCode = await runSession(io, session, scenarios[value("--scenario") ?? name]!);
}

void main().then(() => {
  // As the command line does: an answer that never comes keeps no process that has ended its run.
  process.stdout.write("", () => void setTimeout(() => process.exit(), 500).unref());
});
