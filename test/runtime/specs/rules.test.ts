/** The rules that every backend of environment specs shares. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSpec } from "../../../language/environment/spec-model";
import { parseSpecText } from "../../../language/environment/spec-text";
import {
  assetGlobs,
  commandLine,
  effectiveAddress,
  formatEntry,
  hostPathOf,
  mountsOf,
  networkOf,
  setupCommands,
  userOf,
  variablesOf,
  withEffectiveAddresses,
} from "../../../runtime/specs/rules";

const read = (text: string) => readSpec(parseSpecText(text, "file:///s.yaml").value).spec!;
const spec = (more: string) => read(`type: docker\nname: n\ndocker: { image: i }\n${more}`);

test("entries are formatted", () => {
  expect(formatEntry("{entry_file}", "a.py")).toBe("a.py");
  expect(formatEntry("-m {entry_file} {{x}}", "a")).toBe("-m a {x}");
  for (const format of ["{other}", "{entry_file", "}", "{}"])
    expect(() => formatEntry(format, "a"), format).toThrow("placeholder");
  expect(() => formatEntry("{entry_file}", " ")).toThrow("empty");
});

test("an agent's command takes the place of the command, also when it is empty", () => {
  expect(commandLine(spec(""), "a.py", true)).toBe("python a.py");
  expect(commandLine(spec("commands: { agent_command: py }"), "a.py", false)).toBe("py a.py");
  expect(commandLine(spec('commands: { agent_command: "" }'), "./a.py", false)).toBe("./a.py");
  expect(commandLine(spec('commands: { agent_command: "" }'), "./a.py", true)).toBe("python ./a.py");
});

test("evaluation commands run only when evaluating, after the others, hidden; a kept environment is resumed", () => {
  const all = spec("setup: { commands: [a], eval_commands: [b], resume_commands: [c] }");
  const lines = (evaluate: boolean, created: boolean) =>
    setupCommands(all, { evaluate, created }).map(({ line, hidden }) => (hidden ? `(${line})` : line));
  expect(lines(false, true)).toEqual(["a"]);
  expect(lines(true, true)).toEqual(["a", "(b)"]);
  expect(lines(true, false)).toEqual(["c"]);
});

test("variables: the machine's, the spec's, the run's", () => {
  const machine = { A: "os", B: "os", C: undefined, "BASH_FUNC_f%%": "()", PATH: "/host/bin", HOME: "/home/me" };
  expect(variablesOf(spec("environment: { env: { B: spec } }"), machine, { D: "run" })).toEqual({
    B: "spec",
    D: "run",
  });
  // What says where things are on this machine is not true of a container.
  expect(variablesOf(spec("environment: { include_os_env: true, env: { B: spec } }"), machine, { B: "run" })).toEqual({
    A: "os",
    B: "run",
  });
  expect(
    variablesOf(spec("environment: { include_os_env: true, env: { PATH: /spec/bin } }"), machine, {}),
  ).toMatchObject({ PATH: "/spec/bin" });
});

test("users and networks", () => {
  expect([
    userOf(null, true, { uid: 5, gid: 6 }),
    userOf(null, false, { uid: 5, gid: 6 }),
    userOf("", false, null),
    userOf("me", true, null),
  ]).toEqual(["1000:1000", "5:6", "0:0", "me"]);
  expect([null, "", "bridge", "host", "none", "mine", "limited"].map(networkOf)).toEqual([
    { kind: "bridge" },
    { kind: "bridge" },
    { kind: "bridge" },
    { kind: "host" },
    { kind: "none" },
    { kind: "network", name: "mine" },
    { kind: "network", name: "limited" },
  ]);
});

test("in a bridged network an address that is exactly loopback is every address", () => {
  const bridge = { kind: "bridge" } as const;
  expect(effectiveAddress("127.0.0.1", bridge)).toBe("0.0.0.0");
  expect(effectiveAddress("localhost", { kind: "default" })).toBe("0.0.0.0");
  for (const other of ["127.0.0.1:80", "http://localhost", "127.0.0.2", "::1", "Localhost", " localhost", ""])
    expect(effectiveAddress(other, bridge)).toBe(other);
  for (const net of [{ kind: "host" }, { kind: "none" }, { kind: "network", name: "n" }] as const)
    expect(effectiveAddress("localhost", net)).toBe("localhost");
  expect(withEffectiveAddresses({ A: "localhost", B: "b" }, bridge)).toEqual({
    variables: { A: "0.0.0.0", B: "b" },
    changed: ["A"],
  });
});

test("mounts: the workspace, the extra ones, static assets for reading", () => {
  const rich = read(
    "type: docker\nname: n\nstatic_assets: { w: data/w }\ndocker: { image: i, extra_mounts: { d: /d, /x: { bind: /x } } }",
  );
  const mount = (host: string, container: string, mode: string) => ({ host, container, tail: null, mode });
  expect(mountsOf(rich, "/w")).toEqual([
    mount("/w", "/workspace", "rw"),
    mount("/w/d", "/d", "ro"),
    mount("/x", "/x", "rw"),
    mount("/w/data/w", "/static/data/w", "ro"),
  ]);
  expect(mountsOf(rich, "/w", "/tmp/restored")[0]).toEqual(mount("/tmp/restored", "/workspace", "rw"));
  expect(mountsOf(read("type: docker\nname: n\ndocker: { image: i, mount_workspace: false }"), "/w")).toEqual([]);
});

test("relative paths stay in the workspace, by links too", () => {
  const root = mkdtempSync(join(tmpdir(), "mlld-env-rules-"));
  try {
    mkdirSync(join(root, "work"));
    mkdirSync(join(root, "outside"));
    symlinkSync("../outside", join(root, "work/link"));
    const path = (written: string) => hostPathOf(written, join(root, "work"));
    expect(path("a/../b")).toBe(join(root, "work/b"));
    expect(path("@root/..b")).toBe(join(root, "work/..b"));
    expect(path("/etc")).toBe("/etc");
    expect(() => path("../outside")).toThrow("leads out");
    expect(() => path("link")).toThrow(join(root, "outside"));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("static assets of the workspace are named by patterns, others need none", () => {
  const assets = ["data/[a]*", "/w/b", "/elsewhere"].map((host, i) => ({
    name: `a${i}`,
    host,
    container: "/static/x",
  }));
  expect(assetGlobs(assets, "/w")).toEqual(["data/[[]a][*]", "data/[[]a][*]/*", "b", "b/*"]);
});
