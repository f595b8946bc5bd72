/** A provider written in mlld: a module that exports `@create`, `@execute`, `@release` and perhaps `@snapshot`. */

import { isPlainObject } from "../../../language/values";
import { messageOf } from "../../../protocol/message-of";
import { ModuleRunner } from "../../evaluator/module-runner";
import type { RunServices } from "../../evaluator/services";
import {
  type Environment,
  type EnvironmentCommand,
  type EnvironmentSpec,
  type Outcome,
  type OutputSink,
  type Provider,
  ProviderError,
  type SnapshotRef,
} from "../provider";

/** Config fields that are the core's own business; everything else reaches `@create`. */
const CORE_FIELDS = new Set(["provider", "auth", "taint", "keep", "tools"]);

const EXPORTS: readonly { name: string; missing: string; invalid: string; required: boolean }[] = [
  { name: "create", missing: "ENV_PROVIDER_CREATE_MISSING", invalid: "ENV_PROVIDER_CREATE_INVALID", required: true },
  { name: "execute", missing: "ENV_PROVIDER_EXEC_MISSING", invalid: "ENV_PROVIDER_EXEC_INVALID", required: true },
  { name: "release", missing: "ENV_PROVIDER_RELEASE_MISSING", invalid: "ENV_PROVIDER_RELEASE_INVALID", required: true },
  {
    name: "snapshot",
    missing: "ENV_PROVIDER_SNAPSHOT_MISSING",
    invalid: "ENV_PROVIDER_SNAPSHOT_INVALID",
    required: false,
  },
];

/**
 * The provider that `ref` names. `path` is its module, absolute. Its own commands run locally, through `services`; it is loaded at the
 * first `open`. Faults are `ProviderError`s with the reference's `ENV_PROVIDER_…` codes.
 */
export function moduleProvider(ref: string, path: string, services: RunServices): Provider {
  let loaded: Promise<ModuleRunner> | null = null;
  const module = () => {
    loaded ??= load(ref, path, services);
    return loaded;
  };
  return {
    ref,
    namesItself: true,
    async open(spec, sink, signal) {
      const runner = await module();
      const { envName, created } = await create(ref, runner, spec, sink, signal);
      return new ModuleEnvironment(ref, runner, envName, created, spec);
    },
    async remove(name, signal) {
      const runner = await module();
      await runner.call("release", [name], signal);
      return true;
    },
  };
}

async function load(ref: string, path: string, services: RunServices): Promise<ModuleRunner> {
  const runner = await ModuleRunner.load(path, services);
  for (const { name, missing, invalid, required } of EXPORTS) {
    const kind = runner.exported(name);
    if (kind === "missing" && required) {
      throw new ProviderError(
        missing,
        `The provider ${ref} does not export @${name}.`,
        `Define exe @${name} in ${path} and export it.`,
      );
    }
    if (kind === "value") {
      throw new ProviderError(
        invalid,
        `@${name} of the provider ${ref} is not an executable.`,
        `Define it with exe @${name}(…) = …`,
      );
    }
  }
  return runner;
}

