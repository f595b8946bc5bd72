/** env blocks: what opens when, what reaches the provider, and what is refused. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEventBody } from "../../../protocol/events";
import type { RunServices } from "../../../runtime/evaluator";
import { moduleProvider } from "../../../runtime/providers/module";
import type {
  Environment,
  EnvironmentCommand,
  EnvironmentSpec,
  Outcome,
  OutputSink,
  Provider,
} from "../../../runtime/providers/provider";
import { folder, runProgram, runText } from "./harness";

/** A provider that notes what it is asked, and runs commands here. */
class Recorder implements Provider {
  readonly log: string[] = [];
  readonly specs: EnvironmentSpec[] = [];
  readonly commands: EnvironmentCommand[] = [];
  private count = 0;

  constructor(
    readonly ref: string,
    private readonly exists = false,
  ) {}

  async open(spec: EnvironmentSpec): Promise<Environment> {
    const name = spec.name ?? `${this.ref}-${++this.count}`;
    this.specs.push(spec);
    this.log.push(`open ${name}`);
    return {
      name,
      created: !this.exists,
      execute: (command, sink) => this.execute(name, command, sink),
      release: async () => void this.log.push(`release ${name}`),
      detach: async () => void this.log.push(`detach ${name}`),
    };
  }

  private execute(name: string, command: EnvironmentCommand, sink: OutputSink): Promise<Outcome> {
    this.commands.push(command);
    this.log.push(`execute ${name} ${command.argv.at(-1)!.slice(0, 30)}`);
    return new Promise((resolve, reject) => {
      const child = spawn(command.argv[0]!, command.argv.slice(1), {
        env: { PATH: process.env.PATH, ...command.vars, ...command.secrets },
      });
      child.on("error", reject);
      child.stdout.on("data", chunk => void sink.stdout(chunk));
      child.stderr.on("data", chunk => void sink.stderr(chunk));
      child.on("close", code => resolve({ kind: "exited", exitCode: code ?? 1 }));
      child.stdin.on("error", () => {});
      child.stdin.end((command.stdin as string | undefined) ?? "");
    });
  }
}

async function inBox(text: string, options: Parameters<typeof runText>[1] = {}, exists = false) {
  const box = new Recorder("box", exists);
  const record = await runText(text, { providers: { box }, ...options });
  return { ...record, box };
}

const BOX = 'var @box = { provider: "box" }\n';

