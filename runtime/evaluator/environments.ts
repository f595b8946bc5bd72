/** The environment that holds at a place of the program: what it grants, and the live environment behind it. */
import { randomBytes } from "node:crypto";
import { isAbsolute, join, relative } from "node:path";
import {
  commandProblem,
  configHash,
  type EnvironmentFacts,
  type Grants,
  type ProcessLanguage,
  providerKind,
  sameEnvironment,
} from "../../language/environment";
import type { Environment, EnvironmentSpec } from "../providers/provider";
import { DeniedError, RunError } from "./errors";
import type { Executable } from "./executable";
import type { Module } from "./module";
import type { Run } from "./run";
import { inheritsMachine, type SpecSite, saveArchive, setUp, setUpCommands, variablesOf } from "./set-up";
import { toolLabels } from "./tools";
import type { Value } from "./value";

/** Specs evaluate as this user unless they name one. */
const EVALUATION_USER = "1000:1000";

/** How mlld begins the sentence that refuses one. */
const EXECUTION: Record<ProcessLanguage, string> = {
  cmd: "Command execution",
  sh: "Shell execution",
  bash: "Shell execution",
  node: "Node execution",
  py: "Python execution",
};

const NOTHING_SET: Pick<Grants, "fs" | "net" | "limits"> = {
  fs: { mounts: null, scratch: [] },
  net: { kind: "default" },
  limits: {},
};

export class ActiveEnvironment {
  /** Outside every block the provider changes when a policy sets a default. */
  private readonly opened = new Map<string | null, Promise<Environment>>();
  private readonly variables: Record<string, string> = {};

  constructor(
    private readonly run: Run,
    readonly parent: ActiveEnvironment | null,
    /** null outside every block. */
    readonly facts: EnvironmentFacts | null,
    readonly grants: Grants | null,
    /** The provider that commands go to: null runs them here. */
    private readonly declaredProvider: string | null,
    private readonly module: Module,
    /** `tools` of the config as a value: a collection gives its executables labels. */
    private readonly collection: Value | null = null,
    /** One-based line of the block; null outside every block. */
    private readonly line: number | null = null,
  ) {}

  /** Labels that the tool collections around a call give its result. */
  toolLabels(executable: Executable): string[] {
    return [...toolLabels(this.collection, executable), ...(this.parent?.toolLabels(executable) ?? [])];
  }

  get provider(): string | null {
    return this.facts === null && this.parent === null ? this.run.policy.defaultProvider : this.declaredProvider;
  }

  /** Whether commands run in a provider's environment, where a failing command ends the block. */
  get sandboxed(): boolean {
    return this.provider !== null && this.provider !== "local";
  }

  /** Names of the allowed tools; null for all. */
  toolNames(): string[] | null {
    return this.grants?.tools ?? null;
  }

  /** Refuses a process that the tools do not allow. */
  requireBash(language: ProcessLanguage, what = EXECUTION[language]): void {
    for (let at: ActiveEnvironment | null = this; at !== null; at = at.parent) {
      if (at.facts !== null && commandProblem(at.facts, language) !== null) {
        throw new DeniedError(`${what} requires 'Bash' in env.tools`, "ENV_TOOL_DENIED");
      }
    }
  }

  /** `output … to env:NAME`: a variable of later commands. */
  setVariable(name: string, value: string): void {
    this.variables[name] = value;
  }

  /** Variables of the blocks around a command, the innermost last. */
  ambientVariables(): Record<string, string> {
    return { ...(this.grants === null ? {} : variablesOf(this.site(this.grants))), ...this.setVariables() };
  }

  private setVariables(): Record<string, string> {
    return { ...this.parent?.setVariables(), ...this.variables };
  }

  /** Names of credentials that every command gets. */
  get credentials(): readonly string[] {
    return this.grants?.auth ?? [];
  }

  /** The live environment: its own, or the enclosing one's where they are the same. Opens it at the first use. */
  live(): Promise<Environment> {
    if (this.sharesParent()) return this.parent!.live();
    const { provider } = this;
    const ref = this.sandboxed ? provider : null;
    const known = this.opened.get(ref);
    if (known !== undefined) return known;
    const opening = this.open(ref);
    this.opened.set(ref, opening);
    return opening;
  }

  /** Opens an environment and sets it up: one whose set-up failed is no environment. */
  private async open(ref: string | null): Promise<Environment> {
    const { environments } = this.run.services;
    const spec = this.spec();
    if (this.sandboxed && inheritsMachine(spec.options)) {
      throw new RunError(
        "`environment.includeOsEnv` would hand all variables of this machine, credentials too, to the sandbox: name the variables in `environment.env`.",
        "run/spec",
      );
    }
    await this.noteWritable(spec);
    const environment = await environments.open(ref, spec, this.run.signal);
    const created = environment.created || !this.sandboxed;
    if (this.grants === null) return environment;
    const site = this.site(this.grants);
    const commands = setUpCommands(site, created);
    if (commands.length === 0) return environment;
    try {
      this.requireBash("cmd", "Set-up");
      const cwd = this.sandboxed ? undefined : this.module.folder;
      await setUp(commands, environment, site, this.run, this.module, cwd);
      if (created) await environment.settled?.(this.run.signal);
      return environment;
    } catch (error) {
      await environments.close(environment, environment.created ? "release" : "keep");
      throw error;
    }
  }

