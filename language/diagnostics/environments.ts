import {
  type BlockFacts,
  checkProviderModule,
  commandProblem,
  type EnvironmentFacts,
  enterBlock,
  PROVIDER_EXPORTS,
  type Problem,
  providerKind,
  TOP_LEVEL,
} from "../environment";
import type { Place } from "../place";
import type { Analysis, Effect, ExecutableSummary, Site, Unit } from "../semantics";
import { parameterValues } from "../semantics";
import type { AbstractValue } from "../values/abstract";
import { pathsIn, withOwnFixes } from "./elsewhere";
import { GuardRules } from "./guards";
import { callsIn, exposedProblems, isSandboxed } from "./shelter";
import { movedReport, type UnitReport } from "./unit-report";

/** What is wrong only beside the parent. */
const COMPARED = /-(widened|weakened)$/;
/** A file that names its exports exports nothing else. */
const EXPORTS = /^\/?export[ \t]*\{/m;
/** Calls are followed this deep, and so many of them in all for one call; beyond, what they do is unknown. */
const MAX_DEPTH = 64;
const MAX_CALLS = 500;

/** Everything that is wrong with the environments of a file: configs, comparisons, commands without Bash, provider modules. */
export function environmentProblems(analysis: Analysis): Problem[] {
  const reports = environmentReports(analysis);
  return [...analysis.policyProblems, ...reports.flatMap(({ problems }) => problems), ...exposedProblems(reports)];
}

/** What is wrong in each unit. Most units are the same as in the text before, and so is what was said of them. */
export function environmentReports(analysis: Analysis): UnitReport[] {
  const { list, revision, continues, moved } = analysis.units;
  let checks: Checks | null = null;
  return list.map(unit => {
    const known = REPORTS.get(unit.identity);
    if (known?.revision === revision) return known.report;
    let report: UnitReport;
    if (known && known.revision === continues) report = movedReport(known.report, analysis.uri, moved);
    else {
      checks ??= { analysis, calls: new Calls(analysis), guards: new GuardRules(analysis) };
      report = reportOf(unit, checks);
    }
    REPORTS.set(unit.identity, { revision, report });
    return report;
  });
}

const REPORTS = new WeakMap<object, { revision: object; report: UnitReport }>();

interface Checks {
  analysis: Analysis;
  calls: Calls;
  guards: GuardRules;
}

function reportOf(unit: Unit, { analysis, calls, guards }: Checks): UnitReport {
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
    report.problems.push(...inside(site.effects, facts.environment, calls), ...guards.problemsIn(site, facts));
    const sandboxed = isSandboxed(facts.environment);
    (sandboxed ? report.inside : report.outside).push(...callsIn(site.effects, analysis));
    if (sandboxed)
      report.firing.push(...guards.firingIn(site).flatMap(({ head }) => (head.uri === analysis.uri ? [head] : [])));
  }
  // Outside of every block a call can still give an executable an argument that makes its environments wider.
  report.problems.push(...callProblems(effects, TOP_LEVEL, calls));
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

/** Commands and calls directly in a block; nested blocks are sites of their own. */
function inside(effects: Effect[], environment: EnvironmentFacts, calls: Calls): Problem[] {
  const commands = effects.flatMap(effect =>
    effect.kind === "command" ? (commandProblem(environment, effect.language, effect.place) ?? []) : [],
  );
  return [...commands, ...callProblems(effects, environment, calls)];
}

function callProblems(effects: Effect[], environment: EnvironmentFacts, calls: Calls): Problem[] {
  return effects.flatMap(effect => (effect.kind === "call" ? calls.at(effect, environment) : []));
}

type Call = Extract<Effect, { kind: "call" }>;

/** What calls do in the environment that they are made in, beyond what is wrong with the executable by itself. */
class Calls {
  private readonly alone = new Map<ExecutableSummary, Set<string>>();
  private readonly done = new WeakMap<EnvironmentFacts, Map<ExecutableSummary, Problem[]>>();

  private left = MAX_CALLS;

  constructor(private readonly analysis: Analysis) {}

  at(call: Call, environment: EnvironmentFacts): Problem[] {
    const callee = call.callee && this.analysis.executable(call.callee.uri, call.callee.name);
    if (!callee) return [];
    const told = new Set<string>();
    return this.problemsOf(callee, call.arguments, environment)
      .filter(problem => !told.has(keyOf(problem)) && told.add(keyOf(problem)))
      .map(problem => atCall(problem, call));
  }

  private problemsOf(callee: ExecutableSummary, args: AbstractValue[], environment: EnvironmentFacts): Problem[] {
    const alone = this.ofItself(callee);
    const plain = args.length === 0;
    const known = this.done.get(environment)?.get(callee);
    if (plain && known) return known;
    this.left = MAX_CALLS;
    const all = this.run(callee, args, environment, [callee]);
    const problems = all.filter(problem => !alone.has(keyOf(problem)));
    if (plain) {
      const memo = this.done.get(environment) ?? new Map<ExecutableSummary, Problem[]>();
      this.done.set(environment, memo.set(callee, problems));
    }
    return problems;
  }

  /** What is wrong with an executable wherever it is called: reported at its own text. */
  private ofItself(callee: ExecutableSummary): Set<string> {
    const known = this.alone.get(callee);
    if (known) return known;
    this.left = MAX_CALLS;
    const keys = new Set(this.run(callee, [], TOP_LEVEL, [callee]).map(keyOf));
    this.alone.set(callee, keys);
    return keys;
  }

  private run(
    callee: ExecutableSummary,
    args: AbstractValue[],
    environment: EnvironmentFacts,
    path: ExecutableSummary[],
  ): Problem[] {
    return this.walk(callee.effects, environment, parameterValues(callee, args), path);
  }

  private walk(
    effects: Effect[],
    environment: EnvironmentFacts,
    put: (value: AbstractValue) => AbstractValue,
    path: ExecutableSummary[],
  ): Problem[] {
    return effects.flatMap(effect => {
      switch (effect.kind) {
        case "command":
          return commandProblem(environment, effect.language, effect.place) ?? [];
        case "environment": {
          const { problems, environment: entered } = enterBlock({
            parent: environment,
            config: effect.config && put(effect.config),
            with: effect.with && put(effect.with),
            place: effect.place,
            label: effect.label,
            paths: pathsIn(effect.place.uri, this.analysis),
            policy: this.analysis.policy,
          });
          return [...problems, ...this.walk(effect.effects, entered, put, path)];
        }
        default: {
          const callee = effect.callee && this.analysis.executable(effect.callee.uri, effect.callee.name);
          if (!callee || path.includes(callee) || path.length > MAX_DEPTH || --this.left < 0) return [];
          return this.run(callee, effect.arguments.map(put), environment, [...path, callee]);
        }
      }
    });
  }
}

/** Problems of one executable are told apart by what they are about, not by their words. */
function keyOf(problem: Problem): string {
  const { place } = problem;
  return `${problem.code} ${place?.uri} ${place?.start} ${place?.end}`;
}

/** A problem of a callee, told where the call stands. */
function atCall(problem: Problem, call: Call): Problem {
  const command = problem.code === "env/command-needs-bash";
  const where = command ? "the command stands here" : `${call.name} sets it here`;
  return {
    ...problem,
    message: command
      ? problem.message.replace(/^This (.+?) needs/, `A $1 that ${call.name} runs needs`)
      : `The call of ${call.name} does not fit here: ${problem.message}`,
    place: call.place,
    related: [...(problem.place ? [{ place: problem.place, message: where }] : []), ...problem.related],
    fixes: withOwnFixes(problem, call.place.uri).fixes,
  };
}

/** Problems of a provider that is written in mlld; null when the provider is none. */
function moduleProviders(site: Site, facts: BlockFacts, analysis: Analysis): Problem[] | null {
  const { provider } = facts.environment.capabilities;
  const [option] = provider.options;
  if (provider.options.length !== 1 || option?.kind !== "known" || option.ref === null) return null;
  const place = option.place && within(option.place, site) ? option.place : site.head;
  const module = analysis.providerModule(option.ref);
  if (module === null) return providerKind(option.ref) === "module" ? [] : null;
  if (module === "missing") {
    if (providerKind(option.ref) !== "module") return null;
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
  if (module.broken) return [];
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
