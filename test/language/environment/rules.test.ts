/** One example or more for every row and rule of the table of fields. */
import { describe, expect, it } from "vitest";
import {
  applyPolicy,
  type BlockFacts,
  type CapabilityName,
  commandProblem,
  compareEnvironments,
  configHash,
  deriveConfig,
  type EnvironmentFacts,
  enterBlock,
  explain,
  fromValue,
  type Grants,
  grantsOf,
  readPolicy,
  sameEnvironment,
  TOP_LEVEL,
  toValue,
  unitePolicies,
} from "../../../language/environment";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../../../language/values/abstract";
import { PATHS } from "./arbitraries";

const UNKNOWN: AbstractValue = { kind: "unknown", reason: "the result of a command" };
const choice = (...options: unknown[]): AbstractValue => ({ kind: "oneOf", options: options.map(value) });
const DOCKER = "@mlld/env-docker";

/** Plain data, with abstract values inside it. */
function value(data: unknown): AbstractValue {
  if (typeof data === "object" && data !== null && "kind" in data) return data as AbstractValue;
  if (Array.isArray(data)) return { kind: "array", items: data.map(value), open: false };
  if (typeof data === "object" && data !== null)
    return {
      kind: "object",
      entries: Object.entries(data).map(([key, item]): AbstractEntry => ({ key, value: value(item) })),
      open: false,
    };
  return fromValue(data);
}

function enter(config: unknown, clause?: unknown, parent: EnvironmentFacts = TOP_LEVEL): BlockFacts {
  return enterBlock({
    parent,
    config: config === null ? null : value(config),
    with: clause === undefined ? null : value(clause),
    paths: PATHS,
  });
}

/** The codes of the problems of a block in a block. */
function nested(outer: unknown, inner: unknown, clause?: unknown): string[] {
  return enter(inner, clause, enter(outer).environment).problems.map(problem => problem.code);
}

function answer(outer: unknown, inner: unknown, field: CapabilityName): string {
  const { comparisons } = enter(inner, undefined, enter(outer).environment);
  return comparisons.find(comparison => comparison.field === field)!.answer;
}

const codes = (config: unknown, clause?: unknown): string[] =>
  enter(config, clause).problems.map(problem => problem.code);

function concrete(facts: BlockFacts): Grants {
  const found = grantsOf(facts.environment);
  if ("unknown" in found) throw new Error(`unknown: ${found.unknown.join(", ")}`);
  return found.grants;
}

describe("tools", () => {
  it.each([
    [["Read", "Bash"], ["read"]],
    [["Read", "Bash"], "READ, bash"],
    [["Read", "Bash"], { read: true, Bash: {} }],
    [["Read"], []],
    [["Read"], ""],
    [["Read"], [" Read ", ""]],
    [["Read"], "*"],
    [["*"], ["Anything"]],
    ["Read, Bash", ["Bash"]],
  ])("%j contains %j", (outer, inner) => {
    expect(nested({ tools: outer }, { tools: inner })).toEqual([]);
  });

  it.each([
    [["Read"], ["Read", "Write"]],
    [["Read"], "read, write"],
    [["Read"], { Write: true }],
    [["Read"], ["*"]],
    [[], ["Read"]],
    [["Read"], ["Write", UNKNOWN]],
    [["Read"], [choice("Write", "Edit")]],
    [["Read"], choice(["Write"], ["Read", "Edit"])],
  ])("%j does not contain %j", (outer, inner) => {
    expect(nested({ tools: outer }, { tools: inner })).toEqual(["env/tools-widened"]);
  });

  it.each([
    [["Read"], UNKNOWN],
    [["Read"], ["Read", UNKNOWN]],
    [["Read"], [choice("Read", "Write")]],
    [["Read", UNKNOWN], ["Write"]],
    [UNKNOWN, ["Write"]],
    [choice(["Read"], ["Write"]), ["Write"]],
  ])("%j and %j are unknown until run time, and nothing is reported", (outer, inner) => {
    expect(answer({ tools: outer }, { tools: inner }, "tools")).toBe("unknown");
    expect(nested({ tools: outer }, { tools: inner })).toEqual([]);
  });

  it("is the parent's own value where the child inherits it, even when that is unknown", () => {
    expect(answer({ tools: UNKNOWN }, {}, "tools")).toBe("narrower");
    expect(answer({ tools: choice(["Read"], ["Write"]) }, {}, "tools")).toBe("narrower");
  });

  it("compares `with` with its config and not only with the enclosing block", () => {
    const { problems } = enter({ tools: ["Read"] }, { tools: ["Read", "Bash"] });
    expect(problems.map(p => p.code)).toEqual(["env/tools-widened"]);
    expect(problems[0]!.message).toContain("Bash");
    expect(problems[0]!.message).toContain("Read");
  });

  it.each([null, 5, true, ["Read", 5], undefined])("refuses %j", tools => {
    expect(codes({ tools: value(tools) })).toContain("env/field-type");
  });

  it("needs Bash for a command", () => {
    expect(commandProblem(enter({ tools: ["Read"] }).environment, "cmd")?.code).toBe("env/command-needs-bash");
    for (const tools of [["bash"], ["Read", UNKNOWN], "*", UNKNOWN])
      expect(commandProblem(enter({ tools }).environment, "cmd")).toBeNull();
  });
});

