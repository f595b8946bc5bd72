import {
  APOSTROPHE,
  AT,
  BACKTICK,
  CLOSE_PAREN,
  COLON,
  COMMA,
  HASH,
  isDigit,
  isIdentifierStart,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PIPE,
  QUOTE,
} from "./characters";
import { parseCommand } from "./commands";
import { parseTarget } from "./effects";
import { parsePrimary } from "./expressions";
import { parseArray, parseDuration, parseNumber, parseObject, parseProperties } from "./literals";
import type { Parser } from "./parser";
import { parseReference } from "./references";
import { parseTemplate } from "./templates";
import type { Action, Expression, OutputTarget, ParallelGroup, Stage, WithClause } from "./tree";

/** What may follow a value: `| @f`, `with { … }`, `pipeline [ … ]`, `as "…"`. */
export function parseTail(p: Parser, value: Action): Action {
  for (;;) {
    let i = p.afterSpaces(p.pos);
    let c = p.at(i);
    if (c === NEWLINE) {
      // The next line belongs to the value only if it begins with a pipe stage or `with {`.
      i = p.afterWhitespace(i);
      c = p.at(i);
      if (c === PIPE ? !startsStage(p, i) : !p.atWord(i, "with")) return value;
    }
    if (c === PIPE) {
      if (p.at(i + 1) === PIPE) return value;
      p.pos = i;
      value = parsePipeline(p, value as Expression);
    } else if (p.atWord(i, "with")) {
      if (p.at(p.afterWhitespace(i + 4)) !== OPEN_BRACE) {
        if (p.at(p.afterSpaces(i + 4)) !== AT) return value;
        p.pos = p.afterSpaces(i + 4);
        p.fail("syntax/invalid-with", "`with` takes its options in braces: `with { … }`.", p.pos, p.pos + 1);
        parseReference(p);
        continue;
      }
      p.pos = i;
      const clause = parseWith(p);
      value = { kind: "WithExpression", start: value.start, end: p.pos, value: value as Expression, clause };
    } else if (p.atWord(i, "pipeline") && p.at(p.afterSpaces(i + 8)) === OPEN_BRACKET) {
      value = parseLegacyPipeline(p, value as Expression, i);
    } else if (p.atWord(i, "as")) {
      const next = p.afterSpaces(i + 2);
      const d = p.at(next);
      const colons = d === COLON && p.at(next + 1) === COLON;
      if (d !== QUOTE && d !== APOSTROPHE && d !== BACKTICK && d !== HASH && !colons) return value;
      p.pos = next;
      const as = parseTitle(p);
      value = { kind: "AsExpression", start: value.start, end: p.pos, value: value as Expression, as };
    } else return value;
  }
}

/** `"Title"`, or `## Title` without quotes up to the end of the line. */
export function parseTitle(p: Parser): Expression {
  if (p.peek() !== HASH) return parseTemplate(p);
  const start = p.pos;
  while (p.peek() === HASH) p.pos++;
  return { kind: "BareWord", start, end: p.pos, text: p.text.slice(start, p.pos) };
}

function parseLegacyPipeline(p: Parser, value: Expression, i: number): Expression {
  const keyEnd = i + 8;
  p.pos = p.afterSpaces(keyEnd);
  const list = parseArray(p);
  const clause: WithClause = {
    kind: "WithClause",
    start: i,
    end: p.pos,
    properties: [
      {
        kind: "Property",
        start: i,
        end: p.pos,
        key: { kind: "PropertyKey", start: i, end: keyEnd, name: "pipeline", template: null },
        optional: false,
        value: list,
      },
    ],
  };
  return { kind: "WithExpression", start: value.start, end: p.pos, value, clause };
}

/** `with { … }` at the position. */
export function parseWith(p: Parser): WithClause {
  const start = p.pos;
  return parseOptions(p, start, p.afterWhitespace(start + 4));
}

/** The `{ … }` at `open` of a clause that begins at `start`. */
export function parseOptions(p: Parser, start: number, open: number): WithClause {
  p.pos = open;
  const inWith = p.inWith;
  p.inWith = true;
  const properties = parseProperties(p, p.pos, "syntax/invalid-with", "the `with` clause", false);
  p.inWith = inWith;
  return { kind: "WithClause", start, end: p.pos, properties };
}

