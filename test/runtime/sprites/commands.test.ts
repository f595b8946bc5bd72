/** Commands in sprites, against a fake of the service with its faults. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createSpritesProvider } from "../../../runtime/providers/sprites";
import { TIMED } from "../../support/timed";
import { baseUrl, collect, fake, folder, provider, run, sh, signal, spec } from "./harness";

describe("commands", () => {
  test("standard input arrives and ends", async () => {
    const { sink } = await run(sh("cat; echo end", { stdin: "one\ntwo\n" }));
    expect(sink.out).toBe("one\ntwo\nend\n");
  });

  test("live input is sent as it comes, and ends with the command", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    const sink = collect();
    const nothing = () => {};
    let type: (text: string) => void = nothing;
    let returned = false;
    const stdin: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise(resolve => {
            type = text => resolve({ done: false, value: Buffer.from(text) });
          }),
        return: async () => {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const running = environment.execute(sh('read a; echo "got $a"; read b; echo "got $b"', { stdin }), sink, signal);
    await expect.poll(() => type !== nothing).toBe(true);
    type("one\n");
    await expect.poll(() => sink.out).toBe("got one\n");
    type("two\n");
    await expect.poll(() => sink.out).toBe("got one\ngot two\n");
    expect(await running).toEqual({ kind: "exited", exitCode: 0 });
    await expect.poll(() => returned).toBe(true);
  });

  test("large input arrives whole, and one that is not read holds nothing up", async () => {
    const big = Buffer.alloc(5_000_000, "0123456789\n");
    expect((await run(sh("sha256sum", { stdin: big }))).sink.out).toContain(
      createHash("sha256").update(big).digest("hex"),
    );
    const { outcome } = await run(sh("exit 3", { stdin: big }), { generatedName: "mlld-env-anon-2" });
    expect(outcome).toEqual({ kind: "exited", exitCode: 3 });
  });

  test("a terminal has its size, takes typing, and ends with it", async () => {
    const { sink, outcome } = await run(sh("cat; echo end", { stdin: "typed\n", tty: { columns: 91, rows: 33 } }));
    expect([sink.out, outcome]).toEqual(["typed\nend\n", { kind: "exited", exitCode: 0 }]);
    expect(fake.requests.at(-1)).toMatch(/tty=true&cols=91&rows=33/);
  });

  test("a command that is longer than a URL may be", async () => {
    const words = Array.from({ length: 5_000 }, (_, i) => `it's ${i}`);
    const { sink } = await run({
      argv: ["sh", "-c", 'echo "$# ${5000}"; exit 5', "sh", ...words],
      vars: {},
      secrets: {},
    });
    expect(sink.out).toBe("5000 it's 4999\n");
    const [name] = fake.sprites.keys();
    expect(readdirSync(fake.inside(name!, "/tmp"))).toEqual([]);
  });

  test("a connection that is refused for now is tried again; for good, it is told", async () => {
    expect((await run(sh("echo x"), { name: "a" }, { refuse: { status: 429, times: 2 } })).sink.out).toBe("x\n");
    expect((await run(sh("echo x"), { name: "a" }, { refuse: { status: 503, times: 2 } })).sink.out).toBe("x\n");
    await expect(run(sh("echo x"), { name: "a" }, { refuse: { status: 401, times: 1 } })).rejects.toMatchObject({
      code: "run/engine-denied",
    });
    await expect(run(sh("echo x"), { name: "a" }, { refuse: { status: 400, times: 1 } })).rejects.toMatchObject({
      code: "run/engine-failed",
      message: expect.stringContaining("busy"),
    });
  });

  test("a sprite that is gone loses its commands", async () => {
    const { environment } = await run(sh("true"));
    fake.sprites.clear();
    expect(await environment.execute(sh("true"), collect(), signal)).toEqual({
      kind: "lost",
      cause: "the sprite is gone",
    });
  });

  test("a connection that does not answer is lost; a command that says nothing is not", async () => {
    const impatient = createSpritesProvider({ baseUrl, token: async () => fake.token, pingMs: 50, silenceMs: 300 });
    expect((await run(sh("sleep 1; echo late"), {}, {}, impatient)).sink.out).toBe("late\n");
    const { outcome, sink } = await run(sh("echo x; sleep 30"), { name: "b" }, { silent: true }, impatient);
    expect([outcome.kind, sink.out]).toEqual(["lost", "x\n"]);
    expect((outcome as { cause: string }).cause).toContain("has not answered");
    // Whoever reads slowly hears nothing meanwhile, and loses nothing.
    fake.faults = {};
    const environment = await impatient.open(spec({ name: "c" }), collect(), signal);
    let bytes = 0;
    const slow = {
      stdout: async (chunk: Uint8Array) => {
        bytes += chunk.length;
        await new Promise(resolve => setTimeout(resolve, 500));
      },
      stderr() {},
    };
    expect(await environment.execute(sh("echo a; sleep 0.1; echo b"), slow, signal)).toMatchObject({ exitCode: 0 });
    expect(bytes).toBe(4);
  });

  test("a frame of ten million bytes", async () => {
    const { sink } = await run(sh("head -c 100 /dev/zero"), {}, { pad: 10_000_000 });
    expect(sink.out.length).toBe(10_000_000);
  });

  test("a folder of this machine is none of the sprite's", async () => {
    const { sink } = await run(sh("pwd", { cwd: folder }));
    expect(sink.out.trim()).toMatch(/\/workspace$/);
    const elsewhere = await run(sh("pwd", { cwd: "/tmp" }), { name: "w", workdir: "/workspace/deep" });
    expect(elsewhere.sink.out.trim()).toMatch(/sprite-\w+\/tmp$/);
    const inside = await run(sh("pwd"), { name: "w", workdir: "/workspace/deep" });
    expect(inside.sink.out.trim()).toMatch(/\/workspace\/deep$/);
  });

  test("secrets reach the command, and no URL", async () => {
    const { sink, environment } = await run(
      sh('echo "$KEY|$PLAIN"; ls -a "$TMPDIR" 2>/dev/null', {
        vars: { PLAIN: "it's" },
        secrets: { KEY: "s3cr3t 'quoted' $x" },
      }),
    );
    expect(sink.out).toContain("s3cr3t 'quoted' $x|it's");
    expect(fake.requests.join("\n")).not.toContain("s3cr3t");
    const [name] = fake.sprites.keys();
    expect(readdirSync(fake.inside(name!, "/tmp"))).toEqual([]);
    await environment.release(signal);
  });

  test.each(["text", "binary"] as const)("the exit code may come as %s only", async exit => {
    expect((await run(sh("exit 7"), {}, { exit })).outcome).toEqual({ kind: "exited", exitCode: 7 });
  });

  test("cancelled while it is being started, it is cancelled", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    fake.faults = { stall: /fs\/write/ };
    const reason = AbortSignal.timeout(200);
    expect(await environment.execute(sh("true", { vars: { A: "1" } }), collect(), reason)).toEqual({
      kind: "killed",
      reason: "cancelled",
    });
    fake.faults = { tooMany: 1, retryAfter: "20" };
    expect(await environment.execute(sh("true", { vars: { A: "1" } }), collect(), AbortSignal.timeout(200))).toEqual({
      kind: "killed",
      reason: "cancelled",
    });
  });

  test("what a command that never started would have read is not left in the sprite", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    const [name] = fake.sprites.keys();
    const left = () =>
      readdirSync(fake.inside(name!, "tmp"))
        .map(file => readFileSync(fake.inside(name!, `tmp/${file}`), "utf8"))
        .join("");
    const secret = sh("true", { secrets: { TOKEN: "a-secret-value" } });
    fake.faults = { refuse: { status: 400, times: 1 } };
    await expect(environment.execute(secret, collect(), signal)).rejects.toMatchObject({ code: "run/engine-failed" });
    expect(left()).toBe("");
    fake.faults = { refuse: { status: 429, times: 1 } };
    expect(
      await environment.execute(sh('test "$TOKEN" = a-secret-value', { secrets: secret.secrets }), collect(), signal),
    ).toMatchObject({ exitCode: 0 });
    fake.faults = { refuse: { status: 503, times: 1_000 } };
    expect(await environment.execute(secret, collect(), AbortSignal.timeout(1_000))).toMatchObject({ kind: "killed" });
    expect(left()).toBe("");
  });

  test("in a sprite that is gone its variables find nothing either", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    fake.sprites.clear();
    const outcome = await environment.execute(sh("true", { vars: { A: "1" } }), collect(), signal);
    expect(outcome).toEqual({ kind: "lost", cause: "the sprite is gone" });
  });

  test("an exit frame without a code is none", async () => {
    const { outcome } = await run(sh("echo hi"), {}, { exit: "empty" });
    expect(outcome.kind).toBe("lost");
  });

  test("an end without an exit code is lost", async () => {
    expect((await run(sh("echo x"), {}, { exit: "none" })).outcome).toMatchObject({ kind: "lost" });
  });

  test("a dropped connection is lost, and its output kept", async () => {
    const { outcome, sink } = await run(sh("echo before; sleep 5"), {}, { drop: true });
    expect(outcome).toMatchObject({ kind: "lost" });
    expect(sink.out).toBe("before\n");
  });

  test("characters split over frames come whole, large output completely", async () => {
    expect((await run(sh("printf 'grüße ✓'"), {}, { split: 1 })).sink.out).toBe("grüße ✓");
    const { sink } = await run(sh("head -c 3000000 /dev/zero | tr '\\0' x"), { generatedName: "mlld-env-anon-2" }, {});
    expect(sink.out.length).toBe(3_000_000);
  });

  test("frames that come together wait for their reader together", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    // Many in each packet of the network.
    fake.faults = { split: 1024 };
    let frames = 0;
    let stayed = 0;
    const outcome = await environment.execute(
      sh("head -c 40000000 /dev/zero"),
      {
        async stdout() {
          if (++frames > 300) return;
          await new Promise(resolve => setTimeout(resolve, 1));
          if (frames < 300) return;
          // All was written meanwhile. What is still with the service was not taken ahead.
          await expect.poll(() => fake.written, { timeout: 10_000 }).toBe(40_000_000);
          stayed = Math.max(0, ...[...fake.connections].map(connection => connection.bufferedAmount));
        },
        stderr() {},
      },
      signal,
    );
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(stayed).toBeGreaterThan(25_000_000);
  });

  test("a slow reader slows the sender", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    let pending = 0;
    let most = 0;
    let bytes = 0;
    const outcome = await environment.execute(
      sh("head -c 1000000 /dev/zero"),
      {
        async stdout(chunk) {
          most = Math.max(most, ++pending);
          await new Promise(resolve => setTimeout(resolve, 1));
          pending--;
          bytes += chunk.length;
        },
        stderr() {},
      },
      signal,
    );
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect([bytes, most]).toEqual([1_000_000, 1]);
  });

  test("a timeout ends the command", async () => {
    const { outcome } = await run(sh("sleep 60", { timeoutMs: 300 }));
    expect(outcome).toEqual({ kind: "killed", reason: "timeout" });
    await expect.poll(() => fake.running.size).toBe(0);
  });

  test("cancelling ends the command within two seconds", TIMED, async () => {
    const environment = await provider.open(spec(), collect(), signal);
    const cancel = new AbortController();
    const started = Date.now();
    setTimeout(() => cancel.abort(), 200);
    expect(await environment.execute(sh("sleep 60"), collect(), cancel.signal)).toEqual({
      kind: "killed",
      reason: "cancelled",
    });
    expect(Date.now() - started).toBeLessThan(2_000);
    await expect.poll(() => fake.running.size).toBe(0);
  });
});
