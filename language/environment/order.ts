/** Three-valued comparison, and its lifting to fields whose value is one of several. */
import type { Answer, Field, Item } from "./types";

export interface Compared {
  answer: Answer;
  /** For `wider`: what the parent does not contain. Empty when the whole set is wider. */
  items: Item[];
}

/** A partial order with a meet on the values of a field; values may be intervals of unknown sets. */
export interface Order<S> {
  compare(child: S, parent: S): Compared;
  /** The greatest lower bound. */
  meet(left: S, right: S): S;
}

export const NARROWER: Compared = { answer: "narrower", items: [] };
export const UNKNOWN: Compared = { answer: "unknown", items: [] };

export interface LiftedComparison<S> extends Compared {
  /** The possibilities that are wider: the pair that explains the answer. */
  child?: S;
  parent?: S;
}

/**
 * Narrower if every combination of possible values is, wider if every one is not, else unknown. An option object that both hold is
 * one value, evaluated once, and is compared only with itself.
 */
export function compareFields<S>(child: Field<S>, parent: Field<S>, order: Order<S>): LiftedComparison<S> {
  let narrower = false;
  let wider: LiftedComparison<S> | null = null;
  for (const mine of child.options) {
    if (parent.options.includes(mine)) {
      narrower = true;
      continue;
    }
    for (const theirs of parent.options) {
      const compared = order.compare(mine, theirs);
      if (compared.answer === "unknown") return UNKNOWN;
      if (compared.answer === "narrower") narrower = true;
      else if (!wider) wider = { ...compared, child: mine, parent: theirs };
      else if (wider.child === mine) wider.items = inBoth(wider.items, compared.items);
    }
  }
  return wider ? (narrower ? UNKNOWN : wider) : NARROWER;
}

/** The items that no possible parent allows; where each lacks another one, those that the first lacks. */
function inBoth(items: Item[], others: Item[]): Item[] {
  const keys = new Set(others.map(({ key }) => key));
  const both = items.filter(({ key }) => keys.has(key));
  return both.length > 0 ? both : items;
}

/** Every pair met; equal option objects are met once. */
export function meetFields<S>(field: Field<S>, bound: S, order: Order<S>): Field<S> {
  return { ...field, options: field.options.map(option => order.meet(option, bound)) };
}
