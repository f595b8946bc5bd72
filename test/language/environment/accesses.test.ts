/** What the order of capability sets means: a model of concrete accesses, and the lifting to values that are not known. */
import fc from "fast-check";
import picomatch from "picomatch";
import { describe, expect, test } from "vitest";
import { ALL_NAMES, NAME_ORDER, only } from "../../../language/environment/names";
import { NET_ORDER } from "../../../language/environment/net-sets";
import { compareFields, type Order } from "../../../language/environment/order";
import { FILE_ORDER } from "../../../language/environment/path-sets";
import { isWithin } from "../../../language/environment/paths";
import { LIMIT_ORDER } from "../../../language/environment/scalar-orders";
import type { Field, NameSet, PathItem } from "../../../language/environment/types";
import { files, item, limits, NAMES, names, nets } from "./arbitraries";

const field = <S>(options: S[]): Field<S> => ({ options, maybeUnset: false, declared: true, history: [] });

describe("nothing that a narrower child allows is denied by its parent, and something where it is wider", () => {
  const agree = <S, A>(
    sets: fc.Arbitrary<S>,
    order: Order<S>,
    accesses: A[],
    allows: (set: S, access: A) => boolean,
    /** Whether the accesses can tell all sets apart. */
    complete: boolean,
  ): void => {
    fc.assert(
      fc.property(sets, sets, (child, parent) => {
        const { answer } = order.compare(child, parent);
        const denied = accesses.filter(access => allows(child, access) && !allows(parent, access));
        if (answer === "narrower") expect(denied).toEqual([]);
        else if (complete) expect(denied).not.toEqual([]);
      }),
      { numRuns: 5_000 },
    );
  };

  test("tools", () => {
    const allows = (set: NameSet, tool: string): boolean => set.items.some(({ key }) => key === tool) !== set.all;
    agree(names, NAME_ORDER, [...NAMES, "other"], allows, true);
  });

  test("paths, for reading and writing", () => {
    const covers = ({ base, tail }: PathItem, path: string): boolean =>
      isWithin(path, base) &&
      (tail === null || picomatch(tail, { dot: true })(path.slice(base.length).replace(/^\//, "")));
    const folders = ["/", "/etc", "/home/u", "/home/u/project", "/home/u/project/sub", "/home/u/project/sub/x"];
    const paths = [
      ...folders.flatMap(folder =>
        ["", "a.ts", "a.md", "b/c.ts"].map(name => `${folder}/${name}`.replace(/\/+/g, "/")),
      ),
      "/home/u/project/sub/x/y",
      "/home/u/project/sub/x/y/a.ts",
      "/home/u/project/sub/xy",
      "/home/u/project/sub/xy/a.ts",
    ].map(path => (path.length > 1 ? path.replace(/\/$/, "") : path));
    const accesses = paths.flatMap(path => [
      { path, mode: "read" },
      { path, mode: "write" },
    ]);
    // A list of globs may cover another path by path, and still not be said to contain it.
    agree(
      files,
      FILE_ORDER,
      accesses,
      (set, { path, mode }) =>
        set.all ||
        set.write.some(grant => covers(grant, path)) ||
        (mode === "read" && set.read.some(grant => covers(grant, path))),
      false,
    );
  });

  test("hosts and ports", () => {
    const matches = (pattern: string, host: string): boolean =>
      pattern === "*" ||
      pattern === host ||
      (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1);
    const accesses = ["a.com", "x.a.com", "z.x.a.com", "y.a.com", "b.org", "c.net"].flatMap(host =>
      [80, 443, 8080, 22].map(port => ({ host, port })),
    );
    agree(
      nets,
      NET_ORDER,
      accesses,
      (set, { host, port }) => {
        const hit = (items: { host: string; port: number | null }[]): boolean =>
          items.some(one => matches(one.host, host) && (one.port === null || one.port === port));
        return set.kind === "names" ? hit(set.allow) && !hit(set.deny) : set.kind !== "unknown";
      },
      false,
    );
  });
});

describe("lifting to values that are not known", () => {
  const closures = (set: NameSet): NameSet[] => {
    if (!set.open) return [set];
    const rests = [[], ["a"], ["b", "c"], ["z"]];
    return [...rests.map(rest => only([...set.items, ...rest.map(item)])), ALL_NAMES];
  };
  const open: fc.Arbitrary<NameSet> = fc
    .tuple(fc.subarray(NAMES), fc.boolean())
    .map(([keys, rest]) => only(keys.map(item), rest));
  const several = <S>(sets: fc.Arbitrary<S>): fc.Arbitrary<Field<S>> =>
    // Copies: one object in both fields is one value, and never compared with the other's values.
    fc.array(sets, { minLength: 1, maxLength: 3 }).map(options => field(structuredClone(options)));

  test("narrower and wider hold for every combination of possible values, also where a rest is unknown", () => {
    fc.assert(
      fc.property(several(open), several(open), (child, parent) => {
        const { answer } = compareFields(child, parent, NAME_ORDER);
        if (answer === "unknown") return;
        const mine = child.options.flatMap(closures);
        const theirs = parent.options.flatMap(closures);
        for (const a of mine) for (const b of theirs) expect(NAME_ORDER.compare(a, b).answer).toBe(answer);
      }),
      { numRuns: 2_000 },
    );
  });

  test("of known values it is unknown only where some combinations are narrower and some wider", () => {
    const check = <S>(sets: fc.Arbitrary<S>, order: Order<S>): void => {
      fc.assert(
        fc.property(several(sets), several(sets), (child, parent) => {
          const answers = child.options.flatMap(a => parent.options.map(b => order.compare(a, b).answer));
          const expected = new Set(answers).size === 1 ? answers[0] : "unknown";
          expect(compareFields(child, parent, order).answer).toBe(expected);
        }),
        { numRuns: 1_000 },
      );
    };
    check(names, NAME_ORDER);
    check(files, FILE_ORDER);
    check(nets, NET_ORDER);
    check(limits, LIMIT_ORDER);
  });

  test("a value that child and parent share is narrower, so another one that is wider leaves it unknown", () => {
    const [shared, other] = [only([item("read")]), only([item("write")])];
    for (const options of [
      [other, shared],
      [shared, other],
    ])
      expect(compareFields(field(options), field([shared]), NAME_ORDER).answer).toBe("unknown");
    expect(compareFields(field([shared, other]), field([shared, other]), NAME_ORDER).answer).toBe("narrower");
  });

  test("of several possible parents only what none of them allows is told", () => {
    const parents = field([only([item("read")]), only([item("read"), item("write")])]);
    const compared = compareFields(field([only([item("write"), item("glob")])]), parents, NAME_ORDER);
    expect(compared).toMatchObject({ answer: "wider", items: [{ text: "glob" }] });
  });

  test("a name outside is wider whatever the rest is", () => {
    const compared = compareFields(
      field([only([{ key: "write", text: "Write" }], true)]),
      field([only([{ key: "read", text: "Read" }])]),
      NAME_ORDER,
    );
    expect(compared).toMatchObject({ answer: "wider", items: [{ text: "Write" }] });
  });
});
