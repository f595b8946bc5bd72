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
    staticAssets: [],
    local: { requiresTty: false, shell: null },
    docker: {
      image: "python:3",
      binary: "docker",
      workdir: "/workspace",
      mountWorkspace: true,
      extraMounts: [],
      network: null,
      user: null,
      ports: [],
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
    ["no type", "name: n\n", "no `type`", "name"],
    ["an unknown type", "type: podman\nname: n\n", "no backend", "podman"],
    ["no name", "type: local\n", "no `name`", "type"],
    ["no docker part", "type: docker\nname: n\n", "no `docker`", "type"],
    ["no image", "type: docker\nname: n\ndocker:\n  user: a\n", "no `docker.image`", "user"],
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
    ["the work folder in other words", `${DOCKER}  extra_mounts: { ./a: /x/../workspace/ }\n`, "work folder", "/x/.."],
    ["a mount around the work folder", `${DOCKER}  extra_mounts: { ./a: / }\n`, "hide the work folder", "/"],
    ["two mounts at one place", `${DOCKER}  extra_mounts: { ./a: /d, ./b: /d/ }\n`, "taken by the mount './a'", "/d/"],
    [
      "a mount that leaves the workspace",
      `${DOCKER}  extra_mounts: { a/../../b: /b }\n`,
      "leaves the workspace",
      "a/../../b",
    ],
    ["a relative bind", `${DOCKER}  extra_mounts: { ./a: { bind: a } }\n`, 'docker.extra_mounts["./a"].bind', "a"],
    ["a mode that is none", `${DOCKER}  extra_mounts: { ./a: { bind: /a, mode: wr } }\n`, "one of ro, rw", "wr"],
    ["a port that is none", `${DOCKER}  ports: ["8080:99999"]\n`, "HOST:CONTAINER", "8080:99999"],
    ["ports that are no list", `${DOCKER}  ports: "80"\n`, 'a list such as ["8080:80"]', '"80"'],
    ["another placeholder", "type: local\nname: n\ncommands: { entry_file: '{file}' }\n", "'{file}'", "{file}"],
    ["an open brace", "type: local\nname: n\ncommands: { entry_file: 'x {entry_file' }\n", "'{'", "x {entry_file"],
    ["an empty entry", "type: local\nname: n\ncommands: { entry_file: ' ' }\n", "empty entry", "' '"],
    [
      "an asset that is none",
      "type: local\nname: n\nsetup: { commands: ['cat {{static:wrods}}'] }\n",
      "no static asset 'wrods'",
      "cat",
    ],
    [
      "an asset in a variable's name",
      "type: local\nname: n\nenvironment: { env: { 'X{{static:y}}': a } }\n",
      "no static asset 'y'",
      "X{{",
    ],
    ["a variable's name", "type: local\nname: n\nenvironment: { env: { A-B: a } }\n", "name of a variable", "A-B"],
    [
      "a docker part elsewhere",
      "type: local\nname: n\ndocker: { image: i }\n",
      "belongs to a spec of `type: docker`",
      "docker",
    ],
    ["a field said twice", `${DOCKER}  extra_mounts: {}\n  extraMounts: {}\n`, "a second time", "extraMounts"],
    ["a shell of its own", "type: local\nname: n\nlocal: { shell: /opt/evil }\n", "the shell '/opt/evil'", "/opt/evil"],
    ["an engine of its own", `${DOCKER}  docker_binary: podman\n`, "the program 'podman'", "podman"],
    ["a text for a list", "type: local\nname: n\nsetup: { commands: make }\n", 'write ["make"]', "make"],
    ["a text for an object", "type: local\nname: n\nsetup: make\n", "an object with commands, eval_commands", "make"],
    ["a number, with its quotes", "type: local\nname: n\nenvironment: { env: { A: 80 } }\n", 'quotes, "80".', "80"],
    [
      "a number that is written otherwise",
      "type: local\nname: n\nenvironment: { env: { A: 0755 } }\n",
      "quotes.",
      "0755",
    ],
    ["nothing at all", "\n", "empty", ""],
    ["a list", "- a\n", "no spec", "- a"],
    ["an alias of itself", "type: &x [*x]\nname: n\n", "more than a spec holds", ""],
    [
      "aliases of aliases",
      `a: &a [1,1,1,1,1,1,1,1,1,1]\n${"bcdefgh".replace(/./g, (c, i) => `${c}: &${c} [${`*${"abcdefgh"[i]},`.repeat(10)}]\n`)}`,
      "more than a spec holds",
      "",
    ],
    ["an archive folder that leaves", "type: local\nname: n\nsnapshot: { archive_save_dir: ../a }\n", "leaves", "../a"],
    ["an asset that leaves", "type: local\nname: n\nstatic_assets: { a: { path: ../a } }\n", "leaves", "../a"],
    ["a user of three parts", `${DOCKER}  user: "1:2:3"\n`, "a user and a group", "1:2:3"],
    ["a type that is no text", "type: [docker]\nname: n\n", "one of local, docker, not a list", "[docker]"],
    ["a merge", "type: local\nname: n\nsetup:\n  <<: { commands: [a] }\n", "write the fields of `setup` out", "<<"],
    ["an alias of nothing", "type: local\nname: n\nsetup: { commands: [*a] }\n", "marked &a", "*a"],
    ["a tag", "type: local\nname: !env HOME\n", "Tags", "!env"],
    ["two documents", "type: local\nname: n\n---\ntype: local\n", "one document", "---"],
    ["a key twice", "type: local\nname: n\nname: m\n", "a second time", "n"],
    ["tabs", "type: local\nname: n\nsetup:\n\tcommands: []\n", "not with tabs", ""],
    ["a name that YAML takes for nothing", `${DOCKER}  extra_mounts: { ~: b }\n`, 'docker.extra_mounts["~"]', "b"],
    ["broken YAML", "type: [\n", "no valid YAML", ""],
  ])("%s", (_, source, words, at) => {
    const { spec, problems } = read(source);
    expect(spec).toBeNull();
    const found = problems.find(problem => problem.message.includes(words));
    expect(found, JSON.stringify(problems)).toBeDefined();
    if (at) expect(source.slice(found!.place!.start, found!.place!.end)).toContain(at);
  });

  test("of a JSON file it is JSON that is broken", () => {
    expect(parseSpecText('{ "type": ', "file:///s.json").problems[0]!.message).toContain("no valid JSON");
  });

  test("an unknown backend is the only mistake of a spec that is sound otherwise", () => {
    expect(read(`${DOCKER.replace("docker", "podman")}`).problems).toMatchObject([
      { message: expect.stringContaining("podman") },
    ]);
  });

  test("a folder beside the work folder is fine", () => {
    expect(read(`${DOCKER}  extra_mounts: { ./a: /workspace-data }\n`).problems).toEqual([]);
  });
});

test("static assets: where they lie, in variables, set-up and commands", () => {
  const { spec, problems } = read(
    `type: local
name: n
static_assets: { words: tests/words.txt, all: /data/all/, moved: { path: ~/x, save_path: ../in/there }, up: a/../y }
environment: { env: { "F": "{{static:words}}" } }
setup: { commands: ["cat {{ static:all }}"] }
`,
  );
  expect(problems).toEqual([]);
  expect(spec?.staticAssets).toEqual([
    { name: "words", host: "tests/words.txt", container: "/static/tests/words.txt" },
    { name: "all", host: "/data/all/", container: "/static/all" },
    { name: "moved", host: "~/x", container: "/static/in/there" },
    { name: "up", host: "a/../y", container: "/static/y" },
  ]);
});