describe("mcps", () => {
  it.each([
    ["node x.js", { command: "node", args: ["x.js"] }],
    [{ command: "node x.js" }, "node 'x.js'"],
    [{ module: "./m.mld" }, "./sub/../m.mld"],
    [{ module: "@corp/tools" }, "@corp/tools"],
    ["@base/sub/m.mld", "./m.mld"],
  ])("%j and %j are one server", (a, b) => {
    expect(nested({ mcps: [a] }, { mcps: [b] })).toEqual([]);
    expect(nested({ mcps: [b] }, { mcps: [a] })).toEqual([]);
  });

  it.each([
    [["node x.js"], ["node x.js --all"]],
    [[{ npm: "a" }], ["a"]],
    [[], ["a"]],
    [["a"], ["A"]],
    [["./m.mld"], ["./n.mld"]],
  ])("%j does not contain %j", (outer, inner) => {
    expect(nested({ mcps: outer }, { mcps: inner })).toEqual(["env/mcps-widened"]);
  });

  it.each([[5], [{}], [{ command: "a", npm: "b" }], [{ command: "a", args: "x" }], ["node 'x"]])(
    "reports the entry %j",
    entry => {
      expect(codes({ mcps: [entry] })).toEqual(["env/mcps-entry"]);
    },
  );
  it("reports other values", () => {
    expect(codes({ mcps: null })).toEqual(["env/field-type"]);
    expect(codes({ mcps: 5 })).toEqual(["env/field-type"]);
  });
});

