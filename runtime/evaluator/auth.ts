/** Credentials: `auth @n = …`, `using auth:n`, `using @v as NAME`, `auth:` of a config. They reach a command only as secrets. */
import { children } from "../../language/syntax";
import type { AuthStatement, Block, Node, UsingClause } from "../../language/syntax/tree";
import { isPlainObject } from "../../language/values";
import { MIN_SECRET_LENGTH } from "../environments/redactor";
import type { Context } from "./context";
import { RunError } from "./errors";
import { evaluate, evaluatePlain } from "./expressions";
import { NO_SECURITY, type Security } from "./security";
import type { CredentialRequest } from "./services";
import { plain, textOf } from "./value";

/** Where a credential comes from, and the variable that it fills. */
export interface AuthDefinition {
  from: string;
  as: string;
  /** From `policy.auth`: the keychain is then a dangerous capability. */
  policy: boolean;
}

/** Labels of values that must not be shown. */
const PROTECTED: ReadonlySet<string> = new Set(["secret", "sensitive", "pii"]);
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

export async function defineAuth(statement: AuthStatement, context: Context): Promise<null> {
  const name = statement.name.name;
  context.run.policy.auth.set(name, authDefinition(name, await evaluatePlain(statement.value, context), false));
  return null;
}

/** Reads `"NAME"` or `{ from, as }`. */
export function authDefinition(name: string, value: unknown, policy: boolean): AuthDefinition {
  if (typeof value === "string") return { from: "keychain", as: checkedName(value, name), policy };
  if (isPlainObject(value) && typeof value.from === "string" && typeof value.as === "string") {
    return { from: value.from, as: checkedName(value.as, name), policy };
  }
  throw new RunError(`auth '${name}' needs a name or { from: "…", as: "ENV_NAME" }`, "AUTH_CONFIG_INVALID");
}

function checkedName(as: string, name: string): string {
  // The short form may hold what looks like a source; it is the name of an entry.
  if (as.trim() === "") throw new RunError(`auth '${name}' names no variable`, "INVALID_ENV_NAME");
  return as;
}

/** What commands are given to use, by the name of the variable. */
export interface Granted {
  secrets: Record<string, string>;
  /** Values too short to be kept out of the output, which nothing marks as a secret. */
  vars: Record<string, string>;
}

export const NOTHING_GRANTED: Readonly<Granted> = { secrets: {}, vars: {} };

export interface Credentials extends Granted {
  security: Security;
}

/** Everything that a command gets: `auth:` of the block (not for code), `with { auth }`, then its own `using`. */
export async function credentialsFor(
  using: UsingClause | null,
  named: readonly string[],
  context: Context,
  ofBlock = true,
): Promise<Credentials> {
  const secrets = { ...context.granted.secrets };
  const vars = { ...context.granted.vars };
  const labels: string[] = [];
  const sources: string[] = [];
  const take = async (name: string) => {
    const { as, value } = await resolveAuth(name, context);
    delete vars[as];
    secrets[as] = value;
    labels.push("secret");
    sources.push(`auth:${name}`);
  };
  for (const name of ofBlock || context.environment.sandboxed ? context.environment.credentials : []) await take(name);
  for (const name of named) await take(name);
  if (using?.auth) await take(using.auth.name);
  if (using?.variable) {
    const as = using.as ?? "";
    if (!VARIABLE.test(as))
      throw new RunError(`using needs the name of a variable: using @x as NAME`, "INVALID_ENV_NAME");
    const value = await evaluate(using.variable, context);
    if (plain(value) === undefined)
      throw new RunError("The variable after using is not defined", "USING_VARIABLE_NOT_FOUND");
    const text = textOf(value);
    const short = text.trim().length < MIN_SECRET_LENGTH;
    if (short && value.security.taint.some(label => PROTECTED.has(label)))
      throw new RunError(
        `The secret for ${as} has fewer than ${MIN_SECRET_LENGTH} characters, too few to keep it out of the output. Use a longer secret, or take the label off what is none`,
        "run/secret-too-short",
      );
    delete (short ? secrets : vars)[as];
    (short ? vars : secrets)[as] = text;
    labels.push(...value.security.taint);
  }
  context.run.policy.checkFlow("using", [...new Set(labels)], "run", ...(context.calls?.executable.labels ?? []));
  // What a command prints is not secret because it had a credential; the redactor keeps the value itself out of every output.
  return { secrets, vars, security: sources.length === 0 ? NO_SECURITY : { labels: [], taint: [], sources } };
}

