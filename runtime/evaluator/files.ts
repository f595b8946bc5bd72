/** `<file>`: text, JSON, sections, globs. */
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Expression, FileReference, TemplatePart } from "../../language/syntax/tree";
import { isPlainObject, MissingSection, select } from "../../language/values";
import { pageToMarkdown } from "../../language/values/html";
import type { Context } from "./context";
import { definitionNames, listOfDefinitions, selectDefinitions } from "./definitions";
import { messageOf, RunError } from "./errors";
import { evaluate } from "./expressions";
import { frontmatterOf } from "./frontmatter";
import { checkFileGrant } from "./grants";
import { runStages } from "./pipelines";
import { Scope } from "./scope";
import { NO_SECURITY, type Security, withTaint } from "./security";
import { render } from "./templates";
import { type FileFacts, makeValue, NULL, plain, textOf, Value } from "./value";
import { lookup } from "./variables";

const GLOB = /[*?[{]/;

/** The value of a file reference; a missing file is an error, or null where `?` allows it. */
export async function loadFile(node: FileReference, context: Context): Promise<Value> {
  const loaded = await load(node, context);
  return node.stages.length === 0 ? loaded : runStages(async () => loaded, node.stages, context);
}

export async function loadForTemplate(node: FileReference, context: Context): Promise<Value> {
  if (node.placeholder) return lookup(PLACEHOLDER, context) ?? makeValue("");
  return tolerant(() => loadFile(node, context), context);
}

/** In a template a missing file is a warning and empty text. */
export async function tolerant(load: () => Promise<Value>, context: Context): Promise<Value> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof RunError) || cause.code !== "FileNotFound") throw cause;
    await context.run.warn(cause.message);
    return makeValue("");
  }
}

/** Stands for `<>`, the item in `as "- <>.mx.filename"`. */
const PLACEHOLDER = "<>";

async function load(node: FileReference, context: Context): Promise<Value> {
  if (node.placeholder) return lookup(PLACEHOLDER, context) ?? NULL;
  const named = singleVariable(node.path);
  const source = named === null ? null : lookup(named, context);
  if (source?.facts.file !== undefined && typeof source.data === "string") return sectionOf(source, node, context);
  const { text, security } = await render(node.path, context);
  const wanted = text.trim().replace(/^"(.*)"$/, "$1");
  if (/^https?:\/\//.test(wanted)) {
    throw new RunError(
      `${wanted} is not loaded: this runner opens no URL. Fetch it with a command inside the block.`,
      "run/unsupported",
    );
  }
  if (GLOB.test(wanted) && !(await context.run.services.files.exists(pathFor(wanted, context))))
    return loadGlob(wanted, node, context, security);
  const value = await loadOne(pathFor(wanted, context), wanted, context, security, node);
  if (value === null) {
    if (node.optional) return NULL;
    throw new RunError(
      `File not found: ${wanted}. Paths are relative to the mlld file; @root/… starts at the project root.`,
      "FileNotFound",
    );
  }
  return value;
}

function singleVariable(parts: readonly TemplatePart[]): string | null {
  const [only, ...rest] = parts;
  if (rest.length > 0 || only?.kind !== "Interpolation") return null;
  return only.expression.kind === "VariableReference" ? only.expression.name : null;
}

async function loadOne(
  path: string,
  shown: string,
  context: Context,
  security: Security,
  node: FileReference,
): Promise<Value | null> {
  await checkFileGrant(path, "read", context);
  context.run.policy.checkFile(path, "read");
  const text = await context.run.services.files.read(path);
  if (text === null) return null;
  return sectionOf(fileValue(path, text, context, security), node, context, shown);
}

/** The value of a file's text: JSON is read, a web page becomes markdown. */
export function fileValue(path: string, text: string, context: Context, security: Security = NO_SECURITY): Value {
  const facts: FileFacts = {
    path,
    filename: basename(path),
    relative: relative(context.run.services.settings.root, path) || basename(path),
    text,
    // Read when it is asked for: a text that begins with a rule (`---`) need not be YAML.
    get frontmatter() {
      return frontmatterOf(text);
    },
  };
  const own = context.run.policy.labelled(withTaint(security, ["src:file", ...folderLabels(path)], [path]));
  if (/\.html?$/i.test(path)) {
    const { markdown, text: words, page } = pageToMarkdown(text);
    facts.page = { ...page, html: text, md: markdown, text: words };
    return new Value(markdown, own, { file: facts });
  }
  const data = parsedData(path, text);
  return new Value(data, own, typeof data === "string" ? { file: facts } : { file: facts, text });
}

/** mlld marks what comes from a folder with the folder's path. */
function folderLabels(path: string): string[] {
  return [`dir:${dirname(path)}`];
}

function parsedData(path: string, text: string): unknown {
  if (path.endsWith(".json")) {
    try {
      return JSON.parse(text);
    } catch {
      // A broken JSON file is still a text.
      return text;
    }
  }
  if (!path.endsWith(".jsonl")) return text;
  return text
    .split("\n")
    .filter(line => line.trim() !== "")
    .map((line, index) => {
      try {
        return JSON.parse(line);
      } catch (cause) {
        throw new RunError(`${path}:${index + 1} is no JSON: ${messageOf(cause)}`);
      }
    });
}