async function create(
  ref: string,
  runner: ModuleRunner,
  spec: EnvironmentSpec,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<{ envName: string; created: boolean }> {
  sink.progress?.(`creating an environment with ${ref}`);
  const result = await called(ref, "create", () => runner.call("create", [optionsOf(spec)], signal));
  if (!isPlainObject(result)) {
    throw new ProviderError(
      "ENV_PROVIDER_CREATE_RESULT_INVALID",
      `@create of ${ref} returned no object.`,
      "Return { envName, created }.",
    );
  }
  const { envName, created } = result;
  if (typeof envName !== "string" || envName.trim() === "") {
    throw new ProviderError(
      "ENV_PROVIDER_CREATE_ENVNAME_INVALID",
      `@create of ${ref} returned no envName.`,
      'Return { envName: "…" } with a text that is not empty.',
    );
  }
  return { envName, created: created !== false };
}

/** What `@create` gets: the config without the core's own fields. */
function optionsOf(spec: EnvironmentSpec): Record<string, unknown> {
  const options = Object.fromEntries(Object.entries(spec.options).filter(([name]) => !CORE_FIELDS.has(name)));
  if (spec.name !== undefined) options.name = spec.name;
  if (spec.from !== undefined) options.from = spec.from;
  if (spec.image !== undefined) options.image ??= spec.image;
  return options;
}

class ModuleEnvironment implements Environment {
  readonly takesLiveInput = false;
  readonly snapshot?: (name: string, signal: AbortSignal) => Promise<SnapshotRef>;

  constructor(
    private readonly ref: string,
    private readonly runner: ModuleRunner,
    readonly name: string,
    readonly created: boolean,
    private readonly spec: EnvironmentSpec,
  ) {
    if (runner.exported("snapshot") === "executable") this.snapshot = (name, signal) => this.takeSnapshot(name, signal);
  }

  async execute(command: EnvironmentCommand, sink: OutputSink, signal: AbortSignal): Promise<Outcome> {
    const limit = shortest(command.timeoutMs, this.spec.limits.timeoutMs);
    const timeout = AbortSignal.timeout(limit ?? 2 ** 31 - 1);
    const any = limit === undefined ? signal : AbortSignal.any([signal, timeout]);
    let result: unknown;
    try {
      const request = await requestOf(command);
      result = await called(this.ref, "execute", () => this.runner.call("execute", [this.name, request], any));
    } catch (cause) {
      if (signal.aborted) return { kind: "killed", reason: "cancelled" };
      if (limit !== undefined && timeout.aborted) return { kind: "killed", reason: "timeout" };
      throw cause;
    }
    return this.outcomeOf(result, sink);
  }

  async release(signal: AbortSignal): Promise<void> {
    await called(this.ref, "release", () => this.runner.call("release", [this.name], signal));
  }

  /** The module holds nothing in this process. */
  async detach(): Promise<void> {}

  private async takeSnapshot(name: string, signal: AbortSignal): Promise<SnapshotRef> {
    const result = await called(this.ref, "snapshot", () => this.runner.call("snapshot", [this.name, name], signal));
    const ref = isPlainObject(result) ? (result.ref ?? result.snapshot ?? result.name) : result;
    return { ref: typeof ref === "string" && ref !== "" ? ref : name };
  }

  /** `{ stdout, stderr, exitCode }`, a text, or nothing. What it says about labels is ignored. */
  private async outcomeOf(result: unknown, sink: OutputSink): Promise<Outcome> {
    if (result === null || result === undefined) return { kind: "exited", exitCode: 0 };
    if (typeof result === "string") {
      await write(result, chunk => sink.stdout(chunk));
      return { kind: "exited", exitCode: 0 };
    }
    if (!isPlainObject(result)) {
      throw new ProviderError(
        "ENV_PROVIDER_RESULT_INVALID",
        `@execute of ${this.ref} returned neither an object nor a text.`,
        "Return { stdout, stderr, exitCode }.",
      );
    }
    await write(text(result.stdout), chunk => sink.stdout(chunk));
    await write(text(result.stderr), chunk => sink.stderr(chunk));
    // Left out it is 0. One that is none is no success: Node says null of a command that was killed.
    const { exitCode = 0 } = result;
    const code = typeof exitCode === "string" && exitCode.trim() !== "" ? Number(exitCode) : exitCode;
    return { kind: "exited", exitCode: Number.isInteger(code) ? (code as number) : 1 };
  }
}

async function requestOf({ argv, cwd, vars, secrets, stdin }: EnvironmentCommand): Promise<Record<string, unknown>> {
  return {
    argv,
    ...(cwd === undefined ? {} : { cwd }),
    vars,
    secrets,
    ...(stdin === undefined ? {} : { stdin: await inputText(stdin) }),
  };
}

/** The module gets standard input as one text. */
async function inputText(stdin: NonNullable<EnvironmentCommand["stdin"]>): Promise<string> {
  if (typeof stdin === "string") return stdin;
  if (stdin instanceof Uint8Array) return new TextDecoder().decode(stdin);
  const decoder = new TextDecoder();
  let all = "";
  for await (const chunk of stdin) all += decoder.decode(chunk, { stream: true });
  return all + decoder.decode();
}

async function called<T>(ref: string, name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof ProviderError) throw cause;
    const message = messageOf(cause);
    throw new ProviderError("ENV_PROVIDER_FAILED", `@${name} of the provider ${ref} failed: ${message}`);
  }
}

async function write(content: string, to: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
  if (content !== "") await to(new TextEncoder().encode(content));
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

function shortest(...limits: (number | undefined)[]): number | undefined {
  const set = limits.filter((limit): limit is number => limit !== undefined && limit > 0);
  return set.length === 0 ? undefined : Math.min(...set);
}
