/** Small programs for every row of the attenuation table, each with what is found in it at exactly which text. */

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

export const CONTRACT: Record<string, string> = {
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
  "fs: rw in a list of reading is writing": derived(
    `fs: { read: ["./src"] }`,
    `fs: { read: [${fs(`"./src/lib:/lib:rw"`)}] }`,
  ),
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
  "bash: node and python need it": `env { tools: ["Read"] } [\n  let @x = ${bash("node { return 1 }")}\n  run ${bash("python { print(1) }")}\n]\n`,
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

  // joins of what may be
  "joins: every branch of a when is wider": `var @t = when [\n  @payload.x == "a" => [${tools(`"Write"`)}]\n  * => ["Glob"]\n]\nvar @p = { tools: ["Read"] }\nenv @p with { tools: @t } [\n  show "in"\n]\n`,
  "joins: a star that inherits, so unknown": `var @t = @payload.x ? ["Write"] : "*"\nvar @p = { tools: ["Read"] }\nenv @p with { tools: @t } [\n  show "in"\n]\n`,
  "joins: two sandboxes, and out of both": `var @c = @payload.x ? { provider: '@mlld/env-docker' } : { provider: '@mlld/env-sprites' }\nenv @c [\n  let @a = env { provider: ${provider("null")} } [ => 1 ]\n  let @b = env { provider: '@mlld/env-docker' } [ => 2 ]\n  show @a\n]\n`,
  "joins: the same choice again": `var @t = @payload.x ? ["Read"] : ["Write"]\nvar @p = { tools: @t }\nenv @p with { tools: @t } [\n  show "in"\n]\n`,
  "joins: configs of a loop, of which one fits": `var @a = { tools: ["Read"] }\nvar @b = { tools: ["Glob"] }\nenv { tools: ["Read"] } [\n  for @c in [@a, @b] => env @c [ show "in" ]\n]\n`,
  "joins: configs of a loop, of which none fits": `var @a = { tools: [${tools(`"Write"`)}] }\nvar @b = { tools: ["Glob"] }\nenv { tools: ["Read"] } [\n  for @c in [@a, @b] => env @c [ show "in" ]\n]\n`,
  "values: an index, a field, a string index": `var @cs = [{ tools: ["Read"] }]\nvar @o = { a: { b: { tools: ["Read"] } } }\nenv @cs[0] with { tools: [${tools(`"Write"`)}] } [\n  show "in"\n]\nenv @o["a"].b with { tools: [${tools(`"Glob"`)}] } [\n  show "in"\n]\n`,
  "values: what an executable gives for its arguments": `exe @mk(mode) = when [\n  @mode == "ro" => { tools: ["Read"] }\n  * => { tools: ["Read", "Write"] }\n]\nenv @mk("ro") with { tools: [${tools(`"Write"`)}, ${tools(`"Glob"`)}] } [\n  show "in"\n]\nenv @mk("rw") with { tools: ["Write"] } [\n  show "in"\n]\nenv @mk(@payload.m) with { tools: ["Write"] } [\n  show "in"\n]\n`,
  "values: a key that is not there": `var @o = { a: 1 }\nenv ${W("env/config-not-object", "@o.b")} [\n  show "in"\n]\n`,
  "values: new of new": `var @p = { tools: ["Read", "Bash", "Write"] }\nvar @q = new @p with { tools: ["Read", "Bash"] }\nvar @r = new @q with { tools: ["Read", ${tools(`"Write"`)}] }\nenv @r [\n  show "in"\n]\n`,

  // spreads
  "spread: wider than what is spread": `var @p = { provider: '@mlld/env-docker', tools: ["Read"], net: "none", limits: { mem: "1g" } }\nenv { ...@p, tools: ["Read", ${tools(`"Write"`)}], net: ${net(`"host"`)}, limits: { mem: ${limits(`"2g"`)} } } [\n  show "in"\n]\n`,
  "spread: behind a field it wins": `var @p = { provider: '@mlld/env-docker', tools: ["Read"] }\nenv { tools: ["Write"], ...@p } [\n  show "in"\n]\n`,
  "spread: one of two, of which one fits": `var @p = { tools: ["Read"] }\nvar @q = { tools: ["Read", "Write"] }\nvar @s = @payload.x ? @p : @q\nenv { ...@s, tools: ["Write"] } [\n  show "in"\n]\n`,
  "spread: one of two, of which none fits": `var @p = { tools: ["Read"] }\nvar @q = { tools: [] }\nvar @s = @payload.x ? @p : @q\nenv { ...@s, tools: [${tools(`"Write"`)}] } [\n  show "in"\n]\n`,
  "spread: out of the sandbox": `var @p = { provider: '@mlld/env-docker', tools: ["Read"] }\nenv { ...@p, provider: ${provider("null")} } [\n  show "in"\n]\n`,

  // guards
  "guard: wider than the block": `var @p = { provider: '@mlld/env-docker', tools: ["Bash"] }\nguard before op:run = when [\n  * => env { tools: ["Bash", ${tools(`"Write"`)}] }\n]\nenv @p [\n  run cmd { date }\n]\n`,
  "guard: no operation that it looks at": `var @p = { provider: '@mlld/env-docker', tools: ["Bash"] }\nguard before op:cmd:git = when [\n  * => env { tools: ["Bash", "Write"] }\n]\nenv @p [\n  run cmd { date }\n]\n`,
  "guard: in a sandbox its limits hold": `var @p = { provider: '@mlld/env-docker', tools: ["Bash"] }\nguard before op:run = when [\n  * => env { net: "none" }\n]\nenv @p [\n  run cmd { date }\n]\n`,

  // policy, parent and child
  "policy: the parent's own config again": `policy @pol = { env: { tools: { deny: ["Write"] } } }\nvar @p = { tools: ["Read", "Write"] }\nenv @p [\n  let @r = env @p with { tools: ["Write"] } [ => "x" ]\n  show @r\n]\n`,
  "policy: a denied provider": `policy @pol = { env: { providers: { '@mlld/env-docker': { allowed: false } } } }\nenv { provider: ${W("env/policy-denied", "'@mlld/env-docker'")} } [\n  show "in"\n]\n`,
  "policy: a default provider takes the block in": `policy @pol = { env: { default: '@mlld/env-docker' } }\nenv { net: "none" } [\n  let @r = env { provider: ${provider('""')} } [ => "x" ]\n  show @r\n]\n`,

  // other spellings
  "spelling: a star in the list of a nested block": `env { tools: ["Read"] } [\n  let @r = env { tools: [${tools(`"*"`)}] } [ => "x" ]\n  show @r\n]\n`,
  "spelling: mounts and the workspace": `var @p = { provider: '@mlld/env-docker', fs: { read: ["./src"] } }\nenv @p with { mounts: ["./src:/a", ${fs(`"./lib:/b:rw"`)}] } [\n  show "in"\n]\n`,
  "spelling: network": derived(`net: "limited"`, `network: ${net(`"bridge"`)}`),
  "spelling: a misspelt allow grants nothing": derived(
    `net: { allow: ["a.example"] }`,
    `net: { ${unknown("alow")}: ["a.example"] }`,
  ),
  "spelling: a URL is no host": derived(
    `net: "limited"`,
    `net: { allow: [${W("env/field-type", `"https://a.example"`)}] }`,
  ),
  "spelling: limits of a wrong kind": derived(
    `limits: { mem: "1g" }`,
    `limits: { cpu: ${W("env/field-type", "-1")}, pids: ${W("env/field-type", "1.5")}, timeout: ${W("env/field-type", `"soon"`)} }`,
  ),
  "spelling: hosts without their field": derived(
    `net: { allow: ["a.example", "b.example"] }`,
    `net: ${W("env/field-type", `["a.example"]`)}`,
  ),
  "spelling: paths without their field": derived(
    `fs: { read: ["./a", "./b"] }`,
    `fs: ${W("env/field-type", `["./a/c"]`)}`,
  ),
  "profiles: an entry that is no object": `var @cfg = { profiles: { a: ${W("env/field-type", "5")} } }\nenv @cfg [\n  show "in"\n]\n`,
  "ignored: whatever it is": `var @p = { tools: ["Read"] }\n>> mlld-env-ignore\nenv @p with { tools: ["Write"] } [\n  show "in"\n]\n`,
  "box: in memory nothing needs a sandbox": `box { net: "none" } [\n  show "in"\n]\n`,
};
