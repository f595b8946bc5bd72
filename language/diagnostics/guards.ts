/** What guards choose for the operations of a block: it may not be more than the block has. */
import { type BlockFacts, enterBlock, type Problem } from "../environment";
import type { Place } from "../place";
import type { Analysis, Effect, MlldSymbol, Site } from "../semantics";
import { children } from "../syntax";
import type { GuardStatement, Node } from "../syntax/tree";

/** Something that guards look at: a command, or the call of an executable. */
interface Operation {
  /** `run` and the language for a command, `exe` for a call. */
  types: readonly string[];
  /** The executable that is called. */
  name: string | null;
  /** Labels of the executable that is called, or whose body the command stands in. */
  labels: readonly string[];
  place: Place;
}

/** Calls are followed this deep. */
const MAX_DEPTH = 16;

export class GuardRules {
  private readonly sites: { site: Site; guard: GuardStatement }[];
  private readonly labels = new Map<MlldSymbol, ReadonlySet<string>>();

  constructor(private readonly analysis: Analysis) {
    this.sites = analysis.units.list.flatMap(unit => {
      const { statement: guard } = unit;
      if (guard.kind !== "GuardStatement" || guard.timing === "after") return [];
      return analysis.sitesOf(unit).flatMap(site => (site.kind === "guard" ? [{ site, guard }] : []));
    });
  }

  /** Choices that are wider than a block with an operation that they are made for. */
  problemsIn(block: Site, { environment }: BlockFacts): Problem[] {
    const { analysis } = this;
    const firing = this.firingIn(block);
    return firing.flatMap(({ config, head, label }) => {
      const { comparisons } = enterBlock({
        parent: environment,
        config,
        with: null,
        place: head,
        label,
        paths: analysis.paths,
        policy: analysis.policy,
      });
      return comparisons.flatMap(({ problem }) =>
        problem
          ? [
              {
                ...problem,
                related: [...problem.related, { place: block.head, message: "the guard fires in this block" }],
              },
            ]
          : [],
      );
    });
  }

  /** The choices that are made for an operation of a block. A guard that stands behind a block is not there yet when it runs. */
  firingIn(block: Site): Site[] {
    const known = this.sites.filter(({ guard }) => block.executable !== null || guard.start < block.place.start);
    if (known.length === 0) return [];
    const operations = this.operations(block.effects, [], []);
    return known
      .filter(({ guard }) => operations.some(operation => this.concerns(guard, operation)))
      .map(({ site }) => site);
  }

  private operations(effects: readonly Effect[], labels: readonly string[], path: readonly string[]): Operation[] {
    return effects.flatMap((effect): Operation[] => {
      if (effect.kind === "environment") return [];
      if (effect.kind === "command")
        return [{ types: ["run", effect.language], name: null, labels, place: effect.place }];
      const callee = effect.callee && this.analysis.executable(effect.callee.uri, effect.callee.name);
      if (!callee) return [];
      const key = `${callee.uri}#${callee.name}`;
      const call: Operation = {
        types: ["exe", callee.name],
        name: callee.name,
        labels: callee.labels,
        place: effect.place,
      };
      if (path.includes(key) || path.length >= MAX_DEPTH) return [call];
      return [call, ...this.operations(callee.effects, callee.labels, [...path, key])];
    });
  }

  private concerns({ filter }: GuardStatement, operation: Operation): boolean {
    switch (filter.filter) {
      case "operation": {
        const [type, ...words] = filter.name.split(/[.:]/);
        return operation.types.includes(type!) && (words.length === 0 || this.startsWith(operation, words));
      }
      case "function":
        return operation.name === filter.name;
      case "label":
        return operation.labels.includes(filter.name) || this.inputs(operation.place).has(filter.name);
    }
  }

  /** Whether the first words of a command are these: `op:cmd:git:push`. */
  private startsWith({ place, name }: Operation, words: string[]): boolean {
    const text = name === null ? this.analysis.textOf(place.uri)?.slice(place.start, place.end) : null;
    const written =
      text
        ?.slice(text.indexOf("{") + 1)
        .trim()
        .split(/\s+/) ?? [];
    return words.every((word, at) => written[at] === word);
  }

  /** Labels of the names that an operation of this file uses. */
  private inputs({ uri, start, end }: Place): ReadonlySet<string> {
    const found = new Set<string>();
    if (uri !== this.analysis.uri) return found;
    for (const { symbol, start: at } of this.analysis.references) {
      if (symbol && start <= at && at < end) for (const label of this.labelsOf(symbol)) found.add(label);
    }
    return found;
  }

  /** A name's own labels, and those of the names that its value is made of. */
  private labelsOf(symbol: MlldSymbol): ReadonlySet<string> {
    const known = this.labels.get(symbol);
    if (known) return known;
    const labels = new Set(symbol.labels);
    this.labels.set(symbol, labels); // A name that is made of itself adds nothing.
    const visit = (node: Node): void => {
      const used = this.analysis.referenceOf(node)?.symbol;
      if (used) for (const label of this.labelsOf(used)) labels.add(label);
      for (const child of children(node)) visit(child);
    };
    if (symbol.value && (symbol.kind === "var" || symbol.kind === "let")) visit(symbol.value);
    return labels;
  }
}
