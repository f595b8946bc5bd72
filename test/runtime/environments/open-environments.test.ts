import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEventBody } from "../../../protocol/events";
import { Journal, readJournal } from "../../../runtime/environments/journal";
import { createRunEnvironments } from "../../../runtime/environments/open-environments";
import { Redactor } from "../../../runtime/environments/redactor";
import { ProviderRegistry } from "../../../runtime/environments/registry";
import {
  type Environment,
  type EnvironmentSpec,
  type Outcome,
  type Provider,
  ProviderError,
} from "../../../runtime/providers/provider";

const never = new AbortController().signal;
const silent = { stdout: () => {}, stderr: () => {} };
let folder: string;
let journal: Journal;
let events: RunEventBody[];
let calls: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-open-"));
  journal = Journal.create(folder, "run");
  events = [];
  calls = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

function spec(more: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return {
    generatedName: "generated",
    fs: { mounts: null, scratch: [] },
    net: { kind: "default" },
    limits: {},
    folder: "/",
    workspace: "/",
    file: "/a.mld",
    configHash: "h",
    options: {},
    ...more,
  };
}

interface Behaviour {
  /** The name that the provider gives to what it made. */
  name?: string;
  created?: boolean;
  outcome?: Outcome;
  release?: () => Promise<void>;
  open?: (signal: AbortSignal) => Promise<void>;
  remove?: () => Promise<boolean>;
}

function environmentsOf(behaviour: Behaviour = {}, more: Partial<Parameters<typeof createRunEnvironments>[0]> = {}) {
  const provider: Provider = {
    ref: "box",
    async open(wanted, sink, signal): Promise<Environment> {
      calls.push(`open ${wanted.name ?? "-"}`);
      sink.progress?.("pulling", 50);
      await behaviour.open?.(signal);
      return {
        name: behaviour.name ?? wanted.name ?? wanted.generatedName,
        created: behaviour.created ?? true,
        execute: async () => behaviour.outcome ?? { kind: "exited", exitCode: 0 },
        release: async () => {
          calls.push("release");
          await behaviour.release?.();
        },
        detach: async () => void calls.push("detach"),
      };
    },
    remove: behaviour.remove,
  };
  const redactor = new Redactor();
  const environments = createRunEnvironments({
    registry: new ProviderRegistry({ local: { ...provider, ref: "local" }, backends: { box: async () => provider } }),
    journal: () => journal,
    redactor,
    emit: event => void events.push(event),
    ...more,
  });
  return { environments, redactor };
}

const left = () => readJournal(journal.path)?.environments.map(it => it.name);

describe("opening an environment", () => {
  it("is journalled under the generated name before it is made, and told of", async () => {
    let before: string[] | undefined;
    const { environments } = environmentsOf({
      open: async () => {
        before = left();
      },
    });
    await environments.open("box", spec(), never);
    expect(before).toEqual(["generated"]);
    expect(events).toEqual([
      { event: "progress", message: "pulling", percent: 50 },
      { event: "created", envName: "generated", provider: "box", created: true },
    ]);
  });

  it("is journalled under the name that a provider made up", async () => {
    const { environments } = environmentsOf({ name: "box-17" });
    await environments.open("box", spec(), never);
    expect(left()).toEqual(["box-17"]);
  });

  it("is not journalled when it outlives the run, or was there already", async () => {
    await environmentsOf().environments.open("box", spec({ name: "bench" }), never);
    await environmentsOf({ created: false }).environments.open(
      "box",
      spec({ name: "bench", options: { keep: false } }),
      never,
    );
    expect(left()).toEqual([]);
  });

  it.each([
    ["tidies up at once", async () => true, []],
    ["stays journalled when that cannot be done", () => Promise.reject(new Error("no answer")), ["generated"]],
  ])("that fails %s", async (_, remove, journalled) => {
    const { environments } = environmentsOf({ open: () => Promise.reject(new Error("the disk is full")), remove });
    await expect(environments.open("box", spec(), never)).rejects.toThrow("the disk is full");
    expect(left()).toEqual(journalled);
  });

  it.each([
    ["something was there to tidy up", true, []],
    ["nothing was there yet, and the engine may still make it", false, ["generated"]],
  ])("that is cancelled is journalled as the engine answers: %s", async (_, found, journalled) => {
    const controller = new AbortController();
    const open = () => {
      controller.abort(new Error("cancelled"));
      return Promise.reject(new Error("cancelled"));
    };
    const { environments } = environmentsOf({ open, remove: async () => found });
    await expect(environments.open("box", spec(), controller.signal)).rejects.toThrow("cancelled");
    expect(left()).toEqual(journalled);
  });

  it("tells of one that is kept, but not of processes, which nothing keeps", async () => {
    const kept: string[] = [];
    const { environments } = environmentsOf({}, { kept: name => kept.push(name) });
    await environments.open("box", spec(), never);
    await environments.open("box", spec({ name: "bench" }), never);
    await environments.open(null, spec({ name: "here" }), never);
    expect(kept).toEqual(["bench"]);
  });

  it("leaves nothing where no engine is", async () => {
    const missing = () => Promise.reject(new ProviderError("run/engine-missing", "no engine"));
    const { environments } = environmentsOf({ open: missing, remove: missing });
    await expect(environments.open("box", spec(), never)).rejects.toThrow("no engine");
    expect(left()).toEqual([]);
  });

  it("releases what a provider made in spite of a cancel", async () => {
    const controller = new AbortController();
    const { environments } = environmentsOf({ open: async () => controller.abort(new Error("cancelled")) });
    await expect(environments.open("box", spec(), controller.signal)).rejects.toThrow("cancelled");
    expect(calls).toEqual(["open -", "release"]);
    expect(left()).toEqual([]);
  });
});

