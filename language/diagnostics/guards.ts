/** What guards choose for the operations of a block: it may not be more than the block has. */
import { type BlockFacts, enterBlock, type Problem } from "../environment";
import type { Place } from "../place";
import type { Analysis, Effect, HeldChoice, MlldSymbol, Site } from "../semantics";
import { children } from "../syntax";
import type { Node } from "../syntax/tree";
import { pathsIn, withOwnFixes } from "./elsewhere";

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
  private readonly labels = new Map<MlldSymbol, ReadonlySet<string>>();

  constructor(private readonly analysis: Analysis) {}

  /** Choices that are wider than a block with an operation that they are made for. */
  problemsIn(block: Site, { environment }: BlockFacts): Problem[] {
    const { analysis } = this;
    return this.firingIn(block).flatMap(({ config, head, label, operation }) => {
      const { comparisons } = enterBlock({
        parent: environment,
        config,
        with: null,
        place: head,
        label,
        paths: pathsIn(head.uri, analysis),
        policy: analysis.policy,
      });
      return comparisons.flatMap(({ problem }) => {
        if (!problem) return [];
        if (head.uri !== analysis.uri) return [atOperation(problem, head, operation)];
        return [withRelated(problem, { place: block.head, message: "the guard fires in this block" })];
      });
    });
  }

  /**
   * The choices that are made for an operation of a block, each with the first one. A guard that stands behind a block is not there
   * yet when it runs.
   */
  firingIn(block: Site): (HeldChoice & { operation: Place })[] {
    const held = this.analysis.guardChoices.filter(({ from }) => block.executable !== null || from < block.place.start);
    if (held.length === 0) return [];
    const operations = block.effects.flatMap(effect =>
      this.operations([effect], [], []).map(operation => ({ operation, place: effect.place })),
    );
    return held.flatMap(choice => {
      const first = operations.find(({ operation }) => this.concerns(choice, operation));
      return first ? [{ ...choice, operation: first.place }] : [];
    });
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

  private concerns({ filter, name }: HeldChoice, operation: Operation): boolean {
    switch (filter) {
      case "operation": {
        const [type, ...words] = name.split(/[.:]/);
        return operation.types.includes(type!) && (words.length === 0 || this.startsWith(operation, words));
      }
      case "function":
        return operation.name === name;
      case "label":
        return operation.labels.includes(name) || this.inputs(operation.place).has(name);
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

/** A choice of a guard of another file, told at the operation that it is made for. */
function atOperation(problem: Problem, head: Place, operation: Place): Problem {
  const message = `A guard of ${head.uri.slice(head.uri.lastIndexOf("/") + 1)} chooses an environment for this that does not fit here: ${problem.message}`;
  const chosen = { place: problem.place ?? head, message: "the guard chooses it here" };
  return withOwnFixes({ ...problem, message, place: operation, related: [chosen, ...problem.related] }, operation.uri);
}

function withRelated(problem: Problem, more: Problem["related"][number]): Problem {
  return { ...problem, related: [...problem.related, more] };
}
