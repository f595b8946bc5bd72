import type { Place } from "../../place";
import type { Analysis, MlldSymbol } from "../../semantics";
import { folderOf, resolvePath } from "../../semantics/uri";
import { pathAt } from "../../syntax";
import type { ImportStatement, MemberExpression, Node } from "../../syntax/tree";
import { links } from "../links";
import type { Span } from "../span";
import { fieldOf, symbolValue } from "../symbol-values";
import { usesInCode } from "./code-uses";
import { credentialNames } from "./credentials";

/** A definition that a name leads to. */
export interface Target {
  /** The name at the cursor. */
  span: Span;
  /** The defining name, or the start of a file; null for what is built in or comes from an unknown module. */
  place: Place | null;
  /** How the definition is spelled; null for a file or a key of an object. */
  name: string | null;
  /** The symbol of this file behind the name; null for members and paths. */
  symbol: MlldSymbol | null;
  /** Where the name is given behind `as`, when it is not the definition's own. */
  alias?: Place | undefined;
}

/** What the name, member, path or key at an offset stands for; null when that is not known. */
export function targetAt(analysis: Analysis, offset: number): Target | null {
  const found = analysis.symbolAt(offset);
  if (found) {
    const place = analysis.definitionOf(found.symbol) ?? ownPlace(analysis, found.symbol);
    return {
      span: { start: found.start, end: found.end },
      place,
      name: definedName(analysis, found.symbol),
      symbol: found.symbol,
      alias: analysis.exportedName(found.symbol)?.alias,
    };
  }
  const path = pathAt(analysis.file, offset);
  return (
    importedTarget(analysis, path) ??
    exportedTarget(analysis, path) ??
    memberTarget(analysis, path) ??
    pathTarget(analysis, path) ??
    credentialTarget(analysis, offset) ??
    profileTarget(analysis, offset) ??
    linkTarget(analysis, offset) ??
    codeTarget(analysis, path, offset)
  );
}

export function ownPlace(analysis: Analysis, symbol: MlldSymbol): Place | null {
  return symbol.range && { uri: analysis.uri, ...symbol.range };
}

function definedName(analysis: Analysis, symbol: MlldSymbol): string {
  return (symbol.kind === "import" ? analysis.exportedName(symbol)?.name : undefined) ?? symbol.name;
}

/** The exported name in front of an alias: `import { @name as @alias }`. */
function importedTarget(analysis: Analysis, path: Node[]): Target | null {
  const specifier = path.find(node => node.kind === "ImportSpecifier");
  const binding = path.at(-1);
  const symbol = specifier && analysis.symbols.find(({ declaration }) => declaration === specifier);
  if (!symbol || binding?.kind !== "Binding") return null;
  return {
    span: { start: binding.start, end: binding.end },
    place: analysis.definitionOf(symbol),
    name: definedName(analysis, symbol),
    symbol,
    alias: analysis.exportedName(symbol)?.alias,
  };
}

/** The name behind an alias: `export { @name as @alias }`. */
function exportedTarget(analysis: Analysis, path: Node[]): Target | null {
  const binding = path.at(-1);
  const statement = path.find(node => node.kind === "ExportStatement");
  const specifier = statement?.specifiers.find(({ alias }) => alias && alias === binding);
  const symbol = specifier && analysis.referenceOf(specifier.name)?.symbol;
  if (!symbol || !specifier.alias) return null;
  const { start, end, name } = specifier.alias;
  const alias = { uri: analysis.uri, start, end };
  return { span: { start, end }, place: analysis.definitionOf(symbol), name, symbol: null, alias };
}

