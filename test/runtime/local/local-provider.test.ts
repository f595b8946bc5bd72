import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalProvider } from "../../../runtime/providers/local";
import type { Environment, EnvironmentCommand, EnvironmentSpec, OutputSink } from "../../../runtime/providers/provider";
import { TIMED } from "../../support/timed";

const started: number[] = [];
const ended: number[] = [];
const folder = mkdtempSync(`${tmpdir()}/mlld-env-local-`);
let environment: Environment;

afterAll(() => rmSync(folder, { recursive: true }));

const spec: EnvironmentSpec = {
  generatedName: "local-test",
  fs: { mounts: null, scratch: [] },
  net: { kind: "default" },
  limits: {},
  folder,
  workspace: folder,
  file: `${folder}/a.mld`,
  configHash: "h",
  options: {},
};

beforeEach(async () => {
  started.length = 0;
  ended.length = 0;
  environment = await open();
});

afterEach(async () => {
  await environment.release(new AbortController().signal);
  expect(ended.sort()).toEqual(started.sort());
});

function open(more: Partial<EnvironmentSpec> = {}): Promise<Environment> {
  const provider = createLocalProvider({
    runId: `test-${process.pid}-${Math.random().toString(36).slice(2)}`,
    variables: { PATH: process.env.PATH, INHERITED: "yes" },
    groups: { started: group => void started.push(group), ended: group => void ended.push(group) },
  });
  return provider.open({ ...spec, ...more }, { stdout: () => {}, stderr: () => {} }, new AbortController().signal);
}

async function execute(
  command: Partial<EnvironmentCommand> | string,
  signal = new AbortController().signal,
  sink?: Partial<OutputSink>,
) {
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const outcome = await environment.execute(
    {
      argv: ["sh", "-c", typeof command === "string" ? command : ""],
      vars: {},
      secrets: {},
      ...(typeof command === "string" ? {} : command),
    },
    { stdout: chunk => void chunks.stdout.push(chunk), stderr: chunk => void chunks.stderr.push(chunk), ...sink },
    signal,
  );
  const text = (parts: Uint8Array[]) => Buffer.concat(parts).toString();
  return { outcome, stdout: text(chunks.stdout), stderr: text(chunks.stderr) };
}

const count = (what: string) => {
  try {
    return execFileSync("pgrep", ["-fc", what], { encoding: "utf8" }).trim();
  } catch {
    return "0";
  }
};

describe("a command", () => {
  it("has the file's folder, the inherited variables, its own and its secrets", async () => {
    const script = 'pwd; echo "$INHERITED $OWN $SECRET"; echo oops >&2; exit 3';
    const result = await execute({ argv: ["sh", "-c", script], vars: { OWN: "own" }, secrets: { SECRET: "s3cr3t" } });
    expect(result).toEqual({
      outcome: { kind: "exited", exitCode: 3 },
      stdout: `${folder}\nyes own s3cr3t\n`,
      stderr: "oops\n",
    });
  });

  it("runs in the folder that it names", async () => {
    expect((await execute({ argv: ["pwd"], cwd: "/" })).stdout).toBe("/\n");
  });

  it.each<[string, EnvironmentCommand["stdin"], string]>([
    ["none", undefined, "0"],
    ["text", "héllo", "6"],
    ["bytes", new Uint8Array(100_000), "100000"],
    [
      "live input",
      (async function* () {
        yield new Uint8Array(3);
        await sleep(50);
        yield new Uint8Array(4);
      })(),
      "7",
    ],
  ])("reads its input: %s", async (_, stdin, length) => {
    expect((await execute({ argv: ["sh", "-c", "wc -c"], stdin })).stdout.trim()).toBe(length);
  });

  it("need not read its input", async () => {
    expect((await execute({ argv: ["true"], stdin: "x".repeat(1_000_000) })).outcome).toEqual({
      kind: "exited",
      exitCode: 0,
    });
  });

  it("gets the exit code of a shell when a signal ends it", async () => {
    expect((await execute("kill -SEGV $$")).outcome).toEqual({ kind: "exited", exitCode: 139 });
  });

  it("loses no output, in order, however slow the reader is", async () => {
    const size = 3_000_000;
    let received = 0;
    let most = 0;
    let open = 0;
    const { outcome } = await execute(`head -c ${size} /dev/zero; printf end`, undefined, {
      stdout: async chunk => {
        most = Math.max(most, ++open);
        await sleep(1);
        received += chunk.length;
        open--;
      },
    });
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(received).toBe(size + 3);
    // One chunk at a time: while the reader thinks, nothing is read.
    expect(most).toBe(1);
  });

  it("fails with its reader", async () => {
    const fault = execute("echo a; sleep 0.1; echo b", undefined, {
      stdout: () => Promise.reject(new Error("no reader")),
    });
    await expect(fault).rejects.toThrow("no reader");
  });

  it.each([
    ["a program that is missing", { argv: ["no-such-program-here"] }, "run/interpreter-missing"],
    ["a folder that is missing", { argv: ["true"], cwd: "/no/such/folder" }, "run/no-folder"],
    ["more text than the system takes", { argv: ["true", "x".repeat(5_000_000)] }, "run/command-too-long"],
  ])("is not started, and says why: %s", async (_, command, code) => {
    await expect(execute(command)).rejects.toMatchObject({ name: "ProviderError", code });
  });
});

