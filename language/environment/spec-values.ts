/** Spec files (YAML, of which JSON is a part) as values with places. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Place } from "../place";
import type { AbstractEntry, AbstractValue } from "../values/abstract";
import type { Problem } from "./types";

/** Nothing in a spec lies deeper; a file that does is not read further. */
const MAX_DEPTH = 20;

export function specValue(text: string, uri: string): { value: AbstractValue; problems: Problem[] } {
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false, uniqueKeys: true });
  const at = (start: number, end: number): Place => ({ uri, start, end: Math.max(start, end) });
  const problems = document.errors.map(
    (error): Problem => ({
      code: "env/field-type",
      severity: "error",
      message: `This is no YAML: ${error.message}`,
      place: at(error.pos[0], error.pos[1]),
      related: [],
      fixes: [],
    }),
  );

  const read = (node: Node | null, depth: number): AbstractValue => {
    const place = node?.range ? at(node.range[0], node.range[1]) : at(0, 0);
    if (depth > MAX_DEPTH) return { kind: "unknown", reason: "nested too deeply", place };
    // An alias is read once more at each use: a few of them, not a bomb, since the depth is bounded and specs are small.
    if (isAlias(node)) return { kind: "unknown", reason: "a YAML alias", place };
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): AbstractEntry => {
        const name = isScalar(key) ? String(key.value) : "";
        const keyPlace = isScalar(key) && key.range ? at(key.range[0], key.range[1]) : place;
        const missing: AbstractValue = { kind: "known", value: null, place: keyPlace };
        return { key: name, keyPlace, value: value === null ? missing : read(value as Node, depth + 1) };
      });
      return { kind: "object", entries, open: false, place };
    }
    if (isSeq(node))
      return { kind: "array", items: node.items.map(item => read(item as Node, depth + 1)), open: false, place };
    const scalar = isScalar(node) ? node.value : null;
    const plain = typeof scalar === "string" || typeof scalar === "number" || typeof scalar === "boolean";
    return { kind: "known", value: plain ? scalar : null, place };
  };
  return { value: read(document.contents as Node | null, 0), problems };
}
