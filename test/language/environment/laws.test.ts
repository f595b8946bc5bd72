import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NAME_ORDER } from "../../../language/environment/names";
import { NET_ORDER, normaliseNet } from "../../../language/environment/net-sets";
import type { Order } from "../../../language/environment/order";
import { FILE_ORDER, NO_FILES, normaliseFiles } from "../../../language/environment/path-sets";
import { LIMIT_ORDER, PROVIDER_ORDER } from "../../../language/environment/scalar-orders";
import type { FsSet, LimitSet, NameSet, NetSet, PathItem, ProviderSet } from "../../../language/environment/types";
import { files, limits, names, nets, providers } from "./arbitraries";

const RUNS = { numRuns: 3000 };

/** The normal form of a set: equal for equal sets. */
const keys = (items: { key: string }[]): string[] => items.map(({ key }) => key).sort();
const nameForm = (set: NameSet): unknown => [set.all, keys(set.items)];
const netForm = (set: NetSet): unknown =>
  set.kind === "names" ? ["names", keys(set.allow), keys(set.deny)] : [set.kind, "name" in set ? set.name : ""];
/** Paths none of which lies inside another: normal forms keep those, for a place of their own in the environment. */
const fileForm = (set: FsSet): unknown => {
  const inside = (a: PathItem, b: PathItem): boolean =>
    a.key !== b.key && FILE_ORDER.compare({ ...NO_FILES, read: [a] }, { ...NO_FILES, read: [b] }).answer === "narrower";
  const outermost = (items: PathItem[]): string[] => [
    ...new Set(keys(items.filter(item => !items.some(other => inside(item, other))))),
  ];
  return set.all ? "everything" : [outermost([...set.read, ...set.write]), outermost(set.write)];
};
const limitForm = (set: LimitSet): unknown => set;
const providerForm = (set: ProviderSet): unknown => set;

function partialOrder<S>(
  title: string,
  order: Order<S>,
  sets: fc.Arbitrary<S>,
  form: (set: S) => unknown,
  lattice: boolean,
): void {
  const below = (a: S, b: S): boolean => order.compare(a, b).answer === "narrower";

  describe(title, () => {
    it("answers every comparison of known sets", () => {
      fc.assert(
        fc.property(sets, sets, (a, b) => {
          expect(order.compare(a, b).answer).not.toBe("unknown");
        }),
        RUNS,
      );
    });
    it("is reflexive", () => {
      fc.assert(
        fc.property(sets, a => {
          expect(below(a, structuredClone(a))).toBe(true);
        }),
        RUNS,
      );
    });
    it("is transitive", () => {
      fc.assert(
        fc.property(sets, sets, sets, (a, b, c) => {
          if (below(a, b) && below(b, c)) expect(below(a, c)).toBe(true);
        }),
        RUNS,
      );
    });
    it("is antisymmetric up to normal form", () => {
      fc.assert(
        fc.property(sets, sets, (a, b) => {
          expect(below(a, b) && below(b, a)).toBe(JSON.stringify(form(a)) === JSON.stringify(form(b)));
        }),
        RUNS,
      );
    });
    if (!lattice) return;
    it("has a greatest lower bound in meet", () => {
      fc.assert(
        fc.property(sets, sets, sets, (a, b, c) => {
          const met = order.meet(a, b);
          expect(below(met, a)).toBe(true);
          expect(below(met, b)).toBe(true);
          if (below(c, a) && below(c, b)) expect(below(c, met)).toBe(true);
        }),
        RUNS,
      );
    });
    it("has a meet that is commutative, associative and idempotent up to normal form", () => {
      fc.assert(
        fc.property(sets, sets, sets, (a, b, c) => {
          expect(form(order.meet(a, b))).toEqual(form(order.meet(b, a)));
          expect(form(order.meet(order.meet(a, b), c))).toEqual(form(order.meet(a, order.meet(b, c))));
          expect(form(order.meet(a, a))).toEqual(form(a));
        }),
        RUNS,
      );
    });
  });
}

partialOrder("names", NAME_ORDER, names, nameForm, true);
partialOrder("files", FILE_ORDER, files, fileForm, true);
partialOrder("networks", NET_ORDER, nets, netForm, true);
partialOrder("limits", LIMIT_ORDER, limits, limitForm, true);
partialOrder("providers", PROVIDER_ORDER, providers, providerForm, false);

describe("normal forms", () => {
  it("are idempotent", () => {
    fc.assert(
      fc.property(nets, files, (net, fs) => {
        expect(normaliseNet(net)).toEqual(net);
        expect(normaliseFiles(fs)).toEqual(fs);
      }),
      RUNS,
    );
  });
});