describe("ending a command", () => {
  it("after its time, with all that it started", TIMED, async () => {
    const begin = Date.now();
    const { outcome } = await execute({
      argv: ["sh", "-c", "sleep 71.25 & setsid sleep 71.25 & trap '' TERM; sleep 71.25; sleep 71.25"],
      timeoutMs: 200,
    });
    expect(outcome).toEqual({ kind: "killed", reason: "timeout" });
    expect(Date.now() - begin).toBeLessThan(1800);
    expect(count("sleep 71.25")).toBe("0");
  });

  it("after the environment's time for each command", async () => {
    environment = await open({ limits: { timeoutMs: 150 } });
    expect((await execute("sleep 5")).outcome).toEqual({ kind: "killed", reason: "timeout" });
    expect((await execute("echo quick")).stdout).toBe("quick\n");
  });

  it("when it is cancelled, before and after it started", async () => {
    const controller = new AbortController();
    const running = execute("sleep 72.25", controller.signal);
    await sleep(100);
    controller.abort();
    expect((await running).outcome).toEqual({ kind: "killed", reason: "cancelled" });
    expect(count("sleep 72.25")).toBe("0");
    expect((await execute("echo no", controller.signal)).outcome).toEqual({ kind: "killed", reason: "cancelled" });
  });

  it("lets a command tidy up after SIGTERM", async () => {
    const controller = new AbortController();
    let out = "";
    const sink = {
      stdout: (chunk: Uint8Array) => {
        out += Buffer.from(chunk).toString();
        if (out.includes("up")) controller.abort();
      },
    };
    await execute("trap 'echo tidy; exit' TERM; echo up; sleep 5 & wait", controller.signal, sink);
    expect(out).toBe("up\ntidy\n");
  });

  it("does not wait for a child in the background that holds the output", TIMED, async () => {
    const begin = Date.now();
    const { outcome, stdout } = await execute("sleep 73.25 & echo done");
    expect({ outcome, stdout }).toEqual({ outcome: { kind: "exited", exitCode: 0 }, stdout: "done\n" });
    expect(Date.now() - begin).toBeLessThan(1000);
    // It may serve the next command; the environment's end is its end.
    expect(count("sleep 73.25")).toBe("1");
    await environment.release(new AbortController().signal);
    expect(count("sleep 73.25")).toBe("0");
  });

  it("leaves other environments and earlier commands alone", async () => {
    await execute("sleep 74.25 & echo started");
    const other = await open();
    await other.execute(
      { argv: ["sh", "-c", "sleep 5"], vars: {}, secrets: {}, timeoutMs: 100 },
      { stdout: () => {}, stderr: () => {} },
      new AbortController().signal,
    );
    await execute({ argv: ["sleep", "5"], timeoutMs: 100 });
    await other.release(new AbortController().signal);
    expect(count("sleep 74.25")).toBe("1");
  });
});
