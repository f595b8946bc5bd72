/** The rules that every backend of environment specs shares. */
import { expect, test } from "vitest";
import { readSpec } from "../../../language/environment/spec-model";
import { parseSpecText } from "../../../language/environment/spec-text";
import {
  checkPrograms,
  commandLine,
  formatEntry,
  mountsOf,
  networkOf,
  setupCommands,
  userOf,
  variablesOf,
} from "../../../runtime/specs/rules";

const spec = (more: string) =>
  readSpec(parseSpecText(`type: docker\nname: n\ndocker: { image: i }\n${more}`, "file:///s.yaml").value).spec!;

test("entries are formatted", () => {
  expect(formatEntry("{entry_file}", "a.py")).toBe("a.py");
  expect(formatEntry("-m {entry_file} {{x}}", "a")).toBe("-m a {x}");
  for (const format of ["{other}", "{entry_file", "}", "{}"])
    expect(() => formatEntry(format, "a"), format).toThrow("placeholder");
  expect(() => formatEntry("{entry_file}", " ")).toThrow("empty");
});

test("the host's network is `bridge` where the engine has none", () => {
  expect(networkOf("host", "linux")).toEqual({ kind: "host" });
  expect(networkOf("host", "darwin")).toEqual({ kind: "bridge" });
  expect(networkOf("none", "darwin")).toEqual({ kind: "none" });
});

test("an agent's command takes the place of the command, also when it is empty", () => {
  expect(commandLine(spec(""), "a.py", true)).toBe("python a.py");
  expect(commandLine(spec("commands: { agent_command: py }"), "a.py", false)).toBe("py a.py");
  expect(commandLine(spec('commands: { agent_command: "" }'), "./a.py", false)).toBe("./a.py");
});

test("evaluation commands run only when evaluating, after the others", () => {
  const both = spec("setup: { commands: [a], eval_commands: [b] }");
  expect(setupCommands(both, false)).toEqual(["a"]);
  expect(setupCommands(both, true)).toEqual(["a", "b"]);
});

test("variables: the machine's, the spec's, the run's", () => {
  const machine = { A: "os", B: "os", C: undefined };
  expect(variablesOf(spec("environment: { env: { B: spec } }"), machine, { D: "run" })).toEqual({
    B: "spec",
    D: "run",
  });
  expect(variablesOf(spec("environment: { include_os_env: true, env: { B: spec } }"), machine, { B: "run" })).toEqual({
    A: "os",
    B: "run",
  });
});

test("users, networks, mounts", () => {
  expect([
    userOf(null, true, { uid: 5, gid: 6 }),
    userOf(null, false, { uid: 5, gid: 6 }),
    userOf("", false, null),
    userOf("me", true, null),
  ]).toEqual(["1000:1000", "5:6", "0:0", "me"]);
  expect([networkOf(null), networkOf("host"), networkOf("none"), networkOf("mine")]).toEqual([
    { kind: "bridge" },
    { kind: "host" },
    { kind: "none" },
    { kind: "network", name: "mine" },
  ]);
  const mounted = readSpec(
    parseSpecText("type: docker\nname: n\ndocker: { image: i, extra_mounts: { ./d: /d, ../x: /x } }", "file:///s.yaml")
      .value,
  ).spec!;
  expect(() => mountsOf(mounted, "/w")).toThrow("leaves the workspace");
  expect(mountsOf(spec(""), "/w")).toEqual([{ host: "/w", container: "/workspace", tail: null, mode: "rw" }]);
});

test("a spec chooses no program of the machine", () => {
  expect(() => checkPrograms(spec("local: { shell: /opt/evil }"))).toThrow("/opt/evil");
  expect(() => checkPrograms(spec("local: { shell: bash }"))).not.toThrow();
  const other = readSpec(
    parseSpecText("type: docker\nname: n\ndocker: { image: i, binary: /tmp/docker }", "file:///s.yaml").value,
  ).spec!;
  expect(() => checkPrograms(other)).toThrow("/tmp/docker");
});
