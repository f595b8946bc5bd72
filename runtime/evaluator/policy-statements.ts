/** `policy`, `profiles`, `needs`. */
import type { NeedsStatement, ObjectExpression, PolicyStatement, ProfilesStatement } from "../../language/syntax/tree";
import { isPlainObject } from "../../language/values";
import { authDefinition } from "./auth";
import type { Context } from "./context";
import { RunError } from "./errors";
import { evaluate, evaluatePlain } from "./expressions";
import type { PolicyProfiles } from "./policy";
import { plain, Value } from "./value";

/** `policy @p = { … }` or `union(@a, @b)`: holds from here on. */
export async function definePolicy(statement: PolicyStatement, context: Context): Promise<null> {
  const { value } = statement;
  const name = statement.name.name;
  const parts = value.kind === "CallExpression" ? value.arguments : [value];
  const fragments: Record<string, unknown>[] = [];
  for (const part of parts) {
    const fragment = await evaluatePlain(part, context);
    if (!isPlainObject(fragment)) throw new RunError(`policy @${name} needs an object`, "INVALID_POLICY_EXPRESSION");
    fragments.push(fragment);
  }
  for (const fragment of fragments) activatePolicy(name, fragment, context);
  context.module.scope.bind(
    name,
    new Value(fragments.length === 1 ? fragments[0] : Object.assign({}, ...fragments)),
    "var",
  );
  return null;
}

/** Makes a policy hold, with its credentials. Those of `auth` statements win. */
export function activatePolicy(name: string, value: Record<string, unknown>, context: Context): void {
  const { policy, services } = context.run;
  policy.add(name, value, services.settings.root);
  context.run.policyValues.push({ name, value });
  if (!isPlainObject(value.auth)) return;
  for (const [credential, definition] of Object.entries(value.auth)) {
    if (policy.auth.get(credential)?.policy === false) continue;
    policy.auth.set(credential, authDefinition(credential, definition, true));
  }
}

/** The first profile whose needs no policy denies, else the last one. */
export async function defineProfiles(statement: ProfilesStatement, context: Context): Promise<null> {
  const profiles: PolicyProfiles[] = [];
  for (const property of statement.value.properties) {
    if (property.kind === "Spread" || property.value?.kind !== "ObjectExpression") continue;
    const requires = property.value.properties.find(
      entry => entry.kind === "Property" && entry.key.name === "requires",
    );
    const needs = requires?.kind === "Property" && requires.value?.kind === "ObjectExpression" ? requires.value : null;
    profiles.push({ name: property.key.name ?? "", requires: needs === null ? [] : await needNames(needs, context) });
  }
  const { policy } = context.run;
  policy.profile =
    (profiles.find(profile => !profile.requires.some(need => policy.denies(need))) ?? profiles.at(-1))?.name ?? null;
  return null;
}

async function needNames(needs: ObjectExpression, context: Context): Promise<string[]> {
  const names: string[] = [];
  for (const property of needs.properties) {
    if (property.kind === "Spread") continue;
    if (
      property.value !== null &&
      property.value.kind !== "Missing" &&
      plain(await evaluate(property.value, context)) === false
    )
      continue;
    if (property.key.name !== null) names.push(property.key.name);
  }
  return names;
}

const CAPABILITIES = new Set([
  "sh",
  "bash",
  "network",
  "net",
  "filesystem",
  "fs",
  "keychain",
  "cmd",
  "node",
  "js",
  "python",
  "py",
  "ruby",
  "rb",
  "go",
  "rust",
]);

/** `needs` with a bare word asks for a command; what runs in a sandbox is its image's matter. */
export function checkNeeds(statement: NeedsStatement, context: Context): null {
  const { policy } = context.run;
  const denied = statement.value.properties.flatMap(property =>
    property.kind === "Property" &&
    property.key.name !== null &&
    CAPABILITIES.has(property.key.name) &&
    policy.denies(property.key.name)
      ? [property.key.name]
      : [],
  );
  if (denied.length > 0)
    throw new RunError(`Module requires capabilities not available: ${denied.join(", ")}`, "NEEDS_UNMET");
  return null;
}