describe("ending environments", () => {
  it("releases and keeps as it is told, once each", async () => {
    const { environments } = environmentsOf();
    const first = await environments.open("box", spec(), never);
    const second = await environments.open("box", spec({ name: "bench" }), never);
    await environments.close(first, "release");
    await environments.close(first, "release");
    await environments.close(second, "keep");
    expect(calls).toEqual(["open -", "open bench", "release", "detach"]);
    expect(events.filter(event => event.event === "released")).toEqual([{ event: "released", envName: "generated" }]);
    expect(left()).toEqual([]);
  });

  it("at the end releases unnamed ones, keeps named ones, and releases `keep: false` only if this run made it", async () => {
    const outcomes: Record<string, string[]> = {};
    for (const [what, options, created] of [
      ["unnamed", spec(), true],
      ["named", spec({ name: "bench" }), true],
      ["not kept", spec({ name: "bench", options: { keep: false } }), true],
      ["not kept, not made", spec({ name: "bench", options: { keep: false } }), false],
      ["kept", spec({ options: { keep: true } }), true],
    ] as const) {
      calls = [];
      const { environments } = environmentsOf({ created });
      await environments.open("box", options, never);
      await environments.closeAll();
      outcomes[what] = calls;
    }
    expect(outcomes).toEqual({
      unnamed: ["open -", "release"],
      named: ["open bench", "detach"],
      "not kept": ["open bench", "release"],
      "not kept, not made": ["open bench", "detach"],
      kept: ["open generated", "detach"],
    });
  });

  it("under --keep gives an unnamed one its generated name and releases nothing", async () => {
    const { environments } = environmentsOf({}, { keep: true });
    const environment = await environments.open("box", spec(), never);
    await environments.close(environment, "release");
    expect(calls).toEqual(["open generated", "detach"]);
    expect(left()).toEqual([]);
  });

  it.each([
    ["fails", () => Promise.reject(new Error("the engine is busy")), "the engine is busy"],
    ["never ends", () => new Promise<void>(() => {}), "its backend has not answered in 0.05 s"],
  ])("warns when a release %s, leaves it in the journal, and the run has not succeeded", async (_, release, cause) => {
    const { environments } = environmentsOf({ release }, { releaseLimitMs: 50 });
    await environments.close(await environments.open("box", spec(), never), "release");
    expect(events.at(-1)).toMatchObject({ event: "warning", message: expect.stringContaining(cause) });
    expect(left()).toEqual(["generated"]);
    expect(environments.lost).toBe(true);
  });

  it("opens nothing any more after the end", async () => {
    const { environments } = environmentsOf();
    await environments.closeAll();
    await expect(environments.open("box", spec(), never)).rejects.toThrow("the run has ended");
    expect(calls).toEqual([]);
  });
});

describe("a command", () => {
  it("makes its secrets known to the redactor, and is refused when one is too short", async () => {
    const { environments, redactor } = environmentsOf();
    const environment = await environments.open("box", spec(), never);
    await environment.execute({ argv: [], vars: {}, secrets: { TOKEN: "s3cr3t" } }, silent, never);
    expect(redactor.text("s3cr3t")).toBe("***");
    const short = environment.execute({ argv: [], vars: {}, secrets: { PIN: "12" } }, silent, never);
    await expect(short).rejects.toMatchObject({ code: "run/secret-too-short" });
  });

  it("that loses its environment is remembered", async () => {
    const { environments } = environmentsOf({ outcome: { kind: "lost", cause: "gone" } });
    const environment = await environments.open("box", spec(), never);
    expect(environments.lost).toBe(false);
    await environment.execute({ argv: [], vars: {}, secrets: {} }, silent, never);
    expect(environments.lost).toBe(true);
  });
});
