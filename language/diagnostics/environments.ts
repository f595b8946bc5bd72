import {
  type BlockFacts,
  checkProviderModule,
  PROVIDER_EXPORTS,
  type Problem,
  providerKind,
  suggestedProvider,
  TOP_LEVEL,
} from "../environment";
import type { Place } from "../place";
import type { Analysis, Site, Unit } from "../semantics";
import { withOwnFixes } from "./elsewhere";
import { Running } from "./running";
import { callsIn, exposedProblems, isSandboxed } from "./shelter";
import { movedReport, type UnitReport } from "./unit-report";

/** What is wrong only beside the parent. */
const COMPARED = /-(widened|weakened)$/;
/** A file that names its exports exports nothing else. */
const EXPORTS = /^\/?export[ \t]*\{/m;

/** Everything that is wrong with the environments of a file: configs, comparisons, commands without Bash, provider modules. */
export function environmentProblems(analysis: Analysis): Problem[] {
  const reports = environmentReports(analysis);
  return [...analysis.policyProblems, ...reports.flatMap(({ problems }) => problems), ...exposedProblems(reports)];
}

/** What is wrong in each unit. Most units are the same as in the text before, and so is what was said of them. */
export function environmentReports(analysis: Analysis): UnitReport[] {
  const { list, revision, continues, moved } = analysis.units;
  let running: Running | null = null;
  return list.map(unit => {
    const known = REPORTS.get(unit.identity);
    if (known?.revision === revision) return known.report;
    let report: UnitReport;
    if (known && known.revision === continues) report = movedReport(known.report, analysis.uri, moved);
    else {
      running ??= new Running(analysis);
      report = reportOf(unit, analysis, running);
    }
    REPORTS.set(unit.identity, { revision, report });
    return report;
  });
}

const REPORTS = new WeakMap<object, { revision: object; report: UnitReport }>();

function reportOf(unit: Unit, analysis: Analysis, running: Running): UnitReport {
  const { statement } = unit;
  running.sheltered.clear();
  const report: UnitReport = { problems: [], unenforced: [], inside: [], outside: [], firing: [], credentials: [] };
  const effects = analysis.effectsOf(unit);
  report.outside.push(...callsIn(effects, analysis));
  for (const site of analysis.sitesOf(unit)) {
    const facts = analysis.factsOf(site);
    const module = moduleProviders(site, facts, analysis);
    for (const found of facts.problems) {
      const problem = here(found, site);
      // Without a provider a `box` is a shell in memory: its commands do not run on this machine.
      const inMemory = site.node.kind === "EnvExpression" && site.node.keyword === "box";
      if (problem.code === "env/not-enforced" && inMemory) continue;
      if (problem.code === "env/not-enforced")
        report.unenforced.push({ problem, head: site.head, executable: site.executable?.name });
      else if (!module || problem.code !== "env/unknown-field") report.problems.push(problem);
    }
    report.problems.push(...(module ?? []));
    report.credentials.push(...credentialsOf(facts, analysis.uri));
    if (site.kind !== "block") continue;
    const start = site.executable ? null : statement.start;
    report.problems.push(...running.problemsIn(site.effects, facts.environment, start, site.head));
    const sandboxed = isSandboxed(facts.environment);
    (sandboxed ? report.inside : report.outside).push(...callsIn(site.effects, analysis));
  }
  // Outside of every block a call can still give an executable an argument that makes its environments wider.
  const start = statement.kind === "ExeStatement" ? null : statement.start;
  report.problems.push(...running.problemsIn(effects, TOP_LEVEL, start));
  report.firing.push(...[...running.sheltered].filter(({ uri }) => uri === analysis.uri));
  return report;
}

function credentialsOf(facts: BlockFacts, uri: string): UnitReport["credentials"] {
  return facts.environment.capabilities.auth.options.flatMap(({ items }) =>
    items.flatMap(({ text: name, place }) => (place?.uri === uri ? [{ name, place }] : [])),
  );
}

/**
 * A config may be defined far from the block that uses it: then the block is related. What is wrong in a config of another file is
 * told where this file uses it.
 */
function here(problem: Problem, site: Site): Problem {
  const { place, message, related } = problem;
  if (!place || within(place, site)) return problem;
  if (place.uri !== site.place.uri)
    return withOwnFixes({ ...problem, place: site.head, related: [{ place, message }, ...related] }, site.place.uri);
  if (!COMPARED.test(problem.code)) return problem;
  return { ...problem, related: [...related, { place: site.head, message: "the environment is entered here" }] };
}

/** Problems of a provider that is written in mlld; null when the provider is none. */
function moduleProviders(site: Site, facts: BlockFacts, analysis: Analysis): Problem[] | null {
  const { provider } = facts.environment.capabilities;
  const [option] = provider.options;
  if (provider.options.length !== 1 || option?.kind !== "known" || option.ref === null) return null;
  const place = option.place && within(option.place, site) ? option.place : site.head;
  const module = analysis.providerModule(option.ref);
  if (module === null) return providerKind(option.ref) === "module" ? [] : unknownProvider(option.ref, place, analysis);
  if (module === "missing") {
    if (providerKind(option.ref) !== "module") return unknownProvider(option.ref, place, analysis);
    return [
      {
        code: "env/provider-module",
        severity: "error",
        message: `There is no file for the provider '${option.ref}'.`,
        place: option.place ?? place,
        related: [],
        fixes: [],
      },
    ];
  }
  if (module.fault) return [];
  const names = [...module.exports.values()].map(({ name, value, place: at }) => {
    const executable =
      value.kind === "executable" && value.place ? analysis.executable(value.place.uri, value.name) : null;
    const parameters = executable ? (executable.parameters?.length ?? 0) : null;
    return { name, executable: value.kind === "executable" || value.kind === "unknown", parameters, place: at };
  });
  const problems = checkProviderModule(names, option.ref, option.place ?? place).map(problem =>
    withStub(problem, module, analysis),
  );
  const [first] = problems;
  if (!first) return [];
  // One finding for one module.
  const related = problems.flatMap(problem => problem.related);
  const fixes = problems.flatMap(problem => problem.fixes);
  return [{ ...first, message: problems.map(({ message }) => message).join(" "), related, fixes }];
}

/** A bare word can only be a built-in provider; a module of mlld's own that is spelled nearly like one likely is it. */
function unknownProvider(ref: string, place: Place, analysis: Analysis): Problem[] | null {
  if (providerKind(ref) !== "registry") return null;
  const known = suggestedProvider(ref);
  if (known === null && /[@/]/.test(ref)) return null;
  const written = analysis.textOf(place.uri)?.slice(place.start, place.end) ?? "";
  const mend = known
    ? `did you mean '${known}'?`
    : "write '@mlld/env-docker', '@mlld/env-sprites', or the path of a module.";
  return [
    {
      code: "env/provider-module",
      severity: "error",
      message: `There is no provider '${ref}': ${mend}`,
      place,
      related: [],
      fixes:
        known && /^["']/.test(written)
          ? [{ kind: "replace", title: `Change to '${known}'`, place, newText: `'${known}'`, preferred: true }]
          : [],
    },
  ];
}

/** Adds a missing export of a provider module at the end of its file: what exists already is only exported. */
function withStub(problem: Problem, module: { uri: string }, analysis: Analysis): Problem {
  const missing = PROVIDER_EXPORTS.find(({ name }) => problem.message.includes(`does not export @${name}(`));
  const text = missing && analysis.textOf(module.uri);
  if (!missing || typeof text !== "string") return problem;
  const at = { uri: module.uri, start: text.length, end: text.length };
  const exists = analysis.executable(module.uri, missing.name) !== null;
  const lines = [
    ...(exists ? [] : [missing.stub]),
    ...(exists || EXPORTS.test(text) ? [`export { @${missing.name} }`] : []),
  ];
  const newText = `${text === "" || text.endsWith("\n") ? "" : "\n"}${lines.join("\n")}\n`;
  const title = exists ? `Export @${missing.name} from the provider` : `Add @${missing.name} to the provider`;
  return { ...problem, fixes: [{ kind: "replace", title, place: at, newText }] };
}

function within(place: Place | undefined, site: Site): boolean {
  return (
    place !== undefined &&
    place.uri === site.place.uri &&
    site.place.start <= place.start &&
    place.end <= site.place.end
  );
}
