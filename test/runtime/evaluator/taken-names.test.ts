/** A name that cannot be taken: the check tells exactly those places where a run ends. */
import { describe, expect, it } from "vitest";
import { told } from "../../support/program";
import { runText } from "./harness";

const FILES = { "lib.mld": 'var @a = "1"\nexport { @a }\n' };

/** Program → where the name stands that the run refuses, behind `^`. */
const REDEFINED = [
  'var @a = "1"\nexe @f() = [\n  let ^@a = "2"\n  => @a\n]\nshow @f()\n',
  'exe @f() = [\n  let ^@late = "2"\n  => @late\n]\nvar @late = "1"\nshow @f()\n',
  'exe @f(p) = [\n  if @p [\n    let ^@p = "2"\n    show @p\n  ]\n  => "x"\n]\nshow @f("1")\n',
  'var @a = "1"\nenv {} [\n  let ^@a = "2"\n  show @a\n]\n',
  "for @i in [1, 2] [\n  let ^@i = 3\n  show @i\n]\n",
  "var @i = 1\nfor ^@i in [1, 2] => show @i\n",
  "exe @i() = `x`\nfor ^@i in [1, 2] => show @i\n",
  "var @x = 1\nwhen [ true => [\n  for ^@x in [1] => show @x\n] ]\n",
  "exe @a() = `x`\nvar ^@a = 1\nshow @a\n",
  "var @a = 1\nexe ^@a() = `x`\nshow @a\n",
  'import { a } from "./lib.mld"\nvar ^@a = 1\nshow @a\n',
  'var @a = 1\nimport { ^a } from "./lib.mld"\nshow @a\n',
  'var @a = 1\nimport "./lib.mld" as ^@a\nshow "ok"\n',
];

const TAKEN = [
  "for @i in [1] [\n  for @i in [2] => show @i\n]\n",
  "exe @f(p) = [\n  for @p in [1] => show @p\n  => 1\n]\nshow @f(1)\n",
  "var @x = 1\nwhen [ true => [\n  let @x = 2\n  if true [ let @x = 3\n  show @x ]\n] ]\n",
  "if true [ let @x = 1 ]\nvar @x = 2\nshow @x\n",
  "if true [\n  let @x = 1\n  let @x = 2\n  show @x\n]\n",
  "when [ true => var @x = 1\n  * => var @x = 2 ]\nshow @x\n",
  'var @x? = ""\nvar @x = 2\nshow @x\n',
  "exe @a() = `x`\nexe @a() = `y`\nshow @a()\n",
  'var @k = 1\nfor @k, @v in { "a": 1 } => show @v\n',
  "exe @f(now) = `@now`\nvar @fm = 1\nshow @f(1)\n",
  "exe @debug() = `x`\nexe @now() = `y`\nshow @now()\n",
];

async function refusals(text: string) {
  const { outcome } = await runText(text, { files: FILES });
  return outcome.errors.map(({ code, message }) => code ?? message);
}

describe("a name that is taken", () => {
  it.each(REDEFINED)("is told, and ends the run: %j", async marked => {
    const text = marked.replace("^", "");
    const name = /\^(@?\w+)/.exec(marked)![1]!;
    expect(told(text, FILES)).toEqual([`name/redefined «${name}»`]);
    expect(await refusals(text)).toEqual(["VariableRedefinition"]);
  });

  it.each(TAKEN)("may be taken again: %j", async text => {
    expect(told(text, FILES)).toEqual([]);
    expect(await refusals(text)).toEqual([]);
  });

  it.each([
    ...["base", "root", "now", "mx", "debug", "keychain"].map(name => [name, ["VariableRedefinition"]] as const),
    ...["input", "payload"].map(name => [name, []] as const),
  ])("@%s is mlld's own: told with what a run does", async (name, refused) => {
    const programs = [
      `var @${name} = 1\nshow "ok"\n`,
      `for @${name} in [1] => show "ok"\n`,
      `exe @f() = [\n  let @${name} = 1\n  => "ok"\n]\nshow @f()\n`,
    ];
    for (const text of programs) {
      expect(told(text)).toEqual([`name/reserved «@${name}»`]);
      expect(await refusals(text)).toEqual(refused);
    }
  });
});
