import { describe, expect, it } from "vitest";
import { TIMED } from "../../support/timed";
import { BUSYBOX, command, docker, HOST_IMAGE, hasEngine, hasHostImage, never, Output, open, run } from "./harness";

const images = [BUSYBOX, ...(hasHostImage ? [HOST_IMAGE] : [])];

describe.skipIf(!hasEngine)("commands in a live environment", () => {
  it("keeps both streams and the exit code apart", async () => {
    const environment = await open();
    const { outcome, out, err } = await run(environment, "echo out; echo err >&2; exit 7");
    expect({ outcome, out, err }).toEqual({ outcome: { kind: "exited", exitCode: 7 }, out: "out\n", err: "err\n" });
  });

  it("gives each command its own variables, folder and shell", async () => {
    const environment = await open();
    await run(environment, "cd /tmp; export LEAK=1; X=2", { vars: { ONE: "1" } });
    const { out } = await run(environment, 'pwd; echo "[$LEAK][$X][$ONE][$TWO]"', { vars: { TWO: "2" }, cwd: "/bin" });
    expect(out).toBe("/bin\n[][][][2]\n");
  });

  it.each(images)("passes every byte of arguments and values through, in %s", async image => {
    const environment = await open({ image });
    const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join("");
    const texts = [
      all,
      "",
      " ",
      "\n",
      "a\nb\n",
      "'",
      `"$(echo no)\`no\` $HOME \\n`,
      "жёлтый 🎈 \u0081\u0088",
      "-n",
      "*",
      "x'".repeat(50),
    ];
    const { out, outcome } = await run(environment, ["sh", "-c", 'printf "%s\\036" "$@" "$VALUE"', "sh", ...texts], {
      vars: { VALUE: all },
    });
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(Buffer.from(out, "latin1").toString("utf8").split("\x1e").slice(0, -1)).toEqual([
      ...[...texts, all].join("\x1e").split("\x1e"),
    ]);
  });

  it("runs arguments that look like options or variables of the shell's own", async () => {
    const environment = await open();
    expect((await run(environment, ["echo", "-e", "$$", "m_n"])).out).toBe("$$ m_n\n");
    expect((await run(environment, 'echo "[$m_n][$m_s][$m_h]"')).out).toBe("[][][]\n");
  });

  it.each(images)("feeds stdin and closes it, in %s", async image => {
    const environment = await open({ image });
    expect((await run(environment, ["cat"], { stdin: "text without newline" })).out).toBe("text without newline");
    expect((await run(environment, "wc -c", { stdin: new Uint8Array(300_000) })).out.trim()).toBe("300000");
    expect((await run(environment, "cat; echo end")).out).toBe("end\n");
    expect((await run(environment, "exit 0", { stdin: "x".repeat(1_000_000) })).outcome).toEqual({
      kind: "exited",
      exitCode: 0,
    });
  });

  it("feeds live input until it ends, and stops asking for it when the command ends", async () => {
    const environment = await open();
    async function* words() {
      yield Buffer.from("one ");
      await new Promise(resolve => setTimeout(resolve, 50));
      yield Buffer.from("two");
    }
    expect((await run(environment, ["cat"], { stdin: words() })).out).toBe("one two");
    let returned = false;
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    expect((await run(environment, "echo done", { stdin: silent })).out).toBe("done\n");
    expect(returned).toBe(true);
  });

  it("runs many commands at once, each with its own output", async () => {
    const environment = await open();
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => run(environment, `echo ${i}; sleep 0.1; echo ${i}; exit ${i}`)),
    );
    results.forEach(({ out, outcome }, i) => {
      expect({ out, outcome }).toEqual({ out: `${i}\n${i}\n`, outcome: { kind: "exited", exitCode: i } });
    });
  });

  it("does not wait for background children, and their output reaches no other command", TIMED, async () => {
    const environment = await open();
    const started = Date.now();
    const first = await run(environment, "(sleep 0.3; echo late; sleep 30) & echo early");
    expect(first).toMatchObject({ out: "early\n", outcome: { kind: "exited", exitCode: 0 } });
    expect(Date.now() - started).toBeLessThan(1500);
    for (let i = 0; i < 12; i++) {
      expect(await run(environment, "sleep 0.05; echo mine")).toMatchObject({ out: "mine\n", err: "" });
    }
    expect((await run(environment, "ps")).out).toContain("sleep 30");
  });

  it("says which program or folder is missing", async () => {
    const environment = await open();
    await expect(run(environment, ["python3", "-c", "1"])).rejects.toMatchObject({
      code: "run/interpreter-missing",
      message: expect.stringContaining("python3"),
    });
    await expect(run(environment, ["ls"], { cwd: "/nowhere" })).rejects.toMatchObject({
      code: "run/cwd-missing",
      message: expect.stringContaining("/nowhere"),
    });
    expect((await run(environment, "nonsense")).outcome).toEqual({ kind: "exited", exitCode: 127 });
  });

  it("refuses names and values that no process can have", async () => {
    const environment = await open();
    await expect(run(environment, ["ls"], { vars: { "a b": "1" } })).rejects.toMatchObject({
      code: "run/variable-name",
    });
    await expect(run(environment, ["ls\0"])).rejects.toMatchObject({ code: "run/nul-byte" });
  });

  it("reports signals as a shell does", async () => {
    const environment = await open();
    expect((await run(environment, "kill -TERM $$")).outcome).toEqual({ kind: "exited", exitCode: 143 });
    expect((await run(environment, "kill -KILL 0")).outcome).toEqual({ kind: "exited", exitCode: 137 });
    expect((await run(environment, "echo fine")).out).toBe("fine\n");
  });

  it("does not believe a command that guesses at the end mark", async () => {
    const environment = await open();
    const { out, outcome } = await run(
      environment,
      "echo 0 0 0; tr '\\0' '\\n' </proc/$PPID/environ | grep -c m_; exit 4",
    );
    expect(outcome).toEqual({ kind: "exited", exitCode: 4 });
    expect(out).toContain("0 0 0");
  });

  it("waits for a slow reader instead of filling memory, and loses nothing", async () => {
    const environment = await open();
    const total = 60_000_000;
    let received = 0;
    let slept = 0;
    const before = process.memoryUsage().rss;
    let most = 0;
    const outcome = await environment.execute(
      command(`head -c ${total} /dev/zero`),
      {
        stdout: chunk => {
          received += chunk.length;
          most = Math.max(most, process.memoryUsage().rss);
          if (received / 6_000_000 > slept) {
            slept++;
            return new Promise(resolve => setTimeout(resolve, 20));
          }
          return undefined;
        },
        stderr: () => {},
      },
      never,
    );
    expect({ outcome, received }).toEqual({ outcome: { kind: "exited", exitCode: 0 }, received: total });
    expect(most - before).toBeLessThan(80_000_000);
  });

  it("ends the command and passes the error on when the caller's sink fails", async () => {
    const environment = await open();
    const sink = new Output();
    sink.stdout = () => {
      throw new Error("sink is broken");
    };
    await expect(environment.execute(command("echo x; sleep 100"), sink, never)).rejects.toThrow("sink is broken");
    expect((await run(environment, "ps")).out).not.toContain("sleep 100");
  });
});