  private async noteWritable({ fs }: EnvironmentSpec): Promise<void> {
    if (!this.sandboxed) return;
    for (const { host, mode } of fs.mounts ?? [])
      if (mode === "rw") this.run.sandboxWritable.add((await this.run.services.files.resolved(host)).real);
  }

  /** Saves the project's files at the end of the block, where its config says so. */
  async saveArchive(): Promise<void> {
    if (this.grants !== null) await saveArchive(this.site(this.grants), this.run);
  }

  private site(grants: Grants): SpecSite {
    const { root, home } = this.run.services.settings;
    return {
      options: grants.options,
      evaluate: this.evaluates,
      sandboxed: this.sandboxed,
      net: grants.net,
      mounted: new Set(grants.fs.mounts?.flatMap(({ container }) => container ?? [])),
      folder: this.module.folder,
      root,
      home,
    };
  }

  private get evaluates(): boolean {
    return this.run.services.settings.evaluate === true || this.grants?.options.evaluate === true;
  }

  /** Ends what this block opened, on every way out of it. */
  async close(): Promise<void> {
    const opened = [...this.opened.values()];
    this.opened.clear();
    for (const opening of opened) {
      let environment: Environment;
      try {
        environment = await opening;
      } catch {
        // It never came to be, and whoever asked for it was told.
        continue;
      }
      await this.run.services.environments.close(environment, this.keeps(environment) ? "keep" : "release");
    }
  }

  /** The path that a path of the host has inside the environment; null when nothing that holds it is granted. */
  inside(path: string): string | null {
    if (!this.sandboxed) return path;
    const spec = this.spec();
    for (const mount of spec.fs.mounts ?? []) {
      const below = relative(mount.host, path);
      if (below.startsWith("..") || isAbsolute(below)) continue;
      const base = mount.container ?? defaultPlace(mount.host, spec);
      return below === "" ? base : `${base}/${below.replaceAll("\\", "/")}`;
    }
    return null;
  }

  private sharesParent(): boolean {
    const { parent } = this;
    if (parent === null || parent.provider !== this.provider) return false;
    if (parent.grants === null || this.grants === null) return !this.sandboxed && this.grants === null;
    return sameEnvironment(this.grants, parent.grants);
  }

  /** `name` means kept, unless `keep: false` and this run made it. */
  private keeps(environment: Environment): boolean {
    if (this.run.services.settings.keep) return true;
    if (!environment.created) return true;
    const { keep, name } = this.grants ?? {};
    return keep ?? name !== undefined;
  }

  private spec(): EnvironmentSpec {
    const { grants, module } = this;
    const { net } = grants ?? NOTHING_SET;
    const { settings } = this.run.services;
    const spec: EnvironmentSpec = {
      generatedName: this.generatedName,
      fs: grants?.fs ?? NOTHING_SET.fs,
      net,
      limits: grants?.limits ?? {},
      folder: module.folder,
      workspace: settings.root,
      file: module.path,
      configHash: grants === null ? "none" : configHash(this.hashed(grants)),
      options: grants?.options ?? {},
    };
    if (inheritsMachine(spec.options) === false) spec.inherits = "basic";
    if (grants !== null && setUpCommands({ options: spec.options, evaluate: this.evaluates }, true).length > 0)
      spec.setUp = true;
    if (this.line !== null) spec.line = this.line;
    if (grants !== null && grants.tools !== null) spec.tools = spelled(grants.tools, grants.options.tools);
    if (grants?.name !== undefined) spec.name = grants.name;
    if (grants?.from !== undefined) spec.from = grants.from;
    if (grants?.image !== undefined) spec.image = grants.image;
    else if (settings.image !== "" && this.sandboxed && grants?.build === undefined) spec.image = settings.image;
    if (grants?.build !== undefined) spec.build = grants.build;
    if (grants?.workdir !== undefined) spec.workdir = grants.workdir;
    if (grants?.user !== undefined) spec.user = grants.user;
    else if (this.evaluates && grants?.options.spec !== undefined) spec.user = EVALUATION_USER;
    if (grants?.ports !== undefined) spec.ports = grants.ports;
    if (grants?.tty !== undefined) spec.tty = grants.tty;
    return spec;
  }

  /**
   * An environment with the evaluation's set-up is another one than the agent's. A sprite that is put back to one of its own checkpoints is
   * the same one.
   */
  private hashed(grants: Grants): Grants {
    const options = {
      ...grants.options,
      ...(this.evaluates && { evaluate: true }),
      ...(providerKind(this.provider) === "sprites" && { from: undefined }),
    };
    return { ...grants, options };
  }

  private readonly generatedName = `mlld-${randomBytes(5).toString("hex")}`;
}

/** Tools are compared folded; people see them as the config spells them. */
function spelled(tools: readonly string[], written: unknown): string[] {
  const spellings = new Map(
    (Array.isArray(written) ? written.map(String) : []).map(name => [name.toLowerCase(), name]),
  );
  return tools.map(tool => spellings.get(tool) ?? tool);
}

/** Where a host path lies in a sandbox when its grant does not say: below the workspace, or at its own path. */
function defaultPlace(host: string, spec: EnvironmentSpec): string {
  const below = relative(spec.folder, host);
  if (below.startsWith("..") || isAbsolute(below)) return host;
  return join(spec.workdir ?? "/workspace", below)
    .replaceAll("\\", "/")
    .replace(/\/$/, "");
}
