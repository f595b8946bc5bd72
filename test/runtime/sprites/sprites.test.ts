/** The life of sprites, against a fake of the service with its faults. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createSpritesProvider } from "../../../runtime/providers/sprites";
import { TIMED } from "../../support/timed";
import { baseUrl, collect, fake, folder, provider, run, sh, signal, spec } from "./harness";

describe("create or exists", () => {
  test("an anonymous sprite is made, used and deleted", async () => {
    const { environment, outcome, sink } = await run(sh("echo hello; echo oops >&2; exit 3"));
    expect(outcome).toEqual({ kind: "exited", exitCode: 3 });
    expect([sink.out, sink.err]).toEqual(["hello\n", "oops\n"]);
    expect(environment.created).toBe(true);
    await environment.release(signal);
    expect(fake.sprites.size).toBe(0);
    await environment.release(signal);
  });

  test("a named sprite is found again, with what is in it", async () => {
    const first = await run(sh("echo kept > note"), { name: "Work Bench" });
    await first.environment.detach();
    const second = await run(sh("cat note"), { name: "Work Bench" });
    expect(second.environment.created).toBe(false);
    expect(second.sink.out).toBe("kept\n");
    expect([...fake.sprites.keys()]).toEqual([expect.stringMatching(/^mlld-env-work-bench-[0-9a-f]{8}$/)]);
  });

  test.each([400, 409, 422])("eight callers at once make one sprite when the service answers %i", async conflict => {
    fake.faults = { conflict };
    const opened = await Promise.all(
      Array.from({ length: 8 }, () => provider.open(spec({ name: "shared" }), collect(), signal)),
    );
    expect(opened.filter(environment => environment.created)).toHaveLength(1);
    expect(fake.sprites.size).toBe(1);
  });

  test("another configuration is an error, not a reuse", async () => {
    await provider.open(spec({ name: "one" }), collect(), signal);
    await expect(provider.open(spec({ name: "one", configHash: "hash-2" }), collect(), signal)).rejects.toMatchObject({
      code: "run/config-drift",
    });
  });

  test("a sprite that fails while it is set up is deleted again", async () => {
    await expect(
      provider.open(
        spec({
          fs: { mounts: [{ host: join(folder, "missing"), container: null, tail: null, mode: "ro" }], scratch: [] },
        }),
        collect(),
        signal,
      ),
    ).rejects.toMatchObject({
      code: "run/mount-refused",
    });
    expect(fake.sprites.size).toBe(0);
  });

  test("waits as Retry-After says, in seconds or as a date; not for ever", async () => {
    fake.faults = { tooMany: 3 };
    expect((await run(sh("true"))).outcome).toEqual({ kind: "exited", exitCode: 0 });
    fake.faults = { tooMany: 1, retryAfter: new Date(Date.now() + 1_500).toUTCString() };
    const started = Date.now();
    await provider.list!(signal);
    expect(Date.now() - started).toBeGreaterThan(300);
    fake.faults = { tooMany: 100 };
    await expect(provider.list!(signal)).rejects.toMatchObject({
      code: "run/engine-busy",
      message: expect.stringContaining("10 sprites run"),
    });
  });

  test("a cancel ends a wait", TIMED, async () => {
    fake.faults = { tooMany: 100, retryAfter: "20" };
    const started = Date.now();
    await expect(provider.open(spec(), collect(), AbortSignal.timeout(200))).rejects.toThrow();
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  test("a sprite that is not ready yet is asked again, for files and for commands", async () => {
    fake.faults = { cold: 3 };
    const { outcome, sink } = await run(sh("pwd"));
    expect([outcome, sink.out.trim().endsWith("/workspace")]).toEqual([{ kind: "exited", exitCode: 0 }, true]);
  });

  test.each([
    ['{"error":"internal","message":"no host left"}', "no host left"],
    ["plain words", "plain words"],
    ["", "Internal Server Error"],
  ])("a fault is told with what the service said: %s", async (text, words) => {
    fake.faults = { broken: { status: 500, text } };
    const error = await provider.list!(signal).catch(e => e as Error);
    expect(error).toMatchObject({ code: "run/engine-failed", message: expect.stringContaining(words) });
    expect(String(error)).not.toContain(fake.token);
  });

  test("a service that is not there is told with where it was looked for", async () => {
    const nobody = createSpritesProvider({ baseUrl: "http://127.0.0.1:9", token: async () => fake.token });
    await expect(nobody.list!(signal)).rejects.toMatchObject({
      code: "run/engine-unreachable",
      message: expect.stringContaining("127.0.0.1:9"),
    });
  });

  test("a service that takes a request and never answers, or breaks off, is told as such", async () => {
    const hasty = createSpritesProvider({ baseUrl, token: async () => fake.token, answerMs: 200 });
    fake.faults = { stall: /GET/ };
    await expect(hasty.open(spec(), collect(), signal)).rejects.toMatchObject({
      code: "run/engine-unreachable",
      message: expect.stringContaining("no answer in"),
    });
    fake.faults = { cut: /GET/ };
    for (const ask of [() => hasty.open(spec(), collect(), signal), () => hasty.list!(signal)])
      await expect(ask()).rejects.toMatchObject({ code: "run/engine-unreachable" });
  });

  test("what went wrong is told also when the sprite cannot be deleted then", async () => {
    fake.faults = { fail: { request: /DELETE/, status: 400, times: 9 } };
    const mounts = [{ host: join(folder, "none"), tail: null, container: "/data", mode: "ro" as const }];
    await expect(
      provider.open(spec({ name: "half", fs: { mounts, scratch: [] } }), collect(), signal),
    ).rejects.toMatchObject({ code: "run/mount-refused" });
    expect(fake.sprites.size).toBe(1);
  });

  test("deleting is tried again while the service is not ready", async () => {
    const environment = await provider.open(spec(), collect(), signal);
    fake.faults = { fail: { request: /DELETE/, status: 503, times: 2 } };
    await environment.release(signal);
    expect(fake.sprites.size).toBe(0);
  });

  test("a sprite of that name that is not ours is no reuse", async () => {
    await fetch(`${baseUrl}/v1/sprites`, {
      method: "POST",
      headers: { authorization: `Bearer ${fake.token}` },
      body: '{"name":"mlld-env-theirs"}',
    });
    await expect(provider.open(spec({ name: "theirs" }), collect(), signal)).rejects.toMatchObject({
      code: "run/name-taken",
    });
    expect(fake.sprites.has("mlld-env-theirs")).toBe(true);
  }, 30_000);

  test("one that a dead process was making, or setting up, is made anew; a living one is waited for", async () => {
    const first = await provider.open(spec({ name: "half", setUp: true }), collect(), signal);
    await first.execute(sh("echo old > note"), collect(), signal);
    const record = fake.inside("mlld-env-half", "/home/sprite/.mlld-env/environment.json");
    const written = JSON.parse(readFileSync(record, "utf8"));
    expect(written.state).toBe("set-up");
    // We live: the next caller waits until the set-up is noted as done.
    const waiting = provider.open(spec({ name: "half", setUp: true }), collect(), signal);
    await new Promise(resolve => setTimeout(resolve, 600));
    await first.settled!(signal);
    expect((await waiting).created).toBe(false);
    const dead = { ...written, owner: { ...written.owner, pid: 4_000_000, startTime: "1" } };
    writeFileSync(record, JSON.stringify(dead));
    const sink = collect();
    const again = await provider.open(spec({ name: "half", setUp: true }), sink, signal);
    expect([again.created, sink.notices.join()]).toEqual([true, expect.stringContaining("broken off")]);
    const found = collect();
    expect(await again.execute(sh("cat note"), found, signal)).toMatchObject({ exitCode: 1 });
  });

  test("a wrong token is told, and not shown", async () => {
    const wrong = createSpritesProvider({ baseUrl, token: async () => "wrong-token" });
    const error = await wrong.open(spec(), collect(), signal).catch(e => e as Error);
    expect(error).toMatchObject({ code: "run/engine-denied" });
    expect(String(error)).not.toContain("wrong-token");
  });

  test("without a token nothing is asked", async () => {
    const none = createSpritesProvider({ baseUrl, token: async () => null });
    await expect(none.open(spec(), collect(), signal)).rejects.toMatchObject({ code: "run/token-missing" });
    // What may be there is not known: a journal that lists it stays.
    for (const asked of [none.list!(signal), none.attach!("x", signal), none.remove!("x", signal)])
      await expect(asked).rejects.toMatchObject({
        code: "run/token-missing",
        mend: expect.stringContaining("SPRITES_TOKEN"),
      });
    expect(fake.requests).toEqual([]);
  });
});

describe("files, network and limits", () => {
  test("what is granted for reading is copied, with its mode", async () => {
    mkdirSync(join(folder, "src/deep"), { recursive: true });
    writeFileSync(join(folder, "src/deep/run.sh"), "echo ran", { mode: 0o755 });
    const { sink } = await run(sh("ls -R .; src/deep/run.sh"), {
      fs: { mounts: [{ host: join(folder, "src"), container: null, tail: null, mode: "ro" }], scratch: [] },
    });
    expect(sink.out).toContain("ran");
    const [name] = fake.sprites.keys();
    expect(statSync(fake.inside(name!, "/workspace/src/deep/run.sh")).mode & 0o777).toBe(0o755);
  });

  test("folders that `write` names are there", async () => {
    const { sink } = await run(sh("echo x > /scratch/deep/f && cat /scratch/deep/f"), {
      fs: { mounts: [], scratch: ["/tmp", "/scratch/deep"] },
    });
    expect(sink.out).toBe("x\n");
  });

  test("a writable mount is refused before anything is made", async () => {
    await expect(
      provider.open(
        spec({ fs: { mounts: [{ host: folder, container: null, tail: null, mode: "rw" }], scratch: [] } }),
        collect(),
        signal,
      ),
    ).rejects.toMatchObject({ code: "run/mount-refused" });
    expect(fake.requests).toEqual([]);
  });

  test("net none denies all; a list denies the rest; a port is refused", async () => {
    await provider.open(spec({ name: "closed", net: { kind: "none" } }), collect(), signal);
    expect(fake.sprites.get("mlld-env-closed")).toMatchObject({
      rules: [{ domain: "*", action: "deny" }],
      ranBeforePolicy: false,
    });
    const sink = collect();
    await provider.open(
      spec({ name: "some", net: { kind: "allow", items: [{ host: "api.example.com", port: null }] } }),
      sink,
      signal,
    );
    expect(fake.sprites.get("mlld-env-some")!.rules).toEqual([
      { domain: "api.example.com", action: "allow" },
      { domain: "*", action: "deny" },
    ]);
    expect(sink.notices.join()).toContain("ports");
    await expect(
      provider.open(spec({ net: { kind: "allow", items: [{ host: "a.example", port: 8443 }] } }), collect(), signal),
    ).rejects.toMatchObject({ code: "run/net-unsupported" });
  });

  test("limits that a sprite cannot keep are refused", async () => {
    await expect(provider.open(spec({ limits: { memoryBytes: 1e9 } }), collect(), signal)).rejects.toMatchObject({
      code: "run/limits-unsupported",
    });
  });
});

describe("checkpoints", () => {
  test("a checkpoint is restored in the same sprite", async () => {
    const { environment } = await run(sh("echo old > note"), { name: "saved" });
    const { ref } = await environment.snapshot!("before", signal);
    expect(ref).toBe("v1");
    await environment.execute(sh("echo new > note"), collect(), signal);
    const { sink } = await run(sh("cat note"), { name: "saved", from: ref });
    expect(sink.out).toBe("old\n");
  });

  test.each([
    ["error", "disk is full"],
    ["cut", "ended before"],
  ] as const)("a checkpoint stream with %s has failed", async (checkpoint, words) => {
    const { environment } = await run(sh("true"), { name: "saved" });
    fake.faults = { checkpoint };
    await expect(environment.snapshot!("x", signal)).rejects.toThrow(words);
  });

  test.each(["error", "cut"] as const)("a restore whose stream has %s has failed", async checkpoint => {
    const { environment } = await run(sh("true"), { name: "saved" });
    const { ref } = await environment.snapshot!("x", signal);
    fake.faults = { checkpoint };
    await expect(provider.open(spec({ name: "saved", from: ref }), collect(), signal)).rejects.toMatchObject({
      code: "run/snapshot-failed",
    });
  });

  test("a refused checkpoint is told in the service's plain words", async () => {
    const { environment } = await run(sh("true"), { name: "saved" });
    fake.faults = { broken: { status: 409, text: "a checkpoint is being made" } };
    await expect(environment.snapshot!("x", signal)).rejects.toThrow("a checkpoint is being made");
  });

  test("they are listed, newest first, and put back by name", async () => {
    const { environment } = await run(sh("echo one > note"), { name: "saved", line: 7, tools: ["Bash"] });
    await environment.snapshot!("first", signal);
    await environment.execute(sh("echo two > note"), collect(), signal);
    await environment.snapshot!("second", signal);
    expect((await provider.snapshots!("saved", signal)).map(({ ref, name }) => [ref, name])).toEqual([
      ["v2", "second"],
      ["v1", "first"],
    ]);
    expect(await provider.snapshots!(undefined, signal)).toHaveLength(2);
    expect(await provider.snapshots!("nothing", signal)).toEqual([]);
    expect(await provider.restore!("saved", "v1", signal)).toBe(true);
    expect((await run(sh("cat note"), { name: "saved", line: 7, tools: ["Bash"] })).sink.out).toBe("one\n");
    expect(await provider.restore!("nothing", "v1", signal)).toBe(false);
  });

  test("restoring into a new sprite is refused, and leaves none", async () => {
    await expect(provider.open(spec({ name: "fresh", from: "v1" }), collect(), signal)).rejects.toMatchObject({
      code: "run/snapshot-missing",
    });
    expect(fake.sprites.size).toBe(0);
  });
});

describe("listing", () => {
  test("lists every page of ours, attaches and removes by name", async () => {
    for (const name of ["a", "b", "c"]) await provider.open(spec({ name }), collect(), signal);
    const listed = await provider.list!(signal);
    expect(listed.map(environment => [environment.name, environment.state, environment.workspace])).toEqual(
      ["a", "b", "c"].map(name => [name, "running", folder]),
    );
    const attached = await provider.attach!("b", signal);
    const sink = collect();
    await attached!.execute(sh("echo here"), sink, signal);
    expect(sink.out).toBe("here\n");
    expect(await provider.inspect!("b", signal)).toMatchObject({
      name: "b",
      kept: true,
      workdir: "/workspace",
      net: "bridge",
    });
    expect(JSON.stringify(await provider.inspect!("b", signal))).not.toContain("of-the-sprite");
    expect(await provider.remove!("b", signal)).toBe(true);
    expect(await provider.remove!("b", signal)).toBe(false);
    expect(await provider.attach!("b", signal)).toBeNull();
  });

  test("an anonymous sprite whose maker is dead is an orphan, no other is", async () => {
    await provider.open(spec({ name: "kept" }), collect(), signal);
    await provider.open(spec({ generatedName: "mlld-0123456789" }), collect(), signal);
    await provider.open(spec({ generatedName: "mlld-00000000aa" }), collect(), signal);
    expect(await provider.orphans!(signal)).toEqual([]);
    const record = fake.inside("mlld-env-mlld-0123456789", "/home/sprite/.mlld-env/environment.json");
    const written = JSON.parse(readFileSync(record, "utf8"));
    writeFileSync(record, JSON.stringify({ ...written, owner: { ...written.owner, boot: "another boot" } }));
    expect(await provider.orphans!(signal)).toEqual(["mlld-0123456789"]);
    expect(await provider.remove!("mlld-0123456789", signal)).toBe(true);
  });
});