describe("fs", () => {
  const fs = (read: unknown, write: unknown = []): unknown => ({ provider: DOCKER, fs: { read, write } });

  it.each([
    [fs(["."]), fs(["./x/y.txt"])],
    [fs(["."]), fs(["/home/u/project/sub/x"])],
    [fs(["@base"]), fs(["."])],
    [fs(["@root/**"]), fs(["./x/**"])],
    [fs(["~"]), fs(["@base"])],
    [fs([".:/app"]), fs(["./src:/other:ro"])],
    [fs([], ["./out:/out"]), fs(["./out/x"])],
    [fs(["./a//b/"]), fs(["./a/./b/../b"])],
    [fs(["x/*.ts"]), fs(["./x/*.ts"])],
    [fs(["."]), fs([{ host: "./x", container: "/x" }])],
    [fs(["C:\\work"]), fs(["c:/work/a:/app"])],
    [fs(["."]), { fs: { read: ["./x"] } }],
    [fs(["."]), {}],
    [fs(["."]), fs(["."], ["/tmp"])],
    [{ fs: { read: ["."] } }, fs(["."])],
    [{}, fs(["/etc"])],
  ])("%j contains %j", (outer, inner) => {
    expect(nested(outer, inner).filter(code => code !== "env/not-enforced")).toEqual([]);
  });

  it.each([
    [fs(["./app"]), fs(["./application"])],
    [fs(["./app"]), fs(["."])],
    [fs(["."]), fs(["./x/../../y"])],
    [fs(["."]), fs([], ["./x:/x"])],
    [fs(["x/*.ts"]), fs(["x/a.ts"])],
    [fs(["x/*.ts"]), fs(["x/*.js"])],
    [fs([]), fs(["."])],
    [fs(["."], ["./out:/out"]), fs(["."], ["./other:/out"])],
    [fs(["."]), fs(["./x:/x:rw"])],
    [{ provider: DOCKER }, fs(["."])],
    [fs(["."]), fs(["/etc", UNKNOWN])],
    [fs(["."]), fs([choice("/etc", "/var")])],
    [fs(["."]), { mounts: ["/etc:/etc"] }],
    [fs(["."]), { extraMounts: { "/etc": "/etc" } }],
    [fs(["."]), { mountWorkspace: true }],
    [fs([], ["./a:/a"]), fs([], ["@base/other"])],
  ])("%j does not contain %j", (outer, inner) => {
    expect(nested(outer, inner)).toEqual(["env/fs-widened"]);
  });

  it("reads only where an entry of `write` says `:ro`", () => {
    expect(concrete(enter(fs([], ["./x:/x:ro"]))).fs.mounts).toEqual([
      { host: "/home/u/project/sub/x", container: "/x", tail: null, mode: "ro" },
    ]);
  });

  it("takes a bare absolute path in `write` for a temporary file system in a sandbox only", () => {
    const sandbox = concrete(enter(fs([], ["/tmp"])));
    expect(sandbox.fs).toEqual({ mounts: [], scratch: ["/tmp"] });
    expect(answer({ fs: { read: ["."] } }, { fs: { write: ["/tmp"] } }, "fs")).toBe("wider");
    // What `@base/out` in double quotes becomes.
    expect(concrete(enter(fs([], ["/home/u/project/out"]))).fs.mounts).toHaveLength(1);
  });

  it("wants one host at a path of the environment", () => {
    expect(codes(fs(["./a:/app"], ["./b:/app"]))).toEqual(["env/fs-target"]);
    expect(codes(fs(["./a:/app"], ["./a:/app"]))).toEqual([]);
    expect(codes(fs(["./a:/app", "./b:/app/b"]))).toEqual([]);
  });

  it.each([5, "x", [], null])("refuses %j", data => {
    expect(codes({ provider: DOCKER, fs: data })).toEqual(["env/field-type"]);
  });
  it("guesses at misspelt keys", () => {
    const [problem] = enter({ provider: DOCKER, fs: { raed: ["."] } }).problems;
    expect(problem).toMatchObject({ code: "env/unknown-field" });
    expect(problem!.message).toContain("'read'");
  });
});

