/** What commands of a run read: a terminal, a pipe with `--interactive`, what the editor sends; and what they leave alone. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { RunControl } from "../../protocol/control";
import type { RunEvent } from "../../protocol/events";
import { ensureEngine } from "../support/docker-engine.mjs";

const CLI = join(__dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "mlld-env-input-"));
afterAll(() => rmSync(folder, { recursive: true }));
const engine = await ensureEngine();
const env = { ...process.env, MLLD_ENV_STATE_DIR: join(folder, "state") };
const hasPython = (() => {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const hasScript = process.platform === "linux" && execFileSync("sh", ["-c", "command -v script || true"]).length > 0;

let files = 0;
function program(text: string): string {
  const file = join(folder, `program-${++files}.mld`);
  writeFileSync(file, text);
  return file;
}
const ASKS = `run sh { printf 'name: '; read name; echo "hello $name" }\nrun sh { read more; echo "more $more" }\n`;

function run(args: string[], input: string): Promise<{ code: number | null; out: string; left: string }> {
  return new Promise(resolve => {
    // The shell reads what the run has left.
    const child = spawn(
      "sh",
      ["-c", '"$@" 2>/dev/null; code=$?; echo "<left>"; cat; exit $code', "sh", process.execPath, CLI, "run", ...args],
      {
        env,
      },
    );
    let all = "";
    child.stdout.setEncoding("utf8").on("data", text => {
      all += text;
    });
    child.on("close", code => {
      const [out, left] = all.split("<left>\n");
      resolve({ code, out: out!, left: left! });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

describe("a pipe", () => {
  it("is left alone: commands read nothing", async () => {
    expect(await run([program(ASKS)], "ann\nbob\n")).toEqual({
      code: 0,
      out: "name: hello \nmore \n",
      left: "ann\nbob\n",
    });
  });

  it("is read with --interactive, no further than the commands do", async () => {
    expect(await run(["--interactive", program(ASKS)], "ann\nbob\nrest\n")).toEqual({
      code: 0,
      out: "name: hello ann\nmore bob\n",
      left: "rest\n",
    });
  });

  it("belongs to a program that asks for @input", async () => {
    const text = `show @input\n${ASKS}`;
    expect(await run(["-i", program(text)], "whole\ntext")).toMatchObject({
      code: 0,
      out: "whole\ntext\nname: hello \nmore \n",
    });
  });

  it("does not go to a command whose input the program gives, nor to commands side by side", async () => {
    const text = [
      'run cmd { cat } with { stdin: "given" }',
      'exe @reads(x) = sh { cat; echo "<$x>" }',
      "for parallel @x in [1, 2, 3] => @reads(@x)",
      "run sh { cat }",
    ].join("\n");
    const { out } = await run(["-i", program(text)], "for the last\n");
    expect(out).toMatch(/^given\n(<\d>\n){3}for the last\n$/);
  });

  it.skipIf(!hasPython)("is read by Python and Node code, and code that is long", async () => {
    const filler = `# ${"x".repeat(40_000)}`;
    const text = [
      'var @who = py { return input("") }',
      "show `python: @who`",
      `var @none = py {\n${filler}\nimport sys\nreturn len(sys.stdin.read()) }`,
      "show `long: @none`",
    ].join("\n");
    expect(await run(["-i", program(text)], "ann\n")).toMatchObject({ code: 0, out: "python: ann\nlong: 0\n" });
    const node =
      'var @all = node { return require("fs").readFileSync(0, "utf8").trim() + (process.env.MLLD_ENV_CODE ?? "") }\nshow @all';
    expect(await run(["-i", program(node)], "to node\n")).toMatchObject({ code: 0, out: "to node\n" });
  });

  it.skipIf(!("host" in engine))("is read in a container, and what one command left by the next", async () => {
    const text = `var @box = { provider: "@mlld/env-docker", image: "mlld-env-test:busybox", tools: ["Bash"] }\nenv @box [\n${ASKS}run cmd { cat }\n]\n`;
    expect(await run(["-i", program(text)], "ann\nbob\nthe rest")).toMatchObject({
      code: 0,
      out: "name: hello ann\nmore bob\nthe rest\n",
    });
    expect(await run([program(text)], "ann\n")).toMatchObject({ out: "name: hello \nmore \n", left: "ann\n" });
  });
});

/** Runs a shell command on a terminal of its own; types each text when the output has matched. */
async function onTerminal(command: string, typing: [RegExp, string][]): Promise<string> {
  // dash, unlike bash, ends itself on the Ctrl+C that its command took care of.
  const child = spawn("script", ["-qfec", command, "/dev/null"], { env: { ...env, SHELL: "/bin/bash" }, cwd: folder });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", text => {
    shown += text;
  });
  const ended = new Promise(resolve => child.on("close", resolve));
  for (const [when, text] of typing) {
    for (const end = Date.now() + 15_000; !when.test(shown); await sleep(10))
      if (Date.now() > end) throw new Error(`${when} did not come: ${JSON.stringify(shown)}`);
    // A program may print its question a moment before it reads.
    await sleep(150);
    child.stdin.write(text);
  }
  await ended;
  return shown.replace(/\x1b\[[\d;]*m/g, "").replaceAll("\r\n", "\n");
}

