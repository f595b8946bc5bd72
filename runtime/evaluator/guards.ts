/**
 * Guards: rules that look at an operation before or after it. They allow it (perhaps with another value), deny it, ask for another
 * try, or choose the environment that it runs in; what they choose is done by the operation itself, once.
 */

import type { GuardStatement, HookStatement, ObjectExpression, WithExpression } from "../../language/syntax/tree";
import type { Context, Operation } from "./context";
import { DeniedError, denialFor, type GuardDecision } from "./errors";
import { evaluatePlain } from "./expressions";
import type { Guard } from "./guard-registry";
import { type Attempt, type Decision, decide, MOST_TRIES, type Subject } from "./guard-rules";
import { mergeSecurity, NO_SECURITY, type Security } from "./security";
import { plain, UNDEFINED, Value } from "./value";

export async function defineGuard(statement: GuardStatement, context: Context): Promise<null> {
  const option = statement.with?.properties.find(
    property => property.kind === "Property" && property.key.name === "privileged",
  );
  const privileged =
    option?.kind === "Property" && option.value !== null
      ? (await evaluatePlain(option.value, context)) === true
      : false;
  context.run.guards.add({
    name: statement.name?.name ?? null,
    timing: statement.timing,
    filter: statement.filter,
    rules: statement.rules,
    privileged: statement.privileged || privileged,
    module: context.module,
  });
  return null;
}

export function defineHook(statement: HookStatement, context: Context): null {
  context.run.guards.hooks.push({ statement, module: context.module });
  return null;
}

export const FIRST: Attempt = { number: 1, hints: [] };

/** `with { guards: false }`, `{ guards: { only: [...] } }`, `{ guards: { except: [...] } }`: which guards look at the operation. */
export async function guardOptions(node: WithExpression, context: Context): Promise<Partial<Context>> {
  for (const property of node.clause.properties) {
    if (property.kind === "Spread" || property.key.name !== "guards" || property.value === null) continue;
    if (property.value.kind === "ObjectExpression") {
      const names = async (key: string) => {
        const entry = (property.value as ObjectExpression).properties.find(
          part => part.kind === "Property" && part.key.name === key,
        );
        return entry?.kind === "Property" && entry.value !== null
          ? namesOf(await evaluatePlain(entry.value, context))
          : null;
      };
      return { guardChoice: { only: await names("only"), except: (await names("except")) ?? new Set() } };
    }
    if ((await evaluatePlain(property.value, context)) === false) {
      await context.run.warn("Guards are off for one operation (with { guards: false }), except privileged ones");
      return { guardChoice: { only: new Set(), except: new Set() } };
    }
  }
  return {};
}

function namesOf(value: unknown): Set<string> {
  return new Set((Array.isArray(value) ? value : [value]).map(name => String(name).replace(/^@/, "")));
}

/** Whether the operation's own choice of guards takes this one. A privileged guard cannot be left out. */
function isWanted(guard: Guard, context: Context): boolean {
  const { guardChoice } = context;
  if (guardChoice === null || guard.privileged) return true;
  if (guardChoice.only !== null) return guard.name !== null && guardChoice.only.has(guard.name);
  return guard.name === null || !guardChoice.except.has(guard.name);
}

/** Filters by label look at one value; filters by operation at the operation. */
function concerns(guard: Guard, operation: Operation, security: Security): boolean {
  const { filter } = guard;
  switch (filter.filter) {
    case "operation":
      return operationMatches(filter.name, operation);
    case "function":
      return (operation.type === "exe" || operation.type === "pipeline-stage") && operation.name === filter.name;
    case "label":
      return (
        security.labels.includes(filter.name) ||
        security.taint.includes(filter.name) ||
        operation.labels.includes(filter.name)
      );
  }
}

export function operationMatches(name: string, operation: Operation): boolean {
  const [type, ...path] = name.split(/[.:]/);
  const types = [operation.type, operation.subtype];
  // A stage of a pipeline is a call, too.
  if (operation.type === "pipeline-stage") types.push("exe");
  if (!types.includes(type!)) return false;
  if (path.length === 0) return true;
  const words = operation.command?.trim().split(/\s+/) ?? [];
  return path.every((part, at) => words[at] === part);
}

export interface Guarded {
  inputs: Value[];
  environment: Value | null;
  trace: GuardDecision[];
}