describe("net", () => {
  const net = (data: unknown): unknown => ({ provider: DOCKER, net: data });
  const allow = (...hosts: unknown[]): unknown => net({ allow: hosts });

  it.each([
    [allow("a.com"), net("none")],
    [net("limited"), allow("a.com:8080", "*")],
    [net("bridge"), net("limited")],
    [net("host"), net("bridge")],
    [net("host"), net("mynet")],
    [net("mynet"), net("none")],
    [net("mynet"), net("mynet")],
    [allow("*.a.com"), allow("x.a.com", "*.y.a.com:443")],
    [allow("a.com"), allow("A.com.:443", "a.com:80")],
    [allow("*"), allow("a.com")],
    [net("none"), net({ allow: [] })],
    [{ provider: DOCKER }, net("bridge")],
    [{}, net("host")],
    [net({ allow: ["*.a.com"], deny: ["x.a.com"] }), net({ allow: ["*.a.com"], deny: ["x.a.com", "y.a.com"] })],
  ])("%j contains %j", (outer, inner) => {
    expect(nested(outer, inner)).toEqual([]);
  });

  it.each([
    [net("none"), allow("a.com")],
    [net("none"), allow("a.com", UNKNOWN)],
    [allow("*.a.com"), allow("a.com")],
    [allow("a.com"), allow("a.com:8080")],
    [allow("a.com:443"), allow("a.com")],
    [allow("a.com"), allow("xa.com")],
    [allow("*"), net("limited")],
    [net("limited"), net("bridge")],
    [net("bridge"), net("mynet")],
    [net("mynet"), allow("a.com")],
    [net("mynet"), net("other")],
    [{ provider: DOCKER }, net("host")],
    [net({ allow: ["*.a.com"], deny: ["x.a.com"] }), allow("*.a.com")],
    [net({ allow: ["a.com", UNKNOWN] }), net("bridge")],
    [net("none"), { network: "host" }],
  ])("%j does not contain %j", (outer, inner) => {
    expect(nested(outer, inner)).toEqual(["env/net-widened"]);
  });

  it("does not know what an unknown denial leaves", () => {
    expect(answer(net({ allow: ["a.com"], deny: [UNKNOWN] }), allow("a.com"), "net")).toBe("unknown");
  });

  it.each([5, true, null, { allow: ["https://a.com/x"] }, { allow: ["a.com:99999"] }, { allow: 5 }])(
    "refuses %j",
    data => {
      expect(codes(net(data))).toEqual(["env/field-type"]);
    },
  );
  it("takes a null `network` of a spec for the engine's default", () => {
    expect(codes({ provider: DOCKER, network: null })).toEqual([]);
  });

  it.each([
    ["limited", "This allows any name, through the egress proxy."],
    [{ allow: ["*"] }, "The host '*' is not allowed by the"],
  ])("speaks of the word as a whole, and of a star as an item of its list: %j", (inner, words) => {
    const { environment } = enter(allow("a.com"));
    const [problem] = enter(net(inner), undefined, environment).problems;
    expect(problem!.message).toContain(words);
  });

  it("grants a name without a port as one item", () => {
    expect(concrete(enter(allow("b.org:8080", "a.com"))).net).toEqual({
      kind: "allow",
      items: [
        { host: "a.com", port: null },
        { host: "b.org", port: 8080 },
      ],
    });
    expect(concrete(enter({ provider: DOCKER })).net).toEqual({ kind: "default" });
    expect(concrete(enter(net({ deny: ["evil.com"] }))).net).toEqual({
      kind: "limited",
      deny: [{ host: "evil.com", port: null }],
    });
  });
});

describe("limits", () => {
  const limited = (limits: unknown): unknown => ({ provider: DOCKER, limits });
  it.each([
    [limited({ mem: "1g" }), limited({ mem: "512m" })],
    [limited({ mem: "0.5g" }), limited({ mem: 536870912 })],
    [limited({ mem: "1gb" }), { memory: "1GiB" }],
    [limited({ cpu: 2 }), { cpu: "1.5" }],
    [limited({ timeout: "1m" }), limited({ timeout: 60000 })],
    [limited({ pids: 10 }), limited({ pids: 10 })],
    [{ provider: DOCKER }, limited({ mem: "100g" })],
    [limited({ mem: "1g" }), limited({ cpu: 4 })],
    [limited({ mem: "1g" }), limited("*")],
    [limited({ mem: "1g" }), limited(choice({ mem: "512m" }, {}))],
  ])("%j contains %j", (outer, inner) => {
    expect(nested(outer, inner)).toEqual([]);
  });
  it.each([
    [limited({ mem: "512m" }), limited({ mem: "1g" })],
    [limited({ mem: "512m" }), { memory: "1g" }],
    [limited({ timeout: "30s" }), limited({ timeout: "1m" })],
    [limited({ cpu: 1 }), limited({ cpu: 1.5 })],
    [limited({ pids: 1 }), limited({ pids: 2 })],
    [limited({ mem: "512m" }), limited(choice({ mem: "1g" }, { mem: "2g" }))],
  ])("%j does not contain %j", (outer, inner) => {
    expect(nested(outer, inner)).toEqual(["env/limits-widened"]);
  });
  it.each([{ mem: 0 }, { mem: "much" }, { cpu: -1 }, { timeout: "30 parsecs" }, { pids: 1.5 }, { mem: null }, 5])(
    "refuses %j",
    limits => {
      expect(codes(limited(limits))).toEqual(["env/field-type"]);
    },
  );
  it("merges key by key", () => {
    const outer = enter(limited({ mem: "1g", cpu: 2 }));
    expect(concrete(enter(limited({ cpu: 1 }), undefined, outer.environment)).limits).toEqual({
      memoryBytes: 1024 ** 3,
      cpus: 1,
    });
  });
});

