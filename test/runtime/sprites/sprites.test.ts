/** The Sprites provider against a fake of the service, with its faults. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EnvironmentCommand, EnvironmentSpec, OutputSink, Provider } from "../../../runtime/providers/provider";
import { createSpritesProvider } from "../../../runtime/providers/sprites";
import { FakeSprites } from "./fake-sprites";

let fake: FakeSprites;
let baseUrl: string;
let provider: Provider;
let folder: string;
const signal = new AbortController().signal;

beforeEach(async () => {
  fake = new FakeSprites();
  baseUrl = await fake.start();
  provider = createSpritesProvider({ baseUrl, token: async () => fake.token });
  folder = mkdtempSync(join(tmpdir(), "mlld-env-sprites-test-"));
});

afterEach(async () => {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

function spec(overrides: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return {
    generatedName: "mlld-env-anon-1",
    fs: { mounts: null, scratch: [] },
    net: { kind: "default" },
    limits: {},
    folder,
    workspace: folder,
    file: join(folder, "a.mld"),
    configHash: "hash-1",
    options: {},
    ...overrides,
  };
}

function collect(): OutputSink & { out: string; err: string; notices: string[] } {
  const chunks: Record<"out" | "err", Buffer[]> = { out: [], err: [] };
  return {
    stdout: chunk => void chunks.out.push(Buffer.from(chunk)),
    stderr: chunk => void chunks.err.push(Buffer.from(chunk)),
    progress(message) {
      this.notices.push(message);
    },
    notices: [],
    get out() {
      return Buffer.concat(chunks.out).toString();
    },
    get err() {
      return Buffer.concat(chunks.err).toString();
    },
  };
}

const sh = (script: string, more: Partial<EnvironmentCommand> = {}): EnvironmentCommand => ({
  argv: ["sh", "-c", script],
  vars: {},
  secrets: {},
  ...more,
});

async function run(command: EnvironmentCommand, overrides: Partial<EnvironmentSpec> = {}) {
  const sink = collect();
  const environment = await provider.open(spec(overrides), sink, signal);
  const outcome = await environment.execute(command, sink, signal);
  return { environment, outcome, sink };
}

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

  test("waits as Retry-After says", async () => {
    fake.faults = { tooMany: 3 };
    const { outcome } = await run(sh("true"));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
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
    expect(await none.list!(signal)).toEqual([]);
    expect(await none.attach!("x", signal)).toBeNull();
    expect(await none.remove!("x", signal)).toBe(false);
    expect(fake.requests).toEqual([]);
  });
});

describe("commands", () => {
  test("standard input arrives and ends", async () => {
    const { sink } = await run(sh("cat; echo end", { stdin: "one\ntwo\n" }));
    expect(sink.out).toBe("one\ntwo\nend\n");
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
    fake.faults = { exit };
    expect((await run(sh("exit 7"))).outcome).toEqual({ kind: "exited", exitCode: 7 });
  });

  test("an end without an exit code is lost", async () => {
    fake.faults = { exit: "none" };
    expect((await run(sh("echo x"))).outcome).toMatchObject({ kind: "lost" });
  });

  test("a dropped connection is lost, and its output kept", async () => {
    fake.faults = { drop: true };
    const { outcome, sink } = await run(sh("echo before; sleep 5"));
    expect(outcome).toMatchObject({ kind: "lost" });
    expect(sink.out).toBe("before\n");
  });

  test("characters split over frames come whole, large output completely", async () => {
    fake.faults = { split: 1 };
    expect((await run(sh("printf 'grüße ✓'"))).sink.out).toBe("grüße ✓");
    fake.faults = {};
    const { sink } = await run(sh("head -c 3000000 /dev/zero | tr '\\0' x"), { generatedName: "mlld-env-anon-2" });
    expect(sink.out.length).toBe(3_000_000);
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

  test("cancelling ends the command within two seconds", async () => {
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
    expect(fake.sprites.get("mlld-env-closed")!.rules).toEqual([{ domain: "*", action: "deny" }]);
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
    expect(await provider.remove!("b", signal)).toBe(true);
    expect(await provider.remove!("b", signal)).toBe(false);
    expect(await provider.attach!("b", signal)).toBeNull();
  });
});
