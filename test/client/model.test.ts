import { describe, expect, it } from "vitest";
import {
  detailNodes,
  environmentId,
  lastSegment,
  type Node,
  rootNodes,
  shapeOf,
  shownEnvironments,
  type Words,
} from "../../client/explorer/model";
import type { ExplorerEnvironment } from "../../protocol/explorer";

const words: Words = {
  unknown: "unknown",
  image: "Image",
  network: "Network",
  mounts: "Mounts",
  limits: "Limits",
  tools: "Tools",
  allTools: "all",
  file: "Made by",
  readOnly: "read only",
  writable: "writable",
  none: "none",
  openNetwork: "open",
  limitedNetwork: "public names",
  hostNetwork: "host",
  refused: "Refused",
  runs: "Runs",
  line: line => `line ${line}`,
};
const environment = (name: string, more: Partial<ExplorerEnvironment> = {}): ExplorerEnvironment => ({
  name,
  provider: "@mlld/env-docker",
  state: "running",
  image: "busybox",
  engine: "unix:///var/run/docker.sock",
  workspace: "/w/one",
  file: "/w/one/a.mld",
  createdAt: "2026-01-01T00:00:00Z",
  abilities: [],
  ...more,
});
const names = (environments: ExplorerEnvironment[]) => environments.map(({ name }) => name);
const all = { sortBy: "name", filter: "" } as const;

describe("environments that are shown", () => {
  const list = [
    environment("lab-10", { state: "stopped" }),
    environment("lab-2", { workspace: "/w/one-more", file: "/w/one-more/b.mld" }),
    environment("Other", { image: "alpine" }),
  ];
  it("are in the order of their names, numbers as people count", () => {
    expect(names(shownEnvironments(list, all))).toEqual(["lab-2", "lab-10", "Other"]);
  });
  it("are in the order that is asked for", () => {
    const made = [
      environment("a", { createdAt: "2026-01-01T00:00:00Z", state: "stopped" }),
      environment("b", { createdAt: "2026-01-03T00:00:00Z", state: "dead" }),
      environment("c", { createdAt: "2026-01-02T00:00:00Z" }),
    ];
    expect(names(shownEnvironments(made, { ...all, sortBy: "created" }))).toEqual(["b", "c", "a"]);
    expect(names(shownEnvironments(made, { ...all, sortBy: "state" }))).toEqual(["c", "a", "b"]);
  });
  it("match every word of the filter, whatever its case", () => {
    expect(names(shownEnvironments(list, { ...all, filter: "LAB stopped" }))).toEqual(["lab-10"]);
    expect(shownEnvironments(list, { ...all, filter: "nothing" })).toEqual([]);
  });
  it("are of the folders of this window, by segments and not by prefix", () => {
    expect(names(shownEnvironments(list, { ...all, folders: ["/w/one/"] }))).toEqual(["lab-10", "Other"]);
    expect(shownEnvironments(list, { ...all, folders: [] })).toEqual([]);
  });
});

describe("the tree", () => {
  const list = [environment("a"), environment("b", { state: "dead", image: "" })];
  it("groups by what is asked, with what is unknown in a group of its own", () => {
    const groups = rootNodes(list, "state", words) as Extract<Node, { kind: "group" }>[];
    expect(groups.map(({ label, environments }) => [label, names(environments)])).toEqual([
      ["dead", ["b"]],
      ["running", ["a"]],
    ]);
    const files = rootNodes([environment("a", { file: "" }), environment("b")], "file", words) as Extract<
      Node,
      { kind: "group" }
    >[];
    expect(files.map(({ label }) => label)).toEqual(["a.mld", "unknown"]);
  });
  it("gives an environment the same id whatever happens to it", () => {
    expect(environmentId(environment("a", { state: "stopped", image: "x", createdAt: "later" }))).toBe(
      environmentId(environment("a")),
    );
    expect(environmentId(environment("a", { engine: "tcp://other" }))).not.toBe(environmentId(environment("a")));
  });
  it("has different ids for all nodes", () => {
    const details = detailNodes(
      environment("a", {
        net: "bridge",
        mounts: [{ host: "/h", container: "/c", mode: "rw" }],
        limits: { mem: "512m" },
        line: 3,
      }),
      words,
    );
    const ids = details.flatMap(node =>
      node.kind === "detail" ? [node.id, ...node.children.map(child => child.id)] : [node.id],
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(6);
  });
  it.each([
    ["bridge", "bridge · open", "warning"],
    ["lan", "lan · open", "warning"],
    ["limited", "limited · public names", "globe"],
    ["host", "host · host", "warning"],
    ["none", "none", "globe"],
    [["api.example.com"], "api.example.com", "globe"],
    [[], "none", "globe"],
  ])("says what network %j is", (net, value, icon) => {
    const node = detailNodes(environment("a", { net }), words).find(detail => detail.id.endsWith("/net"));
    expect(node).toMatchObject({ value, icon });
  });
  it("shows what runs did in it, with what its network refused", () => {
    const nodes = detailNodes(environment("a"), words, {
      runs: [{ id: "1", title: "a.mld:7", outcome: "done", icon: "pass" }],
      refusals: [{ target: "example.com:443", reason: "not allowed" }],
      refused: 70,
    });
    const found = (key: string) => nodes.find(node => node.id.endsWith(`/${key}`));
    expect(found("refused")).toMatchObject({
      value: "70",
      children: [{ label: "example.com:443", value: "not allowed" }],
    });
    expect(found("runs")).toMatchObject({
      value: "1",
      children: [{ kind: "run", run: "1", title: "a.mld:7", outcome: "done" }],
    });
  });
  it("has tools, all of them or each, and what can be asked of the engine", () => {
    const nodes = detailNodes(environment("a", { tools: ["bash", "read"], abilities: ["changes", "restore"] }), words);
    const found = (key: string) => nodes.find(node => node.id.endsWith(`/${key}`));
    expect(found("tools")).toMatchObject({ value: "2", children: [{ label: "bash" }, { label: "read" }] });
    expect(found("changes")).toMatchObject({ kind: "section", key: "changes" });
    expect(found("snapshots")).toMatchObject({ kind: "section", key: "snapshots" });
    const bare = detailNodes(environment("a", { tools: null }), words);
    expect(bare.find(node => node.id.endsWith("/tools"))).toMatchObject({ value: "all", children: [] });
    expect(bare.some(node => node.kind === "section")).toBe(false);
  });
  it("has the same shape when only what rows say differs", () => {
    const shape = (environments: ExplorerEnvironment[], by: "none" | "state") =>
      shapeOf(rootNodes(environments, by, words));
    const stopped = [environment("a", { state: "stopped" }), environment("b", { state: "dead", image: "" })];
    expect(shape(stopped, "none")).toBe(shape(list, "none"));
    expect(shape(stopped, "state")).not.toBe(shape(list, "state"));
    expect(shape(list.slice(1), "none")).not.toBe(shape(list, "none"));
  });
  it("shows the last part of a path on every system", () => {
    expect([lastSegment("/a/b/"), lastSegment("C:\\a\\b.mld"), lastSegment("x")]).toEqual(["b", "b.mld", "x"]);
  });
});
