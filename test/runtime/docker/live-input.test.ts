/** Input that comes while a command runs: what a person types. */
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { describe, expect, it, vi } from "vitest";
import { InputQueue } from "../../../cli/run/input-queue";
import { SHELL } from "../../../runtime/providers/docker/dialect";
import { StubExec } from "../../../runtime/providers/docker/stub-exec";
import type { Environment, EnvironmentCommand } from "../../../runtime/providers/provider";
import { TIMED } from "../../support/timed";
import { BUSYBOX, command, docker, HOST_IMAGE, hasEngine, hasHostImage, never, Output, open, run } from "./harness";

const SHELLLESS = "mlld-env-test:noshell";
const shells = [BUSYBOX, ...(hasHostImage ? [HOST_IMAGE] : [])];

/** A queue that is typed into, and a way to run commands that read it, as the evaluator does. */
function keyboard(environment: Environment) {
  const queue = new InputQueue({ resume: () => {}, pause: () => {} });
  const type = (text: string) => queue.push(Buffer.from(text));
  const start = (argv: string[] | string, more: Partial<EnvironmentCommand> = {}, signal: AbortSignal = never) => {
    const output = new Output();
    const input = queue.borrow()!;
    const ended = environment
      .execute(command(argv, { ...more, stdin: input }), output, signal)
      .finally(() => input.giveBack());
    return { output, ended };
  };
  return { queue, type, start };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !condition(); await sleep(5))
    if (Date.now() > end) throw new Error("not within 15 s");
}

const pids = (name: string) =>
  docker("top", name, "-eo", "pid,args")
    .split("\n")
    .filter(line => line.includes("mlld-env"))
    .map(line => line.trim().split(/\s+/)[0]);

it("ends a shell whose stream somebody else fills without end", async () => {
  const socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() });
  const container = { exec: async () => ({ start: async () => socket }) } as unknown as Dockerode.Container;
  const stub = await StubExec.start(container, SHELL, never);
  const header = Buffer.from([2, 0, 0, 0, 0, 16, 0, 0]);
  for (let i = 0; i < 20 && !stub.closed; i++) {
    socket.push(Buffer.concat([header, Buffer.alloc(0x100000, "x")]));
    await sleep(1);
  }
  expect(stub.closed).toBe(true);
});

