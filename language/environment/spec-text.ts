/** Spec files are YAML; JSON is YAML too. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { AbstractValue } from "../values/abstract";
import type { SpecProblem } from "./spec-model";

/** The value of a YAML text with the place of each part. */
export function parseSpecText(source: string, uri: string): { value: AbstractValue; problems: SpecProblem[] } {
  const document = parseDocument(source, { lineCounter: new LineCounter(), prettyErrors: false, uniqueKeys: true });
  const problems = document.errors.map(
    (error): SpecProblem => ({
      code: "run/spec",
      severity: "error",
      message: `This is no valid YAML: ${error.message}.`,
      place: { uri, start: error.pos[0], end: error.pos[1] },
      related: [],
      fixes: [],
    }),
  );
  const place = (node: Node): { uri: string; start: number; end: number } => ({
    uri,
    start: node.range?.[0] ?? 0,
    end: node.range?.[1] ?? 0,
  });
  const convert = (node: unknown): AbstractValue => {
    if (isAlias(node)) return convert(node.resolve(document) ?? null);
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => ({
        key: String(isScalar(key) ? key.value : key),
        keyPlace: isScalar(key) ? place(key) : undefined,
        value: convert(value),
      }));
      return { kind: "object", entries, open: false, place: place(node) };
    }
    if (isSeq(node)) return { kind: "array", items: node.items.map(convert), open: false, place: place(node) };
    if (isScalar(node)) {
      const { value } = node;
      const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
      return { kind: "known", value: plain, place: place(node) };
    }
    return { kind: "known", value: null, place: { uri, start: 0, end: 0 } };
  };
  return { value: convert(document.contents), problems };
}
