/** Calls executables of a module from outside a program: how a provider written in mlld is asked to work. */
import { dirname } from "node:path";
import { modeOf, parse } from "../../language/syntax";
import { ProviderError } from "../providers/provider";
import { NOTHING_GRANTED } from "./auth";
import { invoke } from "./calls";
import { type Context, NO_AMBIENT } from "./context";
import { ActiveEnvironment } from "./environments";
import { RunError } from "./errors";
import { Executable } from "./executable";
import { runStatements } from "./flow";
import { Module } from "./module";
import { Run } from "./run";
import type { RunServices } from "./services";
import { makeValue, plain } from "./value";

/** As much of its commands' standard error goes into the error of a call that fails, of its end. */
const LONGEST_COMPLAINT = 2_000;

/** A module that was loaded once. Its own commands run locally, without guards; what it prints is not the program's. */
export class ModuleRunner {
  private constructor(
    private readonly module: Module,
    private readonly services: RunServices,
  ) {}

  /** Throws a `ProviderError` for a file that is missing or does not parse, else what running the module throws. */
  static async load(path: string, services: RunServices): Promise<ModuleRunner> {
    const text = await services.files.read(path);
    if (text === null) throw new ProviderError("ENV_PROVIDER_NOT_FOUND", `The provider module ${path} does not exist`);
    const file = parse(text, modeOf(path));
    const [fault] = file.errors;
    if (fault !== undefined) {
      const line = text.slice(0, fault.start).split("\n").length;
      throw new ProviderError(
        "ENV_PROVIDER_NOT_FOUND",
        `The provider module ${path} does not parse: line ${line}: ${fault.message}`,
      );
    }
    const module = new Module(path, dirname(path), file, false);
    const runner = new ModuleRunner(module, services);
    await runner.within(new AbortController().signal, async context => {
      await runStatements(file.statements, context);
    });
    return runner;
  }

  /** What a name is for those who import it. */
  exported(name: string): "executable" | "value" | "missing" {
    const binding = this.module.exported(name);
    if (binding === undefined) return "missing";
    return binding.value.data instanceof Executable ? "executable" : "value";
  }

  /** Calls an exported executable with plain data. A command of it that fails is a failure of the call. */
  call(name: string, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const executable = this.module.exported(name)?.value.data;
    if (!(executable instanceof Executable)) throw new RunError(`@${name} is not an executable`);
    return this.within(signal, async context => {
      const values = args.map(arg => makeValue(arg));
      return plain(await invoke(executable, values, context));
    });
  }

  private async within<T>(signal: AbortSignal, work: (context: Context) => Promise<T>): Promise<T> {
    let said = "";
    const { emit } = this.services;
    const services: RunServices = {
      ...this.services,
      emit: event => {
        if (event.event === "stderr") said = (said + event.text).slice(-LONGEST_COMPLAINT);
        return emit(event);
      },
    };
    const run = new Run(services, signal, false, null, null);
    const environment = new ActiveEnvironment(run, null, null, null, null, this.module);
    const context: Context = {
      run,
      module: this.module,
      scope: this.module.scope,
      environment,
      ambient: NO_AMBIENT,
      calls: null,
      lenient: false,
      topLevel: false,
      returns: false,
      guarding: true,
      parallel: false,
      transformed: null,
      guardChoice: null,
      granted: NOTHING_GRANTED,
      loading: [this.module.path],
    };
    try {
      const result = await work(context);
      const [failure] = run.failures;
      if (failure !== undefined) throw new RunError(failure.message, failure.code);
      return result;
    } catch (error) {
      // Nobody has seen what its commands complained about.
      if (error instanceof RunError && said.trim() !== "") error.message += `\n${said.trim()}`;
      throw error;
    } finally {
      await environment.close();
      await run.dispose();
    }
  }
}
