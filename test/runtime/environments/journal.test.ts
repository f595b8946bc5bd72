import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Journal, listJournals, readJournal, stateFolder } from "../../../runtime/environments/journal";
import { identityOf, parseStat, stateOf } from "../../../runtime/environments/process-identity";
import { recover, sweep } from "../../../runtime/environments/recovery";
import { ProviderRegistry } from "../../../runtime/environments/registry";
import type { Provider } from "../../../runtime/providers/provider";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlld-env-journal-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const box = (name: string) => ({ provider: "box", name, folder: "/" });

function registryOf(remove: Provider["remove"]): ProviderRegistry {
  const provider: Provider = { ref: "box", open: () => Promise.reject(new Error("not here")), remove };
  return new ProviderRegistry({ local: provider, backends: { box: async () => provider } });
}

/** As the owner of that journal would have left it when it was killed. */
function orphan(path: string): void {
  const [head, ...rest] = readFileSync(path, "utf8").split("\n");
  const owner = JSON.parse(head!);
  owner.owner.startTime = "1";
  writeFileSync(path, [JSON.stringify(owner), ...rest].join("\n"));
}

describe("a journal", () => {
  it("lists what was opened and not closed, and goes away when nothing is left", () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    journal.opening(box("two"));
    journal.open(box("one"));
    journal.group(12345);
    journal.closed("two");
    expect(readJournal(journal.path)).toMatchObject({
      runId: "run1",
      environments: [{ ...box("one"), open: true }],
      groups: [{ group: 12345 }],
    });
    journal.closed("one");
    journal.groupEnded(12345);
    journal.close();
    expect(existsSync(journal.path)).toBe(false);
  });

  it("stays when something is left", () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    journal.close();
    expect(readJournal(journal.path)?.environments).toHaveLength(1);
  });

  it("is readable by its user only, and survives a half written last line", () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    appendFileSync(journal.path, '{"kind":"closed","na');
    expect(readJournal(journal.path)?.environments.map(it => it.name)).toEqual(["one"]);
    if (process.platform !== "win32") expect(statSync(journal.path).mode & 0o777).toBe(0o600);
  });

  it("is found in the state folder that the variables name", () => {
    expect(stateFolder({ MLLD_ENV_STATE_DIR: "/s", XDG_STATE_HOME: "/x" })).toBe("/s");
    expect(stateFolder({ XDG_STATE_HOME: "/x" })).toBe("/x/mlld-env");
    expect(stateFolder({ XDG_STATE_HOME: "x", LOCALAPPDATA: "/windows" })).toBe(stateFolder({}));
  });
});

