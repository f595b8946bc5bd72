/** Names: scopes first, then what mlld defines itself. */
import { infer, transformer } from "../../language/values";
import type { Ambient, Context } from "./context";
import { Executable } from "./executable";
import { mergedPolicies } from "./policy-facts";
import { NO_SECURITY } from "./security";
import { makeValue, type Value } from "./value";

/** The value of a name; null when nothing of that name is known. */
export function lookup(name: string, context: Context): Value | null {
  const binding = context.scope.find(name);
  if (binding !== undefined) return binding.value;
  return RESERVED.get(name)?.(context) ?? builtin(name);
}

function builtin(name: string): Value | null {
  const found = transformer(name);
  if (found === undefined) return null;
  return makeValue(new Executable(name, ["input"], [], { kind: "transformer", transformer: found }));
}

const RESERVED = new Map<string, (context: Context) => Value | null>([
  ["base", context => makeValue(context.run.services.settings.root)],
  ["root", context => makeValue(context.run.services.settings.root)],
  ["now", () => makeValue(new Date().toISOString())],
  ["mx", context => makeValue(ambientFacts(context))],
  ["p", pipelineValue],
  ["pipeline", pipelineValue],
  ["input", inputValue],
  ["output", () => null],
  ["payload", context => makeValue(context.run.services.settings.payload)],
  ["state", () => makeValue({})],
  ["debug", context => makeValue({ project: context.run.services.settings.root, file: context.module.path })],
  ["fm", context => makeValue(context.module.frontmatter)],
  ["frontmatter", context => makeValue(context.module.frontmatter)],
]);

/** `@input`: a pipeline's value, a loop's state, else the run's standard input and the allowed variables. */
function inputValue(context: Context): Value | null {
  const { pipeline, loop } = context.ambient;
  if (pipeline !== null) return pipeline.input;
  if (loop !== null) return loop.input;
  const { input } = context.run.services.settings;
  const allowed = allowedInput(context);
  if (allowed !== null || input === null) return makeValue(allowed ?? input);
  const data = infer(input, "structures");
  return makeValue(data, NO_SECURITY, typeof data === "string" ? {} : { text: input });
}

function allowedInput(context: Context): Record<string, unknown> | null {
  const { settings } = context.run.services;
  const security = settings.config.security as { allowedEnvVars?: unknown } | undefined;
  if (!Array.isArray(security?.allowedEnvVars) || security.allowedEnvVars.length === 0) return null;
  const allowed: Record<string, unknown> = {};
  for (const name of security.allowedEnvVars) {
    if (typeof name === "string" && name.startsWith("MLLD_") && settings.variables[name] !== undefined) {
      allowed[name] = settings.variables[name];
    }
  }
  return { ...inputFields(settings.input), ...allowed };
}

/** JSON on standard input gives its fields. */
export function inputFields(input: string | null): Record<string, unknown> {
  if (input === null) return {};
  try {
    const parsed: unknown = JSON.parse(input);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // Plain text: it has one name.
  }
  return { content: input };
}

function pipelineValue(context: Context): Value | null {
  const { pipeline } = context.ambient;
  return pipeline === null ? null : makeValue(pipelineFacts(pipeline));
}

function pipelineFacts(pipeline: NonNullable<Ambient["pipeline"]>): Record<string, unknown> {
  const facts: Record<string, unknown> = {
    try: pipeline.attempt,
    stage: pipeline.stage,
    input: pipeline.input,
    hint: pipeline.hint ?? null,
    length: pipeline.outputs.length,
    guards: pipeline.guards,
    tries: pipeline.tries,
    retries: { all: pipeline.retries },
  };
  pipeline.outputs.forEach((output, index) => {
    facts[String(index)] = output;
    facts[String(index - pipeline.outputs.length)] = output;
  });
  return facts;
}

/** `@mx`, also `mx` inside `js`. */
export function ambientFacts(context: Context): Record<string, unknown> {
  const { pipeline, loop, iteration, guard, operation, profile, denied } = context.ambient;
  return {
    try: pipeline?.attempt ?? 1,
    stage: pipeline?.stage ?? 0,
    input: pipeline?.input ?? loop?.input ?? null,
    hint: pipeline?.hint ?? null,
    profile: profile ?? context.run.policy.profile,
    errors: context.run.errors,
    for: iteration === null ? null : { ...iteration },
    loop: loop === null ? null : { iteration: loop.iteration },
    op: operation === null ? null : { ...operation },
    labels: guard?.labels ?? denied?.labels ?? [],
    taint: guard?.taint ?? denied?.taint ?? [],
    sources: guard?.sources ?? [],
    guard:
      guard?.facts ??
      (denied === null
        ? null
        : {
            decision: "deny",
            name: denied.guard,
            filter: denied.filter,
            reason: denied.reason,
            reasons: denied.reasons,
            hints: denied.hints,
            trace: denied.trace,
            try: pipeline?.attempt ?? 1,
          }),
    hooks: { errors: context.run.hookErrors },
    policy: {
      activePolicies: context.run.policy.names,
      configs: mergedPolicies(context.run.policyValues.map(policy => policy.value)),
    },
    tools: { allowed: context.environment.toolNames(), denied: [], calls: context.run.policy.calls, history: [] },
  };
}
