import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { EnvironmentSpecFile, SnapshotOptions } from "../../language/environment/spec-types";
import type { RunEventBody } from "../../protocol/events";
import type { RunEnvironments } from "../environments/run-environments";
import {
  type Environment,
  type EnvironmentCommand,
  type EnvironmentSpec,
  ProviderError,
  type TerminalSize,
} from "../providers/provider";
import { type CommandResult, runCommand } from "./command";
import {
  assetGlobs,
  commandLine,
  hostPathOf,
  mountsOf,
  networkOf,
  setupCommands,
  staticPaths,
  userOf,
  variablesOf,
  withAssets,
  withAssetsInAll,
  withEffectiveAddresses,
} from "./rules";
import { saveWorkspace } from "./save-workspace";
import { type FolderRecord, openWorkspace } from "./workspace";

export interface SpecRun {
  spec: EnvironmentSpecFile;
  /** Absolute path of the spec file. */
  file: string;
  /** The folder whose files are worked on, absolute; relative paths of the spec start here. */
  workspace: string;
  /** An archive whose files are worked on in place of the workspace's, absolute; null for none. */
  from: string | null;
  /** Fills `entry_file`. */
  entry: string;
  evaluate: boolean;
  /** Names the environment, which is kept then; null for an unnamed one. */
  name: string | null;
  keep: boolean;
  variables: Record<string, string>;
  machine: NodeJS.ProcessEnv;
  /** Of the entry. */
  stdin?: EnvironmentCommand["stdin"];
  /** For `requires_tty`. */
  terminal: TerminalSize;
}

export interface SpecServices {
  emit: (event: RunEventBody) => void | Promise<void>;
  environments: RunEnvironments;
  folders: FolderRecord;
  signal: AbortSignal;
}

const PROVIDERS: Record<EnvironmentSpecFile["type"], string | null> = { local: null, docker: "@mlld/env-docker" };

/**
 * Runs an entry as a spec says: the workspace, set-up once, the command, then the archive of the workspace. A failing set-up command ends
 * it. What was opened is closed on every way out. Throws `ProviderError`.
 */
export async function runSpec(run: SpecRun, prepared: PreparedSpec, services: SpecServices): Promise<{ ok: boolean }> {
  const { spec } = run;
  if (!spec.docker && run.name !== null)
    await services.emit({
      event: "warning",
      message: `Nothing of this machine is kept: '${run.name}' names an environment of \`type: docker\`.`,
    });
  const workspace = await openWorkspace(run.workspace, run.from, spec.docker ? userOfRun(run) : null, services.folders);
  try {
    const environment = await services.environments.open(
      PROVIDERS[spec.type],
      environmentSpec(run, workspace.path),
      services.signal,
    );
    try {
      return await inEnvironment(run, prepared, workspace.path, environment, services);
    } finally {
      await services.environments.close(environment, keeps(run) ? "keep" : "release");
    }
  } finally {
    await workspace.close();
  }
}

const CREATE_IT = "Create it, or correct its path, which starts at the workspace.";

/** What a spec comes to on this machine. */
export interface PreparedSpec {
  /** Of the entry, with the paths of static assets. */
  line: string;
  variables: Record<string, string>;
  /** Of set-up. */
  text: (line: string) => string;
  addresses: string[];
  /** How and where the workspace is saved; null where it is not. */
  archive: SnapshotOptions | null;
}

/** What can be said of a run before anything is made. Throws `run/spec` for what is wrong with it. */
export function prepareSpec(run: SpecRun): PreparedSpec {
  const { spec } = run;
  for (const { name, host } of spec.staticAssets) {
    const path = hostPathOf(host, run.workspace);
    if (existsSync(path)) continue;
    throw new ProviderError("run/spec", `The static asset '${name}' is not there: it would be ${path}.`, CREATE_IT);
  }
  for (const { host, mode } of spec.docker?.extraMounts ?? []) {
    const path = hostPathOf(host, run.workspace);
    // One for writing may be made.
    if (mode === "rw" || existsSync(path)) continue;
    throw new ProviderError("run/spec", `The mount '${host}' is not there: it would be ${path}.`, CREATE_IT);
  }
  const assets = staticPaths(spec.staticAssets, ({ host, container }) =>
    spec.docker ? container : hostPathOf(host, run.workspace),
  );
  const given = withAssetsInAll(variablesOf(spec, run.machine, run.variables), assets);
  const { variables, changed } = spec.docker
    ? withEffectiveAddresses(given, networkOf(spec.docker.network))
    : { variables: given, changed: [] };
  const line = withAssets(commandLine(spec, run.entry, run.evaluate), assets);
  return { line, variables, text: setup => withAssets(setup, assets), addresses: changed, archive: archiveOf(run) };
}

