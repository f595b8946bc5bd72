import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { TerminalSize } from "../../../runtime/providers/provider";
import {
  command,
  docker,
  HOST_IMAGE,
  hasEngine,
  hasHostImage,
  never,
  Output,
  open,
  run,
  untilRunning,
} from "./harness";

const size = { columns: 91, rows: 33 };

/** A person at the terminal: types when told. */
function keyboard() {
  const waiting: ((value: IteratorResult<Uint8Array>) => void)[] = [];
  const typed: string[] = [];
  return {
    type(text: string) {
      const next = waiting.shift();
      if (next) next({ done: false, value: Buffer.from(text) });
      else typed.push(text);
    },
    stdin: {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          typed.length > 0
            ? Promise.resolve({ done: false as const, value: Buffer.from(typed.shift()!) })
            : new Promise<IteratorResult<Uint8Array>>(resolve => waiting.push(resolve)),
      }),
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 250 && !condition(); i++) await sleep(20);
  expect(condition()).toBe(true);
}

describe.skipIf(!hasEngine)("terminals", () => {
  it("give a program a terminal of the size, with variables and secrets that are not echoed", async () => {
    const environment = await open();
    const { out, outcome } = await run(
      environment,
      'stty size; tty >/dev/null && echo yes; echo "$TOKEN" | wc -c; exit 5',
      {
        tty: size,
        secrets: { TOKEN: "hidden-value" },
      },
    );
    expect(outcome).toEqual({ kind: "exited", exitCode: 5 });
    expect(out).toBe("33 91\r\nyes\r\n13\r\n");
    expect((await run(environment, "ls -A /dev/shm")).out).toBe("");
    expect(docker("inspect", environment.name)).not.toContain("hidden-value");
  });

  it("end when their input does, with all of the output", async () => {
    const environment = await open();
    const read = async (stdin?: string) =>
      (await run(environment, "cat; echo after", { tty: size, ...(stdin !== undefined && { stdin }) })).out;
    expect(await read()).toBe("after\r\n");
    expect(await read("")).toBe("after\r\n");
    // A terminal echoes what is typed.
    expect(await read("one\ntwo\n")).toContain("one\r\ntwo\r\none\r\ntwo\r\nafter\r\n");
    expect(await read("begun")).toContain("begunbegun");
  });

  it("follow resizes and take typing", async () => {
    const environment = await open();
    let resized: (size: TerminalSize) => void = () => {};
    const keys = keyboard();
    const sink = new Output();
    const tty = { ...size, onResize: (listener: (size: TerminalSize) => void) => void (resized = listener) };
    const outcome = environment.execute(command(["sh", "-i"], { tty, stdin: keys.stdin }), sink, never);
    await until(() => /[#$] /.test(sink.out));
    keys.type("echo $((6 * 7))\n");
    await until(() => /\r\n42\r\n/.test(sink.out));
    resized({ columns: 50, rows: 20 });
    // An engine may lose a size that comes early, so it is said again.
    for (let i = 0; i < 20 && !/\r\n20 50\r\n/.test(sink.out); i++) {
      keys.type("stty size\n");
      await sleep(200);
    }
    expect(sink.out).toMatch(/\r\n20 50\r\n/);
    keys.type("exit 3\n");
    expect(await outcome).toEqual({ kind: "exited", exitCode: 3 });
  });

  it("end with the whole tree on cancel, and are lost with the container", async () => {
    const environment = await open();
    const stop = new AbortController();
    const cancelled = run(environment, "sleep 5001 & sleep 5002", { tty: size }, stop.signal);
    await untilRunning(environment.name, "sleep 5002");
    stop.abort();
    expect((await cancelled).outcome).toEqual({ kind: "killed", reason: "cancelled" });
    expect(docker("top", environment.name, "-eo", "pid,args")).not.toMatch(/sleep 500/);
    const lost = run(environment, "sleep 1000", { tty: size });
    await untilRunning(environment.name, "sleep 1000");
    docker("rm", "-f", environment.name);
    expect((await lost).outcome.kind).toBe("lost");
  });

  it.skipIf(!hasHostImage)("work with dash and coreutils too", async () => {
    const environment = await open({ image: HOST_IMAGE });
    const { out, outcome } = await run(environment, "sleep 0.3; stty size; exit 4", { tty: size });
    expect({ out, outcome }).toEqual({ out: "33 91\r\n", outcome: { kind: "exited", exitCode: 4 } });
  });
});
