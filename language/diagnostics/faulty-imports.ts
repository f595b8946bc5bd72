/** Imports of files that cannot be read, or that a run refuses while it loads them. */
import type { Place } from "../place";
import type { Analysis, ImportFact, ModuleSummary } from "../semantics";
import { fileName } from "../semantics/uri";
import { LineMap } from "../syntax";
import type { Statement } from "../syntax/tree";
import type { Finding } from "./finding";
import { Running } from "./running";

/** By the identity of the import's unit: it lasts until something that the import brings in changes. */
const FAULTS = new WeakMap<object, Fault | null>();

export function faultyImports(analysis: Analysis): Finding[] {
  if (analysis.imports.length === 0) return [];
  const world: World = { analysis, running: new Running(analysis), seen: new Set([analysis.uri]) };
  const identities = new Map<Statement, object>();
  for (const { statement, identity } of analysis.units.list)
    if (statement.kind === "ImportStatement") identities.set(statement, identity);
  return analysis.imports.flatMap(fact => {
    const identity = identities.get(fact.statement);
    let fault = identity && FAULTS.get(identity);
    if (fault === undefined) {
      const module = fact.uri !== null && fact.state === "loaded" ? analysis.module(fact.uri) : null;
      fault = module && faultIn(module, fact.statement.start, world);
      if (identity) FAULTS.set(identity, fault);
    }
    return fault ? [finding(fact, fault, analysis)] : [];
  });
}

interface World {
  analysis: Analysis;
  running: Running;
  seen: Set<string>;
}

interface Fault {
  message: string;
  place: Place | undefined;
  /** The file in which it is. */
  uri: string;
}

/** What stops the load of a file: its own fault, or that of one that it imports. */
function faultIn(module: ModuleSummary, start: number, world: World): Fault | null {
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
    message: `${fileName(uri)}${through} cannot be loaded${line}: ${message}`,
    place: { uri: analysis.uri, start, end },
    related: place ? [{ place, message: "it is wrong here" }] : [],
    fixes: [],
  };
}
