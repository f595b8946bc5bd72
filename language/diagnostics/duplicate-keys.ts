/** Keys that an object has twice: only the last one counts. */
import type { Analysis } from "../semantics";
import { forEachChild } from "../syntax";
import type { Node, Property, PropertyKey, Spread, Statement } from "../syntax/tree";
import type { Finding } from "./finding";

interface Duplicate {
  first: PropertyKey;
  again: PropertyKey;
}

/** Statements stay from one text to the next, and their nodes move with them. */
const KNOWN = new WeakMap<Statement, Duplicate[]>();

export function duplicateKeys({ units, uri }: Analysis): Finding[] {
  return units.list.flatMap(({ statement }) => {
    let found = KNOWN.get(statement);
    if (!found) KNOWN.set(statement, (found = duplicatesIn(statement)));
    return found.map(({ first, again }): Finding => {
      const message = `'${again.name}' is written twice here, and only the last one counts: remove one, or join them.`;
      const related = [{ place: { uri, start: first.start, end: first.end }, message: "the first one is here" }];
      const place = { uri, start: again.start, end: again.end };
      return { code: "name/duplicate-key", severity: "warning", message, place, related, fixes: [] };
    });
  });
}

function duplicatesIn(statement: Statement): Duplicate[] {
  const found: Duplicate[] = [];
  const open: Node[] = [statement];
  const push = (node: Node): void => void open.push(node);
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.kind === "ObjectExpression" || node.kind === "WithClause") found.push(...twice(node.properties));
    forEachChild(node, push);
  }
  return found;
}

function twice(properties: readonly (Property | Spread)[]): Duplicate[] {
  const found: Duplicate[] = [];
  const keys = new Map<string, PropertyKey>();
  for (const property of properties) {
    // What stands behind a spread, or is there only sometimes, replaces on purpose.
    if (property.kind === "Spread") keys.clear();
    else if (property.key.name) {
      const first = keys.get(property.key.name);
      if (!first) keys.set(property.key.name, property.key);
      else if (!property.optional) found.push({ first, again: property.key });
    }
  }
  return found;
}