describe("life of a block", () => {
  it("opens at [, runs every command in it, releases at ]", async () => {
    const { box, errors, printed } = await inBox(
      `${BOX}show "before"\nenv @box [\n  run cmd { echo one }\n  let @x = cmd { echo two }\n  show @x\n]\nshow "after"`,
    );
    expect(errors).toEqual([]);
    expect(printed).toBe("before\none\ntwo\nafter\n");
    expect(box.log).toEqual(["open box-1", "execute box-1 echo one", "execute box-1 echo two", "release box-1"]);
  });

  it("sends every kind of command inside, also through calls, pipelines, loops and values", async () => {
    const { box, errors } = await inBox(`${BOX}exe @c() = cmd { echo c }
exe @s(x) = sh { echo "$x" }
exe @p() = py { return 1 }
exe @n() = node { return 1 }
exe @block() = [
  let @r = run cmd { echo block }
  => @r
]
env @box [
  let @a = @c()
  let @b = "v" | @s
  let @d = for @i in [1, 2] => cmd { echo @i }
  let @e = { f: run cmd { echo field } }
  let @g = @p()
  let @h = @n()
  let @t = true ? cmd { echo ternary } : "no"
  let @k = @block()
  let @l = "x" | cmd { cat }
  => cmd { echo returned }
]`);
    expect(errors).toEqual([]);
    expect(box.commands).toHaveLength(11);
    expect(box.log.filter(line => line.startsWith("open"))).toHaveLength(1);
  });

  it("releases when the block fails, and a failing command ends it", async () => {
    const { box, errors, printed } = await inBox(
      `${BOX}env @box [\n  run cmd { false }\n  show "never"\n]\nshow "never either"`,
    );
    expect(box.log.at(-1)).toBe("release box-1");
    expect(errors[0]).toMatch(/Command execution failed in provider box/);
    expect(printed).toBe("");
  });

  it("keeps a named environment, unless keep says no", async () => {
    expect((await inBox('env { provider: "box", name: "n1" } [ run cmd { true } ]')).box.log.at(-1)).toBe("detach n1");
    expect((await inBox('env { provider: "box", name: "n1", keep: false } [ run cmd { true } ]')).box.log.at(-1)).toBe(
      "release n1",
    );
    expect(
      (await inBox('env { provider: "box", name: "n1", keep: false } [ run cmd { true } ]', {}, true)).box.log.at(-1),
    ).toBe("detach n1");
  });

  it("runs a nested block in the same environment where nothing differs, else in its own", async () => {
    const same = await inBox(
      `${BOX}env @box [\n  let @x = env @box with { tools: ["Bash"] } [ => cmd { echo in } ]\n  run cmd { echo out }\n]`,
    );
    expect(same.errors).toEqual([]);
    expect(same.box.log.filter(line => line.startsWith("open"))).toHaveLength(1);
    const other = await inBox(
      `${BOX}env @box [\n  let @x = env { provider: "box", net: "none" } [ => cmd { echo in } ]\n  run cmd { echo out }\n]`,
    );
    expect(other.errors).toEqual([]);
    expect(other.box.log).toEqual([
      "open box-1",
      "open box-2",
      "execute box-2 echo in",
      "release box-2",
      "execute box-1 echo out",
      "release box-1",
    ]);
  });

  it("inherits the provider in a nested block", async () => {
    const { box, errors } = await inBox(
      `${BOX}env @box [\n  let @x = env { tools: ["Bash"] } [ => cmd { echo in } ]\n]`,
    );
    expect(errors).toEqual([]);
    expect(box.commands).toHaveLength(1);
  });

  it("gives the value of a block", async () => {
    expect((await inBox(`${BOX}var @r = env @box [ => cmd { echo v } ]\nshow @r`)).printed).toBe("v\nv\n");
    expect((await inBox('exe @f(x) = env { tools: [] } [ => @x ]\nshow @f("z")')).printed).toBe("z\n");
    expect(
      (await inBox('exe @f(x) = [\n  let @q = env { tools: [] } [ => @x ]\n  => @q\n]\nshow @f("z")')).printed,
    ).toBe("z\n");
  });
});

