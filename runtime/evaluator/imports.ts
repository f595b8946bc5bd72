/** `import`: modules, JSON, templates of a folder, special sources, Node.js modules. */
import { dirname, extname, join } from "node:path";
import { namespaceName } from "../../language/semantics/specifiers";
import { modeOf, parse } from "../../language/syntax";
import type { ImportStatement } from "../../language/syntax/tree";
import { isPlainObject } from "../../language/values";
import { NOTHING_GRANTED } from "./auth";
import type { Context } from "./context";
import { NO_AMBIENT } from "./context";
import { messageOf, RunError } from "./errors";
import { Executable } from "./executable";
import { evaluatePlain } from "./expressions";
import { pathFor } from "./files";
import { runStatements } from "./flow";
import { checkFileGrant } from "./grants";
import { Module } from "./module";
import { withLabels } from "./security";
import { render } from "./templates";
import { define, makeValue, NULL, plain, Value } from "./value";
import { inputFields, lookup } from "./variables";

const EXTENSIONS = ["", ".mld", ".mlld", ".mld.md", ".mlld.md", ".md"];
const SPECIAL = new Set(["@input", "@payload", "@state", "@now", "@time", "@keychain"]);
/** Older spellings. */
const RENAMED: Readonly<Record<string, string>> = { "@stdin": "@input", "@INPUT": "@input", "@TIME": "@time" };

export async function importModule(statement: ImportStatement, context: Context): Promise<null> {
  if (statement.sourceType === "mcp" || statement.importType === "tools") {
    throw new RunError("Tools of MCP servers are not available in this runner", "run/unsupported");
  }
  const specifier = await specifierOf(statement, context);
  if (statement.sourceType === "node") return importNode(statement, specifier, context);
  if (statement.importType === "templates") return importTemplates(statement, specifier, context);
  const exported = SPECIAL.has(specifier)
    ? specialExports(specifier, context)
    : await exportsOf(specifier, statement, context);
  bind(statement, exported, specifier, context);
  return null;
}

async function specifierOf(statement: ImportStatement, context: Context): Promise<string> {
  const { source } = statement;
  switch (source.kind) {
    case "ModuleReference":
      return RENAMED[source.text] ?? source.text;
    case "Template": {
      const written = context.module.text.slice(source.start + 1, source.end - 1);
      if (SPECIAL.has(written)) return written;
      return (await render(source.parts, context)).text;
    }
    case "FileReference":
      return (await render(source.path, context)).text.trim();
    case "Missing":
      throw new RunError("import needs a path");
  }
}

/** The names that a module gives, and its namespace under `*`. */
type Exports = Map<string, Value>;

function bind(statement: ImportStatement, exported: Exports, specifier: string, context: Context): void {
  const labels = statement.labels.map(label => label.name);
  const labelled = (value: Value) => (labels.length === 0 ? value : value.with(withLabels(value.own, labels)));
  const { scope } = context.module;
  const all = statement.specifiers?.find(entry => entry.name.name === "*");
  for (const entry of statement.specifiers ?? []) {
    if (entry === all) continue;
    const { name } = entry.name;
    const value = exported.get(name);
    if (value === undefined)
      throw new RunError(`Import '${name}' not found in module ${specifier}`, "IMPORT_EXPORT_MISSING");
    if (value !== ACTIVE) scope.declare(entry.alias?.name ?? name, labelled(value), "import");
  }
  // `import policy @p from …`: the policy holds already, and a union may name it.
  if (statement.importType === "policy") {
    const name = statement.namespace?.name;
    const policy = name === undefined ? undefined : exported.get(name);
    if (policy !== undefined && policy !== ACTIVE) scope.declare(name!, labelled(policy), "import");
    return;
  }
  const unnamed = SPECIAL.has(specifier) ? specifier.slice(1) : namespaceName(specifier);
  const namespace = statement.namespace?.name ?? all?.alias?.name ?? (statement.specifiers === null ? unnamed : null);
  if (namespace === null || namespace === "") return;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of exported) if (value !== ACTIVE) define(fields, name, value);
  if (statement.namespace === null && all === undefined && scope.find(namespace) !== undefined) return;
  const value = labelled(new Value(fields));
  // `import @input` gives the reserved name its fields; no other import can take it.
  if (SPECIAL.has(specifier) && `@${namespace}` === specifier) scope.bind(namespace, value, "import");
  else scope.declare(namespace, value, "import");
}

/** A guard or policy that was exported: it holds since the module was loaded, and is no value. */
const ACTIVE = new Value(null);

