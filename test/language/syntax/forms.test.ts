import { describe, expect, test } from "vitest";
import { parse } from "../../../language/syntax";

/** Places of a statement, which stands at `…`. */
const PLACES = {
  top: "…",
  exe: "exe @f() = [\n  …\n]",
  env: "env @c [\n  …\n]",
  if: "if @a [\n  …\n]",
  for: "for @x in @xs [\n  …\n]",
  hook: "hook after @f = [\n  …\n]",
} as const;
type Place = keyof typeof PLACES;

const EVERYWHERE = Object.keys(PLACES) as Place[];
const BLOCKS: Place[] = ["exe", "env", "if", "for", "hook"];
const NARROW: Place[] = ["exe", "env", "if"];
const FREE: Place[] = ["for", "hook"];

/** Statements and where mlld takes them. */
const STATEMENTS: [statement: string, places: Place[]][] = [
  ["show `x`", EVERYWHERE],
  ["show @x as `T`", EVERYWHERE],
  ["show 1", BLOCKS],
  ["show true", BLOCKS],
  ["show { a: 1 }", BLOCKS],
  ["show [1]", FREE],
  ["show <f.md>", ["top", ...FREE]],
  ["show foreach @g(@xs)", ["top", ...FREE]],
  ["output @x to `f`", EVERYWHERE],
  ["output @x to `f` as json", ["top"]],
  ["output `f`", ["top", ...FREE]],
  ["append @x to `f`", EVERYWHERE],
  ["log `x`", EVERYWHERE],
  ["log <f.md>", BLOCKS],
  ["log 1", BLOCKS],
  ["log `x` | @f", ["top"]],
  ["log @x | @f", BLOCKS],
  ["let @x = 1", BLOCKS],
  ["@x += 1", BLOCKS],
  ["foreach @g(@xs)", BLOCKS],
  ["checkpoint `x`", ["top", "exe", "env", ...FREE]],
  ["loop(3) [ done ]", ["top", "if", ...FREE]],
  ["<f.md>", BLOCKS],
  ["@x", FREE],
  ["1 + 2", FREE],
  ["sh { ls }", FREE],
  ["sign @x", ["top", ...FREE]],
  ["policy @p = {}", ["top", ...FREE]],
  ["file `a` = `x`", ["top", "exe", "env"]],
  ["var @x = 1", ["top"]],
  ["exe @g() = `x`", ["top"]],
  ["import `./x.mld`", ["top"]],
  ["while(3) @f", ["top"]],
  ["=>", NARROW],
  ["=> @x", EVERYWHERE],
];

describe("a statement is taken where mlld takes it", () => {
  for (const [statement, places] of STATEMENTS) {
    test(statement, () => {
      const taken = EVERYWHERE.filter(
        place => parse(PLACES[place].replace("…", statement), "strict").errors.length === 0,
      );
      expect(taken).toEqual(EVERYWHERE.filter(place => places.includes(place)));
    });
  }
});

/** A form that mlld takes, beside siblings that it does not; `⟦` stands where the error begins. */
const SIBLINGS: [taken: string, ...rejected: string[]][] = [
  ["var @a = * ? 1 : 2", "var @a = ⟦*", "var @a = [⟦*]", "var @a = { b: ⟦* }"],
  ["if none [ show `x` ]", "var @a = ⟦none", "exe @f() = [ => ⟦denied ]"],
  ["var @a = <*.md> as `<>.mx.filename`", "var @a = ⟦<>"],
  ["var @a = <x.ts { *@name, @name?? }>", "var @a = <x.ts ⟦{ @name }>", "var @a = <x.ts ⟦{ a, @name }>"],
  ["var secret, static @a = 1", "var ⟦static @a = 1", "exe ⟦from @f() = `x`"],
  ["var @a = run js (@x) { return x }", "var @a = ⟦js (@x) { return x }"],
  ["var @a = show `x`", "var @a = ⟦log `x`", "var @a = ⟦append @x to `f`", "var @a = { b: ⟦show `x` }"],
  ["var @a = @f() with { pipeline: [show `x`, @g] }", "var @a = [1, ⟦show `x`]"],
  ["var @a = @x.replace(/a/, `b`)", "var @a = ⟦/a/", "var @a = [⟦/a/]"],
  ["var @a = [ let @x = 1 => @x ]", "var @a = [⟦[ let @x = 1 => @x ]]", "var @a = { b: ⟦[ let @x = 1 => @x ] }"],
  ["exe @f() = [ log => 1 ]", "exe @f() = [ log ⟦= 1 ]"],
  ["exe @f() = [ if @a [ bail => 1 ] ]", "exe @f() = [ bail ⟦= 1 ]"],
  ["bail { a: 1 }", "bail ⟦cmd { ls }", "bail ⟦when [ @a => 1 ]"],
  ["exe @f.risk.high() = `x`", "exe @f⟦.risk.none() = `x`", "exe @f⟦.about.more() = `x`"],
  ["exe @f() = [ => cmd { ls } | @g ]", "exe @f() = [ => run cmd { ls }⟦ | @g ]"],
  ["exe @f() = [\n  checkpoint `x`\n]", "exe @f() = [ ⟦checkpoint `x` ]"],
  ["var @a = when @x [ > 5 => 1 ]", "var @a = when [ ⟦> 5 => 1 ]"],
  ["for @k, @v.f in @xs => show @v", "for @k⟦.f, @v in @xs => show @v"],
  ["loop(3) [ done ]", "loop(⟦) [ done ]"],
  ["var @a = @x | while(3) @f", "var @a = @x | while⟦ @f"],
  ["run `x` | cmd { cat }", "run ⟦::x::"],
  ["import templates from `./x` as @t(a)", "import ⟦helper from `./x.mld`"],
  ["policy @p = union(@a, @b.c)", "policy @p = ⟦union()", "policy @p = union(⟦a)", "policy @p = union(⟦@a @b)"],
  ["profiles { a: { requires: {}, description: `x` } }", "profiles { a: { ⟦tools: [] } }"],
  [
    "guard before secret = when [ * => allow @x with { addLabels: [`a`] } ]",
    "guard before secret = when [ * => allow @x with { ⟦labels: [`a`] } ]",
  ],
  ["guard before secret = when [ * => trusted! @v ]", "guard before secret = when [ * => ⟦secret @v ]"],
  ["import { a } from @b/c", "import { a } from ⟦@b/", "import { a } from ⟦@b//c"],
  ["guard before @f = when [ * => allow ]", "guard @f before ⟦= when [ * => allow ]"],
];

describe("a form and its siblings", () => {
  for (const [taken, ...rejected] of SIBLINGS) {
    test(taken, () => {
      expect(parse(taken.replaceAll("`", '"'), "strict").errors).toEqual([]);
      for (const text of rejected) {
        const marked = text.replaceAll("`", '"');
        const [error] = parse(marked.replace("⟦", ""), "strict").errors;
        expect(error?.start, text).toBe(marked.indexOf("⟦"));
      }
    });
  }
});