describe("refusals", () => {
  it("never widens", async () => {
    const { errors, outcome } = await inBox(
      'var @o = { tools: ["Read"] }\nvar @i = { tools: ["Read", "Bash"] }\nenv @o [\n  let @r = env @i [ => "no" ]\n  show @r\n]',
    );
    expect(outcome.errors[0]!.code).toBe("env/tools-widened");
    expect(errors[0]).toMatch(/Bash/);
  });
  it("compares blocks that a call enters", async () => {
    const text = 'exe @inner() = env { tools: ["Bash"] } [ => "ok" ]\nenv { tools: ["Read"] } [ show @inner() ]';
    expect((await inBox(text)).outcome.errors[0]!.code).toBe("env/tools-widened");
  });
  it("keeps the sandbox", async () => {
    const text = `${BOX}var @other = { provider: "box2" }\nenv @box [\n  let @r = env @other [ => "no" ]\n]`;
    expect((await inBox(text)).outcome.errors[0]!.code).toBe("env/provider-weakened");
  });
  it.each([
    ["run cmd { echo no }", "Command execution requires 'Bash'"],
    ["run sh { echo no }", "Shell execution requires 'Bash'"],
    ["let @x = @c()", "Command execution requires 'Bash'"],
    ['let @x = "a" | @c', "Command execution requires 'Bash'"],
    ["let @x = @n()", "Node execution requires 'Bash'"],
    ["let @x = @p()", "Python execution requires 'Bash'"],
    ['let @x = env { tools: ["Read"] } [ => cmd { echo no } ]', "Command execution requires 'Bash'"],
  ])("refuses %s without Bash, here and under a provider", async (statement, message) => {
    const functions = "exe @c() = cmd { echo no }\nexe @n() = node { return 1 }\nexe @p() = py { return 1 }\n";
    for (const provider of ["", 'provider: "box", ']) {
      const { errors, box } = await inBox(`${functions}env { ${provider}tools: ["Read"] } [\n  ${statement}\n]`);
      expect(errors[0]).toContain(message);
      expect(box.commands).toEqual([]);
    }
  });
  it("holds to a config that was derived from another one", async () => {
    const base = 'var @box = { provider: "box", tools: ["Read", "Bash"], limits: { mem: "1g", cpu: 2 } }\n';
    const block = (config: string) => `${base}var @mine = ${config}\nenv @mine [ run cmd { echo in } ]\n`;
    for (const how of ["@box with", "new @box with"]) {
      const refused = await inBox(block(`${how} { tools: ["Read"] }`));
      expect(refused.outcome.errors[0]!.code).toBe("ENV_TOOL_DENIED");
      const wider = await inBox(block(`${how} { tools: ["Write"] }`));
      expect(wider.outcome.errors[0]!.code).toBe("env/tools-widened");
      const narrowed = await inBox(block(`${how} { limits: { mem: "512m" } }`));
      expect(narrowed.box.specs[0]!.limits).toEqual({ memoryBytes: 512 * 1024 ** 2, cpus: 2 });
    }
  });

  it("says what is no config", async () => {
    expect((await inBox('var @c = "text"\nenv @c [ show "x" ]')).errors[0]).toBe("env config must be an object.");
    expect((await inBox('env @nothing [ show "x" ]')).outcome.ok).toBe(false);
    expect((await inBox('env { tools: 5 } [ show "x" ]')).outcome.errors[0]!.code).toBe("env/field-type");
  });
  it("holds the script's own files to fs", async () => {
    const place = folder({ "ok.txt": "ok", "no.txt": "no" });
    try {
      const text =
        'env { fs: { read: ["ok.txt"] } } [\n  let @a = <ok.txt>\n  show @a\n  let @b = <no.txt>\n  show @b\n]';
      const record = await runProgram({ path: join(place.path, "p.mld"), text, root: place.path });
      expect(record.printed).toBe("ok\n");
      expect(record.outcome.errors[0]!.code).toBe("ENV_FS_DENIED");
    } finally {
      place.remove();
    }
  });

  describe("links and pipes that a sandbox made", () => {
    // The recorder runs commands here: they do what commands in a writable mount can do.
    const traps: [string, (out: string, outside: string) => string][] = [
      ["a link to a file", (out, outside) => `ln -s ${outside}/secret ${out}/trap`],
      ["a link to what is not there yet", (out, outside) => `ln -s ${outside}/new ${out}/trap`],
      ["a folder by a link", (out, outside) => `ln -s ${outside} ${out}/way; ln -s way/new ${out}/trap`],
      ["a link by way of another", (out, outside) => `ln -s ${outside}/deep ${out}/way; ln -s way/../new ${out}/trap`],
      ["a pipe", out => `mkfifo ${out}/trap`],
    ];
    const uses = ['output "x" to "out/trap"', 'append "x" to "out/trap"', "let @a = <out/trap>\n  show @a"];
    const cases = traps.flatMap(([what, make]) => uses.map(use => [what, use, make] as const));

    it.each(cases)("%s: %s", async (what, use, make) => {
      for (const inBlock of [true, false]) {
        const place = folder();
        try {
          const [out, outside] = [join(place.path, "out"), join(place.path, "outside")];
          for (const made of [out, outside, join(outside, "deep")]) mkdirSync(made);
          writeFileSync(join(outside, "secret"), "secret");
          const run = `run sh { ${make(out, outside)} }`;
          const block = inBlock
            ? `${run}\n  ${use}\n]`
            : `${run}\n]\n${use.replace("let", "var").replace("  show", "show")}`;
          const text = `env { provider: "box", fs: { read: ["out"], write: ["out"] } } [\n  ${block}`;
          const record = await runProgram({
            path: join(place.path, "p.mld"),
            text,
            root: place.path,
            providers: { box: new Recorder("box") },
          });
          expect(record.outcome.errors.map(error => error.code)).toEqual([
            what === "a pipe" ? "FileAccess" : "ENV_FS_DENIED",
          ]);
          expect(record.printed).toBe("");
          expect(readdirSync(outside).sort()).toEqual(["deep", "secret"]);
          expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
        } finally {
          place.remove();
        }
      }
    });

    it("are followed within what it can write to, and where the author names the target", async () => {
      const place = folder({ "own.txt": "own" });
      try {
        mkdirSync(join(place.path, "out"));
        symlinkSync("own.txt", join(place.path, "link"));
        const make = `cd ${place.path}/out && echo inside >real && ln -s real near && ln -s ../own.txt far`;
        const text = `env { provider: "box", fs: { write: ["out"] } } [ run sh { ${make} } ]\nshow <out/near>\nshow <own.txt>\nshow <link>`;
        const record = await runProgram({
          path: join(place.path, "p.mld"),
          text,
          root: place.path,
          providers: { box: new Recorder("box") },
        });
        expect(record.errors).toEqual([]);
        expect(record.printed).toBe("inside\nown\nown\n");
      } finally {
        place.remove();
      }
    });
  });
});