describe("auth", () => {
  it("narrows by subsets, and unset compares as any", () => {
    expect(nested({ auth: ["a", "b"] }, { auth: "a" })).toEqual([]);
    expect(nested({}, { auth: "a" })).toEqual([]);
    expect(nested({ auth: "a" }, { auth: ["a", "b"] })).toEqual(["env/auth-widened"]);
    expect(nested({ auth: "a" }, { auth: "A" })).toEqual(["env/auth-widened"]);
  });
  it("injects what is set, and nothing when unset", () => {
    expect(concrete(enter({ auth: "a" })).auth).toEqual(["a"]);
    expect(concrete(enter({})).auth).toEqual([]);
  });
});

describe("provider", () => {
  it.each([
    [{}, { provider: DOCKER }],
    [{ provider: DOCKER }, {}],
    [{ provider: DOCKER }, { provider: DOCKER }],
    [{ provider: null }, { provider: "./p.mld" }],
    [{ provider: "" }, { provider: DOCKER }],
    [{ provider: DOCKER }, { provider: "*" }],
  ])("%j contains %j", (outer, inner) => {
    expect(nested(outer, inner)).toEqual([]);
  });
  it.each([
    [{ provider: DOCKER }, { provider: null }],
    [{ provider: DOCKER }, { provider: "" }],
    [{ provider: DOCKER }, { provider: "@mlld/env-sprites" }],
    [{ provider: "./p.mld" }, { provider: DOCKER }],
  ])("%j is weakened by %j, which is all that is said", (outer, inner) => {
    expect(nested(outer, inner)).toEqual(["env/provider-weakened"]);
  });
  it("inherits the provider, where mlld 2.0.4 would fall out of the sandbox", () => {
    expect(concrete(enter({ tools: ["Bash"] }, undefined, enter({ provider: DOCKER }).environment)).provider).toBe(
      DOCKER,
    );
  });
  it("refuses other values", () => {
    expect(codes({ provider: 5 })).toEqual(["env/field-type"]);
  });
});

describe("fields", () => {
  it("reports a misspelt field with what it may have been", () => {
    const [problem] = enter({ tols: ["Read"] }).problems;
    expect(problem).toMatchObject({ code: "env/unknown-field", severity: "warning" });
    expect(problem!.message).toContain("'tools'");
  });
  it("is stricter in `with`, but not about keys that mlld accepts there", () => {
    expect(enter({}, { frobnicate: 1 }).problems).toMatchObject([{ code: "env/unknown-field", severity: "error" }]);
    expect(enter({}, { stdin: "x" }).problems).toMatchObject([{ code: "env/unknown-field", severity: "warning" }]);
    expect(enter({ provider: DOCKER }, { image: "x" }).problems).toMatchObject([
      { code: "env/unknown-field", severity: "error" },
    ]);
    const all = { tools: [], mcps: [], fs: {}, net: "none", limits: {}, auth: [], taint: [], profile: "p" };
    expect(codes({ provider: DOCKER }, { ...all, name: "n", keep: true })).toEqual([]);
  });
  it("leaves further fields to providers written in mlld, also where they are inherited", () => {
    expect(codes({ provider: "./p.mld", zork: 1 })).toEqual([]);
    expect(codes({ provider: "@corp/provider", zork: 1 })).toEqual([]);
    expect(codes({ provider: UNKNOWN, zork: 1 })).toEqual([]);
    expect(codes({ provider: "./p.mld" }, { zork: 1 })).toEqual([]);
    expect(nested({ provider: "./p.mld" }, { zork: 1 })).toEqual([]);
    expect(codes({ provider: DOCKER, zork: 1 })).toEqual(["env/unknown-field"]);
  });
  it.each(["name", 5, ["Read"], null, true])("refuses %j as a config", config => {
    expect(enterBlock({ parent: TOP_LEVEL, config: value(config), with: null, paths: PATHS }).problems).toMatchObject([
      { code: "env/config-not-object" },
    ]);
  });
  it("says nothing about unknown values", () => {
    expect(codes(UNKNOWN)).toEqual([]);
    for (const field of ["provider", "tools", "mcps", "fs", "net", "limits", "auth", "name", "profile", "image"])
      expect(codes({ provider: DOCKER, [field]: UNKNOWN })).toEqual([]);
  });
  it("warns where nothing enforces a field", () => {
    expect(codes({ fs: { read: ["."] } })).toEqual(["env/not-enforced"]);
    expect(codes({ net: "none" })).toEqual(["env/not-enforced"]);
    expect(codes({ limits: { mem: "1g" } })).toEqual(["env/not-enforced"]);
    expect(codes({ provider: DOCKER, net: "none" })).toEqual([]);
    expect(codes({ provider: UNKNOWN, net: "none" })).toEqual([]);
  });
});

