/** What running a part of the program does: the environments that its calls enter, its commands, and what guards choose for both. */
import {
  commandProblem,
  deriveConfig,
  type EnvironmentFacts,
  enterBlock,
  type Problem,
  TOP_LEVEL,
} from "../environment";
import type { Place } from "../place";
import {
  type Analysis,
  type Effect,
  type ExecutableSummary,
  type HeldChoice,
  type HeldPolicy,
  type ModuleSummary,
  parameterValues,
} from "../semantics";
import { fileName } from "../semantics/uri";
import type { AbstractValue } from "../values/abstract";
import { DeniedCommands } from "./denied-commands";
import { pathsIn, withOwnFixes } from "./elsewhere";
import { GuardRules } from "./guards";
import { isSandboxed } from "./shelter";

/** Calls are followed this deep, and so many of them in all for one call; beyond, what they do is unknown. */
const MAX_DEPTH = 64;
const MAX_CALLS = 500;

type Call = Extract<Effect, { kind: "call" }>;

/** The guards and policies that are there when a statement runs. */
interface Holding {
  guards: readonly HeldChoice[];
  policies: readonly HeldPolicy[];
}

interface Found {
  problem: Problem;
  /** The choice of a guard that it comes from. */
  guard: HeldChoice | null;
}

/** Where effects are looked at. */
interface Situation {
  environment: EnvironmentFacts;
  holds: Holding;
  put(value: AbstractValue): AbstractValue;
  path: ExecutableSummary[];
}

export class Running {
  /** The heads of choices that were made inside a sandbox. */
  readonly sheltered = new Set<Place>();
  private readonly rules: GuardRules;
  private readonly alone = new Map<ExecutableSummary, Set<string>>();
  private readonly done = new WeakMap<EnvironmentFacts, Map<ExecutableSummary, Map<Holding, Found[]>>>();
  private readonly denied: DeniedCommands;
  private readonly held = new Map<string, Holding>();
  private left = MAX_CALLS;

  constructor(private readonly analysis: Analysis) {
    this.rules = new GuardRules(analysis);
    this.denied = new DeniedCommands(uri => analysis.textOf(uri));
  }

  /**
   * What is wrong with effects where they stand; nested blocks are sites of their own. `start` is where the statement begins, null in an
   * executable: a guard that stands behind it is not there yet.
   */
  problemsIn(effects: readonly Effect[], environment: EnvironmentFacts, start: number | null, head?: Place): Problem[] {
    const holds = this.holdingAt(start);
    const situation = { environment, holds, put: (value: AbstractValue) => value, path: [] };
    // A guard that does not fit is told once a block.
    const told = new Set<string>();
    return effects.flatMap((effect): Problem[] => {
      if (effect.kind === "environment" || effect.kind === "derivation") return [];
      const found =
        effect.kind === "command" ? this.command(effect, situation, []) : this.at(effect, environment, holds);
      return found.flatMap(one => {
        if (!one.guard) return effect.kind === "call" ? [atCall(one.problem, effect)] : [one.problem];
        const key = keyOf(one.problem);
        if (told.has(key)) return [];
        told.add(key);
        return [this.chosen(one.problem, one.guard, effect.place, head)];
      });
    });
  }

  /** The first thing for which a file is refused when it is imported by a statement at `start`. */
  refusalOf({ effects }: ModuleSummary, start: number): Problem | null {
    this.left = MAX_CALLS;
    const situation = {
      environment: TOP_LEVEL,
      holds: this.holdingAt(start),
      put: (value: AbstractValue) => value,
      path: [],
    };
    const found = this.walk(effects, situation, []).find(({ problem }) => problem.severity === "error");
    return found?.problem ?? null;
  }

  private holdingAt(start: number | null): Holding {
    const there = <T extends { from: number }>(all: readonly T[]) =>
      all.filter(({ from }) => start === null || from < start);
    const guards = there(this.analysis.guardChoices);
    const policies = there(this.analysis.policies);
    const key = `${guards.length} ${policies.length}`;
    const holding = this.held.get(key) ?? { guards, policies };
    this.held.set(key, holding);
    return holding;
  }

  private at(call: Call, environment: EnvironmentFacts, holds: Holding): Found[] {
    const callee = call.callee && this.analysis.executable(call.callee.uri, call.callee.name);
    if (!callee) return [];
    const told = new Set<string>();
    return this.foundIn(callee, call, environment, holds).filter(
      ({ problem }) => !told.has(keyOf(problem)) && told.add(keyOf(problem)),
    );
  }

  private foundIn(callee: ExecutableSummary, call: Call, environment: EnvironmentFacts, holds: Holding): Found[] {
    const alone = this.ofItself(callee);
    const plain = call.arguments.length === 0;
    const known = this.done.get(environment)?.get(callee)?.get(holds);
    if (plain && known) return known;
    this.left = MAX_CALLS;
    const situation = { environment, holds, put: (value: AbstractValue) => value, path: [] };
    const found = this.call(callee, call, situation).filter(({ problem }) => !alone.has(keyOf(problem)));
    if (plain) {
      const memo = this.done.get(environment) ?? new Map<ExecutableSummary, Map<Holding, Found[]>>();
      this.done.set(environment, memo.set(callee, (memo.get(callee) ?? new Map()).set(holds, found)));
    }
    return found;
  }