async function loadGlob(pattern: string, node: FileReference, context: Context, security: Security): Promise<Value> {
  const anchor = pathFor(pattern, context);
  const split = pattern.search(GLOB);
  const folder = anchor.slice(0, anchor.length - (pattern.length - split)).replace(/[^/\\]*$/, "");
  const paths = await context.run.services.files.glob(anchor.slice(folder.length), folder || "/");
  const items: Value[] = [];
  for (const path of paths) {
    if (path === context.module.path) continue;
    try {
      const item = await loadOne(path, path, context, security, node);
      if (item !== null) items.push(isListing(item, node) ? ofFile(item, path, context) : item);
    } catch (cause) {
      // A file of the glob without the wanted section is left out.
      if (!(cause instanceof RunError) || cause.code !== "SectionNotFound") throw cause;
    }
  }
  if (node.definitions !== null && !items.some(item => isPlainObject(item.data)))
    return listOfDefinitions(
      items.flatMap(item => item.data as Value[]),
      new Value(null, security),
    );
  return new Value(items, NO_SECURITY, {
    text: items.map(item => textOf(item).trimEnd()).join("\n\n"),
    printsText: true,
  });
}

/** Names of headings or definitions: those of several files come with the file that they stand in. */
function isListing(value: Value, node: FileReference): boolean {
  if (node.section === null && node.definitions === null) return false;
  return Array.isArray(value.data) && value.data.every(item => typeof item === "string");
}

function ofFile(names: Value, path: string, context: Context): Value {
  const file = relative(context.run.services.settings.root, path) || basename(path);
  return new Value({ file, names: names.data }, names.own);
}

async function sectionOf(
  value: Value,
  node: FileReference,
  context: Context,
  shown = value.facts.file?.filename ?? "the text",
): Promise<Value> {
  const { file } = value.facts;
  if (node.definitions !== null) {
    const wanted = withNames(node.definitions.text, context);
    const names = definitionNames(file?.text ?? textOf(value), wanted);
    return names === null ? selectDefinitions(value, file, wanted, shown) : new Value(names, value.own);
  }
  if (node.section === null) return value;
  const { text: selector, security } = await render(node.section.parts, context);
  const source = value.facts.file?.text ?? textOf(value);
  try {
    const selected = select(source, selector);
    return new Value(selected, value.adding(security).own, { file: value.facts.file });
  } catch (cause) {
    if (!(cause instanceof MissingSection)) throw cause;
    if (node.optional) return NULL;
    throw new RunError(`${cause.message} (${shown})`, "SectionNotFound");
  }
}

/** `{ *@kind }`: variables stand for their text. */
function withNames(selector: string, context: Context): string {
  return selector.replace(/@([A-Za-z_]\w*)/g, (written, name: string) => {
    const value = lookup(name, context);
    return value === null ? written : textOf(value);
  });
}

/** `value as "…"`: a new title for a section, or a template for each file. */
export async function renamed(value: Value, as: Expression, context: Context): Promise<Value> {
  if (Array.isArray(value.data) && value.facts.printsText) {
    const lines: Value[] = [];
    for (const item of value.data) {
      const scope = new Scope("block", context.scope);
      scope.bind(PLACEHOLDER, item as Value, "loop");
      lines.push(await evaluate(as, { ...context, scope }));
    }
    const text = lines.map(textOf).join("\n");
    return new Value(lines, value.own, { text, printsText: true });
  }
  const scope = new Scope("block", context.scope);
  scope.bind(PLACEHOLDER, value, "loop");
  const title = textOf(await evaluate(as, { ...context, scope })).trim();
  const text = textOf(value);
  const heading = /^(#{1,6})\s[^\n]*/.exec(text);
  if (heading === null) return makeValue(title === "" ? text : `${title}\n\n${text}`, value.own);
  const line = /^#{1,6}$/.test(title)
    ? heading[0].replace(/^#+/, title)
    : /^#{1,6}\s/.test(title)
      ? title
      : `${heading[1]} ${title}`;
  return makeValue(
    line + text.slice(heading[0].length),
    value.own,
    value.facts.file ? { file: value.facts.file } : undefined,
  );
}

/** An absolute path: `@root/…`, `~/…`, else relative to the file that names it. */
export function pathFor(path: string, context: Context): string {
  const { root, home } = context.run.services.settings;
  const rooted = /^@(?:base|root)(?=\/|$)/.exec(path);
  if (rooted !== null) return join(root, path.slice(rooted[0].length));
  const prefixed = resolverPath(path, context);
  if (prefixed !== null) return prefixed;
  if (path === "~" || path.startsWith("~/")) return join(home, path.slice(1));
  return isAbsolute(path) ? resolve(path) : resolve(context.module.folder, path);
}

/** `@me/file` where `mlld-config.json` maps the prefix `@me/` to a folder. */
function resolverPath(path: string, context: Context): string | null {
  const { config, root } = context.run.services.settings;
  const resolvers = config.resolvers as { prefixes?: unknown } | undefined;
  if (!Array.isArray(resolvers?.prefixes)) return null;
  for (const entry of resolvers.prefixes as {
    prefix?: unknown;
    resolver?: unknown;
    config?: { basePath?: unknown };
  }[]) {
    if (typeof entry?.prefix !== "string" || !path.startsWith(entry.prefix) || entry.resolver !== "LOCAL") continue;
    return resolve(root, String(entry.config?.basePath ?? "."), path.slice(entry.prefix.length));
  }
  return null;
}

/** Plain text of a value that names a file. */
export function pathText(value: Value): string {
  return value.facts.file?.path ?? String(plain(value) ?? "");
}