describe("profiles", () => {
  const profiles = { full: { requires: { sh: true } }, readonly: { requires: {} } };
  it("chooses the named one, else the first that policy allows", () => {
    expect(enter({ profiles }).environment.profile).toBe("full");
    expect(enter({ profiles }, { profile: "readonly" }).environment.profile).toBe("readonly");
    const { policy } = readPolicy(value({ deny: { sh: true } }), "@p", PATHS);
    const config = value({ profiles });
    expect(enterBlock({ parent: TOP_LEVEL, config, with: null, paths: PATHS, policy }).environment.profile).toBe(
      "readonly",
    );
  });
  it("reports one that there is not", () => {
    expect(codes({ profiles }, { profile: "readnly" })).toEqual(["env/unknown-profile"]);
    expect(codes({ profiles, profile: "x" })).toEqual(["env/unknown-profile"]);
    expect(codes({ profile: "anything" })).toEqual([]);
  });
  it("keeps the enclosing one for a block that has none", () => {
    expect(enter({}, undefined, enter({ profiles }).environment).environment.profile).toBe("full");
  });
});

describe("derived configs", () => {
  const derive = (base: unknown, overlay: unknown, how: "new" | "with") =>
    deriveConfig(value(base), value(overlay), how, { paths: PATHS });

  it("takes `*` for everything under `new` and for the same under `with`", () => {
    expect(derive({ tools: ["Read"] }, { tools: "*" }, "new").problems.map(p => p.code)).toEqual(["env/tools-widened"]);
    expect(derive({ tools: ["Read"] }, { tools: "*" }, "with").problems).toEqual([]);
    expect(toValue(derive({ tools: ["Read"] }, { tools: "*" }, "with").value)).toEqual({ tools: ["Read"] });
    expect(toValue(derive({}, { tools: "*" }, "new").value)).toEqual({ tools: ["*"] });
  });
  it("merges limits and replaces the rest", () => {
    const { value: derived, problems } = derive(
      { provider: DOCKER, limits: { mem: "1g", cpu: 1 }, fs: { read: ["."], write: ["./o:/o"] } },
      { limits: { mem: "512m" }, fs: { read: ["./x"] } },
      "new",
    );
    expect(problems).toEqual([]);
    expect(toValue(derived)).toEqual({
      provider: DOCKER,
      limits: { mem: "512m", cpu: 1 },
      fs: { read: ["./x"] },
    });
  });
  it("reports a wider field", () => {
    expect(derive({ tools: ["Read"] }, { tools: ["Write"] }, "new").problems.map(p => p.code)).toEqual([
      "env/tools-widened",
    ]);
    expect(derive({ provider: DOCKER }, { provider: null }, "with").problems.map(p => p.code)).toEqual([
      "env/provider-weakened",
    ]);
  });
  it("knows what an overlay sets on an unknown base", () => {
    const { value: derived } = derive(UNKNOWN, { tools: ["Write"] }, "new");
    expect(nested({ tools: ["Read"] }, derived)).toEqual(["env/tools-widened"]);
  });
  it("warns of a field that widens what a spread put there", () => {
    const config: AbstractObject = {
      kind: "object",
      open: false,
      entries: [{ key: "tools", value: value(["Read", "Write"]), replaced: value(["Read"]) }],
    };
    expect(enter(config).problems).toMatchObject([{ code: "env/tools-widened", severity: "warning" }]);
  });
});