describe("what reaches the provider", () => {
  it("gets secrets apart from everything else", async () => {
    const { box, events, errors, printed } = await inBox(
      `auth @tok = { from: "env:SRC", as: "TOKEN" }\n${BOX}env @box [\n  run cmd { printf %s "$TOKEN" | wc -c } using auth:tok\n  run cmd { echo "\${TOKEN:-none}" }\n]`.replaceAll(
        "\\${",
        "${",
      ),
      { variables: { SRC: "very-secret-value" } },
    );
    expect(errors).toEqual([]);
    expect(printed.split("\n").map(line => line.trim())).toEqual(["17", "none", ""]);
    expect(box.commands[0]!.secrets).toEqual({ TOKEN: "very-secret-value" });
    expect(JSON.stringify({ argv: box.commands[0]!.argv, vars: box.commands[0]!.vars, spec: box.specs })).not.toContain(
      "very-secret",
    );
    expect(JSON.stringify(events)).not.toContain("very-secret");
  });
  it("injects auth of the block into each command, and refuses an unknown one", async () => {
    const known = await inBox(
      'auth @tok = { from: "env:SRC", as: "TOKEN" }\nenv { provider: "box", auth: "tok" } [ run cmd { true } ]',
      {
        variables: { SRC: "very-secret-value" },
      },
    );
    expect(known.box.commands[0]!.secrets).toEqual({ TOKEN: "very-secret-value" });
    const unknown = await inBox('env { provider: "box", auth: "nope" } [ run cmd { true } ]');
    expect(unknown.outcome.errors[0]!.code).toBe("AUTH_NOT_CONFIGURED");
    const missing = await inBox('auth @tok = { from: "env:SRC", as: "TOKEN" }\nrun cmd { true } using auth:tok');
    expect(missing.outcome.errors[0]!.code).toBe("ENV_AUTH_MISSING");
  });
  it("looks for credentials of its own commands before an environment is made for nothing", async () => {
    const block = (command: string) =>
      `auth @tok = { from: "env:SRC", as: "TOKEN" }\n${BOX}env @box [\n  ${command}\n]`;
    const missing = await inBox(block("show 1\n  run cmd { true } using auth:tok"));
    expect([missing.outcome.errors[0]!.code, missing.printed, missing.box.log]).toEqual(["ENV_AUTH_MISSING", "", []]);
    const unused = await inBox(block("if false [ run cmd { true } using auth:tok ]"));
    expect([unused.errors, unused.box.log]).toEqual([[], ["open box-1", "release box-1"]]);
  });
  it("starts `cmd:PATH` where the grant that holds the folder is, and refuses it without one", async () => {
    const started = async (...read: string[]) => {
      const fs = `{ read: [${read.map(path => `"${path}"`).join(", ")}] }`;
      const { box, outcome } = await inBox(`env { provider: "box", fs: ${fs} } [ run cmd:./sub { true } ]`);
      return box.commands[0]?.cwd ?? outcome.errors[0]?.code;
    };
    expect(await started("/srv:/data", ".:/work")).toBe("/work/sub");
    expect(await started("/srv:/data")).toBe("run/path-not-granted");
  });
  it("fills a variable from a value, and the credential of a call", async () => {
    const { box, errors } = await inBox(
      `auth @tok = { from: "env:SRC", as: "TOKEN" }\nvar @v = "from-a-value"\nexe @f() = cmd { true }\n${BOX}env @box [\n  run cmd { true } using @v as KEY\n  run @f() using auth:tok\n]`,
      { variables: { SRC: "very-secret-value" } },
    );
    expect(errors).toEqual([]);
    expect(box.commands.map(command => command.secrets)).toEqual([
      { KEY: "from-a-value" },
      { TOKEN: "very-secret-value" },
    ]);
  });
  it("fills a variable from a value that is too short to be a secret, unless it is marked as one", async () => {
    const plain = await inBox(
      `var @v = "v"\nexe @f() = cmd { true }\n${BOX}env @box [\n  run cmd { true } using @v as KEY\n  run @f() using @v as KEY\n  run sh { true } using @v as KEY\n]`,
    );
    expect(plain.errors).toEqual([]);
    expect(plain.box.commands.map(({ secrets, vars }) => [secrets, vars.KEY])).toEqual([
      [{}, "v"],
      [{}, "v"],
      [{}, "v"],
    ]);
    const marked = await inBox(`var secret @v = "v"\n${BOX}env @box [\n  run cmd { true } using @v as KEY\n]`);
    expect(marked.box.commands).toEqual([]);
    expect(marked.errors.join()).toMatch(/The secret for KEY has fewer than 4 characters.*Use a longer secret/);
  });
  it("gets grants and its own options", async () => {
    const { box } = await inBox(
      'env { provider: "box", image: "im:1", net: "none", limits: { mem: "64m", timeout: "5s" }, fs: { read: [".:/app"] }, zork: 1 } [ run cmd { true } ]',
    );
    const [spec] = box.specs;
    expect(spec).toMatchObject({
      image: "im:1",
      net: { kind: "none" },
      limits: { memoryBytes: 64 * 1024 * 1024, timeoutMs: 5000 },
    });
    expect(spec!.fs.mounts).toMatchObject([{ container: "/app", mode: "ro" }]);
    expect(spec!.options).toMatchObject({ zork: 1 });
    expect(box.commands[0]!.timeoutMs).toBe(5000);
  });
  it("marks what comes out of it", async () => {
    const { printed } = await inBox(
      'env { provider: "box", taint: ["boxed"] } [\n  let @x = cmd { echo v }\n  show @x.mx.taint\n]\nvar @y = cmd { echo here }\nshow @y.mx.taint',
    );
    expect(printed.replace(/\s+/g, " ")).toBe('[ "src:cmd", "src:env:box", "boxed" ] ["src:cmd"] ');
  });
});

