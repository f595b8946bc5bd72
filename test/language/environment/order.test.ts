/** The order of capability sets: its laws, a model of concrete accesses, and the lifting to values that are not known. */
import fc from "fast-check";
import picomatch from "picomatch";
import { describe, expect, test } from "vitest";
import { ALL_NAMES, NAME_ORDER, only } from "../../../language/environment/names";
import { LIMITED, NET_ORDER, NO_NET, normaliseNet, parseNetItems } from "../../../language/environment/net-sets";
import { compareFields, type Order } from "../../../language/environment/order";
import { ALL_FILES, FILE_ORDER, NO_FILES, normaliseFiles } from "../../../language/environment/path-sets";
import { isWithin, resolveHostPath } from "../../../language/environment/paths";
import { LIMIT_ORDER, PROVIDER_ORDER } from "../../../language/environment/scalar-orders";
import type {
  Field,
  FsSet,
  LimitSet,
  NameSet,
  NetSet,
  PathItem,
  ProviderSet,
} from "../../../language/environment/types";

const PATHS = { folder: "/w/p", root: "/w", home: "/root" };

const names: fc.Arbitrary<NameSet> = fc.oneof(
  fc.constant(ALL_NAMES),
  fc
    .tuple(fc.subarray(["a", "b", "c"]), fc.boolean())
    .map(([keys, all]): NameSet => ({ all, items: keys.map(key => ({ key, text: key })), open: false })),
);

const WRITTEN = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/a/*.md", "/a/b/*.md", "/a/**", "/a/**/x.md"];
const grant: fc.Arbitrary<PathItem> = fc
  .constantFrom(...WRITTEN)
  .map(text => ({ key: text, text, ...resolveHostPath(text, PATHS), container: null, temporary: false }));
const files: fc.Arbitrary<FsSet> = fc.oneof(
  { arbitrary: fc.constant(ALL_FILES), weight: 1 },
  {
    arbitrary: fc
      .tuple(fc.array(grant, { maxLength: 3 }), fc.array(grant, { maxLength: 2 }))
      .map(([read, write]) => normaliseFiles({ ...NO_FILES, read, write })),
    weight: 6,
  },
);

const HOSTS = [
  "*",
  "*.x.com",
  "*.a.x.com",
  "a.x.com",
  "x.com",
  "y.org",
  "*.x.com:443",
  "a.x.com:80",
  "y.org:8080",
  "*:443",
];
const net: fc.Arbitrary<NetSet> = fc.oneof(
  {
    arbitrary: fc.constantFrom<NetSet>(
      { kind: "bridge" },
      { kind: "host" },
      { kind: "network", name: "n" },
      { kind: "network", name: "m" },
      NO_NET,
      LIMITED,
    ),
    weight: 1,
  },
  {
    arbitrary: fc
      .tuple(fc.subarray(HOSTS, { maxLength: 3 }), fc.subarray(HOSTS, { maxLength: 1 }))
      .map(([allow, deny]) =>
        normaliseNet({
          kind: "names",
          allow: allow.flatMap(h => parseNetItems(h)!),
          deny: deny.flatMap(h => parseNetItems(h)!),
          open: false,
        }),
      ),
    weight: 2,
  },
);

const limit: fc.Arbitrary<LimitSet> = fc.constantFrom<LimitSet>(
  ...[null, 1, 2, 3].map(value => ({ kind: "known" as const, value })),
);
const provider: fc.Arbitrary<ProviderSet> = fc.constantFrom<ProviderSet>(
  ...[null, "p", "q"].map(ref => ({ kind: "known" as const, ref })),
);

function laws<S>(
  title: string,
  sets: fc.Arbitrary<S>,
  order: Order<S>,
  hasMeet: (a: S, b: S) => boolean = () => true,
): void {
  const below = (a: S, b: S): boolean => order.compare(a, b).answer === "narrower";
  describe(title, () => {
    test("a known set is always comparable: never unknown", () => {
      fc.assert(fc.property(sets, sets, (a, b) => order.compare(a, b).answer !== "unknown"));
    });
    test("reflexive", () => {
      fc.assert(fc.property(sets, a => below(a, a)));
    });
    test("transitive", () => {
      fc.assert(
        fc.property(sets, sets, sets, (a, b, c) => {
          fc.pre(below(a, b) && below(b, c));
          return below(a, c);
        }),
        { numRuns: 2_000, maxSkipsPerRun: 2_000 },
      );
    });
    test("the meet is below both", () => {
      fc.assert(
        fc.property(sets, sets, (a, b) => {
          fc.pre(hasMeet(a, b));
          const m = order.meet(a, b);
          return below(m, a) && below(m, b);
        }),
        { numRuns: 2_000 },
      );
    });
    test("and above everything that is below both", () => {
      fc.assert(
        fc.property(sets, sets, sets, (a, b, c) => {
          fc.pre(below(c, a) && below(c, b));
          return below(c, order.meet(a, b));
        }),
        { numRuns: 2_000, maxSkipsPerRun: 2_000 },
      );
    });
    test("antisymmetric up to normal form: equal sets answer alike to every third", () => {
      fc.assert(
        fc.property(sets, sets, sets, (a, b, c) => {
          fc.pre(below(a, b) && below(b, a));
          return below(a, c) === below(b, c) && below(c, a) === below(c, b);
        }),
        { numRuns: 2_000, maxSkipsPerRun: 2_000 },
      );
    });
  });
}

