/** Imports of files that cannot be read, or that a run refuses while it loads them. */
import type { Place } from "../place";
import type { Analysis, ImportFact, ModuleSummary } from "../semantics";
import { LineMap } from "../syntax";
import type { Finding } from "./finding";
import { Running } from "./running";

export function faultyImports(analysis: Analysis): Finding[] {
  const running = new Running(analysis);
  const seen = new Set([analysis.uri]);
  return analysis.imports.flatMap(fact => {
    const module = fact.uri !== null && fact.state === "loaded" ? analysis.module(fact.uri) : null;
    const fault = module && faultIn(module, fact.statement.start, { analysis, running, seen });
    return fault ? [finding(fact, fault, analysis)] : [];
  });
}

interface Fault {
  message: string;
  place: Place | undefined;
  /** The file in which it is. */
  uri: string;
}

/** What stops the load of a file: its own fault, or that of one that it imports. */
function faultIn(
  module: ModuleSummary,
  start: number,
  world: { analysis: Analysis; running: Running; seen: Set<string> },
): Fault | null {
  const { uri } = module;
  if (world.seen.has(uri)) return null;
  world.seen.add(uri);
  if (module.fault) return { ...module.fault, uri };
  for (const imported of module.imports) {
    const next = world.analysis.module(imported);
    const fault = next && faultIn(next, start, world);
    if (fault) return fault;
  }
  const refusal = world.running.refusalOf(module, start);
  return refusal && { message: refusal.message, place: refusal.place, uri };
}

function finding(
  { statement, uri: imported }: ImportFact,
  { message, place, uri }: Fault,
  analysis: Analysis,
): Finding {
  const text = place && analysis.textOf(place.uri);
  const line = place && typeof text === "string" ? `, line ${new LineMap(text).positionAt(place.start).line + 1}` : "";
  const through = uri === imported ? "" : ", which this file imports";
  const { start, end } = statement.source;
  return {
    code: "name/import-faulty",
    severity: "error",
    message: `${uri.slice(uri.lastIndexOf("/") + 1)}${through} cannot be loaded${line}: ${message}`,
    place: { uri: analysis.uri, start, end },
    related: place ? [{ place, message: "it is wrong here" }] : [],
    fixes: [],
  };
}
