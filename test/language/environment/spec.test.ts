import { describe, expect, it } from "vitest";
import {
  formatEntry,
  fromValue,
  readConfig,
  readSpec,
  setupCommands,
  specCommand,
  specConfig,
} from "../../../language/environment";
import { specValue } from "../../../language/environment/spec-values";
import { PATHS } from "./arbitraries";

const URI = "file:///python.env.yaml";
const GOOD = `type: docker
name: Python
environment:
  env: { A: "1" }
setup:
  commands: [apt-get update]
  eval_commands: [pip install pytest]
docker:
  image: python:3.12
  extra_mounts:
    ./data: /data
    ./out: { bind: /out, mode: rw }
`;

function read(text: string) {
  const { value, problems } = specValue(text, URI);
  const found = readSpec(value);
  return { spec: found.spec, problems: [...problems, ...found.problems] };
}

/** The text that the only problem points at. */
function place(text: string): string {
  const { problems } = read(text);
  expect(problems).toHaveLength(1);
  return text.slice(problems[0]!.place!.start, problems[0]!.place!.end);
}

describe("spec files", () => {
  it("fills in defaults", () => {
    const { spec, problems } = read(GOOD);
    expect(problems).toEqual([]);
    expect(spec).toMatchObject({
      commands: { entryFile: "{entry_file}", command: "python", agentCommand: null },
      snapshot: { compression: "gz", keepGlobs: null },
      docker: { workdir: "/workspace", mountWorkspace: true, network: null },
      local: null,
    });
    expect(setupCommands(spec!, false).map(c => c.command)).toEqual(["apt-get update"]);
    expect(setupCommands(spec!, true)).toEqual([
      { command: "apt-get update", hidden: false },
      { command: "pip install pytest", hidden: true },
    ]);
  });

  it("reads JSON too", () => {
    expect(read(JSON.stringify({ type: "local", name: "L", local: { requires_tty: true } })).spec).toMatchObject({
      local: { requiresTty: true, shell: null },
    });
  });

  it.each([
    ["an unknown type", GOOD.replace("type: docker", "type: podman"), "podman"],
    ["an unknown key", GOOD.replace("eval_commands", "eval_comands"), "eval_comands"],
    ["a wrong type", GOOD.replace("[apt-get update]", "5"), "5"],
    ["a number in env", GOOD.replace('{ A: "1" }', "{ A: 1 }"), "{ A: 1 }"],
    ["an empty image", GOOD.replace("python:3.12", '""'), '""'],
    ["a relative workdir", `${GOOD}  workdir: work\n`, "work"],
    ["an unknown compression", `${GOOD}snapshot: { compression: zip }\n`, "zip"],
    ["another placeholder", `${GOOD}commands: { entry_file: "{file}" }\n`, '"{file}"'],
    ["a mount in the work folder", GOOD.replace(": /data", ": /workspace/data"), "/workspace/data"],
  ])("points at %s", (_, text, at) => {
    expect(place(text)).toBe(at);
  });

  it.each([
    GOOD.replace("type: docker\n", ""),
    GOOD.replace("name: Python\n", ""),
    "type: docker\nname: x\n",
    "type: docker\nname: x\ndocker: {}\n",
    "[1]",
    "a: [",
    "",
  ])("refuses %j", text => {
    const { spec, problems } = read(text);
    expect(spec).toBeNull();
    expect(problems.length).toBeGreaterThan(0);
  });

  it("takes a mount beside the work folder, and both names of the binary", () => {
    expect(read(GOOD.replace(": /data", ": /workspace-data")).problems).toEqual([]);
    expect(read(`${GOOD}  docker_binary: podman\n`).spec?.docker?.binary).toBe("podman");
  });
});

describe("entries", () => {
  it.each([
    ["{entry_file}", "main.py"],
    ["-m {entry_file}", "-m main.py"],
    ["{{x}} {entry_file}", "{x} main.py"],
    ["{other}", null],
    ["{entry_file", null],
    ["}", null],
    ["", null],
  ])("%s", (pattern, expected) => {
    expect(formatEntry(pattern, "main.py")).toBe(expected);
  });

  it("gives an agent its own command, even an empty one", () => {
    const spec = read(`${GOOD}commands: { agent_command: "" }\n`).spec!;
    expect(specCommand(spec, "main.py", false)).toBe("python main.py");
    expect(specCommand(spec, "main.py", true)).toBe("main.py");
  });
});

it("a spec becomes a config whose grants are read like any other", () => {
  const { config, problems } = readConfig(fromValue(specConfig(read(GOOD).spec!)), { role: "config", paths: PATHS });
  expect(problems).toEqual([]);
  const fs = config.capabilities.fs!.options[0]!;
  expect(fs.read.map(item => [item.base, item.container])).toEqual([["/home/u/project/sub/data", "/data"]]);
  expect(new Map(fs.write.map(item => [item.base, item.container]))).toEqual(
    new Map([
      ["/home/u/project", "/workspace"],
      ["/home/u/project/sub/out", "/out"],
    ]),
  );
  expect(config.capabilities.net!.options).toMatchObject([{ kind: "bridge" }]);
});