describe("guards and policy choose", () => {
  it("selects the environment of one command", async () => {
    const { box, errors, printed } = await inBox(
      'guard before op:cmd = when [\n  * => env { provider: "box" }\n]\nrun cmd { echo boxed }\nvar @x = cmd { echo again }\nshow @x',
    );
    expect(errors).toEqual([]);
    expect(printed).toBe("boxed\nagain\n");
    expect(box.log).toEqual([
      "open box-1",
      "execute box-1 echo boxed",
      "release box-1",
      "open box-2",
      "execute box-2 echo again",
      "release box-2",
    ]);
  });
  it("does not let a guard leave the sandbox", async () => {
    const { outcome } = await inBox(
      `guard before op:cmd = when [\n  * => env { provider: "other" }\n]\n${BOX}env @box [ run cmd { echo no } ]`,
      { providers: { box: new Recorder("box"), other: new Recorder("other") } },
    );
    expect(outcome.errors[0]!.code).toBe("env/provider-weakened");
  });
  it("denies", async () => {
    const { errors } = await inBox(
      'guard before op:cmd = when [\n  @mx.op.command.includes("rm") => deny "no rm"\n  * => allow\n]\nrun cmd { echo fine }\nrun cmd { rm nothing }',
    );
    expect(errors[0]).toMatch(/no rm/);
  });
  it("uses a policy's provider outside every block", async () => {
    const { box, errors } = await inBox('policy @p = { env: { default: "box" } }\nrun cmd { echo in }');
    expect(errors).toEqual([]);
    expect(box.log).toEqual(["open box-1", "execute box-1 echo in", "release box-1"]);
  });
  it.each([
    ['deny: ["sh"]', "run sh { true }", /Shell access denied/],
    ['deny: ["network"]', 'run cmd { env A=1 timeout 5 curl "http://x" }', /Network access denied/],
    ['allow: { cmd: ["echo:*"] }', "run cmd { ls }", /not in the allow list/],
    ['allow: { cmd: ["echo:*"] }', "var @x = js { return 1 }", /JavaScript access denied/],
    ['deny: ["cmd:git:push"]', "run cmd { git push origin }", /denied by policy/],
    ['deny: ["cmd:git:push"]', "run cmd { echo x | git push origin }", /denied by policy/],
    ['allow: ["cmd:*"]', "run cmd { rm -rf nothing }", /Dangerous capability/],
  ])("policy %s refuses %s", async (policy, statement, message) => {
    const { errors, events } = await inBox(`policy @p = { ${policy} }\n${statement}`);
    expect(errors[0]).toMatch(message);
    expect(events.some(event => event.event === "command")).toBe(false);
  });
  it("lets the rest through", async () => {
    expect((await inBox('policy @p = { allow: { cmd: ["echo:*", "git:status"] } }\nrun cmd { echo ok }')).printed).toBe(
      "ok\n",
    );
    expect(
      (await inBox('policy @a = { deny: ["network"] }\npolicy @b = { deny: ["sh"] }\nrun cmd { echo ok }')).printed,
    ).toBe("ok\n");
  });
  it("puts imported policies together", async () => {
    const text =
      'import policy @shared from "./policies.mld"\nvar @more = { deny: ["network"] }\npolicy @all = union(@shared, @more)\nrun cmd { curl x }\n';
    const { outcome } = await runText(text, { files: { "policies.mld": 'policy @shared = { deny: ["cmd:git"] }\n' } });
    expect(outcome.errors[0]!.message).toBe("Network access denied by policy");
  });

  it("keeps labels from flowing", async () => {
    const text =
      'policy @p = { labels: { secret: { deny: ["op:show", "net:w"] } } }\nvar secret @k = "sk"\nexe net:w @send(x) = `sent @x`\nvar @r = @send("fine")\nshow @r\nvar @bad = @send(@k)';
    const { printed, outcome } = await inBox(text);
    expect(printed).toBe("sent fine\n");
    expect(outcome.errors[0]!.code).toBe("POLICY_LABEL_FLOW_DENIED");
    const shown = await inBox(
      'policy @p = { labels: { secret: { deny: ["op:show"] } } }\nvar secret @k = "sk"\nshow `v @k`',
    );
    expect(shown.printed).toBe("");
  });
});

