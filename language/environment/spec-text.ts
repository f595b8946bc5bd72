/** Spec files are YAML; JSON is YAML too. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import { problem, type SpecProblem } from "./spec-readers";

/** Values and nesting that a spec may have: aliases can name more than a text of that size could hold, also themselves. */
const MAX_VALUES = 20_000;
const MAX_DEPTH = 50;

/** The value of a YAML text with the place of each part. */
export function parseSpecText(source: string, uri: string): { value: AbstractValue; problems: SpecProblem[] } {
  const document = parseDocument(source, { lineCounter: new LineCounter(), prettyErrors: false, uniqueKeys: true });
  const language = /\.json$/i.test(uri) ? "JSON" : "YAML";
  const problems = [...document.errors, ...document.warnings.filter(({ code }) => code in WORDS)].map(error =>
    problem(WORDS[error.code] ?? `This is no valid ${language}: ${error.message.replace(/\.?$/, ".")}`, {
      uri,
      start: Math.min(error.pos[0], source.length),
      // What is missing at the end is said to lie behind it.
      end: Math.min(error.pos[1], source.length),
    }),
  );
  const nothing: AbstractValue = { kind: "known", value: null, place: { uri, start: 0, end: 0 } };
  if (problems.length > 0) return { value: nothing, problems };
  const place = (node: Node): Place => ({ uri, start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 });
  let values = 0;
  const convert = (node: unknown, depth: number): AbstractValue => {
    if (++values > MAX_VALUES || depth > MAX_DEPTH) throw new TooMuch();
    if (isAlias(node)) {
      const meant = node.resolve(document);
      if (!meant) problems.push(problem(`Nothing before this is marked &${node.source}.`, place(node)));
      return convert(meant, depth + 1);
    }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => ({
        // `~: /data` and `0755: x` are names as they are written.
        key: isScalar(key) && typeof key.value !== "string" ? (key.source ?? String(key.value)) : String(key),
        keyPlace: isScalar(key) ? place(key) : undefined,
        value: convert(value, depth + 1),
      }));
      return { kind: "object", entries, open: false, place: place(node) };
    }
    if (isSeq(node)) {
      const items = node.items.map(item => convert(item, depth + 1));
      return { kind: "array", items, open: false, place: place(node) };
    }
    if (isScalar(node)) {
      const { value } = node;
      const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
      return { kind: "known", value: plain, place: place(node) };
    }
    return nothing;
  };
  try {
    return { value: convert(document.contents, 0), problems };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    const message = `This is more than a spec holds: over ${MAX_VALUES} values, or nested over ${MAX_DEPTH} deep, with what its aliases repeat.`;
    return { value: nothing, problems: [problem(message, { uri, start: 0, end: 0 })] };
  }
}

/** What the parser says in words of its own, or lets pass with a warning, by its codes. */
const WORDS: Partial<Record<string, string>> = {
  DUPLICATE_KEY: "This key stands here a second time: keep one of them.",
  MULTIPLE_DOCS: "A spec is one document: what follows `---` is a second one.",
  TAB_AS_INDENT: "YAML is indented with spaces, not with tabs.",
  TAG_RESOLVE_FAILED: "Tags (`!…`) mean nothing in a spec: write the value itself.",
};

class TooMuch extends Error {}
