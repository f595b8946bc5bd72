import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { EditorControl } from "../../cli/run/control";
import { ControlLines } from "../../cli/run/control-lines";
import { jsonOutput } from "../../cli/run/json-output";
import { OutputStream } from "../../cli/run/output-stream";
import { textOutput } from "../../cli/run/text-output";
import { INITIAL_CREDIT } from "../../protocol/control";
import type { RunEventBody } from "../../protocol/events";

const RANGE = { start: { line: 2, character: 0 }, end: { line: 2, character: 5 } };

function stream(isTTY = false) {
  const pipe = new PassThrough() as PassThrough & { isTTY?: boolean };
  pipe.isTTY = isTTY;
  let text = "";
  pipe.on("data", chunk => {
    text += chunk;
  });
  return { pipe, output: new OutputStream(pipe as unknown as NodeJS.WriteStream, () => {}), text: () => text };
}

function texts(events: RunEventBody[], { terminal = false, silent = false, dryRun = false } = {}) {
  const out = stream(terminal);
  const err = stream(terminal);
  const emit = textOutput(out.output, err.output, { cwd: "/project", silent, dryRun });
  for (const event of events) void emit(event);
  return { out: out.text(), err: err.text() };
}

const command = (number: number, echo?: boolean): RunEventBody => ({
  event: "command",
  command: number,
  envName: null,
  argv: ["sh", "-lc", "ls -l"],
  range: RANGE,
  file: "/project/a.mld",
  ...(echo && { echo }),
});
const exit = (number: number, exitCode = 0): RunEventBody => ({
  event: "exit",
  command: number,
  exitCode,
  outcome: "exited",
  durationMs: 1234,
});

describe("a run as text", () => {
  it("has on standard output what the program prints, and nothing else", () => {
    const { out, err } = texts([
      {
        event: "plan",
        file: "/project/a.mld",
        block: null,
        target: "local",
        steps: [],
        environment: null,
        environments: [],
      },
      { event: "created", envName: "box-1", provider: "@mlld/env-docker", created: true },
      command(1, true),
      { event: "stdout", command: 1, text: "printed" },
      { event: "stderr", command: 1, text: "warned\n" },
      exit(1),
      command(2),
      { event: "stdout", command: 2, text: "captured\n" },
      exit(2, 3),
      { event: "show", text: "shown\n" },
      { event: "show", text: "logged\n", stream: "stderr" },
      { event: "result", value: { a: 1 }, labels: [] },
      { event: "error", message: "no such name", code: "name/undefined", file: "/project/a.mld", range: RANGE },
      { event: "released", envName: "box-1" },
      { event: "done", ok: true, exitCode: 0, durationMs: 1 },
    ]);
    expect(out).toBe("printed\nshown\n");
    expect(err.split("\n")).toEqual([
      "Runs a.mld (local)",
      "+ box-1 (@mlld/env-docker)",
      "$ ls -l",
      "warned",
      "$ ls -l",
      "exit code 3 (1.2 s)",
      "logged",
      '=> {"a":1}',
      "a.mld:3:1: error: no such name [name/undefined]",
      "- box-1",
      "",
    ]);
  });

  it("prints nothing of a markdown program but its document", () => {
    const { out } = texts(
      [command(1, true), { event: "stdout", command: 1, text: "x" }, exit(1), { event: "show", text: "y\n" }],
      {
        silent: true,
      },
    );
    expect(out).toBe("");
  });

  it("prints the plan when that is what is asked for", () => {
    const step = { file: "/project/a.mld", range: RANGE, title: "run cmd { ls }", effect: true, target: "docker" };
    const quiet = { ...step, title: "var @x", effect: false };
    const { out } = texts(
      [
        {
          event: "plan",
          file: "/project/a.mld",
          block: RANGE,
          target: "docker",
          steps: [quiet, step],
          environment: null,
          environments: [
            {
              file: "/project/b.mld",
              range: RANGE,
              label: "@box",
              target: "docker",
              allows: { tools: "Bash", net: "no network" },
            },
          ],
        },
      ],
      { dryRun: true },
    );
    expect(out).toBe(
      "Runs a.mld:3:1 (docker)\n  a.mld:3:1 run cmd { ls }\nEnters @box (docker) at b.mld:3:1\n  tools  Bash\n  net    no network\n",
    );
  });

  it("names a finding as compilers do, with its related places", () => {
    const finding = {
      file: "/project/a.mld",
      range: RANGE,
      severity: "error" as const,
      code: "env/tools-widened",
      message: "Write is no tool of the parent.",
      related: [{ file: "/project/b.mld", range: RANGE, message: "The parent." }],
      fixes: [],
    };
    expect(texts([{ event: "refused", findings: [finding] }]).err).toBe(
      "a.mld:3:1: error: Write is no tool of the parent. [env/tools-widened]\n  b.mld:3:1: The parent.\nRefused.\n",
    );
  });

  it("lets no program act on a terminal, and leaves a pipe unchanged", () => {
    const evil = "\x1b]52;c;ZXZpbA==\x07\x1b[31mred\x1b[0m";
    const events: RunEventBody[] = [
      { event: "show", text: evil },
      { event: "error", message: evil },
    ];
    const shown = texts(events, { terminal: true });
    expect(shown.out).toBe("\x1b[31mred\x1b[0m");
    expect(shown.err).not.toContain("]52");
    expect(texts(events).out).toBe(evil);
  });
});