laws("names", names, NAME_ORDER);
laws("files", files, FILE_ORDER);
laws("network", net, NET_ORDER);
laws("limits", limit, LIMIT_ORDER);
// Two sandboxes have nothing below both.
laws(
  "provider",
  provider,
  PROVIDER_ORDER,
  (a, b) => PROVIDER_ORDER.compare(a, b).answer === "narrower" || PROVIDER_ORDER.compare(b, a).answer === "narrower",
);

describe("normal forms are idempotent", () => {
  test("files and network", () => {
    fc.assert(
      fc.property(files, set => {
        expect(normaliseFiles(normaliseFiles(set))).toEqual(normaliseFiles(set));
      }),
    );
    fc.assert(
      fc.property(net, set => {
        expect(normaliseNet(normaliseNet(set))).toEqual(normaliseNet(set));
      }),
    );
  });
});

describe("nothing that a narrower child allows is denied by its parent", () => {
  const agree = <S, A>(
    sets: fc.Arbitrary<S>,
    order: Order<S>,
    accesses: A[],
    allows: (set: S, access: A) => boolean,
  ): void => {
    fc.assert(
      fc.property(sets, sets, (child, parent) => {
        fc.pre(order.compare(child, parent).answer === "narrower");
        for (const access of accesses)
          if (allows(child, access)) expect(allows(parent, access), JSON.stringify(access)).toBe(true);
      }),
      { numRuns: 3_000, maxSkipsPerRun: 1_000 },
    );
  };

  test("tools", () => {
    agree(
      names,
      NAME_ORDER,
      ["a", "b", "c", "other"],
      (set, tool) => set.items.some(item => item.key === tool) !== set.all,
    );
  });

  test("paths, for reading and writing", () => {
    const covers = ({ base, tail }: PathItem, path: string): boolean =>
      tail === null
        ? isWithin(path, base)
        : isWithin(path, base) && picomatch(tail, { dot: true })(path.slice(base.length).replace(/^\//, ""));
    const paths = ["/", "/a", "/a/x.md", "/a/b", "/a/b/y.md", "/a/b/c/x.md", "/ab", "/ab/x.md", "/z"];
    agree(
      files,
      FILE_ORDER,
      paths.flatMap(path => [
        { path, mode: "read" },
        { path, mode: "write" },
      ]),
      (set, { path, mode }) =>
        set.all ||
        set.write.some(item => covers(item, path)) ||
        (mode === "read" && set.read.some(item => covers(item, path))),
    );
  });

  test("hosts and ports", () => {
    const matches = (pattern: string, host: string): boolean =>
      pattern === "*" ||
      pattern === host ||
      (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1);
    const accesses = ["x.com", "a.x.com", "b.a.x.com", "y.org", "z.net"].flatMap(host =>
      [80, 443, 8080].map(port => ({ host, port })),
    );
    agree(net, NET_ORDER, accesses, (set, { host, port }) => {
      const hit = (items: { host: string; port: number | null }[]): boolean =>
        items.some(item => matches(item.host, host) && (item.port === null || item.port === port));
      return set.kind === "names" ? hit(set.allow) && !hit(set.deny) : set.kind !== "unknown";
    });
  });
});

describe("lifting to values that are not known", () => {
  const closures = (set: NameSet): NameSet[] => {
    if (!set.open) return [set];
    const rests = [[], ["a"], ["b", "c"], ["z"]];
    return [...rests.map(rest => only([...set.items, ...rest.map(key => ({ key, text: key }))])), ALL_NAMES];
  };
  const open: fc.Arbitrary<NameSet> = fc.tuple(fc.subarray(["a", "b", "c"]), fc.boolean()).map(([keys, rest]) =>
    only(
      keys.map(key => ({ key, text: key })),
      rest,
    ),
  );
  const fields: fc.Arbitrary<Field<NameSet>> = fc
    .array(open, { minLength: 1, maxLength: 3 })
    .map(options => ({ options, maybeUnset: false, declared: true, history: [] }));

  test("narrower and wider hold for every combination of possible values", () => {
    fc.assert(
      fc.property(fields, fields, (child, parent) => {
        const { answer } = compareFields(child, parent, NAME_ORDER);
        fc.pre(answer !== "unknown");
        const mine = child.options.flatMap(closures);
        const theirs = parent.options.flatMap(closures);
        for (const a of mine) for (const b of theirs) expect(NAME_ORDER.compare(a, b).answer).toBe(answer);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a name outside is wider whatever the rest is", () => {
    const compared = compareFields(
      { options: [only([{ key: "write", text: "Write" }], true)], maybeUnset: false, declared: true, history: [] },
      { options: [only([{ key: "read", text: "Read" }])], maybeUnset: false, declared: true, history: [] },
      NAME_ORDER,
    );
    expect(compared).toMatchObject({ answer: "wider", items: [{ text: "Write" }] });
  });
});