function archiveOf({ spec: { snapshot, staticAssets }, workspace }: SpecRun): SnapshotOptions | null {
  if (snapshot.archiveSaveDir === null) return null;
  return {
    ...snapshot,
    archiveSaveDir: hostPathOf(snapshot.archiveSaveDir, workspace),
    ignoreGlobs: [...snapshot.ignoreGlobs, ...assetGlobs(staticAssets, workspace)],
  };
}

async function inEnvironment(
  run: SpecRun,
  prepared: PreparedSpec,
  workspace: string,
  environment: Environment,
  services: SpecServices,
): Promise<{ ok: boolean }> {
  const { spec, file } = run;
  const { emit, signal } = services;
  const started = Date.now();
  const { addresses, variables: vars } = prepared;
  if (addresses.length > 0) {
    const names = addresses.join(", ");
    await emit({
      event: "progress",
      message: `${names}: loopback is 0.0.0.0 in the container, to be reached from outside`,
    });
  }
  const cwd = spec.docker?.workdir ?? workspace;
  const shell = spec.local.shell ?? "sh";
  const tty = spec.local.requiresTty ? { tty: run.terminal } : {};
  const said = { stdout: "", stderr: "" };
  let command = 0;
  const lines = setupCommands(spec, { evaluate: run.evaluate, created: environment.created });
  for (const { line, hidden } of lines) {
    const argv = [shell, "-c", prepared.text(line)];
    const result = await runCommand(
      { command: ++command, argv, cwd, vars, file, hidden, echo: false },
      environment,
      services,
    );
    if (!hidden) {
      said.stdout += result.stdout;
      said.stderr += result.stderr;
    }
    if (result.exitCode === 0) continue;
    const output = hidden && (result.stdout || result.stderr) ? `\n${result.stdout}${result.stderr}` : "";
    if (!signal.aborted)
      await emit({
        event: "error",
        code: "run/setup-failed",
        message: `The set-up command failed (${result.exitCode === null ? result.outcome : `exit code ${result.exitCode}`}): ${line}${output}`,
      });
    await emit(resultOf(null, said, started, signal));
    return { ok: false };
  }
  if (environment.created && lines.length > 0) await environment.settled?.(signal);
  const stdin = run.stdin === undefined ? {} : { stdin: run.stdin };
  const result = await runCommand(
    {
      command: ++command,
      argv: ["sh", "-c", prepared.line],
      cwd,
      vars,
      file,
      hidden: false,
      echo: true,
      ...stdin,
      ...tty,
    },
    environment,
    services,
  );
  await emit(resultOf(result, said, started, signal));
  if (prepared.archive && !signal.aborted) await saveWorkspace(workspace, prepared.archive, emit);
  return { ok: result.exitCode === 0 };
}

/** How the run ended, with what its commands said; of hidden set-up nothing. */
function resultOf(
  result: CommandResult | null,
  setup: { stdout: string; stderr: string },
  started: number,
  signal: AbortSignal,
): RunEventBody {
  const { exitCode = null, stdout = "", stderr = "" } = result ?? {};
  const timedOut =
    result?.outcome === "timeout" || (signal.aborted && (signal.reason as Error)?.name === "TimeoutError");
  const value = {
    exitCode,
    stdout,
    stderr,
    setupStdout: setup.stdout,
    setupStderr: setup.stderr,
    elapsed: (Date.now() - started) / 1000,
    timedOut,
  };
  return { event: "finished", ...value };
}

function keeps({ keep, name, spec }: SpecRun): boolean {
  return keep || name !== null || spec.docker?.keepContainerAfterClean === true;
}

function userOfRun({ spec, evaluate }: SpecRun): string {
  const host = process.getuid && process.getgid ? { uid: process.getuid(), gid: process.getgid() } : null;
  return userOf(spec.docker?.user ?? null, evaluate, host);
}

function environmentSpec(run: SpecRun, workspace: string): EnvironmentSpec {
  const { spec, file, evaluate } = run;
  const { docker } = spec;
  const generatedName = `mlld-${randomBytes(5).toString("hex")}`;
  const name = run.name ?? (keeps(run) ? generatedName : undefined);
  return {
    ...(name !== undefined && { name }),
    generatedName,
    fs: { mounts: docker ? mountsOf(spec, run.workspace, workspace) : null, scratch: [] },
    net: docker ? networkOf(docker.network) : { kind: "default" },
    limits: {},
    folder: workspace,
    workspace,
    file,
    ...(docker && { image: docker.image, workdir: docker.workdir, user: userOfRun(run), ports: docker.ports }),
    inherits: spec.environment.includeOsEnv ? "all" : "basic",
    setUp: setupCommands(spec, { evaluate, created: true }).length > 0,
    configHash: configHash(run),
    options: {},
  };
}

/** What a kept environment was made from. The command of a run, and where its archive goes, are not. */
function configHash({ spec, evaluate, workspace }: SpecRun): string {
  const { commands: _, snapshot: __, name: ___, ...made } = spec;
  return createHash("sha256")
    .update(JSON.stringify([made, evaluate, workspace]))
    .digest("hex")
    .slice(0, 16);
}
