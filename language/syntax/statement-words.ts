import type { BlockKind } from "./blocks";
import { WordTable } from "./words";

/** Where a statement stands: at the top level of a file, or in a block. */
export type Place = "top" | BlockKind;

const BLOCKS: readonly Place[] = ["value", "env", "if", "for", "loop", "hook", "when", "action"];
const TOP: readonly Place[] = ["top"];
const NOT_FREE: readonly Place[] = ["value", "env", "if", "when", "action"];
/** Blocks with effects of their own form; loops and hooks take those of the top level too. */
const NARROW: readonly Place[] = ["value", "env", "if"];

/** True in a block whose `show`, `output` and `log` take less than those of the top level and of loops. */
export function hasNarrowEffects(place: Place): boolean {
  return NARROW.includes(place);
}

/** Statements that mlld accepts in some places only; words that are not listed stand anywhere. */
const REJECTED: Record<string, { places: readonly Place[]; instead: string }> = {
  let: { places: TOP, instead: "declare a variable of the file with `var`" },
  cmd: { places: TOP, instead: "write `run cmd { … }`" },
  foreach: { places: [...TOP, "when"], instead: "assign its result to a name" },
  done: { places: TOP, instead: "it belongs into a loop" },
  continue: { places: TOP, instead: "it belongs into a loop" },
  skip: { places: TOP, instead: "it belongs into a loop" },
  retry: { places: TOP, instead: "it belongs into a pipeline stage" },
  append: { places: ["when"], instead: "put it in a block of its own" },
  stream: { places: ["when"], instead: "put it in a block of its own" },
  checkpoint: { places: ["if"], instead: "put it before the `if`" },
  loop: { places: ["value", "env", "when", "action"], instead: "write `let @result = loop …`" },
  while: { places: BLOCKS, instead: "use it as a stage: `@x | while (5) @f`" },
  file: {
    places: ["if", "for", "loop", "hook", "when"],
    instead: "write it at the top level, in an `exe` or in a `box`",
  },
  files: {
    places: ["if", "for", "loop", "hook", "when"],
    instead: "write them at the top level, in an `exe` or in a `box`",
  },
  exe: { places: BLOCKS, instead: "declare it at the top level" },
  import: { places: BLOCKS, instead: "import at the top level" },
  export: { places: BLOCKS, instead: "export at the top level" },
  guard: { places: BLOCKS, instead: "declare it at the top level" },
  hook: { places: BLOCKS, instead: "declare it at the top level" },
  needs: { places: BLOCKS, instead: "declare it at the top level" },
  profiles: { places: BLOCKS, instead: "declare it at the top level" },
  policy: { places: NOT_FREE, instead: "declare it at the top level" },
  auth: { places: NOT_FREE, instead: "declare it at the top level" },
  sign: { places: NOT_FREE, instead: "sign at the top level" },
  verify: { places: NOT_FREE, instead: "verify at the top level" },
};

/** The words that begin statements. */
export const Word = {
  Var: 1,
  Let: 2,
  Exe: 3,
  Show: 4,
  Run: 5,
  If: 6,
  For: 7,
  When: 8,
  Env: 9,
  Box: 10,
  Output: 11,
  Append: 12,
  Log: 13,
  Import: 14,
  Export: 15,
  Policy: 16,
  Auth: 17,
  Guard: 18,
  Hook: 19,
  Needs: 20,
  Profiles: 21,
  Loop: 22,
  While: 23,
  Foreach: 24,
  Stream: 25,
  Bail: 26,
  Checkpoint: 27,
  Sign: 28,
  Verify: 29,
  Skip: 30,
  Done: 31,
  Continue: 32,
  Retry: 33,
  Cmd: 34,
  File: 35,
  Files: 36,
} as const;

export const WORDS = new WordTable(Object.entries(Word).map(([name, id]) => [name.toLowerCase(), id]));

/** The rules of `REJECTED` by the number of their word. */
export const RULES: ({ places: readonly Place[]; instead: string } | undefined)[] = [];
for (const [word, rule] of Object.entries(REJECTED)) RULES[WORDS.find(word, 0, word.length)] = rule;
