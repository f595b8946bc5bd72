import { createHash, randomBytes } from "node:crypto";
import type { EnvironmentSpecFile } from "../../language/environment/spec-model";
import type { RunEventBody } from "../../protocol/events";
import type { RunEnvironments } from "../environments/run-environments";
import { type Environment, type EnvironmentSpec, type Outcome, ProviderError } from "../providers/provider";
import { createArchive } from "./archive";
import { checkPrograms, commandLine, mountsOf, networkOf, setupCommands, userOf, variablesOf } from "./rules";

export interface SpecRun {
  spec: EnvironmentSpecFile;
  /** Absolute path of the spec file. */
  file: string;
  /** The folder whose files are worked on, absolute. */
  workspace: string;
  /** Fills `entry_file`. */
  entry: string;
  evaluate: boolean;
  keep: boolean;
  variables: Record<string, string>;
  machine: NodeJS.ProcessEnv;
  stdin?: string;
}

export interface SpecServices {
  emit: (event: RunEventBody) => void | Promise<void>;
  environments: RunEnvironments;
  signal: AbortSignal;
}

const PROVIDERS: Record<EnvironmentSpecFile["type"], string | null> = { local: null, docker: "@mlld/env-docker" };
/** A failing command shows this much of the end of its hidden output (UTF-16 units). */
const LONGEST_TAIL = 2000;
const NO_RANGE = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** Runs an entry as a spec says: set-up once, then the command. A failing set-up command ends it. Throws `ProviderError`. */
export async function runSpec(run: SpecRun, services: SpecServices): Promise<{ ok: boolean }> {
  const { spec } = run;
  checkPrograms(spec);
  const line = commandLine(spec, run.entry, run.evaluate);
  if (spec.docker?.network === "host" && networkOf("host").kind !== "host") {
    const message = "The engine does not run on Linux here: `network: host` is the network `bridge`.";
    await services.emit({ event: "warning", message });
  }
  const environment = await services.environments.open(PROVIDERS[spec.type], environmentSpec(run), services.signal);
  let ok = false;
  try {
    ok = await runCommands(run, [...setupCommands(spec, run.evaluate), line], environment, services);
    const { archiveSaveDir } = spec.snapshot;
    if (archiveSaveDir !== null) {
      const { path } = await createArchive(run.workspace, { ...spec.snapshot, saveDir: archiveSaveDir });
      await services.emit({ event: "progress", message: `workspace saved to ${path}` });
    }
  } finally {
    await services.environments.close(
      environment,
      run.keep || spec.docker?.keepContainerAfterClean ? "keep" : "release",
    );
  }
  return { ok };
}

function environmentSpec({ spec, file, workspace, evaluate, keep }: SpecRun): EnvironmentSpec {
  const { docker } = spec;
  const host = process.getuid && process.getgid ? { uid: process.getuid(), gid: process.getgid() } : null;
  const generatedName = `mlld-${randomBytes(5).toString("hex")}`;
  return {
    ...((keep || docker?.keepContainerAfterClean) && { name: generatedName }),
    generatedName,
    fs: { mounts: docker ? mountsOf(spec, workspace) : null, scratch: [] },
    net: docker ? networkOf(docker.network) : { kind: "default" },
    limits: {},
    folder: workspace,
    workspace,
    file,
    ...(docker && { image: docker.image, workdir: docker.workdir, user: userOf(docker.user, evaluate, host) }),
    tty: spec.local.requiresTty,
    configHash: createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16),
    options: {},
  };
}

/** True when every command ended with 0; stops at the first that did not. Standard input goes to the last one. */
async function runCommands(
  run: SpecRun,
  lines: string[],
  environment: Environment,
  { emit, signal }: SpecServices,
): Promise<boolean> {
  const vars = variablesOf(run.spec, run.machine, run.variables);
  const shell = run.spec.local.shell ?? "sh";
  for (const [index, line] of lines.entries()) {
    const command = index + 1;
    const last = command === lines.length;
    // What the evaluation sets up is nobody's to see, unless it fails.
    const hidden = !last && index >= run.spec.setup.commands.length;
    const tell: typeof emit = event => (hidden ? undefined : emit(event));
    let tail = "";
    const argv = [last ? "sh" : shell, "-c", line];
    await tell({
      event: "command",
      command,
      envName: environment.name,
      argv,
      range: NO_RANGE,
      file: run.file,
      echo: last,
    });
    const started = Date.now();
    const text = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    const said = (event: "stdout" | "stderr") => (chunk: Uint8Array) => {
      const decoded = text[event].decode(chunk, { stream: true });
      if (hidden) tail = (tail + decoded).slice(-LONGEST_TAIL);
      return tell({ event, command, text: decoded });
    };
    const outcome = await environment.execute(
      {
        argv,
        cwd: run.spec.docker?.workdir ?? run.workspace,
        vars,
        secrets: {},
        ...(last && run.stdin !== undefined && { stdin: run.stdin }),
      },
      { stdout: said("stdout"), stderr: said("stderr") },
      signal,
    );
    await tell({
      event: "exit",
      command,
      exitCode: outcome.kind === "exited" ? outcome.exitCode : null,
      outcome: wordOf(outcome),
      durationMs: Date.now() - started,
    });
    if (outcome.kind === "lost") throw new ProviderError("run/lost", `The environment was lost: ${outcome.cause}.`);
    if (outcome.kind !== "exited" || outcome.exitCode !== 0) {
      if (!last)
        await emit({
          event: "error",
          code: "run/setup-failed",
          message: `The set-up command failed: ${line}${tail && `\n${tail}`}`,
        });
      return false;
    }
  }
  return true;
}

function wordOf(outcome: Outcome): "exited" | "timeout" | "cancelled" | "memory" | "lost" {
  return outcome.kind === "killed" ? outcome.reason : outcome.kind;
}
