/** Random capability sets over a small world, so that they overlap often. */
import fc from "fast-check";
import { normaliseNames } from "../../../language/environment/names";
import { LIMITED, NO_NET, normaliseNet, parseDeniedItems, parseNetItems } from "../../../language/environment/net-sets";
import { ALL_FILES, NO_FILES, normaliseFiles } from "../../../language/environment/path-sets";
import { resolveHostPath } from "../../../language/environment/paths";
import type { FsSet, LimitSet, NameSet, NetSet, PathItem, ProviderSet } from "../../../language/environment/types";

export const PATHS = { folder: "/home/u/project/sub", root: "/home/u/project", home: "/home/u" };

export const item = (text: string) => ({ key: text, text });

export const NAMES = ["a", "b", "c"];
export const names: fc.Arbitrary<NameSet> = fc
  .record({ all: fc.boolean(), items: fc.subarray(NAMES) })
  .map(({ all, items }) => normaliseNames({ all, items: items.map(item), open: false }));

export const WRITTEN_PATHS = [
  ".",
  "./x",
  "x/",
  "x/y",
  "xy",
  "..",
  "~",
  "@base/sub",
  "/",
  "/etc",
  "x/*.ts",
  "x/**",
  "*.md",
];
export function pathItem(text: string): PathItem {
  const resolved = resolveHostPath(text, PATHS);
  const key = resolved.tail === null ? resolved.base : `${resolved.base}/${resolved.tail}`;
  return { ...resolved, key, text, container: null, temporary: false };
}
export function fsSet(read: string[], write: string[]): FsSet {
  return normaliseFiles({ ...NO_FILES, read: read.map(pathItem), write: write.map(pathItem) });
}
export const files: fc.Arbitrary<FsSet> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(ALL_FILES) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.subarray(WRITTEN_PATHS, { maxLength: 4 }), fc.subarray(WRITTEN_PATHS, { maxLength: 3 }))
      .map(([read, write]) => fsSet(read, write)),
  },
);

export const HOST_PATTERNS = ["a.com", "x.a.com", "*.a.com", "*.x.a.com", "b.org", "*"];
const written = fc
  .tuple(fc.constantFrom(...HOST_PATTERNS), fc.constantFrom("", ":443", ":80", ":8080"))
  .map(([host, port]) => host + port);
export function list(allow: string[], deny: string[] = []): NetSet {
  return normaliseNet({
    ...NO_NET,
    allow: allow.flatMap(text => parseNetItems(text)!),
    deny: deny.flatMap(text => parseDeniedItems(text)!),
  });
}
export const nets: fc.Arbitrary<NetSet> = fc.oneof(
  fc.constant<NetSet>(NO_NET),
  fc.constant<NetSet>({ kind: "bridge" }),
  fc.constant<NetSet>({ kind: "host" }),
  fc.constantFrom<NetSet>({ kind: "network", name: "n" }, { kind: "network", name: "m" }),
  fc
    .array(written, { maxLength: 2 })
    .map(deny => normaliseNet({ ...LIMITED, deny: deny.flatMap(text => parseDeniedItems(text)!) })),
  fc
    .tuple(fc.array(written, { maxLength: 4 }), fc.array(written, { maxLength: 2 }))
    .map(([allow, deny]) => list(allow, deny)),
  fc.array(written, { maxLength: 4 }).map(allow => list(allow)),
);

export const limits: fc.Arbitrary<LimitSet> = fc
  .constantFrom(null, 1, 2, 3)
  .map(value => ({ kind: "known" as const, value }));

export const providers: fc.Arbitrary<ProviderSet> = fc
  .constantFrom(null, "@mlld/env-docker", "./p.mld")
  .map(ref => ({ kind: "known" as const, ref }));