  /** What is wrong with an executable of this file wherever it is called: reported at its own text. */
  private ofItself(callee: ExecutableSummary): Set<string> {
    const known = this.alone.get(callee);
    if (known) return known;
    this.left = MAX_CALLS;
    const keys = new Set<string>();
    this.alone.set(callee, keys);
    if (callee.uri !== this.analysis.uri) return keys;
    const situation = { environment: TOP_LEVEL, holds: this.holdingAt(null), path: [callee] };
    for (const { problem } of this.walk(
      callee.effects,
      { ...situation, put: parameterValues(callee, []) },
      callee.labels,
    ))
      keys.add(keyOf(problem));
    return keys;
  }

  private walk(effects: readonly Effect[], situation: Situation, labels: readonly string[]): Found[] {
    const { environment, put, path } = situation;
    return effects.flatMap((effect): Found[] => {
      switch (effect.kind) {
        case "command":
          return this.command(effect, situation, labels);
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
          return [...own(problems), ...this.walk(effect.effects, { ...situation, environment: entered }, labels)];
        }
        case "derivation": {
          const { label, how, place } = effect;
          const paths = pathsIn(place.uri, this.analysis);
          return own(
            deriveConfig(put(effect.config), put(effect.with), how, { paths, ...(label && { label }) }).problems,
          );
        }
        default: {
          const callee = effect.callee && this.analysis.executable(effect.callee.uri, effect.callee.name);
          if (!callee || path.includes(callee) || path.length > MAX_DEPTH || --this.left < 0) return [];
          return this.call(callee, effect, situation);
        }
      }
    });
  }

  private command(
    effect: Extract<Effect, { kind: "command" }>,
    { environment, holds }: Situation,
    labels: readonly string[],
  ): Found[] {
    const { language, place } = effect;
    const bash = (at: EnvironmentFacts, where: Place) =>
      language === "js" ? null : commandProblem(at, language, where);
    const problem = bash(environment, place) ?? this.denied.problem(effect, holds.policies);
    if (problem) return own([problem]);
    return this.rules
      .choicesFor({ types: ["run", language], name: null, labels, place }, holds.guards)
      .flatMap(choice => {
        const chosen = this.choose(choice, environment);
        const denied = bash(chosen.environment, choice.head);
        return [...chosen.found, ...(denied ? [{ problem: refusedBy(denied, place), guard: choice }] : [])];
      });
  }

  /** The body of an executable, also in the environments that guards choose for the call. */
  private call(callee: ExecutableSummary, { arguments: args, place }: Call, situation: Situation): Found[] {
    const { environment, holds, put, path } = situation;
    const inner = { holds, put: parameterValues(callee, args.map(put)), path: [...path, callee] };
    const body = (at: EnvironmentFacts) => this.walk(callee.effects, { ...inner, environment: at }, callee.labels);
    const plain = body(environment);
    const { name, labels } = callee;
    const chosen = this.rules
      .choicesFor({ types: ["exe", name], name, labels, place }, holds.guards)
      .flatMap(choice => {
        const { environment: entered, found } = this.choose(choice, environment);
        const known = new Set(plain.map(({ problem }) => keyOf(problem)));
        const inside = body(entered).filter(({ problem }) => !known.has(keyOf(problem)));
        return [...found, ...inside.map(({ problem, guard }) => ({ problem, guard: guard ?? choice }))];
      });
    return [...plain, ...chosen];
  }

  private choose(choice: HeldChoice, parent: EnvironmentFacts): { environment: EnvironmentFacts; found: Found[] } {
    const { config, head, label } = choice;
    if (isSandboxed(parent)) this.sheltered.add(head);
    const { environment, problems, comparisons } = enterBlock({
      parent,
      config,
      with: null,
      place: head,
      label,
      paths: pathsIn(head.uri, this.analysis),
      policy: this.analysis.policy,
    });
    // What is wrong with a choice of this file by itself is told at the guard.
    const foreign = head.uri !== this.analysis.uri;
    const wrong = foreign
      ? problems.filter(({ severity }) => severity === "error")
      : comparisons.flatMap(({ problem }) => problem ?? []);
    return { environment, found: wrong.map(problem => ({ problem, guard: choice })) };
  }

  /** A choice of this file is told there, one of another file at what it is made for. */
  private chosen(problem: Problem, { head }: HeldChoice, operation: Place, block: Place | undefined): Problem {
    const chosen = { place: problem.place ?? head, message: "the guard chooses it here" };
    if (head.uri !== this.analysis.uri) {
      const message = `A guard of ${fileName(head.uri)} chooses an environment for this that does not fit here: ${problem.message}`;
      return withOwnFixes(
        { ...problem, message, place: operation, related: [chosen, ...problem.related] },
        operation.uri,
      );
    }
    const fires = block
      ? { place: block, message: "the guard fires in this block" }
      : { place: operation, message: "the guard fires here" };
    if (problem.place?.uri === head.uri) return { ...problem, related: [...problem.related, fires] };
    return withOwnFixes({ ...problem, place: head, related: [chosen, ...problem.related, fires] }, head.uri);
  }
}

function own(problems: Problem[]): Found[] {
  return problems.map(problem => ({ problem, guard: null }));
}

/** The choice drops Bash, and is made for a command. */
function refusedBy(denied: Problem, operation: Place): Problem {
  return {
    ...denied,
    message: denied.message.replace(
      /^This (.+?) needs(.*) or remove the command\.$/,
      "A $1 that this guard takes needs$2 or deny it.",
    ),
    related: [{ place: operation, message: "it is refused" }, ...denied.related],
  };
}

/** Problems of one executable are told apart by what they are about, not by their words. */
function keyOf({ code, severity, place }: Problem): string {
  return `${code} ${severity} ${place?.uri} ${place?.start} ${place?.end}`;
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