/** True when the `|` at `i`, on a line of its own, continues the value: in prose and tables it does not. */
function startsStage(p: Parser, i: number): boolean {
  const parallel = p.at(i + 1) === PIPE;
  if (parallel) return false;
  const next = p.afterWhitespace(i + 1);
  const c = p.at(next);
  if (c === AT || c === OPEN_BRACE) return p.at(next + 1) !== -1;
  if (c === PIPE) return p.at(next + 1) === PIPE;
  return STAGE_WORDS.has(p.text.slice(next, p.wordEnd(next)));
}

const STAGE_WORDS = new Set(["cmd", "show", "log", "append", "output", "while"]);

function parsePipeline(p: Parser, source: Expression): Expression {
  const stages = parseStages(p);
  return { kind: "Pipeline", start: source.start, end: p.pos, source, stages, condensed: false };
}

/** `| @a | @b || @c …` at the position. */
export function parseStages(p: Parser): Stage[] {
  const stages: Stage[] = [];
  if (p.peek() === PIPE && p.at(p.pos + 1) === PIPE) stages.push(parseParallelGroup(p));
  const stageErrors = p.errors.length;
  for (;;) {
    let i = p.afterSpaces(p.pos);
    if (p.at(i) === NEWLINE) {
      const below = p.afterWhitespace(i);
      if (p.at(below) === PIPE && startsStage(p, below)) i = below;
    }
    if (p.at(i) !== PIPE) break;
    const last = stages[stages.length - 1];
    if (p.at(i + 1) === PIPE) {
      if (last?.kind !== "CallStage" || p.at(p.afterWhitespace(i + 2)) !== AT) break;
      // `| @a || @b`: the stage before becomes the first member of the group.
      const group = parseParallelGroup(p);
      group.start = last.start;
      group.members.unshift(last);
      stages[stages.length - 1] = group;
      continue;
    }
    p.pos = i + 1;
    p.skipWhitespace();
    const before = p.pos;
    const stage = parseStage(p);
    if (stage === null) {
      p.pos = Math.max(p.pos, before);
      break;
    }
    stages.push(stage);
    if (p.errors.length > stageErrors + 5) break;
  }
  return stages.slice();
}

/** One stage at the position, or null when none begins there. */
function parseStage(p: Parser): Stage | null {
  const start = p.pos;
  const c = p.peek();
  if (c === AT) {
    const target = parseReference(p);
    return { kind: "CallStage", start, end: p.pos, target };
  }
  if (c === PIPE && p.at(start + 1) === PIPE) return parseParallelGroup(p);
  if (c === OPEN_BRACE) {
    const value = parseObject(p);
    return { kind: "DataStage", start, end: p.pos, value };
  }
  const end = p.wordEnd(start);
  const word = p.text.slice(start, end);
  switch (word) {
    case "cmd": {
      const command = parseCommand(p);
      return { kind: "CommandStage", start, end: p.pos, command };
    }
    case "show":
    case "log":
    case "append":
    case "output":
      p.pos = end;
      return parseEffectStage(p, start, word);
    case "while": {
      p.pos = end;
      const { cap, pace } = parseCapAndPace(p);
      if (cap === null) p.fail("syntax/missing-value", "Expected the number of rounds: `while (5) @f`.", p.pos, p.pos);
      p.skipWhitespace();
      const target = parseStageTarget(p);
      return { kind: "WhileStage", start, end: p.pos, limit: cap ?? p.missing(end), pace, target };
    }
  }
  return invalidStage(p, start, end, word);
}

function parseStageTarget(p: Parser): Expression {
  if (p.peek() === AT) return parseReference(p);
  p.fail("syntax/invalid-stage", "Expected `@name` of the function to call.", p.pos, p.pos);
  return p.missing();
}

