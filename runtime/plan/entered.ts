/** What running a part of a program does, also through the executables that it calls: the environments it enters, and where its commands run. */
import { pathsIn } from "../../language/diagnostics/elsewhere";
import { type EnvironmentFacts, enterBlock, explain, TOP_LEVEL } from "../../language/environment";
import type { Place } from "../../language/place";
import { type Analysis, type Effect, type ExecutableSummary, parameterValues } from "../../language/semantics";
import type { AbstractValue } from "../../language/values/abstract";

/** So many calls are followed for one statement; what lies beyond is found by the run. */
const MAX_CALLS = 500;

export interface Entered {
  /** The head, from `env` to before the block. */
  place: Place;
  /** How messages call its config. */
  label: string;
  facts: EnvironmentFacts;
}

export interface Doing {
  /** The environment in which it happens; null at top level. */
  around: EnvironmentFacts | null;
  /** In the order in which the text enters them. */
  entered: Entered[];
  /** Whether commands run in `around` itself. */
  commands: boolean;
}

/** What effects do in an environment. Guards' choices and callees that only the run knows are left out. */
export function doingOf(effects: readonly Effect[], around: EnvironmentFacts | null, analysis: Analysis): Doing {
  const doing: Doing = { around, entered: [], commands: false };
  let left = MAX_CALLS;
  type Put = (value: AbstractValue) => AbstractValue;

  const walk = (
    part: readonly Effect[],
    environment: EnvironmentFacts | null,
    put: Put,
    path: readonly ExecutableSummary[],
  ): void => {
    for (const effect of part) {
      if (effect.kind === "command") {
        if (effect.language !== "js" && environment === around) doing.commands = true;
      } else if (effect.kind === "environment") {
        const { environment: facts } = enterBlock({
          parent: environment ?? TOP_LEVEL,
          config: effect.config && put(effect.config),
          with: effect.with && put(effect.with),
          place: effect.place,
          label: effect.label,
          paths: pathsIn(effect.place.uri, analysis),
          policy: analysis.policy,
        });
        doing.entered.push({ place: effect.place, label: facts.label, facts });
        walk(effect.effects, facts, put, path);
      } else if (effect.kind === "call") {
        const callee = effect.callee && analysis.executable(effect.callee.uri, effect.callee.name);
        if (!callee || path.includes(callee) || --left < 0) continue;
        walk(callee.effects, environment, parameterValues(callee, effect.arguments.map(put)), [...path, callee]);
      }
    }
  };
  walk(effects, around, value => value, []);
  return doing;
}

/** Each once: one may be entered again with the same capabilities. */
export function distinct(entered: readonly Entered[]): Entered[] {
  const keyOf = ({ place: { uri, start }, facts }: Entered) =>
    `${uri} ${start} ${JSON.stringify(explain(facts).capabilities)}`;
  const found = new Map<string, Entered>();
  for (const one of entered) if (!found.has(keyOf(one))) found.set(keyOf(one), one);
  return [...found.values()];
}

/** The effects that stand in a part of the text. */
export function effectsIn(effects: readonly Effect[], { start, end }: { start: number; end: number }): Effect[] {
  return effects.filter(({ place }) => start <= place.start && place.end <= end);
}
