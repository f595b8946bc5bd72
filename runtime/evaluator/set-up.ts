/** The parts of an environment spec in a config: what runs once in an environment, and what every command in it gets. */
import { fromValue, readSpecPart, resolveHostPath } from "../../language/environment";
import { type Environment, type NetGrant, ProviderError } from "../providers/provider";
import { runCommand } from "../specs/command";
import {
  assetGlobs,
  commandLine,
  commandOf,
  setupCommands,
  staticPaths,
  withAssets,
  withAssetsInAll,
  withEffectiveAddresses,
} from "../specs/rules";
import { saveWorkspace } from "../specs/save-workspace";
import type { Module } from "./module";
import type { Run } from "./run";

/** A command of the config's entry, for the block to run as it likes. */
const COMMAND_VARIABLE = "MLLD_COMMAND";

type PartName = "setup" | "environment" | "local" | "commands" | "snapshot" | "staticAssets";

/** What the options of a config mean where they are used. */
export interface SpecSite {
  options: Record<string, unknown>;
  evaluate: boolean;
  /** Whether commands run in a provider's environment, and in which network. */
  sandboxed: boolean;
  net: NetGrant;
  /** Absolute paths inside the sandbox that are mounts. */
  mounted: ReadonlySet<string>;
  /** Where relative paths of the config start, and `@root` and `~`. */
  folder: string;
  root: string;
  home: string;
}

function part<N extends PartName>(options: Record<string, unknown>, name: N) {
  const written = options[name];
  return written === undefined || written === null ? null : readSpecPart(name, fromValue(written)).value;
}

/** What a config has to run in an environment that was made (`created`) or found again. */
export function setUpCommands({ options, evaluate }: Pick<SpecSite, "options" | "evaluate">, created: boolean) {
  const setup = part(options, "setup");
  return setup === null ? [] : setupCommands({ setup }, { evaluate, created });
}

/** Variables that every command gets. */
export function variablesOf(site: SpecSite): Record<string, string> {
  const { options, evaluate, sandboxed, net } = site;
  const environment = part(options, "environment");
  const commands = part(options, "commands");
  const { entry } = options;
  const given = environment === null ? {} : withAssetsInAll(environment.env, assetPaths(site));
  if (commands !== null) {
    const line =
      typeof entry === "string" ? commandLine({ commands }, entry, evaluate) : commandOf({ commands }, evaluate);
    given[COMMAND_VARIABLE] = withAssets(line, assetPaths(site));
  }
  return sandboxed ? withEffectiveAddresses(given, net).variables : given;
}

/** Whether commands inherit the variables of this machine; undefined where the config says nothing. */
export function inheritsMachine(options: Record<string, unknown>): boolean | undefined {
  return part(options, "environment")?.includeOsEnv;
}

/** Throws `run/spec` for an asset that a sandbox is not granted. */
function assetPaths(site: SpecSite): Map<string, string> {
  const assets = part(site.options, "staticAssets") ?? [];
  return staticPaths(assets, ({ name, host, container }) => {
    if (!site.sandboxed) return hostPath(host, site);
    if (site.mounted.has(container)) return container;
    throw new ProviderError(
      "run/spec",
      `The static asset '${name}' is not in the sandbox: \`fs\` of the config replaces all mounts.`,
      `Grant it: fs: { read: ["${host}:${container}"] }.`,
    );
  });
}

function hostPath(written: string, { folder, root, home }: Pick<SpecSite, "folder" | "root" | "home">): string {
  return resolveHostPath(written, { folder, root, home }).base;
}

/** Runs set-up commands one after the other. Throws a `ProviderError` for the first that fails. */
export async function setUp(
  commands: readonly { line: string; hidden: boolean }[],
  environment: Environment,
  site: SpecSite,
  run: Run,
  module: Module,
  cwd: string | undefined,
): Promise<void> {
  const shell = part(site.options, "local")?.shell ?? "sh";
  const vars = variablesOf(site);
  const assets = assetPaths(site);
  // Set-up prints for the person who runs the program, not for the program.
  const services = {
    emit: (event =>
      run.services.emit(event.event === "stdout" ? { ...event, event: "stderr" } : event)) as typeof run.services.emit,
    signal: run.signal,
  };
  for (const { line, hidden } of commands) {
    const argv = [shell, "-c", withAssets(line, assets)];
    const result = await runCommand(
      {
        command: run.nextCommand(),
        argv,
        ...(cwd !== undefined && { cwd }),
        vars,
        file: module.path,
        hidden,
        echo: false,
      },
      environment,
      services,
    );
    if (result.exitCode === 0) continue;
    run.signal.throwIfAborted();
    const what = hidden ? "An evaluation set-up command" : `The set-up command '${line}'`;
    const how =
      result.exitCode === null ? `did not end (${result.outcome})` : `failed with exit code ${result.exitCode}`;
    const output = hidden ? `${result.stdout}${result.stderr}` : "";
    throw new ProviderError("run/setup-failed", `${what} ${how}.${output === "" ? "" : `\n${output}`}`);
  }
}

/** Saves the project's files, where the config's `snapshot` says a folder for archives. Throws `run/archive-failed`. */
export async function saveArchive(site: SpecSite, run: Run): Promise<void> {
  const snapshot = part(site.options, "snapshot");
  if (snapshot === null || snapshot.archiveSaveDir === null) return;
  const globs = assetGlobs(
    (part(site.options, "staticAssets") ?? []).map(asset => ({ ...asset, host: hostPath(asset.host, site) })),
    site.root,
  );
  const options = {
    ...snapshot,
    ignoreGlobs: [...snapshot.ignoreGlobs, ...globs],
    archiveSaveDir: hostPath(snapshot.archiveSaveDir, site),
  };
  await saveWorkspace(site.root, options, run.services.emit);
}
