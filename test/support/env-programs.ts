/** Random programs of environments: well-formed, mostly of known values, in a few files. A seed gives the same one again. */

export interface EnvProgram {
  /** `main.mld` is the one that runs. */
  files: Record<string, string>;
}

export interface ProgramParts {
  guards: boolean;
  policies: boolean;
}

export function envProgram(seed: number, parts: ProgramParts): EnvProgram {
  return new Generator(seed, parts).program();
}

/** Mulberry32. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TOOLS = [
  '["Bash"]',
  '["Read"]',
  '["Bash", "Read"]',
  "[]",
  '"*"',
  '["*"]',
  '"Read, bash"',
  "{ Bash: {}, Read: {} }",
];
const VALUES: Record<string, readonly string[]> = {
  tools: [...TOOLS, '["Bash", "Write"]', '["BASH", "Read", "Write"]'],
  mcps: [
    "[]",
    '["./files.mld"]',
    '[{ command: "files", args: ["--read"] }]',
    '["files --read"]',
    '[{ npm: "files-mcp" }, { module: "./files.mld" }]',
    '"files --read"',
  ],
  fs: [
    '{ read: ["."] }',
    '{ read: ["./src"], write: ["./out"] }',
    '{ read: ["./src/lib"] }',
    '{ write: ["/tmp"] }',
    '{ read: [".."] }',
    '{ read: ["~/keys"] }',
    '{ read: ["@base/src"] }',
    '{ read: ["./src:/app:ro"] }',
    '{ read: [{ host: "./src/lib", container: "/app" }] }',
    '{ read: ["./src/**"] }',
    '{ read: ["./src/*.ts"] }',
    '{ write: ["./out"] }',
    "{ }",
    '{ read: ["./a:/data", "./b:/data"] }',
  ],
  net: [
    '"none"',
    '"limited"',
    '"bridge"',
    '"host"',
    '{ allow: ["api.example.com"] }',
    '{ allow: ["*.example.com", "b.org:8080"] }',
    '{ allow: ["*.example.com"], deny: ["api.example.com"] }',
    "{ allow: [] }",
    '"mine"',
  ],
  limits: [
    '{ mem: "512m" }',
    '{ mem: "1g", cpu: 2 }',
    "{ pids: 10 }",
    '{ timeout: "30s" }',
    '{ memory: "256m" }',
    "{ }",
  ],
  auth: ['"one"', '["one", "two"]', "[]"],
  provider: ["'@mlld/env-docker'", '"docker"', "'@mlld/env-sprites'", "null", '""', '"local"', "'./prov.mld'"],
  taint: ['["x"]'],
  name: ['"n1"', '"n2"'],
  keep: ["true", "false"],
  profile: ['"full"'],
  image: ['"alpine"'],
  memory: ['"1g"', '"128m"'],
};
const COMMON = ["tools", "tools", "tools", "provider", "provider", "fs", "fs", "net", "net", "limits", "mcps", "auth"];
const RARE = ["taint", "name", "keep", "profile", "image", "memory"];
/** What `with` and `new` may not set. */
const CONFIG_ONLY = new Set(["image"]);

const PROVIDER = `exe @create(opts) = { envName: "box", created: true }
exe @execute(envName, command) = { stdout: "", stderr: "", exitCode: 0 }
exe @release(envName) = { }
`;

class Generator {
  private readonly next: () => number;
  private names = 0;
  private configs: string[] = [];
  /** Executables, and whether they take a config. */
  private executables: { name: string; takesConfig: boolean }[] = [];

  constructor(
    seed: number,
    private readonly parts: ProgramParts,
  ) {
    this.next = random(seed);
  }