/** `@module.name` leads into the module, `@config.tools` to the key. */
function memberTarget(analysis: Analysis, path: Node[]): Target | null {
  const property = path.at(-1);
  const member = path.at(-2);
  if (property?.kind !== "PropertyName" || member?.kind !== "MemberExpression") return null;
  const names = memberPath(member);
  if (!names) return null;
  const symbol = analysis.references.find(reference => reference.start === names.start)?.symbol;
  if (!symbol) return null;
  const span = { start: property.start, end: property.end };
  const [first, ...rest] = names.fields;
  if (symbol.kind === "namespace") {
    const exported = analysis.moduleOf(symbol)?.exports.get(first!);
    return exported && rest.length === 0
      ? { span, place: exported.place, name: exported.name, symbol: null, alias: exported.alias }
      : null;
  }
  const last = names.fields.at(-1)!;
  const holder = names.fields.slice(0, -1).reduce((at, field) => fieldOf(at, field), symbolValue(analysis, symbol));
  const place = holder?.kind === "object" ? holder.entries.find(entry => entry.key === last)?.keyPlace : undefined;
  return place ? { span, place, name: null, symbol: null } : null;
}

/** The names of `@a.b.c`: where `@a` starts, and `b`, `c`. */
function memberPath(member: MemberExpression): { start: number; fields: string[] } | null {
  const fields: string[] = [];
  let at: Node = member;
  while (at.kind === "MemberExpression") {
    fields.unshift(at.property.name);
    at = at.object;
  }
  return at.kind === "VariableReference" ? { start: at.start, fields } : null;
}

/** The path of an import leads to the file. */
function pathTarget(analysis: Analysis, path: Node[]): Target | null {
  const statement = path.find((node): node is ImportStatement => node.kind === "ImportStatement");
  if (!statement || !path.includes(statement.source)) return null;
  const uri = analysis.imports.find(fact => fact.statement === statement)?.uri;
  return uri ? { span: statement.source, place: { uri, start: 0, end: 0 }, name: null, symbol: null } : null;
}

/** The name of a credential in a config leads to its `auth` directive. */
function credentialTarget(analysis: Analysis, offset: number): Target | null {
  const named = credentialNames(analysis).find(({ start, end }) => start <= offset && offset <= end);
  const place = named && analysis.auth.names.get(named.name);
  return place ? { span: { start: named.start, end: named.end }, place, name: named.name, symbol: null } : null;
}

/** The name of a profile leads to its entry in `profiles`. */
function profileTarget(analysis: Analysis, offset: number): Target | null {
  for (const site of analysis.sites) {
    const value = fieldOf(site.with, "profile") ?? fieldOf(site.config, "profile");
    const { uri, start, end } = value?.place ?? {};
    if (value?.kind !== "known" || uri !== analysis.uri || start! > offset || offset > end!) continue;
    const profiles = fieldOf(site.config, "profiles");
    const entry =
      profiles?.kind === "object" ? profiles.entries.find(({ key }) => key === value.value)?.keyPlace : undefined;
    if (entry) return { span: { start: start!, end: end! }, place: entry, name: null, symbol: null };
  }
  return null;
}

/** A path in a config, a template's path, a file reference. */
function linkTarget(analysis: Analysis, offset: number): Target | null {
  const root = resolvePath(folderOf(analysis.uri), analysis.paths.root);
  const link = links(analysis, root).find(({ start, end }) => start <= offset && offset <= end);
  if (!link || /^https?:/.test(link.target)) return null;
  const span = { start: link.start, end: link.end };
  return { span, place: { uri: link.target, start: 0, end: 0 }, name: null, symbol: null };
}

/** A parameter in the code of another language. */
function codeTarget(analysis: Analysis, path: Node[], offset: number): Target | null {
  if (path.at(-1)?.kind !== "CodeBody") return null;
  for (const symbol of analysis.visibleAt(offset)) {
    if (symbol.kind !== "parameter") continue;
    const span = usesInCode(analysis, symbol).find(({ start, end }) => start <= offset && offset <= end);
    if (span) return { span, place: ownPlace(analysis, symbol), name: symbol.name, symbol };
  }
  return null;
}
