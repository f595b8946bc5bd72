import type { File, ImportSource, Statement } from "../syntax/tree";
import { bindStatement, type Part } from "./binder";
import type { Bound } from "./bound";
import { builtin, lookUp, nameless, newScope } from "./scopes";
import { namespaceName } from "./specifiers";
import { lastStarting } from "./starts";
import type { MlldSymbol, Reference, Scope } from "./symbols";

/** What was bound of statements that may be taken over from one tree to the next. */
const PARTS = new WeakMap<Statement, Part>();

/**
 * Binds a file: every name is found or left without a symbol; nothing is reported here. Statements are bound each by itself and then
 * linked; one that was bound as a part of an earlier tree is only linked again, so that what was bound from that tree is used up.
 */
export function bind(file: File): Bound {
  const parts: Part[] = [];
  const bound: Bound = {
    file,
    scope: newScope("file", file, null),
    symbols: [],
    references: [],
    referenceOf: node => parts[lastStarting(parts, node.start)]?.referenceOf.get(node) ?? null,
    symbolOf: node => parts[lastStarting(parts, node.start)]?.symbolOf.get(node) ?? null,
    calls: [],
    imports: [],
    exports: [],
    auth: new Map(),
    guards: [],
  };
  for (const statement of file.statements) {
    const known = PARTS.get(statement);
    const part = known ?? bindStatement(statement, bound);
    if (known) link(known, statement, bound.scope);
    else if (part.alone) PARTS.set(statement, part);
    parts.push(part);
    for (const symbol of part.symbols) bound.symbols.push(symbol);
    for (const reference of part.references) bound.references.push(reference);
    for (const call of part.calls) bound.calls.push(call);
  }
  for (const index of bound.imports.keys()) nameModule(index, bound);
  for (const { free } of parts) {
    for (const reference of free) {
      reference.symbol ??= resolve(reference, bound);
      if (reference.symbol?.range) reference.symbol.references.push(reference);
    }
  }
  return bound;
}

/** An import that names nothing is called after its file, where nothing else has that name. */
function nameModule(index: number, { file, imports, scope }: Bound): void {
  const { specifiers, namespace, source, sourceType, importType } = imports[index]!;
  if (specifiers || namespace || sourceType !== "module" || importType === "policy") return;
  const name = namespaceName(pathOf(source, file.text));
  if (name === "" || scope.symbols.has(name)) return;
  scope.symbols.set(name, { ...nameless("namespace", name, scope), import: { index, imported: null } });
}

/** The path as far as it is written. */
function pathOf(source: ImportSource, text: string): string {
  if (source.kind === "ModuleReference") return source.text;
  if (source.kind === "FileReference") return text.slice(source.start + 1, source.end - 1).trim();
  return source.kind === "Template" && source.parts.every(part => part.kind === "Text")
    ? source.parts.map(({ value }) => value).join("")
    : "";
}

/** Puts a part into the scope of a new tree, where its statement may stand somewhere else. */
function link(part: Part, statement: Statement, file: Scope): void {
  const shift = statement.start - part.start;
  const before = part.scopes[0]?.parent ?? null;
  part.start = statement.start;
  for (const symbol of part.symbols) {
    if (shift !== 0) moveSymbol(symbol, shift);
    if (symbol.scope.kind !== "file") continue;
    symbol.scope = file;
    symbol.references = [];
    symbol.writes = [];
    if (symbol.name !== "" && !file.symbols.has(symbol.name)) file.symbols.set(symbol.name, symbol);
  }
  for (const scope of part.scopes) {
    if (shift !== 0) move(scope, shift);
    if (scope.parent !== before) continue;
    scope.parent = file;
    file.children.push(scope);
  }
  if (shift !== 0) for (const reference of part.references) move(reference, shift);
  for (const reference of part.free) {
    const { symbol } = reference;
    // The key of a loop is the loop's own name, though it is looked for only after those of the file.
    if (symbol?.kind === "loop") symbol.references = symbol.references.filter(one => one !== reference);
    reference.symbol = null;
    if (reference.scope.kind === "file") reference.scope = file;
  }
}

function moveSymbol({ range, writes }: MlldSymbol, shift: number): void {
  if (range) move(range, shift);
  for (const write of writes) write.start += shift;
}

function move(range: { start: number; end: number }, shift: number): void {
  range.start += shift;
  range.end += shift;
}

function resolve(reference: Reference, bound: Bound): MlldSymbol | null {
  if (reference.use === "auth") return bound.auth.get(reference.name) ?? null;
  const symbol = lookUp(reference.name, reference.scope, reference.start);
  if (symbol) return symbol;
  if (reference.use === "export") {
    return bound.auth.get(reference.name) ?? bound.guards.find(guard => guard.name === reference.name) ?? null;
  }
  return loopKey(reference) ?? builtin(reference.name);
}

/** In `for @v in …` the name `@v_key` is the key of `@v`. */
function loopKey(reference: Reference): MlldSymbol | null {
  if (!reference.name.endsWith("_key")) return null;
  const symbol = lookUp(reference.name.slice(0, -"_key".length), reference.scope, reference.start);
  return symbol?.kind === "loop" ? symbol : null;
}
