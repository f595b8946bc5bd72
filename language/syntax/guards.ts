import { parseBlock } from "./blocks";
import {
  APOSTROPHE,
  AT,
  CLOSE_PAREN,
  COLON,
  DOT,
  EQUALS,
  isIdentifierStart,
  NEWLINE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUOTE,
} from "./characters";
import { takeEqualsAfter } from "./equals";
import type { Parser } from "./parser";
import { parseWith } from "./tails";
import { parseString } from "./templates";
import type {
  Binding,
  Block,
  GuardFilter,
  GuardStatement,
  HookStatement,
  HookTarget,
  WhenExpression,
  WithClause,
} from "./tree";
import { parseWhenOf, parseWhenRest } from "./when";

function parseName(p: Parser): Binding | null {
  if (p.peek() !== AT || !isIdentifierStart(p.at(p.pos + 1))) return null;
  const start = p.pos;
  p.pos = p.identifierEnd(start + 1);
  return { kind: "Binding", start, end: p.pos, name: p.text.slice(start + 1, p.pos) };
}

/** `guard [privileged] [@name] TIMING FILTER = when [ … ] [with { … }]`, and the older `for FILTER`. */
export function parseGuard(p: Parser): GuardStatement {
  const start = p.pos;
  p.pos += 5;
  p.skipWhitespace();
  const privileged = p.atWord(p.pos, "privileged");
  if (privileged) {
    p.pos += 10;
    p.skipWhitespace();
  }
  let timing: GuardStatement["timing"] | null = parseTiming(p);
  let name = parseName(p);
  const named = timing === null ? null : name;
  p.skipWhitespace();
  timing ??= parseTiming(p);
  if (p.atWord(p.pos, "for")) {
    p.pos += 3;
    p.skipWhitespace();
    timing ??= "before";
  }
  if (timing === null) {
    p.fail("syntax/guard-timing", "Expected `before`, `after` or `always`.", p.pos, p.pos);
    timing = "before";
  }
  // `guard before @fn` names a function (2.0.5), not the guard.
  const filter = parseFilter(p, p.peek() === EQUALS || p.peek() === -1 ? named : null);
  if (filter.filter === "function" && name !== null && filter.start === name.start) name = null;
  const rules = parseRules(p, start);
  let withClause: WithClause | null = null;
  const next = p.afterSpaces(p.pos);
  if (p.atWord(next, "with")) {
    p.pos = next;
    withClause = parseWith(p);
  }
  return { kind: "GuardStatement", start, end: p.pos, privileged, name, timing, filter, rules, with: withClause };
}

function parseTiming(p: Parser): GuardStatement["timing"] | null {
  for (const timing of ["before", "after", "always"] as const) {
    if (!p.atWord(p.pos, timing)) continue;
    p.pos += timing.length;
    p.skipWhitespace();
    return timing;
  }
  return null;
}

/** `op:run`, `op:cmd.git.status`, `secret`, `src:mcp`, `@fn`; `function` is a name that turned out to be the filter. */
function parseFilter(p: Parser, named: Binding | null): GuardFilter {
  if (named !== null)
    return { kind: "GuardFilter", start: named.start, end: named.end, filter: "function", name: named.name };
  const start = p.pos;
  const name = parseName(p);
  if (name !== null) return { kind: "GuardFilter", start, end: p.pos, filter: "function", name: name.name };
  const path = parsePath(p);
  if (path === "") {
    p.fail(
      "syntax/guard-filter",
      "Expected what the guard watches: `op:run`, a label such as `secret`, or `@function`.",
      start,
      start,
    );
    const equals = p.findInLine("=", start);
    if (equals !== -1) p.pos = equals;
    return { kind: "GuardFilter", start, end: start, filter: "label", name: "" };
  }
  const operation = path.startsWith("op:");
  return {
    kind: "GuardFilter",
    start,
    end: p.pos,
    filter: operation ? "operation" : "label",
    name: operation ? path.slice(3) : path,
  };
}

/** `word` with `:word` and `.word` parts. */
function parsePath(p: Parser): string {
  const start = p.pos;
  let i = p.identifierEnd(start);
  while (i > start && (p.at(i) === COLON || p.at(i) === DOT) && isIdentifierStart(p.at(i + 1)))
    i = p.identifierEnd(i + 1);
  p.pos = i;
  return p.text.slice(start, i);
}

