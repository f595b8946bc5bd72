/** Where an evaluation stands. Contexts are values: an inner construct gets a changed copy. */
import type { Granted } from "./auth";
import type { ActiveEnvironment } from "./environments";
import type { Denial } from "./errors";
import type { Executable } from "./executable";
import type { Guard } from "./guard-registry";
import type { Guarding } from "./guard-rules";
import type { Module } from "./module";
import type { Run } from "./run";
import { Scope, type ScopeKind } from "./scope";
import type { Value } from "./value";

export interface Context {
  readonly run: Run;
  readonly module: Module;
  readonly scope: Scope;
  readonly environment: ActiveEnvironment;
  readonly ambient: Ambient;
  /** Executables that are being called, innermost first. */
  readonly calls: CallFrame | null;
  /** Undefined names are values here (conditions, `??`), not errors. */
  readonly lenient: boolean;
  /** True at the top level of the program and in loops and branches there: calls print their results. */
  readonly topLevel: boolean;
  /** True inside an executable or env block: a `when` with a value returns from it. */
  readonly returns: boolean;
  /** True while a guard or hook runs: it is not guarded itself. */
  readonly guarding: boolean;
  /** True in parallel loops and groups: commands run beside others, and none of them reads the run's input. */
  readonly parallel: boolean;
  /** Names that `with { guards: { only, except } }` chose; null for all guards. */
  readonly guardChoice: { only: ReadonlySet<string> | null; except: ReadonlySet<string> } | null;
  /** Guards that changed a value of the current statement: each does it once. */
  readonly transformed: Set<Guard> | null;
  /** What `run @f() using …` gives to the commands of a call. */
  readonly granted: Granted;
  /** Paths of the modules that are being loaded, outermost first. */
  readonly loading: readonly string[];
}

export interface CallFrame {
  readonly executable: Executable;
  readonly caller: CallFrame | null;
}

/** What `@mx`, `@input` and `@p` show. */
export interface Ambient {
  readonly pipeline: PipelineFacts | null;
  readonly loop: { iteration: number; input: Value } | null;
  readonly iteration: { index: number; total: number; key: string | null; parallel: boolean } | null;
  readonly guard: Guarding | null;
  /** The operation that guards and policy judge. */
  readonly operation: Operation | null;
  readonly profile: string | null;
  /** Set where a call was denied and its body handles `denied`. */
  readonly denied: Denial | null;
}

export interface Operation {
  /** `run`, `exe`, `show`, `output`, `var`, … */
  type: string;
  /** `cmd`, `sh`, `js`, …; for `exe` its name. */
  subtype: string | null;
  name: string | null;
  command: string | null;
  labels: readonly string[];
}

export interface PipelineFacts {
  /** 1-based attempt of this stage. */
  readonly attempt: number;
  /** 1-based. */
  readonly stage: number;
  readonly input: Value;
  readonly hint: Value | null;
  /** Outputs so far, the source first. */
  readonly outputs: readonly Value[];
  /** All lists of outputs that were made again. */
  readonly retries: Value;
  /** Outputs that were made again at the request of a stage. */
  readonly tries: Value;
  /** Guard decisions so far. */
  readonly guards: readonly unknown[];
}

export const NO_AMBIENT: Ambient = {
  pipeline: null,
  loop: null,
  iteration: null,
  guard: null,
  operation: null,
  profile: null,
  denied: null,
};

export function inScope(context: Context, kind: ScopeKind, writesOut = true): Context {
  return { ...context, scope: new Scope(kind, context.scope, writesOut) };
}

export function inAmbient(context: Context, change: Partial<Ambient>): Context {
  return { ...context, ambient: { ...context.ambient, ...change } };
}

export function leniently(context: Context): Context {
  return context.lenient ? context : { ...context, lenient: true };
}

export function strictly(context: Context): Context {
  return context.lenient ? { ...context, lenient: false } : context;
}