describe("policy", () => {
  const policy = (data: unknown) => readPolicy(value(data), "@p", PATHS).policy;
  const under = (config: unknown, ...policies: unknown[]) =>
    applyPolicy(enter(config).environment, unitePolicies(policies.map(policy)));

  it("narrows after comparing and explains what it took", () => {
    const { environment, problems } = under({ tools: ["Read", "Bash"] }, { env: { tools: { allow: ["read"] } } });
    expect(problems).toEqual([]);
    expect(environment.removed.length).toBeGreaterThan(0);
    expect(explain(environment).capabilities.tools).toEqual(["Read"]);
  });
  it("denies tools, servers and hosts", () => {
    const { environment } = under(
      { provider: DOCKER, mcps: ["a", "b"], net: { allow: ["a.com", "b.org"] } },
      { env: { tools: { deny: ["Bash"] }, mcps: { deny: ["a"] }, net: { deny: ["b.org"] } } },
    );
    expect(commandProblem(environment, "cmd")).not.toBeNull();
    expect(explain(environment).capabilities).toMatchObject({ mcps: ["b"], net: { allow: ["a.com"] } });
  });
  it("takes the network and commands where capabilities are denied as a whole", () => {
    const { environment } = under(
      { provider: DOCKER },
      { deny: ["network"], capabilities: { deny: { cmd: "*", sh: true } } },
    );
    expect(explain(environment).capabilities.net).toBe("none");
    expect(commandProblem(environment, "cmd")).not.toBeNull();
    expect(commandProblem(under({}, { deny: ["sh"] }).environment, "cmd")).toBeNull();
  });
  it("only narrows", () => {
    const data = {
      env: { tools: { allow: ["Read", "Bash"], deny: ["Bash"] }, mcps: { allow: ["a"] }, net: { allow: ["*.a.com"] } },
    };
    for (const config of [{}, { provider: DOCKER }, { tools: "Read, Bash", mcps: ["a", "b"] }, UNKNOWN]) {
      const before = enter(config).environment;
      const after = applyPolicy(before, policy(data)).environment;
      for (const { answer: found } of compareEnvironments(after, before)) expect(found).not.toBe("wider");
    }
  });
  it("takes from parent and child alike: the parent's own config again is no wider", () => {
    const policies = policy({ env: { tools: { deny: ["Write"] }, net: { allow: ["*.x.com"] } } });
    const config = value({ provider: DOCKER, tools: ["Read", "Write"], net: { allow: ["api.x.com", "y.org"] } });
    const parent = enterBlock({ parent: TOP_LEVEL, config, with: null, paths: PATHS, policy: policies }).environment;
    const facts = enterBlock({ parent, config, with: null, paths: PATHS, policy: policies });
    expect(facts.problems).toEqual([]);
    expect(explain(facts.environment).capabilities).toMatchObject({ tools: ["Read"], net: { allow: ["api.x.com"] } });
  });
  it("refuses a denied provider", () => {
    const denied = { env: { providers: { [DOCKER]: { allowed: false } } } };
    expect(under({ provider: DOCKER }, denied).problems).toMatchObject([
      { code: "env/policy-denied", severity: "error" },
    ]);
    expect(under({}, denied).problems).toEqual([]);
  });
  it("names the policy that denies, of several", () => {
    const denied = readPolicy(value({ env: { providers: { [DOCKER]: { allowed: false } } } }), "@strict", PATHS).policy;
    const allowed = policy({ env: { providers: { [DOCKER]: { allowed: true } } } });
    for (const policies of [
      [denied, allowed],
      [allowed, denied],
    ]) {
      const { problems } = applyPolicy(enter({ provider: DOCKER }).environment, unitePolicies(policies));
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining("Policy @strict denies")]);
    }
  });
  it("gives a provider to blocks that name none; a later policy's counts", () => {
    const unite = unitePolicies([policy({ env: { default: "./a.mld" } }), policy({ env: { default: DOCKER } })]);
    for (const config of [{}, { provider: null }, { provider: "" }]) {
      const facts = enterBlock({ parent: TOP_LEVEL, config: value(config), with: null, paths: PATHS, policy: unite });
      expect(concrete(facts).provider).toBe(DOCKER);
    }
  });
  it("meets restrictions of several policies", () => {
    const { environment } = under(
      {},
      { env: { tools: { allow: ["Read", "Bash"] } } },
      { env: { tools: { allow: ["Bash", "Write"] } } },
    );
    expect(explain(environment).capabilities.tools).toEqual(["Bash"]);
  });
});