describe("providers written in mlld", () => {
  const PROVIDER = `
exe @create(opts) = sh { echo "create $opts" >> LOG; printf '{"envName":"m1","created":true}' }
exe @execute(envName, command) = node {
  const { spawnSync } = require("child_process");
  require("fs").appendFileSync("LOG", "execute " + envName + " " + command.argv.at(-1) + " " + Object.keys(command.secrets) + "\\n");
  const result = spawnSync(command.argv[0], command.argv.slice(1), { input: command.stdin, encoding: "utf8" });
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.status, labels: ["trusted"] };
}
exe @release(envName) = sh { echo "release $envName" >> LOG }
export { @create, @execute, @release }
`;

  async function withModule(module: string, text: string, variables: Record<string, string> = {}) {
    const place = folder();
    try {
      const log = join(place.path, "log.txt");
      const { writeFileSync, existsSync, readFileSync } = await import("node:fs");
      writeFileSync(join(place.path, "p.mld"), module.replaceAll("LOG", log));
      let services: RunServices | undefined;
      const lazy: Provider = {
        ref: "./p.mld",
        open: (spec, sink, signal) =>
          moduleProvider("./p.mld", join(place.path, "p.mld"), services!).open(spec, sink, signal),
      };
      const record = await runProgram({
        path: join(place.path, "main.mld"),
        text,
        root: place.path,
        variables,
        providers: { "./p.mld": lazy },
        onServices: given => {
          services = { ...given, emit: () => {} };
        },
      });
      return { ...record, log: existsSync(log) ? readFileSync(log, "utf8") : "" };
    } finally {
      place.remove();
    }
  }

  it("creates, executes and releases", async () => {
    const { printed, errors, log } = await withModule(
      PROVIDER,
      'auth @t = { from: "env:SRC", as: "TOKEN" }\nenv { provider: "./p.mld", size: 3 } [\n  run cmd { echo one } using auth:t\n  let @x = cmd { echo two }\n  show @x.mx.taint\n]',
      { SRC: "very-secret-value" },
    );
    expect(errors).toEqual([]);
    expect(printed.replace(/\s+/g, " ")).toBe('one [ "src:cmd", "src:env:p" ] ');
    expect(log).toBe('create {"size":3}\nexecute m1 echo one TOKEN\nexecute m1 echo two \nrelease m1\n');
  });

  it.each([
    ['exe @create(o) = { envName: "x" }\n', "ENV_PROVIDER_EXEC_MISSING"],
    ['var @create = 1\nexe @execute(a, b) = "x"\nexe @release(a) = "x"\n', "ENV_PROVIDER_CREATE_INVALID"],
    [
      'exe @create(o) = "text"\nexe @execute(a, b) = "x"\nexe @release(a) = "x"\n',
      "ENV_PROVIDER_CREATE_RESULT_INVALID",
    ],
    [
      'exe @create(o) = { envName: "" }\nexe @execute(a, b) = "x"\nexe @release(a) = "x"\n',
      "ENV_PROVIDER_CREATE_ENVNAME_INVALID",
    ],
    [
      'exe @create(o) = { envName: "x" }\nexe @execute(a, b) = js { return [1] }\nexe @release(a) = "x"\n',
      "ENV_PROVIDER_RESULT_INVALID",
    ],
    ["var @x =\n", "ENV_PROVIDER_NOT_FOUND"],
  ])("reports %j", async (module, code) => {
    const { outcome } = await withModule(module, 'env { provider: "./p.mld" } [ run cmd { echo x } ]');
    expect(outcome.errors[0]!.code).toBe(code);
  });

  it.each(["null", '"zz"', '""', "true", "[]"])(
    "takes the exit code %s for none, which is no success",
    async exitCode => {
      const { errors } = await withModule(
        `exe @create(o) = { envName: "x" }\nexe @execute(a, b) = { stdout: "x", exitCode: ${exitCode} }\nexe @release(a) = "x"\n`,
        'env { provider: "./p.mld" } [ run cmd { anything } ]',
      );
      expect(errors[0]).toMatch(/exit code 1/);
    },
  );

  it("tells what its own commands complained about when one fails", async () => {
    const { errors } = await withModule(
      'exe @create(o) = node { throw new Error("no room left"); }\nexe @execute(a, b) = "x"\nexe @release(a) = "x"\n',
      'env { provider: "./p.mld" } [ run cmd { anything } ]',
    );
    expect(errors[0]).toContain("no room left");
  });

  it("takes a text as output and a failing code as failure", async () => {
    const text = await withModule(
      'exe @create(o) = { envName: "x" }\nexe @execute(a, b) = "hello"\nexe @release(a) = "x"\n',
      'env { provider: "./p.mld" } [ run cmd { anything } ]',
    );
    expect(text.printed).toBe("hello\n");
    const failing = await withModule(
      'exe @create(o) = { envName: "x" }\nexe @execute(a, b) = { exitCode: 4, stderr: "bad" }\nexe @release(a) = "x"\n',
      'env { provider: "./p.mld" } [\n  run cmd { anything }\n  show "never"\n]',
    );
    expect(failing.printed).toBe("");
    expect(failing.errors[0]).toMatch(/exit code 4/);
    expect(
      failing.events.filter((event): event is Extract<RunEventBody, { event: "stderr" }> => event.event === "stderr"),
    ).toHaveLength(1);
  });
});