/**
 * Looks up what the block's config names and what its own statements surely use: a credential that is not there is told before an
 * environment is made for nothing.
 */
export async function requireCredentials(block: Block, context: Context): Promise<void> {
  const names = new Set(context.environment.credentials);
  const visit = (node: Node): void => {
    // What stands in a branch, a loop or a nested block may never run.
    if (CONDITIONAL.has(node.kind)) return;
    if (node.kind === "UsingClause" && node.auth) names.add(node.auth.name);
    for (const child of children(node)) visit(child);
  };
  for (const statement of block.statements) visit(statement);
  for (const name of names) await resolveAuth(name, context);
}

const CONDITIONAL = new Set<Node["kind"]>([
  "Block",
  "IfStatement",
  "WhenExpression",
  "ForExpression",
  "LoopExpression",
  "ConditionalExpression",
]);

async function resolveAuth(name: string, context: Context): Promise<{ as: string; value: string }> {
  const { policy, services } = context.run;
  const definition = policy.auth.get(name);
  if (definition === undefined) {
    const value = await services.credentials.find({ kind: "stored", name });
    if (value !== null) return { as: environmentName(name), value };
    throw new RunError(
      `auth '${name}' is not defined; add auth @${name} = { from: "env:…", as: "…" }`,
      "AUTH_NOT_CONFIGURED",
    );
  }
  for (const request of requestsOf(name, definition, context)) {
    const value = await services.credentials.find(request);
    if (value !== null) return { as: definition.as, value };
  }
  const stored = await services.credentials.find({ kind: "stored", name });
  if (stored !== null) return { as: definition.as, value: stored };
  throw definition.from.startsWith("env:")
    ? new RunError(`auth '${name}': the variable ${definition.from.slice(4)} is not set`, "ENV_AUTH_MISSING")
    : new RunError(
        `auth '${name}': there is no entry in the keychain, and the variable ${definition.as} is not set`,
        "KEYCHAIN_ENTRY_MISSING",
      );
}

/** The variable for a credential that only the editor's secret storage knows: `claude-alt` fills CLAUDE_ALT. */
function environmentName(name: string): string {
  return name.replace(/[^A-Za-z0-9]+/g, "_").toUpperCase();
}

/** Places to look, in order. */
function requestsOf(name: string, { from, as, policy }: AuthDefinition, context: Context): CredentialRequest[] {
  if (from.startsWith("env:")) return [{ kind: "variable", name: from.slice(4) }];
  if (from !== "keychain" && !from.startsWith("keychain:")) {
    const scheme = /^[a-z]+:\/\//.exec(from)?.[0];
    throw new RunError(
      scheme ? `unsupported auth provider: ${scheme}` : `Unsupported auth source '${from}'`,
      "AUTH_SOURCE_INVALID",
    );
  }
  if (policy) context.run.policy.requireDanger("@keychain");
  const fallback: CredentialRequest = { kind: "variable", name: as };
  const project = context.run.services.settings.config.projectname;
  const hasProject = typeof project === "string" && project !== "";
  if (from !== "keychain")
    return [
      keychainEntry(name, from.slice("keychain:".length).replaceAll("{projectname}", String(project ?? ""))),
      fallback,
    ];
  if (hasProject) return [{ kind: "keychain", service: `mlld-env-${project}`, account: as }, fallback];
  return [fallback];
}

function keychainEntry(name: string, path: string): CredentialRequest {
  const at = path.indexOf("/");
  const service = path.slice(0, at);
  const account = path.slice(at + 1);
  if (at <= 0 || account === "")
    throw new RunError(`auth '${name}': a keychain path is SERVICE/ACCOUNT, not '${path}'`, "KEYCHAIN_PATH_INVALID");
  return { kind: "keychain", service, account };
}