describe.skipIf(!hasEngine)("live input", () => {
  it.each([...shells, SHELLLESS])("is read as it is typed, and ended by itself alone, in %s", async image => {
    const environment = await open({ image });
    const { queue, type, start } = keyboard(environment);
    const { output, ended } = start(["cat"]);
    type("one\n");
    await until(() => output.out === "one\n");
    type("two\n");
    await until(() => output.out === "one\ntwo\n");
    queue.end();
    expect(await ended).toEqual({ kind: "exited", exitCode: 0 });
    const again = start(["cat"]);
    type("three\n");
    await until(() => again.output.out === "three\n");
    queue.end();
    expect(await again.ended).toEqual({ kind: "exited", exitCode: 0 });
  });

  it.each(shells)("leaves to the next command what one did not read, in %s", async image => {
    const environment = await open({ image });
    const { queue, type, start } = keyboard(environment);
    const odd = "R 5\nU x\n\\n ' \" $HOME\n\n  spaces  \nlast, not ended";
    type(`first\n${odd}`);
    const first = start("read -r line; echo $line");
    expect([await first.ended, first.output.out]).toEqual([{ kind: "exited", exitCode: 0 }, "first\n"]);
    expect(queue.held).toBe(odd.length);
    const second = start("true");
    await second.ended;
    expect(queue.held).toBe(odd.length);
    const third = start("cat");
    await vi.waitFor(() => expect(third.output.out).toBe(odd), 15_000);
    queue.end();
    await third.ended;
  });

  it.each([...shells, SHELLLESS])("is answered to its last character, in %s", async image => {
    const environment = await open({ image });
    const { queue, type, start } = keyboard(environment);
    const { output, ended } = start(["cat"]);
    // Whatever the trailer of the output begins with must not look like the end of a question.
    let shown = "";
    for (const character of "0123456789abcdef: ") {
      type(character);
      shown += character;
      await vi.waitFor(() => expect(output.out).toBe(shown), 15_000);
    }
    queue.end();
    await ended;
  });

  it.each(shells)("leaves it also when it has come to its end, in %s", async image => {
    const environment = await open({ image });
    const { queue, type, start } = keyboard(environment);
    type("first\nsecond\nrest");
    queue.close();
    const outs = [];
    for (const code of ["read -r line; echo $line", "read -r line; echo $line", "cat"]) {
      const { output, ended } = start(code);
      await ended;
      outs.push(output.out);
    }
    expect(outs).toEqual(["first\n", "second\n", "rest"]);
  });

  it("takes back nothing that was not typed", async () => {
    const environment = await open();
    const { queue, type, start } = keyboard(environment);
    type("yes\n");
    const { ended } = start(
      "(while :; do printf 'U rm -rf /\\nE\\n' >&2; done) & read -r line; sleep 0.2; kill $! 2>/dev/null; (sleep 0.5; printf 'U rm -rf /\\nE\\n' >&2) & exit 0",
    );
    expect(await ended).toEqual({ kind: "exited", exitCode: 0 });
    await sleep(1000);
    expect(queue.held).toBe(0);
  });

  it("keeps the waiting shells in use", TIMED, async () => {
    const environment = await open();
    const { type, start } = keyboard(environment);
    await start("true").ended;
    await sleep(500);
    const before = pids(environment.name);
    for (let i = 0; i < 6; i++) {
      if (i % 2) type(`${i}\n`);
      const { output, ended } = start(i % 2 ? "read line; echo $line" : "echo $((1 + 1))");
      await ended;
      expect(output.out).toBe(i % 2 ? `${i}\n` : "2\n");
      await sleep(100);
    }
    expect(pids(environment.name).filter(pid => before.includes(pid)).length).toBeGreaterThan(0);
  });

  it.each([BUSYBOX, SHELLLESS])("that nobody reads holds nothing up, in %s", async image => {
    const environment = await open({ image });
    const { queue, type, start } = keyboard(environment);
    const { ended } = start(["sleep", "1"]);
    for (let i = 0; i < 20; i++) type("x".repeat(50_000));
    const began = Date.now();
    expect(await ended).toEqual({ kind: "exited", exitCode: 0 });
    expect(Date.now() - began).toBeLessThan(4000);
    // It was not all taken.
    expect(queue.held).toBeGreaterThan(100_000);
    expect((await run(environment, ["echo", "next"])).out).toBe("next\n");
  });

  it.each([BUSYBOX, SHELLLESS])("of much text arrives whole, in %s", async image => {
    const environment = await open({ image });
    const { queue, type, start } = keyboard(environment);
    const { output, ended } = start(["cat"]);
    const part = Array.from({ length: 5000 }, (_, i) => `${i}\n`).join("");
    for (let i = 0; i < 30; i++) type(part);
    queue.end();
    expect(await ended).toEqual({ kind: "exited", exitCode: 0 });
    expect(output.out === part.repeat(30)).toBe(true);
  });

  it.each([BUSYBOX, SHELLLESS])("does not keep a command from being cancelled, in %s", async image => {
    const environment = await open({ image });
    const { type, start } = keyboard(environment);
    const stop = new AbortController();
    const { output, ended } = start(["cat"], { secrets: { TOKEN: "hidden-value" } }, stop.signal);
    type("here\n");
    await until(() => output.out === "here\n");
    stop.abort();
    expect(await ended).toEqual({ kind: "killed", reason: "cancelled" });
    expect(docker("top", environment.name, "-eo", "pid,args")).not.toMatch(/\bcat\b/);
  });

  it("ends what runs in an image without a shell when its owner dies", async () => {
    const environment = await open({ image: SHELLLESS, name: `mlld-test-live-${process.pid}` });
    const { start } = keyboard(environment);
    const { ended } = start(["sleep", "8111"]);
    const running = () => /sleep 8111/.test(docker("top", environment.name, "-eo", "pid,args"));
    await until(running);
    await environment.detach();
    await ended;
    await until(() => !running());
  });
});
