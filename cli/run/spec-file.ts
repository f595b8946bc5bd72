import { readFileSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Finding } from "../../language/diagnostics";
import { readSpec } from "../../language/environment/spec-model";
import type { SpecProblem } from "../../language/environment/spec-readers";
import { camelCase } from "../../language/environment/spec-readers";
import { parseSpecText } from "../../language/environment/spec-text";
import type { EnvironmentSpecFile } from "../../language/environment/spec-types";
import type { AbstractValue } from "../../language/values/abstract";
import type { ReportedFinding } from "../../protocol/events";
import { DiskHost } from "../host";
import { UnreadableError } from "../io";
import { reporter } from "../reported";
import { isWaitingPipe } from "./pipes";

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
    if (isWaitingPipe(path, statSync(path))) throw new Error("it is a pipe");
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

/** Sets one field to what YAML takes the text for, or to the text itself where the field is one (`8080`, `on`, `a: b`, `#fff`). */
function override(whole: AbstractValue, path: string, text: string): AbstractValue {
  const parsed = parseSpecText(text, "");
  const asText = setAt(whole, path.split("."), { kind: "known", value: text });
  if (parsed.problems.length > 0) return asText;
  const typed = withoutPlaces(parsed.value);
  const asTyped = setAt(whole, path.split("."), typed);
  const better = mistakesSet(asTyped) - mistakesSet(asText);
  if (better !== 0) return better > 0 ? asText : asTyped;
  const isText = typed.kind === "known" && typeof typed.value === "string" && !/^\s*["']/.test(text);
  return isText || text === "" ? asText : asTyped;
}

/** How many mistakes stand on the command line. */
function mistakesSet(value: AbstractValue): number {
  return readSpec(value).problems.filter(({ place }) => place === undefined).length;
}

/** The fields whose keys are the author's own. */
const OF_AUTHOR = new Set(["env", "extraMounts", "staticAssets"]);

/** Sets a value; the objects on the way are made where they are missing, fields found in either spelling. */
function setAt(value: AbstractValue, [key, ...rest]: string[], to: AbstractValue, field?: string): AbstractValue {
  if (key === undefined) return to;
  const object = value.kind === "object" ? value : { kind: "object" as const, entries: [], open: false };
  const spelt = field !== undefined && OF_AUTHOR.has(field) ? (name: string) => name : camelCase;
  const before = object.entries.find(entry => spelt(entry.key) === spelt(key));
  const inner = setAt(before?.value ?? { kind: "known", value: null }, rest, to, camelCase(key));
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
