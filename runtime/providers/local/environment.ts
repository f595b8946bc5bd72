import { startTimeOf } from "../../environments/process-identity";
import type { Environment, EnvironmentCommand, EnvironmentSpec, Outcome, OutputSink } from "../provider";
import { endProcesses, groupAlive, MARK } from "./processes";
import { runProcess } from "./run-process";
import { onTerminal, TERMINAL } from "./terminal";

/** What a command needs to be found and to find its files. */
const BASIC_VARIABLES = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "TMPDIR"],
  // Windows starts few programs without these.
  ...["SystemRoot", "SystemDrive", "ComSpec", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"],
];

/** No descendant is older than this process. Where there is no `/proc`, groups alone are looked for. */
const SINCE = process.platform === "linux" ? startTimeOf(process.pid) : null;

export interface LocalProviderOptions {
  /** Identifies the run in the mark of its processes. */
  runId: string;
  /** Variables that commands inherit. */
  variables: NodeJS.ProcessEnv;
  /** Called right after a process group was started, and once no member of it is left. */
  groups: { started(group: number): void; ended(group: number): void };
}

/** Processes that were started together: they end together at the latest when the environment is released. */
export class LocalEnvironment implements Environment {
  readonly created = true;
  private readonly groups = new Set<number>();
  private commands = 0;

  constructor(
    readonly name: string,
    private readonly mark: string,
    private readonly spec: EnvironmentSpec,
    private readonly options: LocalProviderOptions,
  ) {}

  async execute(command: EnvironmentCommand, sink: OutputSink, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return { kind: "killed", reason: "cancelled" };
    const mark = `${this.mark}${++this.commands}/`;
    let group: number | null = null;
    const tty = command.tty ?? (this.spec.tty ? TERMINAL : undefined);
    const argv = tty && process.platform !== "win32" ? onTerminal(command.argv, tty) : command.argv;
    try {
      return await runProcess(
        { ...command, argv },
        {
          cwd: command.cwd ?? this.spec.folder,
          variables: { ...this.inherited, ...command.vars, ...command.secrets, [MARK]: mark },
          timeoutMs: shortest(command.timeoutMs, this.spec.limits.timeoutMs),
          started: pid => {
            group = pid;
            this.groups.add(pid);
            this.options.groups.started(pid);
          },
          // What earlier commands left running stays until the environment is released.
          end: async pid => {
            await endProcesses({ groups: [pid], mark, since: SINCE });
          },
        },
        sink,
        signal,
      );
    } finally {
      if (group !== null && !groupAlive(group)) this.forget(group);
    }
  }

  async release(): Promise<void> {
    // Without a command there is nothing to look for.
    if (this.commands === 0) return;
    const groups = [...this.groups];
    if (!(await endProcesses({ groups, mark: this.mark, since: SINCE }))) {
      throw new Error(
        `processes of the environment '${this.name}' could not be ended; they may belong to another user`,
      );
    }
    for (const group of groups) this.forget(group);
  }

  /** A local environment is its processes: there is nothing that could stay. */
  detach(): Promise<void> {
    return this.release();
  }

  private get inherited(): NodeJS.ProcessEnv {
    const { variables } = this.options;
    if (this.spec.inherits !== "basic") return variables;
    return Object.fromEntries(BASIC_VARIABLES.filter(name => name in variables).map(name => [name, variables[name]]));
  }

  private forget(group: number): void {
    if (this.groups.delete(group)) this.options.groups.ended(group);
  }
}

function shortest(...limits: (number | undefined)[]): number | undefined {
  const set = limits.filter(limit => limit !== undefined && limit > 0) as number[];
  return set.length > 0 ? Math.min(...set) : undefined;
}