function parseRules(p: Parser, start: number): WhenExpression {
  takeEquals(p);
  if (p.atWord(p.pos, "when")) {
    const rules = parseWhenOf(p, "guard");
    if (rules.subject !== null || rules.inline)
      p.fail(
        "syntax/guard-action",
        "A guard takes a list of rules: `when [ CONDITION => ACTION … ]`.",
        rules.start,
        rules.start + 4,
      );
    return rules;
  }
  const at = p.pos;
  p.fail("syntax/missing-keyword", "Expected `when [ CONDITION => ACTION … ]`.", at, at, {
    title: "Insert `when`",
    edits: [{ start: at, end: at, newText: "when " }],
  });
  if (p.peek() === OPEN_BRACKET) {
    return parseWhenRest(p, "guard", at);
  }
  p.pos = p.lineEnd(at);
  return {
    kind: "WhenExpression",
    start: Math.max(at, start),
    end: at,
    inline: false,
    first: false,
    subject: null,
    entries: [],
  };
}

function takeEquals(p: Parser): void {
  const at = p.pos;
  if (takeEqualsAfter(p, "what it is for")) {
    p.skipWhitespace();
    return;
  }
  p.fail("syntax/missing-equals", "Expected `=`.", at, at, {
    title: "Insert `=`",
    edits: [{ start: at, end: at, newText: " =" }],
  });
  if (p.text.slice(at, p.pos).includes("\n")) p.pos = at;
}

/** `hook [@name] before|after TARGET = [block]`, or `= when [ … ]`. */
export function parseHook(p: Parser): HookStatement {
  const start = p.pos;
  p.pos += 4;
  p.skipWhitespace();
  const name = parseName(p);
  p.skipWhitespace();
  let timing: "before" | "after" = "before";
  if (p.atWord(p.pos, "before")) p.pos += 6;
  else if (p.atWord(p.pos, "after")) {
    timing = "after";
    p.pos += 5;
  } else p.fail("syntax/guard-timing", "Expected `before` or `after`.", p.pos, p.pos);
  p.skipWhitespace();
  const target = parseHookTarget(p);
  takeEquals(p);
  const body = parseHookBody(p);
  return { kind: "HookStatement", start, end: p.pos, name, timing, target, body };
}

function parseHookTarget(p: Parser): HookTarget {
  const start = p.pos;
  if (p.peek() === AT && isIdentifierStart(p.at(start + 1))) {
    p.pos = p.identifierEnd(start + 1);
    while (p.peek() === DOT && isIdentifierStart(p.at(p.pos + 1))) p.pos = p.identifierEnd(p.pos + 1);
    const name = p.text.slice(start + 1, p.pos);
    let prefix: string | null = null;
    if (p.peek() === OPEN_PAREN) {
      p.pos = p.afterSpaces(p.pos + 1);
      if (p.peek() === QUOTE || p.peek() === APOSTROPHE) {
        const quoted = p.pos;
        parseString(p);
        prefix = p.text.slice(quoted + 1, p.pos - 1);
      } else p.fail("syntax/hook-target", "Expected the first argument's prefix in quotes.", p.pos, p.pos);
      p.skipSpaces();
      if (p.peek() === CLOSE_PAREN) p.pos++;
      else p.fail("syntax/unclosed-parenthesis", "Expected `)`.", p.pos, p.pos);
    }
    return { kind: "HookTarget", start, end: p.pos, target: "function", name, prefix };
  }
  const path = parsePath(p);
  if (path === "")
    p.fail("syntax/hook-target", "Expected what the hook watches: `@function`, `op:run` or a label.", start, start);
  const operation = path.startsWith("op:");
  return {
    kind: "HookTarget",
    start,
    end: p.pos,
    target: operation ? "operation" : "label",
    name: operation ? path.slice(3) : path,
    prefix: null,
  };
}

function parseHookBody(p: Parser): Block | WhenExpression {
  if (p.peek() === OPEN_BRACKET) return parseBlock(p, "hook");
  if (p.atWord(p.pos, "when")) return parseWhenOf(p, "value");
  const at = p.pos;
  p.fail("syntax/missing-block", "Expected a block `[ … ]` or `when [ … ]`.", at, at);
  if (p.peek() !== NEWLINE) p.pos = p.lineEnd(at);
  return { kind: "Block", start: at, end: at, statements: [] };
}
