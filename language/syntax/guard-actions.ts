import {
  APOSTROPHE,
  AT,
  BACKTICK,
  CLOSE_BRACKET,
  isIdentifierStart,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUOTE,
  SEMICOLON,
} from "./characters";
import { parseExpression, parseValue, Where } from "./expressions";
import { parseLabelled } from "./label-expressions";
import type { Parser } from "./parser";
import { skipGroup } from "./references";
import { parseTail, parseWith } from "./tails";
import { parseString } from "./templates";
import type { Action, Expression, GuardAction, WithClause } from "./tree";

/** `allow …`, `deny "…"`, `retry "…"`, `env @cfg`, or a privileged label change. */
export function parseGuardAction(p: Parser): Action {
  const start = p.pos;
  const word = p.text.slice(start, p.wordEnd(start));
  const end = start + word.length;
  switch (word) {
    case "allow":
      p.pos = end;
      return parseAllow(p, start);
    case "deny":
    case "retry": {
      p.pos = p.afterSpaces(end);
      let value: Expression | null = null;
      if (p.peek() === QUOTE || p.peek() === APOSTROPHE) value = parseString(p);
      else {
        p.pos = end;
        p.fail(
          "syntax/guard-action",
          word === "deny"
            ? 'A guard denies with a quoted reason: `deny "reason"`.'
            : 'A guard retries with a quoted hint: `retry "hint"`.',
          start,
          end,
        );
        skipRest(p);
      }
      return { kind: "GuardAction", start, end: p.pos, action: word, value, with: null };
    }
    case "env":
      p.pos = end;
      return parseEnvAction(p, start);
  }
  const errors = p.errors.length;
  const comments = p.comments.length;
  const labelled = parseLabelled(p);
  if (labelled !== null && labelled.modifier !== "add") return labelled;
  p.rewind(start, errors, comments);
  p.fail(
    "syntax/guard-action",
    'Expected what the guard does: `allow`, `deny "reason"`, `retry "hint"` or `env @config`.',
    start,
    Math.max(end, start),
  );
  if (isIdentifierStart(p.peek())) {
    skipRest(p);
    return p.missing(start);
  }
  return parseValue(p, Where.Action);
}

/** Steps over what cannot follow a guard action, up to the end of the entry. */
function skipRest(p: Parser): void {
  for (;;) {
    const c = p.peek();
    if (c === -1 || c === NEWLINE || c === SEMICOLON || c === CLOSE_BRACKET || p.atComment(p.pos)) return;
    const line = p.lineEnd(p.pos);
    if (c === OPEN_BRACKET || c === OPEN_BRACE) {
      skipGroup(p, p.pos);
      if (p.pos === p.end) p.pos = line;
    } else p.pos++;
  }
}

const ALLOW_OPTIONS = new Set(["addLabels", "removeLabels", "warning"]);

function parseAllow(p: Parser, start: number): GuardAction {
  let value: Expression | null = null;
  let clause: WithClause | null = null;
  const next = p.afterSpaces(p.pos);
  const c = p.at(next);
  if (c === AT || c === QUOTE || c === APOSTROPHE || c === BACKTICK || c === OPEN_BRACE) {
    p.pos = next;
    let allowed = parseTail(p, parseExpression(p)) as Expression;
    if (allowed.kind === "WithExpression") {
      clause = allowed.clause;
      allowed = allowed.value;
    }
    value = allowed;
  } else if (p.atWord(next, "with") && p.at(p.afterWhitespace(next + 4)) === OPEN_BRACE) {
    p.pos = next;
    clause = parseWith(p);
  }
  for (const entry of clause?.properties ?? []) {
    const key = entry.kind === "Property" ? entry.key : entry;
    if (key.kind !== "PropertyKey" || !ALLOW_OPTIONS.has(key.name ?? ""))
      p.fail("syntax/guard-action", "`allow` takes `addLabels`, `removeLabels` and `warning`.", key.start, key.end);
  }
  return { kind: "GuardAction", start, end: p.pos, action: "allow", value, with: clause };
}

function parseEnvAction(p: Parser, start: number): GuardAction {
  const next = p.afterSpaces(p.pos);
  const c = p.at(next);
  let value: Expression | null = null;
  if (c === AT || c === OPEN_BRACE || c === OPEN_PAREN || c === QUOTE || c === APOSTROPHE || p.atWord(next, "new")) {
    p.pos = next;
    value = parseExpression(p);
    const behind = p.afterSpaces(p.pos);
    if (p.atWord(behind, "with")) {
      p.fail("syntax/guard-action", "A guard takes a config without `with`: `env @config`.", behind, behind + 4);
      p.pos = behind;
      skipRest(p);
    } else if (p.at(behind) === OPEN_BRACKET) {
      p.fail("syntax/guard-action", "A guard chooses a config and has no block: `env @config`.", behind, behind + 1);
      p.pos = behind;
      skipRest(p);
    }
  } else p.fail("syntax/guard-action", "A guard chooses a config: `env @config`.", start, p.pos);
  return { kind: "GuardAction", start, end: p.pos, action: "env", value, with: null };
}