async function exportsOf(specifier: string, statement: ImportStatement, context: Context): Promise<Exports> {
  const folder = await moduleFolder(specifier, statement, context);
  if (folder !== null) return folder;
  const path = await resolvePath(specifier, statement, context);
  if (extname(path) === ".json") return jsonExports(path, specifier, context);
  return exportedBy(await loadModule(path, context));
}

function exportedBy(module: Module): Exports {
  const exported: Exports = new Map();
  const guards = guardNames(module);
  if (module.exports === null) {
    // What a module imports it passes on only by a list.
    for (const [name, { kind, value }] of module.scope.own()) if (kind !== "import") exported.set(name, value);
    for (const name of guards) if (!exported.has(name)) exported.set(name, ACTIVE);
  }
  for (const [name, own] of module.exports ?? []) {
    const value = module.scope.own().get(own)?.value ?? (guards.includes(own) ? ACTIVE : undefined);
    if (value !== undefined) exported.set(name, value);
  }
  if (module.result !== undefined) exported.set("default", module.result);
  if (isPlainObject(module.frontmatter)) exported.set("__meta__", new Value(module.frontmatter));
  return exported;
}

/** `import "./agents" as @a`: the `index.mld` of each folder below, under the folder's name; null for anything but such a folder. */
async function moduleFolder(specifier: string, statement: ImportStatement, context: Context): Promise<Exports | null> {
  const { files } = context.run.services;
  const base = pathFor(specifier, context);
  if (!(await files.isFolder(base)) || (await indexOf(base, context)) !== null) return null;
  const skipped = await skippedFolders(statement, context);
  const exported: Exports = new Map();
  for (const name of await files.list(base)) {
    if (skipped.has(name) || /^[._]/.test(name)) continue;
    const index = await indexOf(join(base, name), context);
    if (index === null) continue;
    const fields: Record<string, unknown> = {};
    for (const [key, value] of exportedBy(await loadModule(index, context))) define(fields, key, value);
    exported.set(name.replace(/[^A-Za-z0-9_]/g, "_"), new Value(fields));
  }
  if (exported.size === 0)
    throw new RunError(`Import folder ${specifier} holds no index.mld, nor does a folder in it`, "FileNotFound");
  return exported;
}

async function indexOf(folder: string, context: Context): Promise<string | null> {
  for (const name of ["index.mld", "index.mld.md"]) {
    if (await context.run.services.files.exists(join(folder, name))) return join(folder, name);
  }
  return null;
}

function guardNames(module: Module): string[] {
  return module.file.statements.flatMap(statement => {
    if (statement.kind === "GuardStatement" || statement.kind === "HookStatement")
      return statement.name === null ? [] : [statement.name.name];
    return statement.kind === "PolicyStatement" || statement.kind === "AuthStatement" ? [statement.name.name] : [];
  });
}

async function resolvePath(specifier: string, statement: ImportStatement, context: Context): Promise<string> {
  if (/^https?:\/\//.test(specifier))
    throw new RunError(`${specifier} is not imported: this runner opens no URL`, "run/unsupported");
  const base = pathFor(specifier, context);
  const isReference = statement.source.kind === "ModuleReference" || specifier.startsWith("@");
  const { files } = context.run.services;
  for (const extension of EXTENSIONS) {
    const path = base + extension;
    if ((await files.exists(path)) && !(await files.isFolder(path))) return path;
  }
  const index = await indexOf(base, context);
  if (index !== null) return index;
  if (isReference && !/^@(?:base|root)\//.test(specifier)) {
    throw new RunError(
      `No resolver found for reference: ${specifier}; registry modules are not loaded, import the file by its path`,
      "run/unsupported",
    );
  }
  throw new RunError(`Import file not found: ${specifier}`, "FileNotFound");
}

/** Runs a module once; its effects are not printed. */
export function loadModule(path: string, context: Context): Promise<Module> {
  const { modules } = context.run;
  const known = modules.get(path);
  if (known !== undefined) {
    if (context.loading.includes(path))
      throw new RunError(`Circular import detected: ${[...context.loading, path].join(" → ")}`, "CircularImport");
    return known;
  }
  const loading = evaluateModule(path, context);
  modules.set(path, loading);
  return loading;
}

async function evaluateModule(path: string, context: Context): Promise<Module> {
  await checkFileGrant(path, "read", context);
  const text = await context.run.services.files.read(path);
  if (text === null) throw new RunError(`Import file not found: ${path}`, "FileNotFound");
  const file = parse(text, modeOf(path));
  const [fault] = file.errors;
  if (fault !== undefined) throw new RunError(fault.message, fault.code).at({ path, text }, fault);
  const module = new Module(path, dirname(path), file, false);
  const inner: Context = {
    ...context,
    module,
    scope: module.scope,
    ambient: { ...NO_AMBIENT, profile: context.ambient.profile },
    calls: null,
    lenient: false,
    topLevel: false,
    returns: false,
    guarding: false,
    transformed: null,
    guardChoice: null,
    granted: NOTHING_GRANTED,
    loading: [...context.loading, path],
  };
  const returned = await runStatements(file.statements, inner);
  if (returned !== null) module.result = returned.value;
  return module;
}

async function jsonExports(path: string, specifier: string, context: Context): Promise<Exports> {
  await checkFileGrant(path, "read", context);
  const text = (await context.run.services.files.read(path)) ?? "";
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new RunError(`${specifier} is no JSON: ${messageOf(cause)}`);
  }
  if (!isPlainObject(data)) throw new RunError(`${specifier} holds no object, so it has no names to import`);
  return new Map(Object.entries(data).map(([name, value]) => [name, makeValue(value)]));
}

