/** Spec files: defaults, both spellings, and each mistake at its exact place. */
import { describe, expect, test } from "vitest";
import { readSpec } from "../../../language/environment/spec-model";
import { parseSpecText } from "../../../language/environment/spec-text";

const read = (source: string) => {
  const parsed = parseSpecText(source, "file:///s.yaml");
  return parsed.problems.length > 0 ? { spec: null, problems: parsed.problems } : readSpec(parsed.value);
};

test("a spec with nothing but what is required has the defaults", () => {
  const { spec, problems } = read("type: docker\nname: Python\ndocker:\n  image: python:3\n");
  expect(problems).toEqual([]);
  expect(spec).toEqual({
    type: "docker",
    name: "Python",
    environment: { env: {}, includeOsEnv: false },
    setup: { commands: [], evalCommands: [], resumeCommands: [] },
    commands: { entryFile: "{entry_file}", command: "python", agentCommand: null },
    snapshot: {
      keepGlobs: null,
      ignoreGlobs: ["*.pyc", "venv/*", ".venv/*", ".evaluation_tests/*"],
      compression: "gz",
      archiveSaveDir: null,
    },
    local: { requiresTty: false, shell: null },
    docker: {
      image: "python:3",
      binary: "docker",
      workdir: "/workspace",
      mountWorkspace: true,
      extraMounts: [],
      network: null,
      user: null,
      keepContainerAfterClean: false,
    },
  });
});

test("JSON, camelCase and mounts with and without a mode", () => {
  const { spec } = read(
    JSON.stringify({
      type: "docker",
      name: "n",
      docker: {
        image: "i",
        dockerBinary: "docker",
        extra_mounts: { "./a": "/a", "./b": { bind: "/b" }, "./c": { bind: "/c", mode: "ro" } },
      },
    }),
  );
  expect(spec?.docker?.extraMounts).toEqual([
    { host: "./a", container: "/a", mode: "ro" },
    { host: "./b", container: "/b", mode: "rw" },
    { host: "./c", container: "/c", mode: "ro" },
  ]);
});

describe("mistakes", () => {
  const DOCKER = "type: docker\nname: n\ndocker:\n  image: i\n";
  test.each([
    ["no type", "name: n\n", "no `type`", "name: n"],
    ["an unknown type", "type: podman\nname: n\n", "no backend", "podman"],
    ["no name", "type: local\n", "no `name`", "type: local"],
    ["no docker part", "type: docker\nname: n\n", "no `docker`", "type: docker"],
    ["no image", "type: docker\nname: n\ndocker:\n  user: a\n", "no `docker.image`", "user: a"],
    ["an empty image", 'type: docker\nname: n\ndocker:\n  image: ""\n', "docker.image", '""'],
    ["a misspelt key", `${DOCKER}  netwrok: none\n`, "did you mean 'network'", "netwrok"],
    ["a number for a text", "type: local\nname: n\nenvironment:\n  env: { PORT: 80 }\n", "environment.env.PORT", "80"],
    [
      "an unknown compression",
      "type: local\nname: n\nsnapshot: { compression: zip }\n",
      "one of gz, bz2, xz, none",
      "zip",
    ],
    ["a relative workdir", `${DOCKER}  workdir: work\n`, "absolute path", "work"],
    ["a mount in the work folder", `${DOCKER}  extra_mounts: { ./a: /workspace/a }\n`, "work folder", "/workspace/a"],
    ["broken YAML", "type: [\n", "no valid YAML", ""],
  ])("%s", (_, source, words, at) => {
    const { spec, problems } = read(source);
    expect(spec).toBeNull();
    const found = problems.find(problem => problem.message.includes(words));
    expect(found, JSON.stringify(problems)).toBeDefined();
    if (at) expect(source.slice(found!.place!.start, found!.place!.end)).toContain(at);
  });

  test("a folder beside the work folder is fine", () => {
    expect(read(`${DOCKER}  extra_mounts: { ./a: /workspace-data }\n`).problems).toEqual([]);
  });
});