/** The guards before an operation, on each input and on the whole. Throws a `DeniedError`, or a `RetryRequest` for a pipeline. */
export async function guardBefore(operation: Operation, inputs: readonly Value[], context: Context): Promise<Guarded> {
  const result: Guarded = { inputs: [...inputs], environment: null, trace: [] };
  if (!isGuarded(context)) return result;
  let denial: DeniedError | null = null;
  const reasons: string[] = [];
  const hints: string[] = [];
  const attempt: Attempt = { number: context.ambient.pipeline?.attempt ?? 1, hints: [] };
  const take = (guard: Guard, decision: Decision, index: number) => {
    result.trace.push(traceOf(guard, decision));
    if (decision.kind === "deny") {
      denial ??= denialOf(guard, decision.reason, operation);
      reasons.push(decision.reason);
    } else if (decision.kind === "env") result.environment ??= decision.config;
    else if (decision.kind === "retry") hints.push(decision.hint);
    else if (decision.value !== null && decision.kind === "allow") {
      result.inputs[index] = carried(decision.value, result.inputs[index] ?? UNDEFINED, guard);
      context.transformed?.add(guard);
    }
  };
  for (const guard of context.run.guards.at("before").filter(candidate => isWanted(candidate, context))) {
    if (context.transformed?.has(guard) && operation.type !== "exe" && operation.type !== "pipeline-stage") continue;
    if (guard.filter.filter === "label") {
      const labelled = result.inputs.flatMap((input, index) =>
        concerns(guard, { ...operation, labels: [] }, input.security) ? [index] : [],
      );
      const indexes = labelled.length > 0 ? labelled : concerns(guard, operation, NO_SECURITY) ? [0] : [];
      for (const index of indexes) {
        const input = result.inputs[index] ?? UNDEFINED;
        const subject: Subject = {
          operation,
          inputs: labelled.length > 0 ? [input] : result.inputs,
          output: null,
          timing: "before",
          attempt,
        };
        const merged = labelled.length > 0 ? input : merge(result.inputs);
        const decision = await decide(guard, subject, merged, context);
        if (decision !== null) take(guard, decision, index);
      }
      continue;
    }
    if (!concerns(guard, operation, NO_SECURITY)) continue;
    const subject: Subject = { operation, inputs: result.inputs, output: null, timing: "before", attempt };
    const decision = await decide(guard, subject, merge(result.inputs), context);
    if (decision !== null) take(guard, decision, 0);
  }
  // A denial counts more than the wish for another try.
  if (denial !== null) throw denialWith(denial, reasons, hints, result.trace, inputs);
  // Only a stage of a pipeline can be tried again; anywhere else the wish is a denial.
  if (hints.length > 0) {
    const request = new RetryRequest(hints[0]!, result.trace);
    throw context.ambient.pipeline === null ? request.refused() : request;
  }
  return result;
}

function denialWith(
  { message, denial }: DeniedError,
  reasons: readonly string[],
  hints: readonly string[],
  trace: readonly GuardDecision[],
  inputs: readonly Value[],
): DeniedError {
  const { labels, taint } = mergeSecurity(...inputs.map(input => input.security));
  const facts = { reasons, hints: hints.map(hint => ({ hint })), trace, labels, taint };
  return new DeniedError(message, "GUARD_DENIED", { ...denial, ...facts });
}

/** One value that stands for all inputs: the only one, or a list with what is said of each. */
function merge(inputs: readonly Value[]): Value {
  return inputs.length === 1 ? inputs[0]! : new Value([...inputs], NO_SECURITY, { quantified: true });
}

/** The guards after an operation, on its output. */
export async function guardAfter(
  operation: Operation,
  output: Value,
  context: Context,
  attempt: Attempt,
  inputs: readonly Value[] | null = null,
): Promise<Value> {
  let value = output;
  for (const guard of context.run.guards.at("after").filter(candidate => isWanted(candidate, context))) {
    if (!concerns(guard, operation, value.security)) continue;
    const decision = await decide(
      guard,
      { operation, inputs: inputs ?? [value], output: value, timing: "after", attempt },
      value,
      context,
    );
    if (decision === null) continue;
    if (decision.kind === "deny") throw denialOf(guard, decision.reason, operation);
    if (decision.kind === "retry") throw new RetryRequest(decision.hint);
    if (decision.kind === "allow" && decision.value !== null) value = carried(decision.value, value, guard);
  }
  return value;
}

/** A guard asks for another try. */
export class RetryRequest {
  constructor(
    readonly hint: string,
    readonly trace: readonly GuardDecision[] = [],
  ) {}

  /** The same wish where nothing can be made again. */
  refused(): DeniedError {
    const message = `Guard retry failed, there is no pipeline to try again: ${this.hint}`;
    return new DeniedError(message, "GUARD_DENIED", { ...denialFor(this.hint), hints: [{ hint: this.hint }] });
  }
}

/** An entry of `@p.guards`: what the guards of one operation decided. */
export function guardEntry(operation: string | null, trace: readonly GuardDecision[]): unknown {
  const hints = trace.flatMap(({ hint }) => (hint === null ? [] : [{ hint }]));
  return { operation, trace: [...trace], hints };
}

/** Runs an operation and its after guards, again as often as they ask for. */
export async function withAfterGuards(
  operation: Operation,
  context: Context,
  work: () => Promise<Value>,
  inputs: readonly Value[] | null = null,
): Promise<Value> {
  if (!isGuarded(context)) return work();
  const hints: string[] = [];
  for (let number = 1; ; number++) {
    const output = await work();
    try {
      return await guardAfter(operation, output, context, { number, hints }, inputs);
    } catch (cause) {
      if (!(cause instanceof RetryRequest)) throw cause;
      hints.push(cause.hint);
      if (number >= MOST_TRIES) {
        throw new DeniedError(`Guard retry limit exceeded: ${cause.hint}`, "GUARD_DENIED");
      }
    }
  }
}

/** A replacement keeps what is known of the value that it stands for, unless a privileged guard made it. */
function carried(replacement: Value, original: Value, guard: Guard): Value {
  return guard.privileged ? replacement : replacement.adding(original.security);
}

function denialOf(guard: Guard, reason: string, operation: Operation): DeniedError {
  const name = guard.name ?? `${guard.filter.filter === "operation" ? "op:" : ""}${guard.filter.name}`;
  return new DeniedError(`Guard ${name} denied ${operation.name ?? operation.type}: ${reason}`, "GUARD_DENIED", {
    ...denialFor(reason),
    guard: guard.name,
    filter: guard.filter.name,
  });
}

function traceOf(guard: Guard, decision: Decision): Guarded["trace"][number] {
  return {
    guardName: guard.name,
    decision: decision.kind,
    reason: decision.kind === "deny" ? decision.reason : null,
    hint: decision.kind === "retry" ? decision.hint : null,
    replacement: decision.kind === "allow" && decision.value !== null ? plain(decision.value) : null,
  };
}

/** Rules themselves are not guarded. */
export function isGuarded(context: Context): boolean {
  return !context.guarding && !context.run.guards.empty;
}