describe("a run as JSON lines", () => {
  it("has one event a line, with its time", () => {
    const out = stream();
    void jsonOutput(out.output, null)({ event: "show", text: "a\nb" });
    expect(out.text().endsWith("\n")).toBe(true);
    const event = JSON.parse(out.text());
    expect(event).toMatchObject({ event: "show", text: "a\nb" });
    expect(new Date(event.time).getTime()).toBeGreaterThan(Date.now() - 5000);
  });

  it("waits for a slow reader", async () => {
    const pipe = new PassThrough({ highWaterMark: 16 });
    const output = new OutputStream(pipe as unknown as NodeJS.WriteStream, () => {});
    let ready = false;
    const written = jsonOutput(output, null)({ event: "show", text: "x".repeat(100) });
    expect(written).toBeInstanceOf(Promise);
    void Promise.resolve(written).then(() => {
      ready = true;
    });
    await sleep(20);
    expect(ready).toBe(false);
    pipe.resume();
    await written;
  });
});

describe("the editor's control of a run", () => {
  const control = () => {
    const input = new PassThrough();
    let cancelled = 0;
    const it = new EditorControl(new ControlLines(input), () => cancelled++);
    const say = (message: unknown) => input.write(`${JSON.stringify(message)}\n`);
    return { it, input, say, cancelled: () => cancelled };
  };

  it("brings credentials before anything runs", async () => {
    const { it, say } = control();
    let started = false;
    void it.started.then(() => {
      started = true;
    });
    await sleep(10);
    expect(started).toBe(false);
    say({ type: "start", secrets: { claude: "s3cr3t" } });
    await it.started;
    expect(Object.fromEntries(it.secrets)).toEqual({ claude: "s3cr3t" });
  });

  it("lets output pass by byte credits", async () => {
    const { it, say } = control();
    expect(it.spend(INITIAL_CREDIT - 1)).toBeUndefined();
    let passed = false;
    const waiting = Promise.resolve(it.spend(1000)).then(() => {
      passed = true;
    });
    say({ type: "credit", bytes: 500 });
    await sleep(20);
    expect(passed).toBe(false);
    say({ type: "credit", bytes: 600 });
    await waiting;
    expect(it.spend(50)).toBeUndefined();
  });

  it("cancels with a message, or when the editor is gone; and lets nothing wait then", async () => {
    const first = control();
    first.say({ type: "cancel" });
    await sleep(10);
    expect(first.cancelled()).toBe(1);
    const second = control();
    const waiting = second.it.spend(INITIAL_CREDIT + 1);
    second.input.end();
    await waiting;
    expect(second.cancelled()).toBe(1);
  });

  it("takes lines that are no message for nothing", async () => {
    const { it, input, say } = control();
    input.write("garbage\n[1]\nnull\n");
    say({ type: "credit", bytes: Number.NaN });
    say({ type: "start", secrets: {} });
    await it.started;
    expect(it.spend(1)).toBeUndefined();
  });
});