describe.skipIf(!hasEngine)("secrets", () => {
  it("reach the process, and appear in nothing the engine keeps or tells", async () => {
    const environment = await open();
    const secret = `s3cr3t-${process.pid}-value`;
    const since = Math.floor(Date.now() / 1000) - 1;
    const command = 'printf "%s" "$TOKEN" | tr a-z A-Z; sleep 0.2';
    const running = run(environment, command, { secrets: { TOKEN: secret } });
    const seen = [docker("top", environment.name, "-eo", "pid,args"), docker("inspect", environment.name)];
    expect((await running).out).toBe(secret.toUpperCase());
    seen.push(
      docker(
        "events",
        "--since",
        String(since),
        "--until",
        String(Math.ceil(Date.now() / 1000)),
        "--filter",
        `container=${environment.name}`,
      ),
    );
    const image = docker("commit", "--pause=false", environment.name);
    seen.push(docker("inspect", image), docker("history", "--no-trunc", image), docker("diff", environment.name));
    docker("rmi", image);
    expect(seen.join("\n")).toContain(environment.name);
    expect(seen.join("\n")).not.toContain(secret);
  });

  it("are not left to the next command", async () => {
    const environment = await open();
    await run(environment, "exit 0", { secrets: { TOKEN: "abcdef-secret" } });
    const { out } = await run(
      environment,
      'echo "[$TOKEN]"; cat /proc/[0-9]*/environ | tr "\\0" "\\n" | grep -c abcdef-secret',
    );
    expect(out).toBe("[]\n0\n");
  });
});
