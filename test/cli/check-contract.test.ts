/** What `mlld-env check --json` says of small programs: every row of the attenuation table, with exact ranges. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unmark } from "./marked";

const W = (code: string, text: string) => `⟦${code}⟧${text}⟦/⟧`;
const tools = (text: string) => W("env/tools-widened", text);
const mcps = (text: string) => W("env/mcps-widened", text);
const fs = (text: string) => W("env/fs-widened", text);
const net = (text: string) => W("env/net-widened", text);
const limits = (text: string) => W("env/limits-widened", text);
const auth = (text: string) => W("env/auth-widened", text);
const provider = (text: string) => W("env/provider-weakened", text);
const unknown = (text: string) => W("env/unknown-field", text);
const bash = (text: string) => W("env/command-needs-bash", text);

/** A sandboxed parent with some fields, and a `with` over it. */
const derived = (parent: string, clause: string) =>
  `var @p = { provider: '@mlld/env-docker', ${parent} }\nenv @p with { ${clause} } [\n  show "in"\n]\n`;

const CASES: Record<string, string> = {
  // tools
  "tools: a subset": derived(`tools: ["Read", "Write"]`, `tools: ["Read"]`),
  "tools: one more": derived(`tools: ["Read"]`, `tools: ["Read", ${tools(`"Write"`)}]`),
  "tools: two more": derived(`tools: ["Read"]`, `tools: [${tools(`"Edit"`)}, ${tools(`"Write"`)}]`),
  "tools: case does not matter": derived(`tools: ["Read"]`, `tools: ["READ", "read"]`),
  "tools: comma string": derived(`tools: "read, write"`, `tools: ["Write"]`),
  "tools: star under with inherits": derived(`tools: ["Read"]`, `tools: "*"`),
  "tools: star in a list is any": derived(`tools: ["Read"]`, `tools: [${tools(`"*"`)}]`),
  "tools: unset parent is any": derived(`net: "none"`, `tools: ["Read"]`),
  "tools: none": derived(`tools: ["Read"]`, `tools: []`),
  "tools: from none": derived(`tools: []`, `tools: [${tools(`"Read"`)}]`),
  "tools: wider whatever the variable is": `exe @ask() = cmd { date }\nvar @x = @ask()\nvar @p = { tools: ["Read"] }\nenv @p with { tools: [${tools(`"Write"`)}, @x] } [\n  show "in"\n]\n`,
  "tools: unknown is not reported": `exe @ask() = cmd { date }\nvar @x = @ask()\nvar @p = { tools: ["Read"] }\nenv @p with { tools: [@x] } [\n  show "in"\n]\n`,
  "tools: a tool collection": `exe @r(p) = "R"\nvar tools @t = { read: { mlld: @r } }\nvar @p = { tools: ["Read"] }\nenv @p with { tools: @t } [\n  show "in"\n]\n`,
  "tools: new with star is any": `var @p = { tools: ["Read"] }\nvar @q = new @p with { tools: ${tools(`"*"`)} }\nenv @q [\n  show "in"\n]\n`,
  "tools: new narrows": `var @p = { tools: ["Read", "Bash"] }\nvar @q = new @p with { tools: ["read"] }\nenv @q [\n  show "in"\n]\n`,

  // mcps
  "mcps: a subset": derived(`mcps: ["a", "b"]`, `mcps: ["b"]`),
  "mcps: one more": derived(`mcps: ["a"]`, `mcps: ["a", ${mcps(`"b"`)}]`),
  "mcps: none allowed": derived(`mcps: []`, `mcps: [${mcps(`"a"`)}]`),
  "mcps: string and argv mean the same": derived(`mcps: ["node x.js"]`, `mcps: [{ command: "node", args: ["x.js"] }]`),
  "mcps: same module by another path": derived(`mcps: ["./m.mld"]`, `mcps: ["././m.mld"]`),
  "mcps: a bad entry": `env { mcps: [${W("env/mcps-entry", '{ command: "a", npm: "b" }')}] } [\n  show "in"\n]\n`,

  // fs
  "fs: below the parent": derived(`fs: { read: ["./src"] }`, `fs: { read: ["./src/lib"] }`),
  "fs: by segments, not by prefix": derived(`fs: { read: ["./src"] }`, `fs: { read: [${fs(`"./src2"`)}] }`),
  "fs: above": derived(`fs: { read: ["./src/lib"] }`, `fs: { read: [${fs(`"./src"`)}] }`),
  "fs: dots normalise": derived(`fs: { read: ["./src"] }`, `fs: { read: ["./x/../src/./lib/"] }`),
  "fs: write within read is wider": derived(`fs: { read: ["./src"] }`, `fs: { write: [${fs(`"./src"`)}] }`),
  "fs: read within write": derived(`fs: { write: ["./out"] }`, `fs: { read: ["./out"] }`),
  "fs: container side is not compared": derived(`fs: { read: [".:/app"] }`, `fs: { read: ["./src:/elsewhere"] }`),
  "fs: scratch is no authority": derived(`fs: { read: ["./src"] }`, `fs: { read: ["./src"], write: ["/tmp"] }`),
  "fs: stars below add nothing": derived(`fs: { read: ["./src/**"] }`, `fs: { read: ["./src"] }`),
  "fs: a tail contains only its equal": derived(
    `fs: { read: ["./src/*.md"] }`,
    `fs: { read: [${fs(`"./src/a.md"`)}] }`,
  ),
  "fs: two hosts on one container path": `env { provider: '@mlld/env-docker', fs: { read: ["./a:/x", ${W("env/fs-target", `"./b:/x"`)}] } } [\n  show "in"\n]\n`,
  "fs: in a sandbox unset means nothing": derived(`tools: ["Read"]`, `fs: { read: [${fs(`"./src"`)}] }`),

  // net
  "net: none below a list": derived(`net: { allow: ["a.example"] }`, `net: "none"`),
  "net: list below limited": derived(`net: "limited"`, `net: { allow: ["a.example"] }`),
  "net: host above all": derived(`net: "none"`, `net: ${net(`"host"`)}`),
  "net: a wildcard over an exact host": derived(
    `net: { allow: ["a.example.com"] }`,
    `net: { allow: [${net(`"*.example.com"`)}] }`,
  ),
  "net: a host inside a wildcard": derived(`net: { allow: ["*.example.com"] }`, `net: { allow: ["A.example.com."] }`),
  "net: never the apex": derived(`net: { allow: ["*.example.com"] }`, `net: { allow: [${net(`"example.com"`)}] }`),
  "net: a port inside the default": derived(`net: { allow: ["a.example"] }`, `net: { allow: ["a.example:443"] }`),
  "net: no port is two": derived(`net: { allow: ["a.example:443"] }`, `net: { allow: [${net(`"a.example"`)}] }`),
  "net: another port": derived(`net: { allow: ["a.example"] }`, `net: { allow: [${net(`"a.example:8080"`)}] }`),
  "net: an empty list is none": derived(`net: "none"`, `net: { allow: [] }`),
  "net: unset is the sandbox's own": derived(`tools: ["Read"]`, `net: { allow: ["a.example"] }`),

  // limits
  "limits: less": derived(
    `limits: { mem: "1g", cpu: 2, timeout: "1m" }`,
    `limits: { mem: "512m", cpu: 1, timeout: "30s" }`,
  ),
  "limits: more memory": derived(`limits: { mem: "512m" }`, `limits: { mem: ${limits(`"1g"`)} }`),
  "limits: units": derived(`limits: { mem: "0.5g" }`, `limits: { mem: "512m" }`),
  "limits: binary units": derived(`limits: { mem: "1Gi" }`, `limits: { mem: ${limits(`"1025MiB"`)} }`),
  "limits: key by key": derived(`limits: { mem: "512m", cpu: 2 }`, `limits: { cpu: 1 }`),
  "limits: top-level memory": derived(`memory: "512m"`, `limits: { mem: ${limits(`"1g"`)} }`),

  // auth
  "auth: a subset": `auth @a = "A"\nauth @b = "B"\nvar @p = { auth: ["a", "b"] }\nenv @p with { auth: "a" } [\n  show "in"\n]\n`,
  "auth: one more": `auth @a = "A"\nauth @b = "B"\nvar @p = { auth: "a" }\nenv @p with { auth: ["a", ${auth(`"b"`)}] } [\n  show "in"\n]\n`,
  "auth: a command's own grant": `auth @a = "A"\nauth @b = "B"\nvar @p = { auth: "a", tools: ["Bash"] }\nenv @p [\n  run cmd { date } using auth:b\n]\n`,
  "auth: not declared": `run cmd { date } using auth:${W("auth/undefined", "nope")}\n`,

  // provider
  "provider: into a sandbox": `var @p = { tools: ["Read"] }\nenv @p with { provider: '@mlld/env-docker' } [\n  show "in"\n]\n`,
  "provider: out of the sandbox": derived(`tools: ["Read"]`, `provider: ${provider("null")}`),
  "provider: another sandbox": derived(`tools: ["Read"]`, `provider: ${provider("'@mlld/env-sprites'")}`),

  // fields
  "field: misspelt": `env { ${unknown("tolls")}: ["Read"] } [\n  show "in"\n]\n`,
  "field: misspelt under with": derived(`tools: ["Read"]`, `${unknown("tols")}: ["Read"]`),
  "field: a type": `env { tools: ${W("env/field-type", "5")} } [\n  show "in"\n]\n`,
  "field: null tools": `env { tools: ${W("env/field-type", "null")} } [\n  show "in"\n]\n`,
  "config: a string": `env ${W("env/config-not-object", `"name"`)} [\n  show "in"\n]\n`,
  "config: an array variable": `var @cfg = ["Read"]\nenv ${W("env/config-not-object", "@cfg")} [\n  show "in"\n]\n`,
  "config: an unknown profile": `var @cfg = { profiles: { full: { requires: {} } } }\nenv @cfg with { profile: ${W("env/unknown-profile", `"nope"`)} } [\n  show "in"\n]\n`,
  "config: a known profile": `var @cfg = { profiles: { full: { requires: {} } } }\nenv @cfg with { profile: "full" } [\n  show "in"\n]\n`,
  "not enforced without a sandbox": `env { ${W("env/not-enforced", "net")}: "none" } [\n  show "in"\n]\n`,

  // commands
  "bash: a command without it": `env { tools: ["Read"] } [\n  run ${bash("cmd { date }")}\n]\n`,
  "bash: with it": `env { tools: ["Read", "bash"] } [\n  run cmd { date }\n]\n`,
  "bash: js needs none": `env { tools: [] } [\n  let @x = js { return 1 }\n  show @x\n]\n`,
  "bash: through an exe": `exe @now() = cmd { date }\nenv { tools: ["Read"] } [\n  let @t = ${bash("@now()")}\n  show @t\n]\n`,

  // nesting
  "nesting: inherits what it does not set": `var @o = { tools: ["Read", "Bash"] }\nvar @i = { mcps: [] }\nenv @o [\n  let @r = env @i [ => cmd { date } ]\n  show @r\n]\n`,
  "nesting: an inline child that is wider": `env { tools: ["Read"] } [\n  let @r = env { tools: ["Read", ${tools(`"Write"`)}] } [ => "x" ]\n  show @r\n]\n`,
  "nesting: a nested statement": `env { tools: ["Read", "Bash"] } [\n  env { tools: ["Bash"] } [\n    run cmd { date }\n  ]\n]\n`,
  "nesting: through an exe call": `var @i = { tools: ["Read", "Bash"] }\nexe @inner() = env @i [\n  => "x"\n]\nenv { tools: ["Read"] } [\n  show ${tools("@inner()")}\n]\n`,
  "nesting: recursion ends": `exe @f(n) = env { tools: ["Read"] } [\n  => @f(@n)\n]\nenv { tools: ["Read", "Bash"] } [\n  show @f(1)\n]\n`,

  // branches
  "branches: one branch is wider, so unknown": `exe @flag() = js { return true }\nvar @f = @flag()\nvar @t = @f ? ["Read"] : ["Write"]\nvar @p = { tools: ["Read"] }\nenv @p with { tools: @t } [\n  show "in"\n]\n`,

  // policy and words
  "policy removes, it does not widen": `policy @p = { env: { tools: { allow: ["read"] } } }\nenv { tools: ["Read", "Write"] } [\n  show "in"\n]\n`,
  "policy takes Bash away": `policy @p = { env: { tools: { deny: ["bash"] } } }\nenv { tools: ["Read", "Bash"] } [\n  run ${bash("cmd { date }")}\n]\n`,
  "net: limited is more than a list": derived(`net: { allow: ["a.example"] }`, `net: ${net(`"limited"`)}`),
  "net: a star in a list is more than its hosts": derived(
    `net: { allow: ["a.example"] }`,
    `net: { allow: ["a.example", ${net(`"*"`)}] }`,
  ),
  "suppressed by a comment": `var @p = { tools: ["Read"] }\n>> mlld-env-ignore env/tools-widened\nenv @p with { tools: ["Write"] } [\n  show "in"\n]\n`,
  "names: undefined": `show ${W("name/undefined", "@nope")}\n`,
  "secrets: in a command": `var secret @k = "s3cr3t-value"\nrun cmd { echo ${W("auth/secret-in-command", "@k")} }\n`,
  "box narrows like env": `var @p = { provider: '@mlld/env-docker', tools: ["Read"] }\nbox @p with { tools: ["Read", ${tools(`"Bash"`)}] } [\n  show "in"\n]\n`,
};

