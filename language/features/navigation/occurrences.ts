import type { Place } from "../../place";
import type { Analysis, ExportedName, MlldSymbol } from "../../semantics";
import { walk } from "../../syntax";
import type { Span } from "../span";
import { credentialNames } from "./credentials";
import { ownPlace } from "./target";

/** A place where a definition is named. */
export interface Occurrence extends Span {
  kind: "definition" | "read" | "write";
  /** The name as it is spelled there: an alias differs from the defined name. */
  spelled: string;
}

/** The definition and uses of a name that no other file can see. */
export function localOccurrences(symbol: MlldSymbol): Occurrence[] {
  const own: Occurrence[] = symbol.range ? [{ ...symbol.range, kind: "definition", spelled: symbol.name }] : [];
  return [
    ...own,
    ...symbol.references.map(
      ({ start, end, use }): Occurrence => ({
        start,
        end,
        kind: use === "write" ? "write" : "read",
        spelled: symbol.name,
      }),
    ),
  ];
}

/** Uses of a built-in name in a file. */
export function usesOf(analysis: Analysis, symbol: MlldSymbol): Occurrence[] {
  return analysis.references
    .filter(
      ({ symbol: used }) =>
        used === symbol || (used?.range === null && used.kind === symbol.kind && used.name === symbol.name),
    )
    .map(({ start, end, use }) => ({ start, end, kind: use === "write" ? "write" : "read", spelled: symbol.name }));
}

/** All places of one file that name the definition at `target`: the definition itself, uses, imports, members of a module. */
export function occurrencesOf(analysis: Analysis, target: Place, name: string): Occurrence[] {
  const found = new Map<number, Occurrence>();
  const add = (span: Span, kind: Occurrence["kind"], spelled: string) => {
    if (!found.has(span.start)) found.set(span.start, { start: span.start, end: span.end, kind, spelled });
  };
  for (const symbol of analysis.symbols) {
    const place = analysis.definitionOf(symbol) ?? ownPlace(analysis, symbol);
    if (!place || place.uri !== target.uri || place.start !== target.start) continue;
    definition(symbol, target.uri === analysis.uri && symbol.range?.start === target.start, add);
    for (const reference of symbol.references)
      add(reference, reference.use === "write" ? "write" : "read", symbol.name);
  }
  const credential = analysis.auth.names.get(name);
  if (credential?.uri === target.uri && credential.start === target.start) {
    for (const named of credentialNames(analysis)) if (named.name === name) add(named, "read", name);
  }
  for (const span of members(analysis, target, name)) add(span, "read", name);
  const isGuard = analysis.symbols.some(({ kind, range }) => kind === "guard" && range?.start === target.start);
  if (isGuard && target.uri === analysis.uri) for (const span of guardNames(analysis, name)) add(span, "read", name);
  return [...found.values()].sort((a, b) => a.start - b.start);
}

function definition(
  symbol: MlldSymbol,
  own: boolean,
  add: (span: Span, kind: Occurrence["kind"], spelled: string) => void,
): void {
  if (own && symbol.range) add(symbol.range, "definition", symbol.name);
  else if (symbol.declaration?.kind === "ImportSpecifier") {
    const { name, alias } = symbol.declaration;
    add(name, "read", name.name);
    if (alias) add(alias, "read", alias.name);
  } else if (symbol.range) add(symbol.range, "read", symbol.name);
}

/** Guards are named in `with { guards: { except: ["@name"], only: … } }`. */
function guardNames(analysis: Analysis, name: string): Span[] {
  const spans: Span[] = [];
  walk(analysis.file, node => {
    if (node.kind !== "Property" || node.key.name !== "guards" || node.value?.kind !== "ObjectExpression") return;
    for (const choice of node.value.properties) {
      if (choice.kind !== "Property" || choice.value?.kind !== "ArrayExpression") continue;
      for (const element of choice.value.elements) {
        const part = element.kind === "Template" && element.parts.length === 1 ? element.parts[0]! : null;
        const text = part && analysis.file.text.slice(part.start, part.end);
        if (part && text?.replace(/^@/, "") === name) spans.push(part);
      }
    }
  });
  return spans;
}

/** All places of one file that use the name given at `alias`: there behind `as`, under that name in others. */
export function aliasOccurrences(analysis: Analysis, alias: Place, name: string): Occurrence[] {
  const found: Span[] = [];
  for (const symbol of analysis.symbols) {
    const { declaration, range, references } = symbol;
    if (alias.uri === analysis.uri && range?.start === alias.start) found.push(range, ...references);
    if (!same(analysis.exportedName(symbol)?.alias, alias)) continue;
    if (declaration?.kind !== "ImportSpecifier") continue;
    found.push(declaration.name, ...(declaration.alias ? [] : references));
  }
  walk(analysis.file, node => {
    if (node.kind !== "ExportStatement" || alias.uri !== analysis.uri) return;
    for (const specifier of node.specifiers) if (specifier.alias?.start === alias.start) found.push(specifier.alias);
  });
  found.push(...members(analysis, alias, name, exported => exported.alias));
  const spans = [...new Map(found.map(span => [span.start, span])).values()].sort((a, b) => a.start - b.start);
  return spans.map(({ start, end }) => ({ start, end, kind: "read", spelled: name }));
}

function same(one: Place | undefined, other: Place): boolean {
  return one?.uri === other.uri && one.start === other.start;
}

/** `@module.name` for every namespace whose module exports what stands at `target`. */
function members(
  analysis: Analysis,
  target: Place,
  name: string,
  placeOf = (exported: ExportedName): Place | undefined => exported.place,
): Span[] {
  const namespaces = analysis.symbols.filter(symbol => {
    const exported = symbol.kind === "namespace" ? analysis.moduleOf(symbol)?.exports.get(name) : undefined;
    return exported !== undefined && same(placeOf(exported), target);
  });
  if (namespaces.length === 0) return [];
  const starts = new Set(namespaces.flatMap(symbol => symbol.references.map(reference => reference.start)));
  const spans: Span[] = [];
  walk(analysis.file, node => {
    if (
      node.kind === "MemberExpression" &&
      node.object.kind === "VariableReference" &&
      starts.has(node.object.start) &&
      node.property.name === name
    )
      spans.push(node.property);
  });
  return spans;
}
