import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Finding } from "../../language/diagnostics";
import { type EnvironmentSpecFile, readSpec, type SpecProblem } from "../../language/environment/spec-model";
import { parseSpecText } from "../../language/environment/spec-text";
import type { AbstractValue } from "../../language/values/abstract";
import type { ReportedFinding } from "../../protocol/events";
import { DiskHost } from "../host";
import { UnreadableError } from "../io";
import { reporter } from "../reported";

export interface SpecFile {
  spec: EnvironmentSpecFile | null;
  problems: SpecProblem[];
}

/** Reads a spec with fields of it set anew (`docker.network`, `none`). Throws an `UnreadableError` when the file cannot be read. */
export function readSpecFile(
  path: string,
  overrides: [path: string, text: string][],
): SpecFile & { report: (problem: SpecProblem) => ReportedFinding } {
  const uri = pathToFileURL(path).href;
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (error) {
    throw new UnreadableError(path, error);
  }
  const host = new DiskHost();
  host.overlay(uri, source);
  const report = reporter(host);
  return { ...specOf(source, uri, overrides), report: problem => report(findingOf(problem, uri)) };
}

/** The spec of a text; null with what is wrong with it. */
export function specOf(source: string, uri: string, overrides: [path: string, text: string][] = []): SpecFile {
  const parsed = parseSpecText(source, uri);
  if (parsed.problems.length > 0) return { spec: null, problems: parsed.problems };
  const value = overrides.reduce((whole, [path, text]) => override(whole, path, text), parsed.value);
  return readSpec(value);
}

/** A mistake with its place in the file; what was given on the command line has none, and says so. */
export function findingOf(problem: SpecProblem, uri: string): Finding {
  return {
    ...problem,
    message: problem.place ? problem.message : `${problem.message} (Set on the command line.)`,
    place: problem.place ?? { uri, start: 0, end: 0 },
    fixes: problem.fixes.flatMap(fix =>
      fix.kind === "replace"
        ? [{ title: fix.title, edits: [{ place: fix.place, newText: fix.newText }], preferred: fix.preferred }]
        : [],
    ),
  };
}

/** Sets one field. What YAML takes for a number or a truth value (`8080`, `on`) is a text where the field is one. */
function override(whole: AbstractValue, path: string, text: string): AbstractValue {
  const keys = path.split(".").map(key => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  const typed = parseSpecText(text, "");
  const plain = typed.problems.length > 0 ? ({ kind: "known", value: text } as const) : withoutPlaces(typed.value);
  const set = setAt(whole, path.split("."), keys, plain);
  const wantsText = (value: AbstractValue) =>
    readSpec(value).problems.filter(({ place }) => place === undefined).length;
  if (plain.kind !== "known" || typeof plain.value === "string" || wantsText(set) === 0) return set;
  const asText = setAt(whole, path.split("."), keys, { kind: "known", value: text });
  return wantsText(asText) < wantsText(set) ? asText : set;
}

/** Sets a value; the objects on the way are made where they are missing, keys found in either spelling. */
function setAt(value: AbstractValue, written: string[], names: string[], to: AbstractValue): AbstractValue {
  const [key, ...rest] = written;
  const [name, ...more] = names;
  if (key === undefined) return to;
  const object = value.kind === "object" ? value : { kind: "object" as const, entries: [], open: false };
  const same = (other: string) =>
    other === key || other.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) === name;
  const before = object.entries.find(entry => same(entry.key));
  const inner = setAt(before?.value ?? { kind: "known", value: null }, rest, more, to);
  const entry = { key: before?.key ?? key, value: inner };
  return {
    ...object,
    entries: before
      ? object.entries.map(one => (one === before ? { ...one, ...entry } : one))
      : [...object.entries, entry],
  };
}

/** What stands on the command line has no place in the file. */
function withoutPlaces(value: AbstractValue): AbstractValue {
  switch (value.kind) {
    case "array":
      return { kind: "array", items: value.items.map(withoutPlaces), open: false };
    case "object": {
      const entries = value.entries.map(({ key, value: inner }) => ({ key, value: withoutPlaces(inner) }));
      return { kind: "object", entries, open: false };
    }
    case "known":
      return { kind: "known", value: value.value };
    default:
      return value;
  }
}