interface Reported {
  file: string;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  severity: string;
  code: string;
  message: string;
  related: { file: string; message: string }[];
  fixes: { edits: { newText: string }[] }[];
}

const folder = mkdtempSync(join(tmpdir(), "mlld-env-check-"));
const cli = join(__dirname, "../../dist/cli.js");
let reported: Reported[];

const fileOf = (index: number) => `case-${String(index).padStart(3, "0")}.mld`;

beforeAll(() => {
  // A project of its own, whatever lies in the folders above.
  writeFileSync(join(folder, "mlld-config.json"), "{}");
  Object.values(CASES).forEach((marked, index) => {
    const path = join(folder, fileOf(index));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, unmark(marked).source);
  });
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, "check", "--json", folder], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  expect(status, stderr).toBe(1);
  reported = JSON.parse(stdout) as Reported[];
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("check --json", () => {
  test.each(Object.keys(CASES).map((title, index) => [title, index] as const))("%s", (title, index) => {
    const { source, expected } = unmark(CASES[title]!);
    const lines = source.split("\n");
    const offset = (p: { line: number; character: number }) =>
      lines.slice(0, p.line).reduce((n, l) => n + l.length + 1, 0) + p.character;
    const key = (f: { code: string; start: number; end: number }) =>
      `${f.code} at ‹${source.slice(f.start, f.end)}› (${f.start})`;
    const found = reported
      .filter(r => r.file.endsWith(fileOf(index)))
      .map(r => ({ code: r.code, start: offset(r.range.start), end: offset(r.range.end) }));
    expect(found.map(key).sort(), source).toEqual(expected.map(key).sort());
  });

  test("a widening names the item and points at the parent", () => {
    const index = Object.keys(CASES).indexOf("tools: one more");
    const [finding] = reported.filter(r => r.file.endsWith(fileOf(index)));
    expect(finding).toMatchObject({ severity: "error", code: "env/tools-widened" });
    expect(finding!.message).toContain("Write");
    expect(finding!.related).toHaveLength(1);
  });

  const only = (title: string) => {
    const found = reported.filter(r => r.file.endsWith(fileOf(Object.keys(CASES).indexOf(title))));
    expect(found).toHaveLength(1);
    return found[0]!;
  };

  test("what policy takes away is not given back by a fix", () => {
    const finding = only("policy takes Bash away");
    expect(finding.message).toContain("which policy takes away");
    expect(finding.related.map(({ message }) => message)).toEqual(["policy @p leaves Read"]);
    expect(finding.fixes).toEqual([]);
  });

  test("a wider network says what each allows, and offers the parent's", () => {
    const finding = only("net: limited is more than a list");
    expect(finding.message).toBe(
      "This allows any name, through the egress proxy. That is more than @p allows: a.example. A child may only narrow.",
    );
    expect(finding.fixes.flatMap(({ edits }) => edits.map(({ newText }) => newText))).toEqual([
      '{ allow: ["a.example"] }',
    ]);
  });
});