describe("one environment or two", () => {
  const outer = enter({ provider: DOCKER, image: "i", name: "box", net: "none", tools: ["Bash"] });
  const inner = (config: unknown): Grants => concrete(enter(config, undefined, outer.environment));

  it("shares the parent's environment when the create-time fields are equal", () => {
    expect(sameEnvironment(inner({ tools: [] }), concrete(outer))).toBe(true);
    expect(sameEnvironment(inner({ limits: { timeout: "1s" } }), concrete(outer))).toBe(true);
  });
  it("makes its own when they differ, or when it has a name or a snapshot", () => {
    for (const config of [{ image: "j" }, { limits: { mem: "1g" } }, { name: "other" }, { from: "s" }])
      expect(sameEnvironment(inner(config), concrete(outer))).toBe(false);
  });
  it("never inherits name, keep and from", () => {
    expect(inner({})).not.toHaveProperty("name");
  });
  it("has a hash that does not depend on the order of writing", () => {
    const a = concrete(enter({ provider: DOCKER, image: "i", fs: { read: ["./a:/a", "./b:/b"] } }));
    const b = concrete(enter({ fs: { read: ["./b:/b", "./a:/a"] }, image: "i", provider: DOCKER }));
    expect(configHash(a)).toBe(configHash(b));
    expect(configHash(a)).not.toBe(configHash({ ...a, options: { ...a.options, image: "j" } }));
  });
});

describe("calls", () => {
  it("stand at the call, with both configs related", () => {
    const place = { uri: "file:///a.mld", start: 0, end: 5 };
    const at = (start: number) => ({ uri: "file:///a.mld", start, end: start + 1 });
    const list = (start: number, ...names: string[]): AbstractValue => ({
      kind: "object",
      open: false,
      place: at(start),
      entries: [{ key: "tools", value: { ...value(names), place: at(start + 1) } as AbstractValue }],
    });
    const child = enter(list(20, "Bash")).environment;
    const parent = enter(list(10, "Read")).environment;
    const found = compareEnvironments(child, parent, place).find(c => c.field === "tools")!;
    expect(found.problem!.place).toEqual(place);
    expect(found.problem!.related.map(r => r.place.start)).toEqual([20, 11]);
  });
});

describe("the explanation", () => {
  const config = value({ provider: DOCKER, tools: ["Read", "Bash"], net: "limited", limits: { mem: "1g" } });
  const explained = (clause: unknown): { field: string; note: string }[] => {
    const { environment } = enterBlock({
      parent: TOP_LEVEL,
      config,
      with: value(clause),
      label: "@box",
      paths: PATHS,
      policy: readPolicy(value({ env: { net: { allow: ["a.com"] } } }), "@p", PATHS).policy,
    });
    return explain(environment).provenance.map(({ field, note }) => ({ field, note }));
  };

  it("says for every capability where it comes from and what narrowed it", () => {
    const steps = explained({ tools: ["Read"], provider: DOCKER, limits: { cpu: 1 } });
    expect(steps).toEqual([
      { field: "provider", note: "set in @box" },
      { field: "provider", note: "the same in with" },
      { field: "tools", note: "set in @box" },
      { field: "tools", note: "narrowed by with" },
      { field: "mcps", note: "not restricted" },
      { field: "fs", note: "the default of a sandbox" },
      { field: "net", note: "set in @box" },
      { field: "net", note: "policy @p leaves a.com" },
      { field: "auth", note: "no credentials are injected" },
      { field: "limits.mem", note: "set in @box" },
      { field: "limits.cpu", note: "set in with" },
      { field: "limits.pids", note: "the provider's default" },
      { field: "limits.timeout", note: "the provider's default" },
    ]);
  });

  it("knows no labels of a config that only the run knows", () => {
    const { environment } = enterBlock({ parent: TOP_LEVEL, config: UNKNOWN, with: null, paths: PATHS });
    expect(explain(environment).capabilities.taint).toBeNull();
  });

  it("says what widens, and what only the run knows", () => {
    expect(explained({ tools: ["Read", "Write"] })).toContainEqual({ field: "tools", note: "widened by with" });
    expect(explained({ tools: UNKNOWN })).toContainEqual({
      field: "tools",
      note: "set anew in with: the result of a command",
    });
  });
});
