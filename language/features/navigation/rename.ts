import type { Place } from "../../place";
import type { Analysis, MlldSymbol, Scope } from "../../semantics";
import { RESERVED } from "../../semantics/builtins";
import { fileName } from "../../semantics/uri";
import type { Span } from "../span";
import { codeUses, UnclearUse } from "./code-uses";
import { aliasOccurrences, localOccurrences, occurrencesOf } from "./occurrences";
import { type Target, targetAt } from "./target";

/** A rename that cannot be done; the message is for the author. */
export class RenameRefused extends Error {}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*$/;

export interface Renaming {
  target: Target;
  /** The part of the text that is replaced, without the sigil. */
  span: Span;
  name: string;
  /** The name stands for something else under an alias, or cannot be seen elsewhere: only this file changes. */
  local: boolean;
  /** Where the name is given behind `as`, when that name and not the definition's is changed. */
  alias: Place | null;
}

/** What would be renamed at an offset. @throws RenameRefused when nothing there has a name that can be changed */
export function renamingAt(analysis: Analysis, offset: number): Renaming {
  const target = targetAt(analysis, offset);
  if (!target || target.name === null) throw new RenameRefused("There is no name here that can be changed.");
  const { symbol } = target;
  if (symbol?.kind === "reserved" || symbol?.kind === "transformer")
    throw new RenameRefused(`@${symbol.name} is built into mlld and cannot be renamed.`);
  if (symbol?.kind === "namespace" && symbol.range === null)
    throw new RenameRefused(`@${symbol.name} is called after its file: write \`as @name\` behind the import.`);
  if (symbol?.kind === "import" && analysis.exportedName(symbol) === null)
    throw new RenameRefused(`The module that @${symbol.name} comes from is not known, so its name must stay.`);
  const spelled = written(analysis, target.span);
  const aliased = symbol?.kind === "import" && symbol.name !== target.name;
  // At an alias only the alias changes; at the imported name in front of it the definition does.
  const local =
    symbol !== null && ((aliased && spelled.name === symbol.name) || !exportable(symbol.scope, symbol.kind));
  const own = aliased && spelled.name === symbol.name;
  const alias = own ? exportedAlias(analysis, symbol) : (target.alias ?? null);
  const name = (local && symbol?.name) || target.name;
  return { target, span: spelled.span, name, local: local && alias === null, alias };
}

/** The place of an alias that other files see, because this one exports it. */
function exportedAlias({ summary, uri }: Analysis, { range }: MlldSymbol): Place | null {
  const seen = [...summary.exports.values()].some(({ alias }) => alias?.uri === uri && alias.start === range?.start);
  return seen && range ? { uri, ...range } : null;
}

function exportable(scope: Scope, kind: string): boolean {
  return scope.kind === "file" && kind !== "namespace";
}

/** The name of a span, without sigil and quotes. */
function written(analysis: Analysis, span: Span): { span: Span; name: string } {
  const text = analysis.file.text.slice(span.start, span.end);
  const match = /[A-Za-z_][\w-]*/.exec(text.replace(/^(\{\{\s*|@|auth:)/, skipped => " ".repeat(skipped.length)));
  const start = span.start + (match?.index ?? 0);
  return { span: { start, end: start + (match?.[0].length ?? 0) }, name: match?.[0] ?? "" };
}

/** @throws RenameRefused when the name is none, or is taken */
export function checkName(name: string): string {
  const plain = name.replace(/^@/, "");
  if (!NAME.test(plain))
    throw new RenameRefused(
      `"${name}" is no name: letters, digits and _ are allowed, and single hyphens between them.`,
    );
  if (Object.hasOwn(RESERVED, plain) && RESERVED[plain]!.redefined !== "free")
    throw new RenameRefused(`@${plain} is reserved by mlld.`);
  return plain;
}

/** The changes in one file. @throws RenameRefused when the new name already means something there */
export function renameIn(
  analysis: Analysis,
  { target, name, local, alias }: Renaming,
  newName: string,
): (Span & { newText: string })[] {
  const occurrences = alias
    ? aliasOccurrences(analysis, alias, name)
    : local && target.symbol
      ? localOccurrences(target.symbol)
      : target.place
        ? occurrencesOf(analysis, target.place, name).filter(({ spelled }) => spelled === name)
        : [];
  for (const { start } of occurrences) {
    const taken = lookup(analysis.scopeAt(start), newName);
    if (taken) throw new RenameRefused(`@${newName} already exists where @${name} is used.`);
  }
  const { symbol } = target;
  const text = analysis.references.find(
    reference => !reference.symbol && reference.name === newName && reference.use !== "auth",
  );
  if (text && occurrences.length > 0 && (!local || within(text, symbol?.scope)))
    throw new RenameRefused(
      `@${newName} is written in a text of ${fileName(analysis.uri)}, and would mean this name then.`,
    );
  const starts = new Set(occurrences.map(({ start }) => start));
  const inCode = analysis.symbols
    .filter(one => one.name === name && one.range && starts.has(one.range.start))
    .flatMap(one => codeSpans(analysis, one, newName));
  return [
    ...occurrences.map(occurrence => {
      const { span, name: spelled } = written(analysis, occurrence);
      // `@item_key` is the key of the loop variable `@item`.
      return { ...span, newText: spelled === `${name}_key` ? `${newName}_key` : newName };
    }),
    ...inCode.map(span => ({ ...span, newText: newName })),
  ];
}

function codeSpans(analysis: Analysis, symbol: MlldSymbol, newName: string): Span[] {
  try {
    return codeUses(analysis, symbol, newName);
  } catch (error) {
    throw error instanceof UnclearUse ? new RenameRefused(error.message) : error;
  }
}

function within({ start, end }: Span, scope: Scope | undefined): boolean {
  return scope !== undefined && scope.start <= start && end <= scope.end;
}

function lookup(scope: Scope, name: string): boolean {
  for (let at: Scope | null = scope; at; at = at.parent) {
    const symbol = at.symbols.get(name);
    if (symbol && symbol.kind !== "transformer" && symbol.kind !== "reserved") return true;
  }
  return false;
}
