/** Whatever stands in a spec file, reading it gives a spec or places of mistakes inside the text, and never an exception. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readSpec } from "../../../language/environment/spec-model";
import { parseSpecText } from "../../../language/environment/spec-text";

const SOUND = `type: docker
name: n
environment: { env: { A: "1" }, include_os_env: false }
setup: { commands: [a], eval_commands: [b] }
commands: { entry_file: "-m {entry_file}", agent_command: null }
snapshot: { keep_globs: ["*"], compression: xz }
static_assets: { w: ./w, v: { path: /v } }
docker:
  image: i
  extra_mounts: { ./a: /a, /b: { bind: /b, mode: ro } }
  ports: ["8080:80"]
`;

function check(source: string): void {
  const parsed = parseSpecText(source, "file:///s.yaml");
  const { spec, problems } = parsed.problems.length > 0 ? { ...parsed, spec: null } : readSpec(parsed.value);
  expect(spec === null).toBe(problems.length > 0);
  for (const { place, message } of problems) {
    expect(message).toMatch(/^[^\n]*[.?)]$/s);
    if (place)
      expect([place.start >= 0, place.end >= place.start, place.end <= source.length]).toEqual([true, true, true]);
  }
}

const KEYS = SOUND.match(/[a-z_]+(?=:)/g)!;
const values: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, 3, "", "docker", "/a", "../x", "{x}", "{{static:q}}"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie("value"), { maxKeys: 4 }),
  ),
})).value;

test("values of any shape", () => {
  fc.assert(
    fc.property(values, value => check(JSON.stringify(value))),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...KEYS), values, (key, value) =>
      check(JSON.stringify({ type: "docker", name: "n", docker: { image: "i" }, [key]: value })),
    ),
    { numRuns: 500 },
  );
});

test("a sound spec with a damage", () => {
  check(SOUND);
  const damage = fc.record({
    at: fc.nat(SOUND.length),
    drop: fc.nat(12),
    text: fc.oneof(fc.string(), fc.constantFrom("\t", "&a ", "*a", "- ", ": ", "\n", "{", "]", "<<: ")),
  });
  fc.assert(
    fc.property(damage, ({ at, drop, text }) => check(SOUND.slice(0, at) + text + SOUND.slice(at + drop))),
    { numRuns: 2_000 },
  );
});
