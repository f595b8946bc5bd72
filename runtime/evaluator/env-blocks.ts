/** `env CONFIG with {…} […]` and the environment that a guard chooses: merged, compared, opened, released. */

import { pathToFileURL } from "node:url";
import {
  enterBlock,
  fromValue,
  grantsOf,
  type PathContext,
  type Policy,
  readPolicy,
  specPath,
  TOP_LEVEL,
  unitePolicies,
} from "../../language/environment";
import type { Place } from "../../language/place";
import type { EnvExpression, Node } from "../../language/syntax/tree";
import { isPlainObject } from "../../language/values";
import { requireCredentials } from "./auth";
import { type Context, inAmbient } from "./context";
import { configData } from "./derived-config";
import { ActiveEnvironment } from "./environments";
import { DeniedError, RunError } from "./errors";
import { evaluate, objectValue } from "./expressions";
import { evaluateBlock } from "./flow";
import { readMcpConfig } from "./mcp-config";
import type { FileAccess } from "./services";
import { elementOf, plain, type Value } from "./value";

/** Runs the block in its environment. What it opened is closed on every way out. */
export async function enterEnvironment(node: EnvExpression, context: Context): Promise<Value> {
  const config = node.config === null ? null : await evaluate(node.config, context);
  if (config !== null && !isPlainObject(config.data)) {
    throw new RunError(`${node.keyword} config must be an object.`, "env/config-not-object");
  }
  const withValue =
    node.with === null
      ? null
      : await objectValue(
          { kind: "ObjectExpression", start: node.with.start, end: node.with.end, properties: node.with.properties },
          context,
        );
  const label = node.config?.kind === "VariableReference" ? `@${node.config.name}` : undefined;
  const active = await activate(config, withValue, placeOf(node, context), label, context);
  try {
    const inner = inAmbient(
      { ...context, environment: active },
      { profile: active.facts?.profile ?? context.ambient.profile },
    );
    await readMcpConfig(config, inner);
    if (active.sandboxed) {
      await requireCredentials(node.body, inner);
      await active.live();
    }
    const value = await evaluateBlock(node.body, inner);
    await saveSnapshot(active, context);
    if (node === context.run.block) context.run.blockValue = value;
    return value;
  } finally {
    await active.close();
  }
}

/** What a block that came to its end leaves behind is saved: `snapshot: "name"` for `from` of a later one, an object as an archive. */
async function saveSnapshot(active: ActiveEnvironment, { run }: Context): Promise<void> {
  await active.saveArchive();
  const name = active.grants?.options.snapshot;
  if (typeof name !== "string" || name === "") return;
  const environment = await active.live();
  if (!environment.snapshot) {
    throw new RunError(
      `provider ${active.provider ?? "local"} makes no snapshots; leave snapshot out`,
      "run/snapshot-unsupported",
    );
  }
  const { ref } = await environment.snapshot(name, run.signal);
  await run.services.emit({ event: "progress", message: `snapshot saved: from: "${ref}" restores it` });
}

/** A guard's choice: the environment of one command. */
export async function chooseEnvironment(
  config: Value,
  node: Node,
  context: Context,
  work: (context: Context) => Promise<Value>,
): Promise<Value> {
  const active = await activate(config, null, placeOf(node, context), "the guard's environment", context);
  try {
    return await work({ ...context, environment: active });
  } finally {
    await active.close();
  }
}

function placeOf(node: Node, context: Context): Place {
  return { uri: pathToFileURL(context.module.path).href, start: node.start, end: node.end };
}

/** The algebra on concrete values: a config that is wider than the environment around it is refused with the checker's own words. */
async function activate(
  config: Value | null,
  withValue: Value | null,
  place: Place,
  label: string | undefined,
  context: Context,
): Promise<ActiveEnvironment> {
  const { run, environment: parent } = context;
  const { root, home } = run.services.settings;
  const paths = await withSpecFile({ folder: context.module.folder, root, home }, config, run.services.files);
  const policy = policyOf(context, paths);
  const facts = enterBlock({
    parent: enclosing(parent) ?? TOP_LEVEL,
    config: config === null ? null : fromValue(configData(config)),
    with: withValue === null ? null : fromValue(configData(withValue)),
    place,
    paths,
    ...(label === undefined ? {} : { label }),
    ...(policy === undefined ? {} : { policy }),
  });
  const problem = facts.problems.find(found => found.severity === "error");
  if (problem !== undefined) throw new DeniedError(problem.message, problem.code);
  const found = grantsOf(facts.environment);
  if ("unknown" in found)
    throw new RunError(`The environment is not known: ${found.unknown.join(", ")}`, "env/unknown");
  const { grants } = found;
  const { provider } = grants;
  return new ActiveEnvironment(
    run,
    parent,
    facts.environment,
    grants,
    provider,
    context.module,
    toolsOf(withValue) ?? toolsOf(config),
    run.range(context.module, place.start, place.end).start.line + 1,
  );
}

/** The algebra asks for the spec file of a config while it reads the config. */
async function withSpecFile(paths: PathContext, config: Value | null, files: FileAccess): Promise<PathContext> {
  const written = isPlainObject(config?.data) ? config.data.spec : undefined;
  const spec = typeof written === "object" && written !== null ? plain(elementOf(config!, written)) : written;
  if (typeof spec !== "string") return paths;
  const path = specPath(spec, { paths });
  const text = await files.read(path);
  return {
    ...paths,
    specFile: asked => (asked === path && text !== null ? { uri: pathToFileURL(path).href, text } : null),
  };
}

function toolsOf(config: Value | null): Value | null {
  if (config === null || !isPlainObject(config.data) || config.data.tools === undefined) return null;
  return elementOf(config, config.data.tools);
}

function enclosing(environment: ActiveEnvironment | null) {
  for (let at = environment; at !== null; at = at.parent) if (at.facts !== null) return at.facts;
  return null;
}

function policyOf(context: Context, paths: PathContext): Policy | undefined {
  const policies = context.run.policyValues.map(
    ({ name, value }) => readPolicy(fromValue(value), `@${name}`, paths).policy,
  );
  const { provider } = context.run.services.settings;
  return policies.length === 0 && provider === null ? undefined : unitePolicies(policies, provider);
}
