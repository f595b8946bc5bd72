import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bind } from "../../../language/semantics/bind";
import type { Bound } from "../../../language/semantics/bound";
import type { MlldSymbol, Scope } from "../../../language/semantics/symbols";
import { parse, reparse } from "../../../language/syntax";
import type { Mode } from "../../../language/syntax/tree";
import { CORPUS, corpusFiles } from "../../support/corpus";

const LINES = [
  "var @a = 1",
  "var @b = @a",
  "exe @f(x) = [ let @y = @x\n  => @y ]",
  "exe @g() = @f(@a)",
  "when @b [ @a => show @f(@b) ]",
  "for @item in @a => show @item_key",
  "show `@a @b @missing`",
  "let @l = 1",
  "@l += 2",
  "if @a [ let @l += @a ]",
  'import { @c as @d } from "./c.mld"',
  "export { @a, @f }",
  'auth @key = "KEY"',
  "run cmd { echo @a } using auth:key",
  "guard @named before op:cmd = when [ @a => deny ]",
  ">> @a",
  "",
];

const symbol = (one: MlldSymbol | null) => one && `${one.kind} ${one.name} ${one.range?.start}`;

const scope = ({ kind, start, end, children, symbols, executable }: Scope): unknown => ({
  at: `${kind} ${start} ${end} ${symbol(executable)}`,
  symbols: [...symbols.values()].map(symbol),
  children: children.map(scope),
});

/** All that was bound, without circles. */
const picture = (bound: Bound) => ({
  scope: scope(bound.scope),
  symbols: bound.symbols.map(one => ({
    name: symbol(one),
    end: one.range?.end,
    scope: `${one.scope.kind} ${one.scope.start}`,
    references: one.references.map(({ start }) => start),
    writes: one.writes.map(({ start }) => start),
    import: one.import,
    found: one.declaration && symbol(bound.symbolOf(one.declaration)),
  })),
  references: bound.references.map(one => ({
    at: `${one.name} ${one.start} ${one.end} ${one.use} ${one.asked} ${one.inText} ${one.inCommand}`,
    symbol: symbol(one.symbol),
    scope: `${one.scope.kind} ${one.scope.start}`,
  })),
  parents: bound.scope.children.every(({ parent }) => parent === bound.scope),
  calls: bound.calls.map(({ start }) => start),
  imports: bound.imports.map(({ start }) => start),
  exports: bound.exports.map(({ start }) => start),
  auth: [...bound.auth.values()].map(symbol),
  guards: bound.guards.map(symbol),
});

const edit = fc.record({
  at: fc.nat({ max: 100_000 }),
  remove: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
  insert: fc.oneof(
    fc.constantFrom("", "x", "\n", "]", "@a"),
    fc.constantFrom(...LINES).map(line => `\n${line}\n`),
  ),
});

function sameAsFresh(
  start: string,
  edits: { at: number; remove: number; insert: string }[],
  mode: Mode = "strict",
): void {
  let text = start;
  let file = parse(text, mode);
  bind(file);
  for (const { at, remove, insert } of edits) {
    const from = at % (text.length + 1);
    text = text.slice(0, from) + insert + text.slice(from + remove);
    file = reparse(file, text) ?? parse(text, mode);
    expect(picture(bind(file)), text).toEqual(picture(bind(parse(text, mode))));
  }
}

describe("names after an edit", () => {
  it("are bound as in a fresh tree", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...LINES), { minLength: 4, maxLength: 16 }),
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        (lines, edits) => sameAsFresh(lines.join("\n"), edits),
      ),
      { numRuns: 800 },
    );
  });

  it.skipIf(!CORPUS)("are bound as in a fresh tree, all over the corpus", { timeout: 120_000 }, () => {
    const files = corpusFiles("strict/valid", "markdown/valid").filter(({ text }) => text.length < 20_000);
    const edits = fc.sample(fc.array(edit, { minLength: 3, maxLength: 5 }), { numRuns: files.length, seed: 5 });
    for (const [index, { text, mode }] of files.entries()) sameAsFresh(text, edits[index]!, mode);
  });
});
