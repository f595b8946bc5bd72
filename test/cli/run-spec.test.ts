/** `run --spec` on this machine: set-up, entry, variables, input, refusals. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const CLI = join(__dirname, "../../dist/cli.js");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-spec-"));
  writeFileSync(join(folder, "main.sh"), 'echo "$GREETING from $0"; cat\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(spec: string, args: string[], input = "", more: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(folder, "s.yaml"), spec);
  const env = { ...process.env, MLLD_ENV_STATE_DIR: join(folder, "state"), ...more };
  return spawnSync(process.execPath, [CLI, "run", "--spec", "s.yaml", ...args], {
    cwd: folder,
    input,
    encoding: "utf8",
    env,
  });
}

const LOCAL =
  "type: local\nname: Shell\nenvironment: { env: { GREETING: hello } }\ncommands: { command: sh, agent_command: echo agent }\n";

test("evaluating runs the command with the entry and its input", () => {
  const { stdout, status, stderr } = run(LOCAL, ["--evaluate", "main.sh"], "typed\n");
  expect(status, stderr).toBe(0);
  expect(stdout).toBe("hello from main.sh\ntyped\n");
});

test("the agent has its own command; a field is overridden", () => {
  expect(run(LOCAL, ["main.sh"]).stdout).toBe("agent main.sh\n");
  expect(run(LOCAL, ["--evaluate", "--set", "environment.env.GREETING=hi", "main.sh"]).stdout).toBe(
    "hi from main.sh\n",
  );
});

test("a failing set-up command ends the run, with its output", () => {
  const { status, stderr } = run(`${LOCAL}setup: { commands: ["echo broken >&2; exit 4", "echo never"] }\n`, [
    "--evaluate",
    "main.sh",
  ]);
  expect(status).toBe(1);
  expect(stderr).toContain("broken");
  expect(stderr).toContain("set-up command failed");
  expect(stderr).not.toContain("$ sh main.sh");
});

test("a mistake is refused at its place", () => {
  const { status, stderr, stdout } = run(LOCAL.replace("name", "nmae"), ["main.sh"]);
  expect([status, stdout]).toEqual([3, ""]);
  expect(stderr).toContain("s.yaml:2:1");
});

test("the workspace is saved where the spec says so", () => {
  const { status, stderr } = run(
    `${LOCAL}snapshot: { archive_save_dir: ${join(folder, "saved")}, compression: xz }\n`,
    ["--evaluate", "main.sh"],
  );
  expect(status, stderr).toBe(0);
  expect(readdirSync(join(folder, "saved"))).toEqual([expect.stringMatching(/\.tar\.xz$/)]);
});

test.each(["saved", "saved/deep"])("the archive goes nowhere by a link that the entry made: %s", path => {
  const outside = mkdtempSync(join(tmpdir(), "mlld-env-outside-"));
  try {
    writeFileSync(join(folder, "main.sh"), `ln -s ${outside} saved\n`);
    const { status, stderr } = run(`${LOCAL}snapshot: { archive_save_dir: ${path} }\n`, ["--evaluate", "main.sh"]);
    expect(stderr).toContain("leads out of it by a link");
    expect(status).toBe(1);
    expect(readdirSync(outside)).toEqual([]);
    const refused = run(`${LOCAL}snapshot: { archive_save_dir: ${path} }\n`, ["--evaluate", "main.sh"]);
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining("leads out of the workspace")]);
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("the evaluation's set-up is not seen, unless it fails", () => {
  const spec = (line: string) => `${LOCAL}setup: { eval_commands: ["${line}"] }\n`;
  const fine = run(spec("echo hidden-$((40 + 2))"), ["--json", "--evaluate", "main.sh"]);
  expect(fine.status, fine.stderr).toBe(0);
  expect(fine.stdout).not.toContain("hidden-42");
  expect(run(spec("echo unseen"), ["--json", "main.sh"]).stdout).not.toContain("unseen");
  const failing = run(spec("echo hidden-$((40 + 2)); exit 3"), ["--evaluate", "main.sh"]);
  expect(failing.status).toBe(1);
  expect(failing.stderr).toContain("hidden-42");
});

test("variables of this machine are inherited only if asked for; what finds programs always is", () => {
  const spec = (include: boolean) =>
    `type: local\nname: n\nenvironment: { include_os_env: ${include}, env: { MINE: spec } }\ncommands: { command: sh }\n`;
  writeFileSync(join(folder, "main.sh"), 'echo "[$THEIRS][$MINE][${PATH:+path}][${HOME:+home}]"\n');
  const env = { THEIRS: "os", MINE: "os" };
  expect(run(spec(false), ["--evaluate", "main.sh"], "", env).stdout).toBe("[][spec][path][home]\n");
  expect(run(spec(true), ["--evaluate", "main.sh"], "", env).stdout).toBe("[os][spec][path][home]\n");
  expect(run(spec(true), ["--evaluate", "--input", "MINE=007", "main.sh"], "", env).stdout).toBe(
    "[os][007][path][home]\n",
  );
});

test("static assets: their path here, in names and values, in set-up and on the command line", () => {
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/words.txt"), "words\n");
  writeFileSync(join(folder, "main.sh"), 'cat "$FILE" "$1"; ls copy\n');
  const spec = `type: local
name: n
static_assets: { words: data/words.txt }
environment: { env: { FILE: "{{static:words}}" } }
setup: { commands: ["cp {{static:words}} copy"] }
commands: { command: sh }
snapshot: { archive_save_dir: saved, compression: none }
`;
  const { stdout, stderr } = run(spec, ["--evaluate", "main.sh {{static:words}}"]);
  expect(stdout, stderr).toBe("words\nwords\ncopy\n");
  const [archive] = readdirSync(join(folder, "saved"));
  const names = spawnSync("tar", ["tf", join(folder, "saved", archive!)], { encoding: "utf8" }).stdout;
  expect(names).toContain("copy\n");
  expect(names).not.toContain("words.txt");
  const unknown = run(spec, ["--evaluate", "main.sh {{static:other}}"]);
  expect([unknown.status, unknown.stdout]).toEqual([3, ""]);
  expect(unknown.stderr).toContain("no static asset 'other'");
});

test("the archive has no archives, no links that lead out, and is restored as another run's workspace", () => {
  symlinkSync("/etc/hostname", join(folder, "out"));
  symlinkSync("main.sh", join(folder, "in"));
  mkdirSync(join(folder, "empty"));
  writeFileSync(join(folder, "main.sh"), "echo run >> log; cat log\n");
  const spec = `${LOCAL}snapshot: { archive_save_dir: saved, ignore_globs: [state, "state/*"] }\n`;
  const first = run(spec, ["--evaluate", "main.sh"]);
  expect(first.stderr).toContain("not in it: out");
  const [one] = readdirSync(join(folder, "saved"));
  expect(first.stderr).toMatch(/saved to .*sha256 [0-9a-f]{64}/);
  const second = run(spec, ["--evaluate", "--from", join("saved", one!), "main.sh"]);
  // It goes on where the archive was taken, and leaves the workspace alone.
  expect(second.stdout, second.stderr).toBe("run\nrun\n");
  expect(readFileSync(join(folder, "log"), "utf8")).toBe("run\n");
  const two = readdirSync(join(folder, "saved")).find(name => name !== one)!;
  const names = spawnSync("tar", ["tzf", join(folder, "saved", two)], { encoding: "utf8" }).stdout;
  expect(names.split("\n")).toEqual(expect.arrayContaining(["empty/", "in", "log", "main.sh"]));
  expect(names).not.toContain(".tar");
  expect(run(spec, ["--evaluate", "--from", "nothing.tar.gz", "main.sh"]).status).toBe(2);
  const bad = run(spec, ["--evaluate", "--from", "main.sh", "main.sh"]);
  expect([bad.status, bad.stdout]).toEqual([3, ""]);
  expect(bad.stderr).toContain("does not end in .tar");
});

test("where an archive may not go is told before anything runs", () => {
  const spec = `${LOCAL}snapshot: { archive_save_dir: out }\n`;
  symlinkSync(tmpdir(), join(folder, "out"));
  for (const more of [[], ["--set", "snapshot.archive_save_dir=../saved"]]) {
    const { status, stdout, stderr } = run(spec, ["--evaluate", ...more, "main.sh"]);
    expect([status, stdout, stderr]).toEqual([3, "", expect.stringMatching(/leaves|leads out of/)]);
  }
});

test("a workspace that cannot be saved fails the run, and says why", () => {
  writeFileSync(join(folder, "saved"), "a file");
  const { status, stdout, stderr } = run(`${LOCAL}snapshot: { archive_save_dir: saved }\n`, ["--evaluate", "main.sh"]);
  expect([status, stdout]).toEqual([1, "hello from main.sh\n"]);
  expect(stderr).toContain("The workspace was not saved");
});

test("the last event but one has all that was said, without the evaluation's set-up", () => {
  const spec = `${LOCAL}setup: { commands: ["echo seen; echo bad >&2"], eval_commands: ["echo hidden-$((40 + 2))"] }\n`;
  writeFileSync(join(folder, "main.sh"), "printf 'gr\\303'; sleep 0.1; printf '\\274n \\303'; echo err >&2; exit 7\n");
  const { status, stdout } = run(spec, ["--json", "--evaluate", "main.sh"]);
  expect(status).toBe(1);
  expect(stdout).not.toContain("hidden-42");
  const events = stdout
    .split("\n")
    .filter(Boolean)
    .map(line => JSON.parse(line));
  expect(events.find(({ event }) => event === "finished")).toMatchObject({
    exitCode: 7,
    stdout: "grün \ufffd",
    stderr: "err\n",
    setupStdout: "seen\n",
    setupStderr: "bad\n",
    timedOut: false,
    elapsed: expect.any(Number),
  });
});

test("a time-out says so, and leaves nothing running", () => {
  writeFileSync(join(folder, "main.sh"), "echo before; sleep 4242 & sleep 4243\n");
  const { status, stdout } = run(LOCAL, ["--json", "--timeout", "1", "--evaluate", "main.sh"]);
  expect(status).toBe(124);
  const events = stdout
    .split("\n")
    .filter(Boolean)
    .map(line => JSON.parse(line));
  expect(events.find(({ event }) => event === "finished")).toMatchObject({
    exitCode: null,
    stdout: "before\n",
    timedOut: true,
  });
  expect(spawnSync("pgrep", ["-f", "sleep 424[23]"]).stdout.toString()).toBe("");
});

test("input reaches the entry as it comes, and not its set-up", async () => {
  writeFileSync(join(folder, "main.sh"), 'read a; echo "got $a"; read b; echo "got $b"\n');
  writeFileSync(join(folder, "s.yaml"), `${LOCAL}setup: { commands: ["cat"] }\n`);
  const env = { ...process.env, MLLD_ENV_STATE_DIR: join(folder, "state") };
  const child = spawn(process.execPath, [CLI, "run", "--spec", "s.yaml", "--evaluate", "main.sh"], {
    cwd: folder,
    env,
  });
  let text = "";
  child.stdout.on("data", chunk => {
    text += chunk;
  });
  child.stdin.write("one\n");
  await expect.poll(() => text, { timeout: 10_000 }).toBe("got one\n");
  child.stdin.write("two\n");
  // The pipe stays open: the run ends with its entry.
  const code = await new Promise(resolve => child.once("close", resolve));
  expect([code, text]).toEqual([0, "got one\ngot two\n"]);
});

test("a name for what is not kept is warned of, names that are none are no use", () => {
  const named = run(LOCAL, ["--evaluate", "--name", "mine", "main.sh"]);
  expect([named.status, named.stderr]).toEqual([0, expect.stringContaining("'mine' names an environment of")]);
  for (const more of [
    ["--name", " "],
    ["--input", "a-b=1"],
    ["--input", "$(x)=1"],
  ])
    expect(run(LOCAL, ["--evaluate", ...more, "main.sh"]).status).toBe(2);
});

test("the entry is taken as it is written", () => {
  const spec = LOCAL.replace("command: sh", "command: echo");
  for (const entry of ["./main.sh", "-m pkg", "main.py:3", "../x.py", "a  b"])
    expect(run(spec, ["--evaluate", "--", entry]).stdout).toBe(`${entry.replace(/ +/g, " ")}\n`);
});

test("--set: numbers where a text is wanted, keys in either spelling, mistakes as such", () => {
  const set = (...pairs: string[]) => run(LOCAL, ["--evaluate", ...pairs.flatMap(pair => ["--set", pair]), "main.sh"]);
  expect(set("environment.env.GREETING=8080").stdout).toBe("8080 from main.sh\n");
  expect(set("setup.commands=[echo made >&2, exit 0]").stderr).toContain("made");
  expect(set("commands.agentCommand=null", "environment.includeOsEnv=true").status).toBe(0);
  const texts = ["a: b", "[1]", "a #fff", "#fff", "it's", " a ", "null", "{{x", '" q "'];
  writeFileSync(join(folder, "all.sh"), texts.map((_, at) => `echo "$V${at}|"\n`).join(""));
  const all = texts.flatMap((text, at) => ["--set", `environment.env.V${at}=${text}`]);
  expect(run(LOCAL, ["--evaluate", ...all, "all.sh"]).stdout).toBe(
    texts.map(text => `${text === '" q "' ? " q " : text}|\n`).join(""),
  );
  const agent = run(LOCAL, ["--set", "commands.agent_command=", "--set", "environment.env.greeting=x", "true"]);
  expect([agent.status, agent.stderr]).toEqual([0, expect.stringContaining("$ true\n")]);
  const wrong = set("environment.include_os_env=maybe", "nmae=x");
  expect(wrong.status).toBe(3);
  expect(wrong.stderr).toContain('must be true or false, not the text "maybe". (Set on the command line.)');
  expect(wrong.stderr).toContain("did you mean 'name'");
});

test("a shell that is none of the machine's is refused at its place, before anything runs", () => {
  const { status, stderr } = run(`${LOCAL}local: { shell: /opt/evil }\n`, ["main.sh"]);
  expect(status).toBe(3);
  expect(stderr).toContain("s.yaml:5:17");
});

function cli(...args: string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { cwd: folder, encoding: "utf8", input: "" });
}

test("check names the mistakes of a spec, each at its place, with its fix", () => {
  const source = "type: docker\nname: 3\ndocker:\n  image: i\n  netwrok: none\n  workdir: work\n";
  writeFileSync(join(folder, "bad.yaml"), source);
  writeFileSync(join(folder, "good.json"), '{ "type": "local", "name": "Good" }');
  const { status, stdout } = cli("check", "--json", "bad.yaml", "good.json");
  expect(status).toBe(1);
  const found = JSON.parse(stdout) as {
    code: string;
    message: string;
    range: { start: object };
    fixes: { title: string }[];
  }[];
  expect(found.map(({ code, range }) => [code, range.start])).toEqual([
    ["env/spec-file", { line: 1, character: 6 }],
    ["env/spec-file", { line: 4, character: 2 }],
    ["env/spec-file", { line: 5, character: 11 }],
  ]);
  expect(found[1]!.fixes).toMatchObject([{ title: "Change to 'network'" }]);
  expect(cli("check", "good.json").stdout).toContain("1 file checked: 0 errors");
});

test("diff tells two archives apart", () => {
  const spec = `${LOCAL}snapshot: { archive_save_dir: saved, ignore_globs: [state, "state/*"] }\n`;
  writeFileSync(join(folder, "main.sh"), "echo one > text; touch old\n");
  run(spec, ["--evaluate", "main.sh"]);
  const [before] = readdirSync(join(folder, "saved"));
  writeFileSync(join(folder, "main.sh"), "echo two > text; rm old; touch new\n");
  run(spec, ["--evaluate", "main.sh"]);
  const after = readdirSync(join(folder, "saved")).find(name => name !== before)!;
  const [a, b] = [join("saved", before!), join("saved", after)];
  const { stdout, status } = cli("diff", a, b);
  expect(status).toBe(0);
  expect(stdout).toContain("A new\nD old\nM main.sh\n");
  expect(stdout).toContain("-one\n+two\n");
  expect(JSON.parse(cli("diff", "--json", a, b).stdout)).toMatchObject({ created: ["new"], deleted: ["old"] });
  expect(cli("diff", a, "nothing.tar.gz").status).toBe(2);
  expect(cli("diff", a, "main.sh")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("does not end in .tar"),
  });
  writeFileSync(join(folder, "cut.tar.gz"), readFileSync(join(folder, b)).subarray(0, 60));
  expect(cli("diff", a, "cut.tar.gz")).toMatchObject({ status: 1, stderr: expect.stringContaining("it is damaged") });
});

test.skipIf(process.platform === "win32")("a name of several lines is one line of a diff", () => {
  const spec = `${LOCAL}snapshot: { archive_save_dir: saved, ignore_globs: [main.sh, state, "state/*"] }\n`;
  run(spec, ["--evaluate", "main.sh"]);
  const [before] = readdirSync(join(folder, "saved"));
  writeFileSync(join(folder, "a\nA b"), "");
  run(spec, ["--evaluate", "main.sh"]);
  const after = readdirSync(join(folder, "saved")).find(name => name !== before)!;
  expect(cli("diff", join("saved", before!), join("saved", after)).stdout).toBe('A "a\\nA b"\n');
});

test("an archive that is none is refused before anything runs, a missing one is no use", () => {
  writeFileSync(join(folder, "bad.tar.gz"), "hello");
  mkdirSync(join(folder, "folder.tar"));
  const refused = run(LOCAL, ["--evaluate", "--from", "bad.tar.gz", "main.sh"]);
  expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining("it is damaged")]);
  for (const from of ["none.tar", "folder.tar"])
    expect(run(LOCAL, ["--evaluate", "--from", from, "main.sh"]).status).toBe(2);
});

test.skipIf(process.platform === "win32")(
  "requires_tty gives a terminal, with its exit code and without leftovers",
  () => {
    writeFileSync(join(folder, "main.sh"), '[ -t 0 ] && [ -t 1 ] && stty size; read a; echo "it\'s $a"; exit 7\n');
    const tty = run(`${LOCAL}local: { requires_tty: true }\n`, ["--json", "--evaluate", "main.sh"], "typed\n");
    const events = tty.stdout
      .split("\n")
      .filter(Boolean)
      .map(line => JSON.parse(line));
    const end = events.find(({ event }) => event === "finished");
    expect([end.exitCode, end.stdout.includes("24 80"), end.stdout.includes("it's typed")]).toEqual([7, true, true]);
    writeFileSync(join(folder, "slow.sh"), "sleep 4244\n");
    expect(run(`${LOCAL}local: { requires_tty: true }\n`, ["--timeout", "1", "--evaluate", "slow.sh"]).status).toBe(
      124,
    );
    expect(spawnSync("pgrep", ["-f", "sleep 4244"]).stdout.toString()).toBe("");
  },
);

test("a static asset that is not there is told before anything runs", () => {
  const { status, stderr } = run(`${LOCAL}static_assets: { words: data/none }\n`, ["--evaluate", "main.sh"]);
  expect([status, stderr]).toEqual([3, expect.stringContaining("'words' is not there")]);
  const spec = `${LOCAL.replace("command: sh", "command: sh, entry_file: './{entry_file}'")}static_assets: { words: data/none }\n`;
  expect(run(spec, ["--dry-run", "--evaluate", "main.sh"]).status).toBe(3);
  mkdirSync(join(folder, "data/none"), { recursive: true });
  const dry = run(spec, ["--dry-run", "--evaluate", "main.sh"]);
  expect([dry.status, dry.stdout]).toEqual([0, expect.stringContaining("sh ./main.sh\n")]);
});

test("the folder for what an archive holds is given back, also when the run is killed", async () => {
  const place = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const temporary = place("tmp");
  const spec = `${LOCAL}snapshot: { archive_save_dir: "${place("saved")}" }\n`;
  const more = { TMPDIR: temporary };
  expect(run(spec, ["main.sh"], "", more).status).toBe(0);
  const archive = join("saved", readdirSync(join(folder, "saved"))[0]!);
  expect(run(LOCAL, ["--from", archive, "main.sh"], "", more).status).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);

  const env = { ...process.env, MLLD_ENV_STATE_DIR: join(folder, "state"), ...more };
  const args = ["run", "--spec", "s.yaml", "--from", archive, "--set", "commands.agent_command=sleep 60;", "main.sh"];
  writeFileSync(join(folder, "s.yaml"), LOCAL);
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", text => {
    said += text;
  });
  await vi.waitFor(() => expect(said).toContain("$ sleep 60"), 20_000);
  expect(readdirSync(temporary)).toHaveLength(1);
  child.kill("SIGKILL");
  await vi.waitFor(() => {
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(join(folder, "state/runs"))).toEqual([]);
  }, 20_000);
}, 60_000);