function invalidStage(p: Parser, start: number, end: number, word: string): Stage | null {
  if (word === "") {
    p.fail(
      "syntax/invalid-stage",
      "Expected a pipeline stage after `|`: `@name`, `cmd { … }`, `show`, `log`, `append` or `output`.",
      start,
      start,
    );
    return null;
  }
  const brace = p.at(p.afterSpaces(end)) === OPEN_BRACE;
  if (brace) {
    p.fail(
      "syntax/invalid-stage",
      `\`${word} { … }\` cannot be a pipeline stage: wrap it in an \`exe\` and use \`| @name\`.`,
      start,
      end,
    );
    return null;
  }
  p.fail("syntax/missing-at", `A pipeline stage needs \`@\`: \`| @${word}\`.`, start, end, {
    title: `Write \`@${word}\``,
    edits: [{ start, end: start, newText: "@" }],
  });
  p.pos = end;
  const target: Expression = { kind: "VariableReference", start, end, name: word };
  return { kind: "CallStage", start, end, target };
}

function parseEffectStage(p: Parser, start: number, effect: "show" | "log" | "append" | "output"): Stage {
  let argument: Expression | null = null;
  let target: OutputTarget | null = null;
  p.skipSpaces();
  const c = p.peek();
  if (effect === "show" || effect === "log") {
    if (c === QUOTE || c === APOSTROPHE || c === BACKTICK || c === AT || c === COLON) argument = parsePrimary(p);
  } else {
    if (effect === "append") {
      if (c === AT) argument = parsePrimary(p);
      p.skipSpaces();
      if (p.atWord(p.pos, "to")) p.pos = p.afterSpaces(p.pos + 2);
    } else if (effect === "output") {
      if (c === AT || c === BACKTICK) argument = parsePrimary(p);
      p.skipSpaces();
      if (p.atWord(p.pos, "to")) p.pos = p.afterSpaces(p.pos + 2);
      else p.fail("syntax/missing-keyword", 'Expected `to` and where to write: `| output to "file"`.', p.pos, p.pos);
    }
    target = parseTarget(p);
  }
  return { kind: "EffectStage", start, end: p.pos, effect, argument, target };
}

/** `|| @a() || @b() (cap, pace)` at the position. */
export function parseParallelGroup(p: Parser): ParallelGroup {
  const start = p.pos;
  const members: Stage[] = [];
  for (;;) {
    const i = p.afterWhitespace(p.pos);
    if (p.at(i) !== PIPE || p.at(i + 1) !== PIPE) break;
    p.pos = i + 2;
    p.skipWhitespace();
    const stage = parseStage(p);
    if (stage === null) break;
    members.push(stage);
  }
  let end = p.pos;
  let cap: Expression | null = null;
  let pace: Expression | null = null;
  const open = p.afterSpaces(p.pos);
  if (p.at(open) === OPEN_PAREN && (isDigit(p.at(p.afterSpaces(open + 1))) || p.at(p.afterSpaces(open + 1)) === AT)) {
    p.pos = open;
    ({ cap, pace } = parseCapAndPace(p));
    end = p.pos;
  }
  return { kind: "ParallelGroup", start, end, members: members.slice(), cap, pace };
}

/** `(cap, pace)` at the position or after spaces; both null when there is none. */
export function parseCapAndPace(p: Parser): { cap: Expression | null; pace: Expression | null } {
  const open = p.afterSpaces(p.pos);
  if (p.at(open) !== OPEN_PAREN) return { cap: null, pace: null };
  p.pos = p.afterWhitespace(open + 1);
  let cap: Expression | null = null;
  let pace: Expression | null = null;
  const c = p.peek();
  if (c === AT) cap = parseReference(p);
  else if (isDigit(c)) {
    const inWith = p.inWith;
    p.inWith = true;
    cap = parseNumber(p);
    p.inWith = inWith;
  } else if (isIdentifierStart(c)) {
    const start = p.pos;
    p.pos = p.wordEnd(start);
    const text = p.text.slice(start, p.pos);
    cap = { kind: "BareWord", start, end: p.pos, text };
    if (text !== "endless") p.fail("syntax/invalid-number", "Expected a number, `@name` or `endless`.", start, p.pos);
  } else if (c !== COMMA) p.fail("syntax/missing-value", "Expected a number or `@name`.", p.pos, p.pos);
  p.skipWhitespace();
  if (p.peek() === COMMA) {
    p.pos++;
    p.skipWhitespace();
    pace = parseDuration(p);
    p.skipWhitespace();
  }
  if (p.peek() === CLOSE_PAREN) p.pos++;
  else p.fail("syntax/unclosed-parenthesis", "Expected `)`.", open, open + 1);
  return { cap, pace };
}