  program(): EnvProgram {
    const files: Record<string, string> = { "prov.mld": PROVIDER };
    const head: string[] = ['auth @one = "ONE_KEY"', 'auth @two = "TWO_KEY"'];
    if (this.chance(0.5)) {
      const lines = this.declarations(1 + this.below(3));
      if (this.parts.guards && this.chance(0.3)) lines.push(this.guard());
      if (this.parts.policies && this.chance(0.3)) lines.push(this.policy());
      const folder = this.chance(0.5) ? "" : "sub/";
      const exported = [...this.configs, ...this.executables.map(({ name }) => name)];
      if (this.chance(0.5)) lines.push(`export { ${exported.join(", ")} }`);
      files[`${folder}lib.mld`] = lines.join("\n") + "\n";
      if (this.chance(0.3)) {
        head.push(`import "./${folder}lib.mld" as @lib`);
        this.configs = this.configs.map(name => `@lib.${name.slice(1)}`);
        this.executables = this.executables.map(({ name, ...rest }) => ({ name: `@lib.${name.slice(1)}`, ...rest }));
      } else if (exported.length > 0) head.push(`import { ${exported.join(", ")} } from "./${folder}lib.mld"`);
    }
    const lines = [...head, ...this.declarations(2 + this.below(4))];
    if (this.parts.policies && this.chance(0.6)) lines.push(this.policy());
    if (this.parts.guards && this.chance(0.7)) lines.push(this.guard());
    for (let left = 1 + this.below(3); left > 0; left--) lines.push(this.statement(0));
    // What is never called is checked, but not run.
    for (const executable of this.executables) lines.push(`show ${this.call(executable)}`);
    files["main.mld"] = lines.join("\n") + "\n";
    return { files };
  }

  private declarations(count: number): string[] {
    const lines: string[] = [];
    for (; count > 0; count--) {
      if (this.chance(0.7) || this.configs.length === 0) {
        const value = this.config(2);
        const name = this.name("c");
        lines.push(`var ${name} = ${value}`);
        this.configs.push(name);
      } else lines.push(this.executable());
    }
    return lines;
  }

  private executable(): string {
    const name = this.name("f");
    const takesConfig = this.chance(0.4);
    const parameters = takesConfig ? "cfg" : "";
    const body = this.pick([
      () => "cmd { ls }",
      () => "sh { ls }",
      () => "js { return 1 }",
      () => this.environment(1, takesConfig ? "@cfg" : null),
      () => `[\n  ${this.inBlock(1)}\n  => "x"\n]`,
      () => `[\n  let ${this.name("l")} = ${this.environment(2, takesConfig ? "@cfg" : null)}\n  => "x"\n]`,
      () => `when [\n  true => ${this.environment(2, takesConfig ? "@cfg" : null)}\n  * => "y"\n]`,
    ])();
    this.executables.push({ name, takesConfig });
    return `exe ${name}(${parameters}) = ${body}`;
  }

  private guard(): string {
    const filter = this.pick(["op:run", "op:cmd", "op:sh", "op:exe", "op:cmd:ls"]);
    const name = this.chance(0.5) ? `${this.name("g")} ` : "";
    return `guard ${name}before ${filter} = when [\n  * => env ${this.guardChoice()}\n]`;
  }

  private guardChoice(): string {
    return this.configs.length > 0 && this.chance(0.5) ? this.pick(this.configs) : this.object([], 1 + this.below(2));
  }

  private policy(): string {
    const parts = this.pick([
      () =>
        `env: { tools: ${this.pick(['["Read"]', '{ deny: ["Bash"] }', '{ allow: ["Bash", "Read"] }', '["Bash"]'])} }`,
      () => `env: { net: ${this.pick(['"none"', '{ allow: ["*.example.com"] }'])} }`,
      () => "env: { mcps: [] }",
      () => `env: { default: ${this.pick(["'@mlld/env-docker'", "'./prov.mld'"])} }`,
      () =>
        `env: { providers: { '@mlld/env-docker': { allowed: ${this.pick(["true", "false"])}, auth: "one", taint: ["p"] } } }`,
      () => `deny: ${this.pick(['["sh"]', '["network"]', '["cmd:*"]', '["sh", "cmd"]', '["cmd:rm"]', '["cmd:ls"]'])}`,
      () => `allow: ${this.pick(['["cmd:*"]', '["cmd:ls", "sh"]', '["cmd:git:*"]', '{ cmd: ["ls"] }'])}`,
      () => `capabilities: { deny: ["sh"] }`,
    ]);
    if (this.chance(0.3)) return `var ${this.name("v")} = { deny: ["sh"] }\npolicy ${this.name("p")} = { ${parts()} }`;
    return `policy ${this.name("p")} = { ${parts()} }`;
  }