describe("a sweep", () => {
  it("leaves the journals of living owners alone", async () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    const removed: string[] = [];
    expect(
      await sweep(
        folder,
        registryOf(async name => removed.push(name) > 0),
        new AbortController().signal,
      ),
    ).toMatchObject({ left: [] });
    expect(removed).toEqual([]);
    expect(listJournals(folder)).toEqual([journal.path]);
  });

  it("removes what dead owners left, once", async () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    journal.open(box("two"));
    orphan(journal.path);
    const removed: string[] = [];
    const registry = registryOf(async name => removed.push(name) > 0);
    expect(await sweep(folder, registry, new AbortController().signal)).toEqual({ done: 1, left: [] });
    await sweep(folder, registry, new AbortController().signal);
    expect(removed).toEqual(["one", "two"]);
    expect(listJournals(folder)).toEqual([]);
  });

  it("removes temporary folders after what used them, and nothing that does not have their name", async () => {
    const [used, gone, other] = ["mlld-env-workspace-1", "mlld-env-workspace-2", "precious"].map(name =>
      join(folder, name),
    ) as [string, string, string];
    for (const path of [used, gone, other]) mkdirSync(join(path, "deep"), { recursive: true });
    const journal = Journal.create(folder, "run1");
    journal.open(box("one"));
    for (const path of [used, gone, other]) journal.folder(path);
    journal.folderGone(gone);
    orphan(journal.path);
    const away = registryOf(() => Promise.reject(new Error("the engine is away")));
    await sweep(folder, away, new AbortController().signal);
    expect(existsSync(used)).toBe(true);
    const there = registryOf(async () => existsSync(used));
    await sweep(folder, there, new AbortController().signal);
    expect([used, gone, other].map(path => existsSync(path))).toEqual([false, true, true]);
    expect(listJournals(folder)).toEqual([]);
  });

  it("looks again for what may still be in the making, until it has had the time", async () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    orphan(journal.path);
    const absent = registryOf(async () => false);
    expect(await sweep(folder, absent, new AbortController().signal)).toEqual({ done: 0, left: [journal.path] });
    const earlier = new Date(Date.now() - 60_000);
    utimesSync(journal.path, earlier, earlier);
    expect(await sweep(folder, absent, new AbortController().signal)).toEqual({ done: 1, left: [] });
    expect(listJournals(folder)).toEqual([]);
  });

  it("tries again later what an engine could not remove", async () => {
    const journal = Journal.create(folder, "run1");
    journal.opening(box("one"));
    orphan(journal.path);
    const away = registryOf(() => Promise.reject(new Error("the engine is away")));
    expect(await sweep(folder, away, new AbortController().signal)).toEqual({ done: 0, left: [journal.path] });
    expect(
      await sweep(
        folder,
        registryOf(async () => true),
        new AbortController().signal,
      ),
    ).toMatchObject({ left: [] });
    expect(listJournals(folder)).toEqual([]);
  });

  it("is left alone while its run lives", async () => {
    const journal = Journal.create(folder, "living");
    journal.open(box("kept"));
    const removed: string[] = [];
    const registry = registryOf(async name => removed.push(name) > 0);
    expect(await recover(journal.path, registry, new AbortController().signal, true)).toBe(false);
    expect(removed).toEqual([]);
    expect(readJournal(journal.path)!.environments).toHaveLength(1);
    journal.close();
  });

  it("removes an old journal without a first line, and leaves those of other users alone", async () => {
    const journal = Journal.create(folder, "run1");
    journal.open(box("one"));
    orphan(journal.path);
    const [empty, fresh] = ["empty", "fresh"].map(name => join(folder, "runs", `${name}.jsonl`)) as [string, string];
    for (const path of [empty, fresh]) writeFileSync(path, "");
    const earlier = new Date(Date.now() - 8 * 24 * 3600_000);
    utimesSync(empty, earlier, earlier);
    const removed: string[] = [];
    const registry = registryOf(async name => removed.push(name) > 0);
    if (process.getuid?.() === 0) {
      chownSync(journal.path, 54321, 54321);
      expect(await sweep(folder, registry, new AbortController().signal)).toEqual({ done: 0, left: [] });
      expect(removed).toEqual([]);
      chownSync(journal.path, 0, 0);
    }
    expect(await sweep(folder, registry, new AbortController().signal)).toEqual({ done: 1, left: [] });
    expect(listJournals(folder)).toEqual([fresh]);
  });

  it("has nothing to do in a folder that does not exist", async () => {
    expect(
      await sweep(
        join(folder, "none"),
        registryOf(async () => true),
        new AbortController().signal,
      ),
    ).toMatchObject({ left: [] });
    expect(await recover(join(folder, "none.jsonl"), registryOf(undefined), new AbortController().signal, true)).toBe(
      true,
    );
  });
});

describe("the identity of a process", () => {
  it("recognises a living process, and tells a later one of the same id from it", () => {
    const own = identityOf(process.pid)!;
    expect(stateOf(own)).toBe("alive");
    expect(stateOf({ ...own, startTime: "1" })).toBe("dead");
    expect(stateOf({ ...own, boot: "another" })).toBe("dead");
    expect(stateOf({ ...own, pid: 2 ** 22 + 1 })).toBe("dead");
  });

  it.runIf(process.platform === "linux")(
    "is dead once it has ended, though its parent does not ask for its exit code",
    async () => {
      const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"]);
      try {
        const [line] = await once(parent.stdout, "data");
        const child = identityOf(Number(String(line)))!;
        expect(stateOf(child)).toBe("alive");
        await vi.waitFor(() => expect(stateOf(child)).toBe("dead"), 5_000);
        expect(() => process.kill(child.pid, 0)).not.toThrow();
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );

  it("does not judge processes that it cannot see", () => {
    const own = identityOf(process.pid)!;
    expect(stateOf({ ...own, host: "elsewhere" })).toBe("unknown");
    expect(stateOf({ ...own, namespace: "pid:[1]" })).toBe("unknown");
    expect(identityOf(2 ** 22 + 1)).toBeNull();
  });

  it("reads /proc whatever a program calls itself", () => {
    const rest = Array.from({ length: 30 }, (_, index) => String(index)).join(" ");
    expect(parseStat(`42 (a) b (c)) S 1 2 3 ${rest}`)).toEqual({
      pid: 42,
      state: "S",
      parent: 1,
      group: 2,
      session: 3,
      startTime: "15",
    });
    expect(parseStat("garbage")).toBeNull();
    expect(parseStat(null)).toBeNull();
  });
});
