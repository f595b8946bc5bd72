/** What running a part of a program does, also through the executables that it calls: the environments it enters, and where its commands run. */
import { pathsIn } from "../../language/diagnostics/elsewhere";
import { type EnvironmentFacts, enterBlock, explain, TOP_LEVEL } from "../../language/environment";
import type { Place } from "../../language/place";
import { type Analysis, type Effect, type ExecutableSummary, parameterValues } from "../../language/semantics";
import type { AbstractValue } from "../../language/values/abstract";

/** Calls are followed so often in all; what lies beyond is found by the run. */
const MAX_CALLS = 500;

export interface Entered {
  /** The head, from `env` to before the block. */
  place: Place;
  /** How messages call its config. */
  label: string;
  facts: EnvironmentFacts;
}

export interface Doing {
  /** In the order in which the text enters them; one that is entered again with the same capabilities is told once. */
  entered: Entered[];
  /** Where commands run: `null` at top level. */
  commands: Set<EnvironmentFacts | null>;
}

/** What effects do under an environment; `null` is the top level. Guards' choices and callees that only the run knows are left out. */
export function doingOf(effects: readonly Effect[], under: EnvironmentFacts | null, analysis: Analysis): Doing {
  const doing: Doing = { entered: [], commands: new Set() };
  const told = new Set<string>();
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
        if (effect.language !== "js") doing.commands.add(environment);
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
        const { uri, start } = effect.place;
        const key = `${uri} ${start} ${JSON.stringify(explain(facts).capabilities)}`;
        if (!told.has(key)) doing.entered.push({ place: effect.place, label: facts.label, facts });
        told.add(key);
        walk(effect.effects, facts, put, path);
      } else if (effect.kind === "call") {
        const callee = effect.callee && analysis.executable(effect.callee.uri, effect.callee.name);
        if (!callee || path.includes(callee) || --left < 0) continue;
        walk(callee.effects, environment, parameterValues(callee, effect.arguments.map(put)), [...path, callee]);
      }
    }
  };
  walk(effects, under, value => value, []);
  return doing;
}

/** The effects that stand in a part of the text. */
export function effectsIn(effects: readonly Effect[], { start, end }: { start: number; end: number }): Effect[] {
  return effects.filter(({ place }) => start <= place.start && place.end <= end);
}