  /** A statement at top level or in a block. */
  private statement(depth: number): string {
    const pad = "  ".repeat(depth);
    const calls = this.executables;
    const forms = [
      () => this.environment(depth, null),
      () => this.environment(depth, null),
      () => `for @i in [1, 2] => ${this.environment(depth, null)}`,
      () => `${depth === 0 ? "var" : "let"} ${this.name("r")} = ${this.environment(depth, null)}`,
      () => `if true [\n${pad}  ${this.inBlock(depth + 1)}\n${pad}]`,
    ];
    if (calls.length > 0) forms.push(() => `show ${this.call(this.pick(calls))}`);
    return this.pick(forms)();
  }

  private call({ name, takesConfig }: { name: string; takesConfig: boolean }): string {
    return `${name}(${takesConfig ? this.config(1) : ""})`;
  }

  private environment(depth: number, config: string | null): string {
    const pad = "  ".repeat(depth);
    const written = config ?? this.configAt();
    const clause = this.chance(0.3) ? ` with ${this.object(["image"], 1 + this.below(2))}` : "";
    const body: string[] = [];
    for (let left = 1 + this.below(3); left > 0; left--) body.push(`${pad}  ${this.inBlock(depth + 1)}`);
    return `env ${written}${clause} [\n${body.join("\n")}\n${pad}]`;
  }

  /** A config where a statement takes one. */
  private configAt(): string {
    const form = this.config(1);
    return form.startsWith("@") && form.includes(" with ") ? `(${form})` : form;
  }

  private inBlock(depth: number): string {
    const forms = [
      () => "run cmd { ls }",
      () => "run sh { ls }",
      () => `let ${this.name("j")} = js { return 1 }`,
      () => `let ${this.name("k")} = cmd { ls }`,
      () => "run node { 1 }",
      () => 'show "in"',
    ];
    if (depth < 3)
      forms.push(
        () => this.statement(depth),
        () => this.statement(depth),
      );
    return this.pick(forms)();
  }

  private config(depth: number): string {
    const old = this.configs;
    if (old.length === 0) return this.object([], 1 + this.below(3));
    return this.pick([
      () => this.object([], 1 + this.below(3)),
      () => this.object([], 1 + this.below(3)),
      () => this.pick(old),
      () => `{ ...${this.pick(old)}, ${this.object([], 1 + this.below(2)).slice(2)}`,
      () => (depth > 1 ? `new ${this.pick(old)} with ${this.object(["image"], 1)}` : this.pick(old)),
      () => (depth > 1 ? `${this.pick(old)} with ${this.object(["image"], 1)}` : this.pick(old)),
    ])();
  }

  private object(without: readonly string[], count: number): string {
    const fields = new Map<string, string>();
    for (; count > 0; count--) {
      const field = this.chance(0.9) ? this.pick(COMMON) : this.pick(RARE);
      if (without.includes(field) || (without.length > 0 && CONFIG_ONLY.has(field))) continue;
      fields.set(field, this.pick(VALUES[field]!));
    }
    return `{ ${[...fields].map(([key, value]) => `${key}: ${value}`).join(", ")} }`;
  }

  private name(kind: string): string {
    return `@${kind}${this.names++}`;
  }

  private below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  private chance(probability: number): boolean {
    return this.next() < probability;
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
