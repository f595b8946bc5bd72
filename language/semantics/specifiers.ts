import type { Host } from "../host";
import type { ImportStatement } from "../syntax/tree";
import type { ImportFact } from "./analysis";
import { folderOf, resolvePath } from "./uri";

/** Sources that mlld itself provides: `import { x } from @input`. */
const SPECIAL = /^@(input|payload|state|now|time|keychain|stdin)$/i;
/** What may be left off a path. */
const EXTENSIONS = ["", ".mld", ".mld.md", ".md", ".mlld"];

export type Resolution = Pick<ImportFact, "kind" | "uri"> & {
  /** `none` for what is not followed. */
  state: "found" | "wanted" | "missing" | "none";
  /** Every file that was looked for. */
  asked: string[];
};

/** Finds what an import names. `specifier` is its text, or null when that is known only while the program runs. */
export function resolveImport(
  from: string,
  statement: ImportStatement,
  specifier: string | null,
  host: Host,
): Resolution {
  if (statement.sourceType !== "module") return nothing(statement.sourceType);
  if (specifier === null || specifier === "") return nothing("unknown");
  if (/^https?:/i.test(specifier)) return nothing("url");
  if (SPECIAL.test(specifier)) return nothing("special");
  const asked: string[] = [];
  const path = pathOf(from, specifier, host, asked);
  if (path === "wanted") return { kind: "registry", uri: null, state: "wanted", asked };
  if (path === null) return { ...nothing("registry"), asked };
  if (statement.importType === "templates") return { kind: "folder", uri: path, state: "none", asked };
  return probe(path, host, asked);
}

/** What `import "./lib/my-config.mld"` calls the module: `my_config`. Empty for what mlld itself provides. */
export function namespaceName(specifier: string): string {
  if (SPECIAL.test(specifier)) return "";
  return specifier
    .slice(specifier.lastIndexOf("/") + 1)
    .replace(/\.(mld|mlld|md|json)(\.md)?$/, "")
    .replace(/[^A-Za-z0-9_]/g, "_");
}

/** The URI that a path in a program means; null for a registry reference. */
export function resolveReference(from: string, reference: string, host: Host, asked: string[]): string | null {
  const path = pathOf(from, reference, host, asked);
  return path === "wanted" ? null : path;
}

/** Tries a path as it is written and with the extensions that may be left off. */
function probe(path: string, host: Host, asked: string[]): Resolution {
  for (const extension of EXTENSIONS) {
    const uri = path + extension;
    const text = host.text(uri);
    asked.push(uri);
    if (text === undefined) return { kind: "file", uri, state: "wanted", asked };
    if (text !== null) return { kind: "file", uri, state: "found", asked };
  }
  return { kind: "file", uri: path, state: "missing", asked };
}

function pathOf(from: string, specifier: string, host: Host, asked: string[]): string | "wanted" | null {
  if (specifier.startsWith("~/")) return host.home === "" ? null : resolvePath(host.home, specifier.slice(2));
  if (!specifier.startsWith("@")) return resolvePath(folderOf(from), specifier);
  const slash = specifier.indexOf("/");
  const head = slash < 0 ? specifier : specifier.slice(0, slash);
  const root = host.root(from);
  if (head === "@base" || head === "@root") return resolvePath(root, "." + specifier.slice(head.length));
  const prefixes = configuredPrefixes(root, host, asked);
  if (prefixes === "wanted") return "wanted";
  const match = prefixes.find(({ prefix }) => specifier.startsWith(prefix));
  return match ? resolvePath(resolvePath(root, match.folder), "./" + specifier.slice(match.prefix.length)) : null;
}

/** `resolvers.prefixes` of `mlld-config.json` that lead to local folders, longest first. */
function configuredPrefixes(
  root: string,
  host: Host,
  asked: string[],
): { prefix: string; folder: string }[] | "wanted" {
  const uri = resolvePath(root, "mlld-config.json");
  const text = host.text(uri);
  asked.push(uri);
  if (text === undefined) return "wanted";
  return text === null ? [] : readPrefixes(text);
}

export function readPrefixes(text: string): { prefix: string; folder: string }[] {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return []; // A broken configuration gives no prefixes; mlld itself reports it.
  }
  const prefixes = property(property(config, "resolvers"), "prefixes");
  const found: { prefix: string; folder: string }[] = [];
  for (const entry of Array.isArray(prefixes) ? prefixes : []) {
    const prefix = property(entry, "prefix");
    const folder = property(property(entry, "config"), "basePath");
    if (typeof prefix === "string" && typeof folder === "string" && property(entry, "resolver") === "LOCAL") {
      found.push({ prefix: prefix.endsWith("/") ? prefix : prefix + "/", folder });
    }
  }
  return found.sort((a, b) => b.prefix.length - a.prefix.length);
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function nothing(kind: ImportFact["kind"]): Resolution {
  return { kind, uri: null, state: "none", asked: [] };
}
