/** The rules of environment specs that every backend shares. */
import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ENTRY_TOKEN, entryProblem, withStaticPaths } from "../../language/environment/spec-checks";
import type { EnvironmentSpecFile, StaticAsset } from "../../language/environment/spec-types";
import { homeFolder } from "../environments/home";
import { type MountGrant, type NetGrant, ProviderError } from "../providers/provider";

/** `commands`, then `eval_commands` when evaluating: the agent never sees these. A kept environment that is found again is resumed. */
export function setupCommands(
  { setup }: Pick<EnvironmentSpecFile, "setup">,
  { evaluate, created }: { evaluate: boolean; created: boolean },
): { line: string; hidden: boolean }[] {
  const seen = (line: string) => ({ line, hidden: false });
  if (!created) return setup.resumeCommands.map(seen);
  return [...setup.commands.map(seen), ...(evaluate ? setup.evalCommands.map(line => ({ line, hidden: true })) : [])];
}

/** `command entry`, trimmed; for the agent `agent_command` takes the place of `command`, also when it is empty. */
export function commandLine(
  { commands }: Pick<EnvironmentSpecFile, "commands">,
  entry: string,
  evaluate: boolean,
): string {
  return `${commandOf({ commands }, evaluate)} ${formatEntry(commands.entryFile, entry)}`.trim();
}

export function commandOf({ commands }: Pick<EnvironmentSpecFile, "commands">, evaluate: boolean): string {
  return evaluate ? commands.command : (commands.agentCommand ?? commands.command);
}

/** A format string with one name, `entry_file`; doubled braces are braces. */
export function formatEntry(format: string, entry: string): string {
  const mistake = entryProblem(format);
  if (mistake) throw new ProviderError("run/spec", mistake);
  const result = format.replace(ENTRY_TOKEN, token => (token === "{{" ? "{" : token === "}}" ? "}" : entry));
  if (result.trim() === "")
    throw new ProviderError("run/spec", "The entry is empty.", "Name the file that `commands` runs.");
  return result;
}

const VARIABLE = /^[A-Za-z_]\w*$/;

/** Say where things are on this machine, and nothing true of a sandbox. */
const OF_MACHINE = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|PWD|OLDPWD|SHLVL|_|HOSTNAME|MLLD_ENV_PROCESS)$/;

/**
 * Later wins: the machine's (only with `include_os_env`), the spec's, the run's own. A command of this machine has those by itself that
 * are not given here.
 */
export function variablesOf(
  { environment, type }: Pick<EnvironmentSpecFile, "environment" | "type">,
  machine: NodeJS.ProcessEnv,
  own: Record<string, string>,
): Record<string, string> {
  const inherited =
    environment.includeOsEnv && type !== "local"
      ? Object.entries(machine).filter(
          // Bash puts its functions there under names that are none.
          (entry): entry is [string, string] =>
            entry[1] !== undefined && VARIABLE.test(entry[0]) && !OF_MACHINE.test(entry[0]),
        )
      : [];
  return { ...Object.fromEntries(inherited), ...environment.env, ...own };
}

/**
 * In a network of its own, a server on loopback is reached by nobody outside: an address that is exactly loopback becomes every address
 * of the container. Nothing else changes.
 */
export function effectiveAddress(address: string, net: NetGrant): string {
  const bridged = net.kind === "bridge" || net.kind === "default";
  return bridged && (address === "127.0.0.1" || address === "localhost") ? "0.0.0.0" : address;
}

/** Variables with `effectiveAddress` for each value, and the names of those that it changed. */
export function withEffectiveAddresses(
  variables: Record<string, string>,
  net: NetGrant,
): { variables: Record<string, string>; changed: string[] } {
  const entries = Object.entries(variables).map(([name, value]) => [name, effectiveAddress(value, net)] as const);
  return {
    variables: Object.fromEntries(entries),
    changed: entries.filter(([name, value]) => variables[name] !== value).map(([name]) => name),
  };
}

/** Evaluation runs as `1000:1000` unless the spec says otherwise, the agent as the person on this machine. */
export function userOf(user: string | null, evaluate: boolean, host: { uid: number; gid: number } | null): string {
  if (user) return user;
  if (evaluate) return "1000:1000";
  return host ? `${host.uid}:${host.gid}` : "0:0";
}

/** Whether the engine has a host network to share, it decides itself. */
export function networkOf(network: string | null): NetGrant {
  switch (network) {
    case null:
    case "":
    case "bridge":
      return { kind: "bridge" };
    case "host":
    case "none":
      return { kind: network };
    default:
      return { kind: "network", name: network };
  }
}

/** The workspace (`held` is the folder that has its files) at the work folder, then the extra mounts, then static assets for reading. */
export function mountsOf(
  { docker, staticAssets }: EnvironmentSpecFile,
  workspace: string,
  held = workspace,
): MountGrant[] {
  if (!docker) return [];
  const mount = (host: string, container: string, mode: "ro" | "rw"): MountGrant => ({
    host,
    container,
    tail: null,
    mode,
  });
  return [
    ...(docker.mountWorkspace ? [mount(held, docker.workdir, "rw")] : []),
    ...docker.extraMounts.map(({ host, container, mode }) => mount(hostPathOf(host, workspace), container, mode)),
    ...staticAssets.map(({ host, container }) => mount(hostPathOf(host, workspace), container, "ro")),
  ];
}

/** A path of a spec: a relative one starts at the workspace and does not leave it, by links neither. Throws `run/spec`. */
export function hostPathOf(written: string, workspace: string): string {
  if (/^~(\/|$)/.test(written)) return join(homeFolder(), written.slice(1));
  const path = resolve(workspace, written.replace(/^@(?:base|root)(?=\/|$)/, "."));
  if (isAbsolute(written) || (isBelow(path, workspace) && !leadsOut(path, workspace))) return path;
  throw new ProviderError(
    "run/spec",
    `'${written}' leads out of the workspace ${workspace}, to ${realOf(path)}.`,
    "Write an absolute path for a folder elsewhere.",
  );
}

function isBelow(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

/** What is not there yet lies where the nearest folder on the way leads. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realOf(dirname(path)), basename(path));
  }
}

/** Whether a path that is written inside a workspace leads out of it, by a link that its commands may have made. */
export function leadsOut(path: string, workspace: string): boolean {
  return isBelow(path, workspace) && !isBelow(realOf(path), realOf(workspace));
}

/** What `{{static:name}}` stands for: a path of the sandbox, else of this machine. */
export function staticPaths(assets: StaticAsset[], place: (asset: StaticAsset) => string): Map<string, string> {
  return new Map(assets.map(asset => [asset.name, place(asset)]));
}

/** Puts the paths of static assets in. Throws `run/spec` for a name that is none. */
export function withAssets(text: string, paths: ReadonlyMap<string, string>): string {
  return withStaticPaths(text, paths, message => {
    throw new ProviderError("run/spec", message);
  });
}

/** `withAssets` for names and values. */
export function withAssetsInAll(
  variables: Record<string, string>,
  paths: ReadonlyMap<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [withAssets(name, paths), withAssets(value, paths)]),
  );
}

/** Patterns that keep static assets of the workspace out of its archives. */
export function assetGlobs(assets: StaticAsset[], workspace: string): string[] {
  return assets.flatMap(({ host }) => {
    const path = relative(workspace, hostPathOf(host, workspace));
    if (path === "" || path.startsWith("..") || isAbsolute(path)) return [];
    const literal = path.split(sep).join("/").replace(/[*?[]/g, "[$&]");
    return [literal, `${literal}/*`];
  });
}
