import { describe, expect, it } from "vitest";
import { commandLine, duration, EventText } from "../../client/run/event-text";
import manifest from "../../package.json";
import type { RunEventBody } from "../../protocol/events";

const t = (message: string, ...places: (string | number)[]) =>
  message.replace(/\{(\d)\}/g, (_, i) => String(places[Number(i)]));
const range = { start: { line: 4, character: 2 }, end: { line: 4, character: 20 } };
const time = "2026-01-01T00:00:00.000Z";

function shown(...events: RunEventBody[]): string {
  const text = new EventText({ t, shortPath: file => file.replace("/w/", "") });
  return events.map(event => text.of({ ...event, time })).join("");
}
const plain = (text: string) => text.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b\(B/g, "");

describe("what a terminal shows of a run", () => {
  it("shows a command in bold with a link to its place, its output, and how it ended", () => {
    const text = shown(
      { event: "command", command: 1, envName: "e", argv: ["sh", "-lc", "echo hi"], range, file: "/w/a.mld" },
      { event: "stdout", command: 1, text: "hi\n" },
      { event: "exit", command: 1, exitCode: 0, outcome: "exited", durationMs: 1234 },
    );
    expect(text).toContain("\x1b[1m$ echo hi\x1b[0m");
    expect(plain(text)).toBe("$ echo hi  a.mld:5:3\r\nhi\r\nexit code 0 after 1.2 s\r\n");
  });

  it("tells standard error apart and starts what follows unfinished output on a new line", () => {
    const text = shown(
      { event: "stdout", command: 1, text: "no end" },
      { event: "stderr", command: 1, text: "bad\n" },
      { event: "stdout", command: 1, text: "no end" },
      { event: "exit", command: 1, exitCode: 3, outcome: "exited", durationMs: 5 },
    );
    expect(text).toContain("\x1b[31mbad\r\n\x1b[0m");
    expect(plain(text)).toBe("no endbad\r\nno end\r\nexit code 3 after 5 ms\r\n");
    expect(text).toContain("\x1b[31mexit code 3");
  });

  it("marks in words where output goes over to standard error and back, not each line", () => {
    const out = (text: string): RunEventBody => ({ event: "stdout", command: 1, text });
    const err = (text: string): RunEventBody => ({ event: "stderr", command: 1, text });
    expect(plain(shown(out("a\nb\n")))).toBe("a\r\nb\r\n");
    expect(plain(shown(out("a\n"), err("b\nc\n"), err("d\n"), out("e\nf\n")))).toBe(
      "a\r\n2> b\r\nc\r\nd\r\n1> e\r\nf\r\n",
    );
    // In the middle of a line it waits for the next.
    expect(plain(shown(out("a"), err("b"), err("c\nd\n")))).toBe("abc\r\n2> d\r\n");
    expect(plain(shown({ event: "progress", message: "pull" }, err("b\n")))).toBe("pull\r\n2> b\r\n");
    // Each command begins anew; what draws on a screen of its own gets none.
    const command: RunEventBody = { event: "command", command: 2, argv: ["x"], envName: null, file: "/w/a", range };
    expect(plain(shown(err("a\n"), command, out("b\n")))).toMatch(/^2> a\r\n.*\r\nb\r\n$/);
    expect(shown(out("\x1b[?1049h"), err("b\n"))).not.toContain("2>");
  });

  it("makes line breaks of lone line feeds, also where a chunk ends between carriage return and line feed", () => {
    const chunk = (text: string): RunEventBody => ({ event: "stdout", command: 1, text });
    expect(shown(chunk("a\nb\r\nc\r"), chunk("\nd\n"), chunk("\n"))).toBe("a\r\nb\r\nc\r\nd\r\n\r\n");
  });

  it("keeps what acts on the terminal away from it, in output, values, names and messages", () => {
    const evil = "\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x07\x1b[6n";
    const text = shown(
      { event: "created", envName: `e${evil}`, provider: `p${evil}`, created: true },
      {
        event: "command",
        command: 1,
        envName: "e",
        argv: ["sh", "-c", `echo ${evil}`],
        range,
        file: `/w/a${evil}.mld`,
      },
      { event: "stdout", command: 1, text: `out${evil}` },
      { event: "stderr", command: 1, text: `err${evil}` },
      { event: "progress", message: `pull${evil}` },
      { event: "show", text: `show${evil}` },
      { event: "warning", message: evil },
      { event: "denied", envName: "e", host: `h${evil}`, port: 1, reason: evil },
      { event: "error", message: evil, code: evil },
      { event: "result", value: { a: evil }, labels: [evil] },
      { event: "result", value: evil, labels: [] },
      { event: "released", envName: evil },
    );
    expect(text).not.toMatch(/\x1b\]|\x07|\x1b\[6n/);
    expect(text).toContain("out");
  });

  it("leaves the alternate screen and the modes of a program that did not do so itself", () => {
    const text = shown(
      { event: "stdout", command: 1, text: "\x1b[?1049h\x1b[?25lfull screen" },
      { event: "exit", command: 1, exitCode: null, outcome: "cancelled", durationMs: 10 },
    );
    expect(text).toContain("\x1b[?1049l");
    expect(text.lastIndexOf("\x1b[?25h")).toBeGreaterThan(text.indexOf("\x1b[?25l"));
  });

  it("draws progress over progress and what follows under it", () => {
    const text = shown(
      { event: "progress", message: "pulling", percent: 10 },
      { event: "progress", message: "pulling", percent: 90.4 },
      { event: "created", envName: "e", provider: "docker", created: false },
    );
    expect(text).toContain("\r\x1b[K");
    expect(plain(text)).toBe("pulling 10 %\rpulling 90 %\r\nenvironment e used again (docker)\r\n");
  });

  it("says when an environment is made and released, and nothing of what is this machine", () => {
    const life = (provider: string) =>
      plain(shown({ event: "created", envName: "e", provider, created: true }, { event: "released", envName: "e" }));
    expect(life("@mlld/env-docker")).toBe("environment e made (@mlld/env-docker)\r\nenvironment e released\r\n");
    expect(life("local")).toBe("");
  });

  it("shows a refusal with every finding and the place of its parent", () => {
    const finding = {
      file: "/w/a.mld",
      range,
      severity: "error" as const,
      code: "env/tools-widened",
      message: "wider",
      related: [{ file: "/w/b.mld", range, message: "the parent" }],
      fixes: [],
    };
    const done: RunEventBody = { event: "done", ok: false, exitCode: 3, durationMs: 60 };
    expect(plain(shown({ event: "refused", findings: [finding] }, done))).toBe(
      "Refused: nothing has run.\r\na.mld:5:3: error: wider [env/tools-widened]\r\n  b.mld:5:3: the parent\r\n✘ refused after 60 ms\r\n",
    );
  });

  it("shows a refusal as the problem matcher reads it", () => {
    const [matcher] = manifest.contributes.problemMatchers;
    const finding = {
      file: "/w/a.mld",
      range,
      severity: "error" as const,
      code: "env/tools-widened",
      message: "wider [a]",
      related: [],
      fixes: [],
    };
    const line = plain(shown({ event: "refused", findings: [finding] })).split("\r\n")[1]!;
    const { regexp, file, severity, message, code, ...place } = matcher!.pattern;
    const match = new RegExp(regexp).exec(line)!;
    expect([match[file], match[place.line], match[place.column], match[severity], match[message], match[code]]).toEqual(
      ["a.mld", "5", "3", "error", "wider [a]", "env/tools-widened"],
    );
  });

  it("names what a block needs from outside, with its place", () => {
    const step = (line: number, effect: boolean) => ({
      file: "/w/a.mld",
      range: { start: { line, character: 0 }, end: { line, character: 5 } },
      title: `step ${line}`,
      effect,
      target: "local",
    });
    const text = plain(
      shown({
        event: "plan",
        file: "/w/a.mld",
        block: range,
        target: "docker",
        steps: [step(0, true), step(1, false), step(4, true)],
        environment: null,
        environments: [],
      }),
    );
    expect(text).toBe("in docker\r\nneeds step 0  a.mld:1:1\r\n");
  });

  it("shows the whole plan where that is what is asked for", () => {
    const text = new EventText({ t, shortPath: file => file.replace("/w/", ""), dryRun: true }).of({
      event: "plan",
      time,
      file: "/w/a.mld",
      block: range,
      target: "docker",
      steps: [
        { file: "/w/a.mld", range, title: "run cmd { ls }", effect: true, target: "docker" },
        { file: "/w/a.mld", range, title: "var @x = cmd { date }", effect: true, target: "local" },
        { file: "/w/a.mld", range, title: "show @x", effect: false, target: "docker" },
      ],
      environment: null,
      environments: [
        { file: "/w/b.mld", range, label: "@box", target: "docker", allows: { tools: "Bash", net: "no network" } },
      ],
    });
    expect(plain(text).split("\r\n")).toEqual([
      "in docker",
      "run cmd { ls }  a.mld:5:3",
      "var @x = cmd { date } (local)  a.mld:5:3",
      "enters @box (docker)  b.mld:5:3",
      "  tools  Bash",
      "  net    no network",
      "",
    ]);
  });

  it("shows values as text or JSON with their labels, and no empty value", () => {
    expect(plain(shown({ event: "result", value: "a\nb", labels: ["src:cmd"] }))).toBe("=> a\r\nb  [src:cmd]\r\n");
    expect(plain(shown({ event: "result", value: { a: 1 }, labels: [] }))).toBe('=> {\r\n  "a": 1\r\n}\r\n');
    expect(shown({ event: "result", value: null, labels: [] })).toBe("");
  });

  it.each([
    [true, 0, "✔ done in 60 ms\r\n"],
    [false, 1, "✘ failed with exit code 1 after 60 ms\r\n"],
  ])("ends with done %s", (ok, exitCode, expected) => {
    expect(plain(shown({ event: "done", ok, exitCode, durationMs: 60 }))).toBe(expected);
  });
});

describe("commands and times for people", () => {
  it.each([
    [["sh", "-lc", "ls | wc"], "ls | wc"],
    [["/bin/bash", "-c", "x"], "x"],
    [["node", "a b.js", "it's"], "node 'a b.js' 'it'\\''s'"],
    [["sh", "script"], "sh script"],
    [[], ""],
  ])("%j", (argv, expected) => expect(commandLine(argv)).toBe(expected));

  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1000, "1.0 s"],
    [59_949, "59.9 s"],
    [59_960, "1 min 0 s"],
    [119_900, "2 min 0 s"],
  ])("%d ms", (ms, expected) => expect(duration(ms)).toBe(expected));
});
