/** What guards choose for which operations. */
import type { Place } from "../place";
import type { Analysis, HeldChoice, MlldSymbol } from "../semantics";
import { children } from "../syntax";
import type { Node } from "../syntax/tree";

/** Something that guards look at: a command, or the call of an executable. */
export interface Operation {
  /** `run` and the language for a command, `exe` for a call. */
  types: readonly string[];
  /** The executable that is called. */
  name: string | null;
  /** Labels of the executable that is called, or whose body the command stands in. */
  labels: readonly string[];
  place: Place;
}

/** Which guards look at an operation. */
export class GuardRules {
  private readonly labels = new Map<MlldSymbol, ReadonlySet<string>>();

  constructor(private readonly analysis: Analysis) {}

  /** The choices that may be made for an operation. The first one that is always made is the last. */
  choicesFor(operation: Operation, held: readonly HeldChoice[]): HeldChoice[] {
    const choices: HeldChoice[] = [];
    for (const choice of held) {
      if (!this.concerns(choice, operation)) continue;
      choices.push(choice);
      if (choice.always) break;
    }
    return choices;
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