function specialExports(specifier: string, context: Context): Exports {
  const { settings } = context.run.services;
  const of = (fields: Record<string, unknown>): Exports =>
    new Map(Object.entries(fields).map(([name, value]) => [name, makeValue(value)]));
  switch (specifier) {
    case "@input": {
      const value = plain(lookup("input", context) ?? NULL);
      return of(isPlainObject(value) ? value : inputFields(settings.input));
    }
    case "@payload":
      return of(settings.payload);
    case "@now":
    case "@time": {
      const now = new Date();
      return of({
        iso: now.toISOString(),
        date: now.toISOString().slice(0, 10),
        time: now.toISOString().slice(11, 19),
        timestamp: String(now.getTime()),
        now: now.toISOString(),
      });
    }
    default:
      throw new RunError(`${specifier} cannot be imported in this runner`, "run/unsupported");
  }
}

/** `import templates from "dir" as @t(p)`: an executable for each template file, in objects for the folders. */
async function importTemplates(statement: ImportStatement, specifier: string, context: Context): Promise<null> {
  if (statement.parameters === null || statement.namespace === null) {
    throw new RunError(
      'import templates needs a name with parameters: import templates from "dir" as @t(a, b)',
      "TEMPLATE_IMPORT_MISSING_PARAMS",
    );
  }
  const parameters = statement.parameters.map(parameter => parameter.name);
  const skipped = await skippedFolders(statement, context);
  const folder = pathFor(specifier, context);
  if (!(await context.run.services.files.isFolder(folder)))
    throw new RunError(`Template folder not found: ${specifier}`, "FileNotFound");
  context.module.scope.declare(
    statement.namespace.name,
    await templateFolder(folder, parameters, skipped, context),
    "import",
  );
  return null;
}

async function skippedFolders(statement: ImportStatement, context: Context): Promise<Set<string>> {
  for (const property of statement.with?.properties ?? []) {
    if (property.kind !== "Property" || property.key.name !== "skipDirs" || property.value === null) continue;
    const names = await evaluatePlain(property.value, context);
    if (Array.isArray(names)) return new Set(names.map(String));
  }
  return new Set();
}

async function templateFolder(
  folder: string,
  parameters: string[],
  skipped: ReadonlySet<string>,
  context: Context,
): Promise<Value> {
  const { files } = context.run.services;
  const fields: Record<string, unknown> = {};
  for (const name of await files.list(folder)) {
    const path = join(folder, name);
    if (await files.isFolder(path)) {
      if (!skipped.has(name) && !name.startsWith("."))
        define(fields, name, await templateFolder(path, parameters, skipped, context));
    } else if (/\.(att|mtt)$/.test(name)) {
      const stem = name.replace(/\.(att|mtt)$/, "");
      const executable = makeValue(
        new Executable(stem, parameters, [], { kind: "template", path, module: context.module }),
      );
      define(fields, stem, executable);
      // A name with hyphens can also be written with underscores.
      if (stem.includes("-"))
        Object.defineProperty(fields, stem.replaceAll("-", "_"), { value: executable, enumerable: false });
    }
  }
  return new Value(fields);
}

/** `import { f, o } from node @path`: functions that are called in a `node` process. */
function importNode(statement: ImportStatement, specifier: string, context: Context): null {
  const module = specifier.replace(/^@/, "");
  for (const entry of statement.specifiers ?? []) {
    const { name } = entry.name;
    const executable = new Executable(name, [], [], { kind: "node", module, path: [name] });
    context.module.scope.declare(entry.alias?.name ?? name, makeValue(executable), "import");
  }
  return null;
}