describe.skipIf(!hasScript)("a terminal", () => {
  const start = (file: string, then = "true") => `'${process.execPath}' '${CLI}' run '${file}'; ${then}`;

  it("is read by commands of this machine, with echo, Ctrl+D and hidden answers", async () => {
    const file = program(
      `${ASKS}run bash { read -s -p "Password: " p; echo "got \${#p}" }\nrun cmd { cat }\nrun cmd { cat }\n`,
    );
    const shown = await onTerminal(start(file, "echo after; stty -a | grep -o ' echo '"), [
      [/name: $/, "ann\n"],
      [/hello ann[\s\S]*echo "more \$more"/, "bob\n"],
      [/Password: $/, "hunter22\n"],
      [/got 8[\s\S]*cat/, "text\n\x04"],
      [/text\r\ntext\r\n[\s\S]*cat/, "again\n\x04"],
    ]);
    expect(shown).toMatch(
      /name: ann\nhello ann\n[\s\S]*more bob[\s\S]*Password: got 8[\s\S]*again\nagain\nafter\n echo \n/,
    );
    expect(shown).not.toContain("hunter22");
  });

  it("is left as it was found by a command that is stopped while it hides what is typed", async () => {
    const file = program('run bash { read -s -p "Password: " p; echo never }\n');
    const shown = await onTerminal(start(file, "echo code $?; stty -a | grep -oE ' -?echo '"), [
      [/Password: $/, "\x03"],
    ]);
    expect(shown).toMatch(/code 130\n echo \n/);
    expect(shown).not.toContain("\nnever");
  });

  it("keeps its keys when the run is in the background", async () => {
    const shown = await onTerminal(
      `bash -ic "'${process.execPath}' '${CLI}' run '${program("run cmd { cat }\n")}' & read -p 'shell: ' line; echo [\\$line]; wait"`,
      [[/shell: [\s\S]*\$ cat/, "for the shell\n"]],
    );
    expect(shown).toContain("[for the shell]");
  });

  it.skipIf(!("host" in engine))(
    "is read by commands in a container, which cannot hide what is typed themselves",
    async () => {
      const file = program(
        `var @box = { provider: "@mlld/env-docker", image: "mlld-env-test:busybox", tools: ["Bash"] }\nenv @box [\n${ASKS}run sh { printf 'Password: '; read p; echo "got $p" }\nrun cmd { cat }\n]\n`,
      );
      const shown = await onTerminal(start(file, "echo after; stty -a | grep -o ' echo '"), [
        [/name: $/, "ann\n"],
        [/hello ann[\s\S]*echo "more \$more"/, "bob\n"],
        [/Password: $/, "hunter22\n"],
        [/got[\s\S]*cat/, "text\n\x04"],
      ]);
      expect(shown).toMatch(
        /hello ann\n[\s\S]*more bob\n[\s\S]*Password: \ngot \*\*\*\n[\s\S]*text\ntext\n[\s\S]*after\n echo \n/,
      );
      expect(shown).not.toContain("hunter22");
    },
  );
});

describe("the editor", () => {
  function edited(file: string) {
    const child = spawn(process.execPath, [CLI, "run", "--json", "--control", file], { env });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", text => {
      out += text;
    });
    const events = () => out.split("\n").flatMap(line => (line.endsWith("}") ? [JSON.parse(line) as RunEvent] : []));
    const send = (message: RunControl) => child.stdin.write(`${JSON.stringify(message)}\n`);
    const text = () =>
      events()
        .flatMap(event => (event.event === "stdout" ? [event.text] : []))
        .join("");
    const until = async (what: string) => {
      for (const end = Date.now() + 10_000; !text().includes(what); await sleep(10))
        if (Date.now() > end) throw new Error(`${what} did not come: ${out}`);
    };
    const ended = new Promise<number | null>(resolve => child.on("close", resolve));
    return { send, until, text, events, ended, raw: () => out };
  }

  it("sends what is typed, the ends of inputs and the size; secrets come back in no event", async () => {
    const { send, until, text, ended, raw } = edited(
      program(
        'run sh { echo "$COLUMNS x $LINES"; read a; echo "a $a" }\nrun cmd { cat }\nrun sh { read b; echo "b $b $COLUMNS" }\n',
      ),
    );
    send({ type: "start", secrets: {}, terminal: { columns: 91, rows: 17 } });
    await until("91 x 17");
    send({ type: "input", text: "typed\n" });
    await until("a typed");
    send({ type: "resize", terminal: { columns: 70, rows: 17 } });
    send({ type: "input", text: "into cat\n" });
    await until("into cat");
    send({ type: "input-end" });
    send({ type: "input", text: "a long secret\n", secret: true });
    expect(await ended).toBe(0);
    expect(text()).toBe("91 x 17\na typed\ninto cat\nb *** 70\n");
    expect(raw()).not.toContain("a long secret");
  });

  it("cancels a command that waits for input, and holds what nobody reads within limits", async () => {
    const { send, ended, events } = edited(program("run sh { sleep 300 }\n"));
    send({ type: "start", secrets: {} });
    for (let i = 0; i < 40; i++) send({ type: "input", text: "x".repeat(100_000) });
    for (const end = Date.now() + 10_000; Date.now() < end && !events().some(({ event }) => event === "warning"); )
      await sleep(20);
    send({ type: "cancel" });
    expect(await ended).toBe(130);
    expect(events()).toContainEqual(
      expect.objectContaining({ event: "warning", message: expect.stringContaining("dropped") }),
    );
  });
});
