/** The rules of a guard: what they see, and what they decide. */
import type { Action, GuardAction } from "../../language/syntax/tree";
import { isPlainObject } from "../../language/values";
import { type Context, inAmbient, type Operation } from "./context";
import { DeniedError, RunError } from "./errors";
import { evaluate, evaluatePlain, relabelled } from "./expressions";
import type { Guard } from "./guard-registry";
import { Scope } from "./scope";
import { mergeSecurity, NO_SECURITY, withLabels, withoutLabels } from "./security";
import { makeValue, plain, textOf, UNDEFINED, Value } from "./value";
import { matchingEntry } from "./when";

/** What `@mx.guard` and `@mx.labels` show inside a rule. */
export interface Guarding {
  facts: Record<string, unknown>;
  labels: readonly string[];
  taint: readonly string[];
  sources: readonly string[];
}

/** How often a guard may ask for another try. */
export const MOST_TRIES = 3;

export type Decision =
  | { kind: "allow"; value: Value | null }
  | { kind: "deny"; reason: string }
  | { kind: "retry"; hint: string }
  | { kind: "env"; config: Value };

export interface Attempt {
  number: number;
  hints: string[];
}

/** What a guard looks at. */
export interface Subject {
  operation: Operation;
  inputs: readonly Value[];
  output: Value | null;
  timing: "before" | "after";
  attempt: Attempt;
}

/** Evaluates one guard's rules; null when no rule matches, which allows. */
export async function decide(guard: Guard, subject: Subject, input: Value, context: Context): Promise<Decision | null> {
  const { operation, timing, attempt, output } = subject;
  const security = mergeSecurity(input.security, output?.security);
  const scope = new Scope("when", guard.module.scope);
  const ruleInput = guard.filter.filter === "label" ? input : inputsValue(subject.inputs);
  scope.bind("input", ruleInput, "parameter");
  scope.bind("output", timing === "after" ? input : makeValue(null), "parameter");
  const guarding: Guarding = {
    facts: {
      name: guard.name,
      timing,
      filter: guard.filter.filter === "operation" ? `op:${guard.filter.name}` : guard.filter.name,
      reason: null,
      try: attempt.number,
      tries: attempt.hints.map((hint, index) => ({ attempt: index + 1, decision: "retry", hint })),
      hintHistory: [...attempt.hints],
      hint: attempt.hints.at(-1) ?? null,
      max: MOST_TRIES,
    },
    labels: [...new Set([...security.labels, ...operation.labels])],
    taint: security.taint,
    sources: security.sources,
  };
  const inner: Context = {
    ...inAmbient({ ...context, scope, module: guard.module }, { operation, guard: guarding }),
    guarding: true,
    topLevel: false,
    returns: false,
    lenient: false,
  };
  const entry = await matchingEntry(guard.rules, inner);
  return entry === null ? null : decisionOf(entry.action, guard, timing, ruleInput, inner);
}

function inputsValue(inputs: readonly Value[]): Value {
  return new Value([...inputs], NO_SECURITY, { quantified: true });
}

async function decisionOf(
  action: Action,
  guard: Guard,
  timing: "before" | "after",
  input: Value,
  context: Context,
): Promise<Decision> {
  if (action.kind !== "GuardAction") {
    if (action.kind === "LabelExpression") {
      const value = await evaluate(action.value, context);
      requirePrivilege(guard, action.modifier);
      return {
        kind: "allow",
        value: relabelled(
          value,
          action.modifier,
          action.labels.map(label => label.name),
        ),
      };
    }
    return { kind: "allow", value: await evaluate(action, context) };
  }
  switch (action.action) {
    case "deny":
      return { kind: "deny", reason: action.value === null ? "denied" : textOf(await evaluate(action.value, context)) };
    case "retry":
      return { kind: "retry", hint: action.value === null ? "" : textOf(await evaluate(action.value, context)) };
    case "env":
      if (timing === "after") throw new RunError("Guard env actions apply only before execution", "ENV_CONFIG_INVALID");
      return { kind: "env", config: await environmentConfig(action, context) };
    case "allow":
      return { kind: "allow", value: await allowedValue(action, guard, input, context) };
  }
}

async function environmentConfig(action: GuardAction, context: Context): Promise<Value> {
  const config = action.value === null ? UNDEFINED : await evaluate(action.value, context);
  if (!isPlainObject(config.data)) throw new RunError("Guard env config must be an object", "ENV_CONFIG_INVALID");
  return config;
}

async function allowedValue(action: GuardAction, guard: Guard, input: Value, context: Context): Promise<Value | null> {
  let value = action.value === null ? null : await evaluate(action.value, context);
  if (value !== null && action.value?.kind === "LabelExpression") requirePrivilege(guard, action.value.modifier);
  for (const property of action.with?.properties ?? []) {
    if (property.kind === "Spread" || property.value === null) continue;
    const option = await evaluatePlain(property.value, context);
    const labels = Array.isArray(option) ? option.map(String) : [];
    const subject: Value =
      value ??
      (Array.isArray(input.data) && input.facts.quantified ? ((input.data[0] as Value | undefined) ?? input) : input);
    if (property.key.name === "addLabels") value = subject.with(withLabels(subject.security, labels));
    else if (property.key.name === "removeLabels") {
      if (!guard.privileged) requirePrivilege(guard, "remove");
      value = new Value(plain(subject), withoutLabels(subject.security, labels), subject.facts);
    } else if (property.key.name === "warning") await context.run.warn(String(option));
  }
  return value;
}

/** Taking labels off and trusting is for guards that say so. */
function requirePrivilege(guard: Guard, modifier: "add" | "trust" | "remove" | "clear"): void {
  if (modifier === "add" || guard.privileged) return;
  throw new DeniedError(
    `Only a privileged guard may remove labels (${guard.name ?? guard.filter.name})`,
    "LABEL_PRIVILEGE_REQUIRED",
  );
}
