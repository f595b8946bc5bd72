import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEventBody } from "../../../protocol/events";
import {
  EnvironmentLogs,
  logEntries,
  logFile,
  logFolder,
  readLog,
} from "../../../runtime/environments/environment-log";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
const command = (number: number, envName: string | null = "lab"): RunEventBody => ({
  event: "command",
  command: number,
  envName,
  argv: ["sh", "-lc", "make"],
  range,
  file: "/w/a.mld",
});
const out = (number: number, text: string): RunEventBody => ({ event: "stdout", command: number, text });
const exit = (number: number): RunEventBody => ({
  event: "exit",
  command: number,
  exitCode: 0,
  outcome: "exited",
  durationMs: 5,
});
function logs(run = "r1") {
  const faults: Error[] = [];
  return Object.assign(new EnvironmentLogs(folder, run, cause => faults.push(cause)), { faults });
}
const texts = () =>
  readLog(folder, "lab")!
    .flatMap(entry => (entry.event === "stdout" ? [entry.text] : []))
    .join("");

describe("the log of an environment", () => {
  it("has what ran in it, by which run, and nothing of other environments", () => {
    const log = logs();
    log.keep("lab", true);
    for (const event of [command(1), out(1, "built\n"), command(2, null), out(2, "elsewhere"), exit(1), exit(2)])
      log.take(event);
    log.take({ event: "denied", envName: "lab", host: "example.com", port: 443, reason: "not allowed" });
    log.close();
    const entries = readLog(folder, "lab")!;
    expect(entries.map(({ event }) => event)).toEqual(["command", "stdout", "exit", "denied"]);
    expect(entries[1]).toMatchObject({ text: "built\n", run: "r1", time: expect.stringMatching(/^\d{4}-/) });
    expect(readLog(folder, "other")).toBeNull();
  });

  it("does not grow without end with what one command is refused", () => {
    const log = logs();
    log.keep("lab", true);
    log.take(command(1));
    const host = `${"x".repeat(2000)}.example.com`;
    for (let i = 0; i < 6000; i++) log.take({ event: "denied", envName: "lab", host, port: 0, reason: "not allowed" });
    log.close();
    const sizes = readdirSync(logFolder(folder)).map(file => statSync(join(logFolder(folder), file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(9 * 1024 * 1024);
  });

  it("goes on with the next run, and starts anew with a new environment of that name", () => {
    for (const [run, created] of [
      ["r1", true],
      ["r2", false],
    ] as const) {
      const log = logs(run);
      log.keep("lab", created);
      for (const event of [command(1), out(1, `${run}\n`), exit(1)]) log.take(event);
      log.close();
    }
    expect(texts()).toBe("r1\nr2\n");
    const log = logs("r3");
    log.keep("lab", true);
    log.close();
    expect(readLog(folder, "lab")).toEqual([]);
    log.keep("lab", false);
    log.take({ event: "released", envName: "lab" });
    expect(readLog(folder, "lab")).toBeNull();
  });

  it("keeps beginning and end of a long output, and says how much is left out", () => {
    const log = logs();
    log.keep("lab", true);
    log.take(command(1));
    for (let i = 0; i < 30_000; i++) log.take(out(1, `${String(i).padStart(9, "0")}\n`));
    log.take(exit(1));
    log.close();
    const text = texts();
    expect(text.length).toBe(2 * 64 * 1024);
    expect(text.startsWith("000000000\n000000001\n")).toBe(true);
    expect(text.endsWith("000029998\n000029999\n")).toBe(true);
    expect(readLog(folder, "lab")!.find(({ event }) => event === "omitted")).toMatchObject({
      length: 300_000 - text.length,
    });
  });

  it("does not grow without end", () => {
    const log = logs();
    log.keep("lab", true);
    for (let i = 0; i < 150; i++)
      for (const event of [command(i), out(i, "x".repeat(100_000)), exit(i)]) log.take(event);
    log.close();
    const sizes = readdirSync(logFolder(folder)).map(name => statSync(join(logFolder(folder), name)).size);
    expect(sizes.length).toBe(2);
    expect(Math.max(...sizes)).toBeLessThan(5 * 1024 * 1024);
    expect(readLog(folder, "lab")!.at(-1)).toMatchObject({ event: "exit", command: 149 });
  });

  it("is for its owner only", () => {
    const log = logs();
    log.keep("lab", true);
    log.close();
    expect(statSync(join(logFolder(folder), logFile("lab"))).mode & 0o777).toBe(0o600);
    expect(statSync(logFolder(folder)).mode & 0o777).toBe(0o700);
  });

  it("has a file of its own for every name", () => {
    const names = ["a/b", "a-b", "a b", "..", "x".repeat(300), `${"x".repeat(299)}y`];
    const files = names.map(logFile);
    expect(new Set(files).size).toBe(names.length);
    for (const file of files) expect(file).toMatch(/^[\w.-]{14,100}$/);
  });

  it("that cannot be written is told once, and the run goes on", () => {
    writeFileSync(logFolder(folder), "a file where the folder should be");
    const log = logs();
    log.keep("lab", true);
    for (const event of [command(1), out(1, "x"), exit(1)]) log.take(event);
    expect(log.faults.length).toBe(1);
    chmodSync(logFolder(folder), 0o600);
  });

  it("leaves out a line that was cut", () => {
    expect(logEntries('{"event":"exit"}\n{"event":"std')).toEqual([{ event: "exit" }]);
  });
});
