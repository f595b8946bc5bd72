/** The rules of environment specs that every backend shares. */
import { isAbsolute, relative, resolve } from "node:path";
import { type EnvironmentSpecFile, programProblems } from "../../language/environment/spec-model";
import { type MountGrant, type NetGrant, ProviderError } from "../providers/provider";

/** `commands`, then `eval_commands` when evaluating: the agent never sees these. */
export function setupCommands({ setup }: EnvironmentSpecFile, evaluate: boolean): string[] {
  return evaluate ? [...setup.commands, ...setup.evalCommands] : setup.commands;
}

/** `command entry`, trimmed; for the agent `agent_command` takes the place of `command`, also when it is empty. */
export function commandLine({ commands }: EnvironmentSpecFile, entry: string, evaluate: boolean): string {
  const command = evaluate ? commands.command : (commands.agentCommand ?? commands.command);
  return `${command} ${formatEntry(commands.entryFile, entry)}`.trim();
}

/** A format string with one name, `entry_file`; doubled braces are braces. */
export function formatEntry(format: string, entry: string): string {
  let unknown: string | null = null;
  const result = format.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (token, name: string | undefined) => {
    if (token === "{{") return "{";
    if (token === "}}") return "}";
    if (name === "entry_file") return entry;
    unknown ??= token;
    return "";
  });
  if (unknown !== null) {
    throw new ProviderError(
      "run/spec",
      `'${unknown}' in \`commands.entry_file\` is no placeholder.`,
      "It has one, {entry_file}; write {{ and }} for braces.",
    );
  }
  if (result.trim() === "")
    throw new ProviderError("run/spec", "`commands.entry_file` gives an empty entry.", "Use {entry_file} in it.");
  return result;
}

/** Later wins: the machine's (only with `include_os_env`), the spec's, the run's own. */
export function variablesOf(
  { environment }: EnvironmentSpecFile,
  machine: NodeJS.ProcessEnv,
  own: Record<string, string>,
): Record<string, string> {
  const inherited = environment.includeOsEnv
    ? Object.entries(machine).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
    : [];
  return { ...Object.fromEntries(inherited), ...environment.env, ...own };
}

/** Evaluation runs as `1000:1000` unless the spec says otherwise, the agent as the person on this machine. */
export function userOf(user: string | null, evaluate: boolean, host: { uid: number; gid: number } | null): string {
  if (user) return user;
  if (evaluate) return "1000:1000";
  return host ? `${host.uid}:${host.gid}` : "0:0";
}

/** The host's network is there only where the engine runs on Linux itself; elsewhere `host` is `bridge`. */
export function networkOf(network: string | null, platform: NodeJS.Platform = process.platform): NetGrant {
  switch (network) {
    case null:
    case "bridge":
      return { kind: "bridge" };
    case "host":
      return { kind: platform === "linux" ? "host" : "bridge" };
    case "none":
      return { kind: "none" };
    default:
      return { kind: "network", name: network };
  }
}

/** The workspace at the work folder, then the extra mounts; relative host paths may not leave the workspace. */
export function mountsOf({ docker }: EnvironmentSpecFile, workspace: string): MountGrant[] {
  if (!docker) return [];
  const own: MountGrant[] = docker.mountWorkspace
    ? [{ host: workspace, container: docker.workdir, tail: null, mode: "rw" }]
    : [];
  return [
    ...own,
    ...docker.extraMounts.map(({ host, container, mode }): MountGrant => {
      const path = resolve(workspace, host);
      if (!isAbsolute(host) && relative(workspace, path).startsWith("..")) {
        throw new ProviderError(
          "run/spec",
          `The mount '${host}' leaves the workspace ${workspace}.`,
          "Write an absolute path for a folder elsewhere.",
        );
      }
      return { host: path, container, tail: null, mode };
    }),
  ];
}

/** Throws for a spec that names a program which the machine would not run anyway. */
export function checkPrograms({ docker, local }: EnvironmentSpecFile): void {
  const [problem] = programProblems({ binary: docker?.binary, shell: local.shell });
  if (problem) throw new ProviderError("run/spec", problem.message);
}
