/** Options of environment specs in configs: which provider they mean, what they grant, and their mistakes. */
import { describe, expect, test } from "vitest";
import { enterBlock, fromValue, grantsOf, TOP_LEVEL } from "../../../language/environment";

const FILES = (files: Record<string, string>) => ({
  folder: "/home/me/project/sub",
  root: "/home/me/project",
  home: "/home/me",
  specFile: (path: string) => (Object.hasOwn(files, path) ? { uri: `file://${path}`, text: files[path]! } : null),
});
const enter = (config: unknown, files: Record<string, string> = {}) =>
  enterBlock({ parent: TOP_LEVEL, config: fromValue(config), with: null, paths: FILES(files) });
const grants = (config: unknown, files: Record<string, string> = {}) => {
  const { environment, problems } = enter(config, files);
  const found = grantsOf(environment);
  if ("unknown" in found) throw new Error(found.unknown.join());
  return { ...found.grants, problems: problems.map(({ code, message }) => `${code} ${message}`) };
};

describe("the provider", () => {
  test.each([
    [{ type: "docker", image: "i" }, "@mlld/env-docker"],
    [{ docker: { image: "i" } }, "@mlld/env-docker"],
    [{ type: "local", docker: { image: "i" } }, null],
    [{ type: "docker", provider: "@mlld/env-sprites" }, "@mlld/env-sprites"],
    [{ type: "docker", provider: null }, null],
    [{ type: "local" }, null],
  ])("%j: %s", (config, provider) => {
    const found = grants(config);
    expect(found.provider).toBe(provider);
    expect(found.problems.filter(problem => !problem.startsWith("env/not-enforced"))).toEqual([]);
  });

  test("an unknown type lists what there is, unless a provider is named", () => {
    expect(grants({ type: "dokcer" }).problems).toEqual([
      expect.stringContaining('`type` is one of "local", "docker"'),
    ]);
    expect(grants({ type: "mine", provider: "./p.mld" }).problems).toEqual([]);
  });
});

const SPEC = `type: docker
name: Python
environment: { env: { WORDS: "{{static:words}}" } }
commands: { command: python -u }
static_assets: { words: data/words.txt }
snapshot: { archive_save_dir: out }
docker: { image: python, ports: ["8080:80"], extra_mounts: { lib: /lib-data } }
`;

test("a spec file gives image, ports, commands, archive and mounts, all from the workspace", () => {
  const found = grants({ spec: "./s.yaml" }, { "/home/me/project/sub/s.yaml": SPEC });
  expect(found.problems).toEqual([]);
  expect(found).toMatchObject({ provider: "@mlld/env-docker", image: "python", ports: ["8080:80"] });
  expect(found.fs.mounts).toEqual(
    expect.arrayContaining([
      { host: "/home/me/project", container: "/workspace", tail: null, mode: "rw" },
      { host: "/home/me/project/lib", container: "/lib-data", tail: null, mode: "ro" },
      { host: "/home/me/project/data/words.txt", container: "/static/data/words.txt", tail: null, mode: "ro" },
    ]),
  );
  expect(found.options).toMatchObject({
    commands: { command: "python -u" },
    snapshot: { archiveSaveDir: "@root/out", compression: "gz" },
    staticAssets: { words: { path: "@root/data/words.txt" } },
  });
});

test("the config's own fields win; its `fs` replaces all mounts", () => {
  const found = grants(
    { spec: "./s.yaml", image: "mine", fs: { read: ["./a"] }, snapshot: "saved" },
    {
      "/home/me/project/sub/s.yaml": SPEC,
    },
  );
  expect(found).toMatchObject({ image: "mine", options: { snapshot: "saved" } });
  expect(found.fs.mounts).toHaveLength(1);
});

test("static assets of a config are mounts in a sandbox, and nothing on this machine", () => {
  const staticAssets = { words: "./words.txt" };
  expect(grants({ type: "docker", image: "i", staticAssets }).fs.mounts).toEqual([
    { host: "/home/me/project/sub/words.txt", container: "/static/words.txt", tail: null, mode: "ro" },
  ]);
  const local = grants({ staticAssets });
  expect([local.fs.mounts, local.problems]).toEqual([null, []]);
});

describe("mistakes", () => {
  test.each([
    [{ environment: { env: { A: "{{static:x}}" } } }, "no static asset 'x'"],
    [{ commands: { command: 3 } }, "`commands.command` must be a text, not 3: write it in quotes."],
    [{ commands: { entryFile: "{x}" } }, "'{x}' in `commands.entry_file`"],
    [{ snapshot: { compression: "zip" } }, "one of gz, bz2, xz, none"],
    [{ staticAssets: ["a"] }, "`staticAssets` must be an object of paths"],
    [{ local: { shell: "/opt/evil" } }, "/opt/evil"],
    [{ docker: { image: "i", binary: "podman" } }, "the program 'podman'"],
    [{ setup: { comands: [] } }, "did you mean 'commands'"],
    [{ docker: "alpine" }, "`docker` must be an object"],
    [{ docker: { image: "i", netwrk: "none" } }, "'netwrk' is no field of `docker`: did you mean 'network'?"],
    [{ image: "i", ports: ["80:99999"] }, "`ports[0]` must be HOST:CONTAINER"],
    [{ image: "i", workdir: "app" }, "`workdir` must be an absolute path"],
    [{ type: "docker", image: "i", environment: { includeOsEnv: true } }, "all variables of this machine"],
    [
      { type: "docker", image: "i", mountWorkspace: true, extraMounts: { "./a": "/workspace/a" } },
      "lies in the work folder",
    ],
  ])("%j", (config, words) => {
    const { problems } = grants(config);
    expect(problems.filter(problem => problem.includes(words))).toHaveLength(1);
  });

  test("an option that is null is not set", () => {
    expect(grants({ setup: null, environment: null, workdir: null, docker: null, type: "local" }).problems).toEqual([]);
  });

  test("several mistakes of a spec are one finding, each with its place", () => {
    const text = "type: docker\nname: 3\ndocker: { image: i, workdir: w }\n";
    const { problems } = enter({ spec: "./s.yaml" }, { "/home/me/project/sub/s.yaml": text });
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toContain("(And 1 more mistake.)");
    expect(problems[0]!.related.map(({ place }) => text.slice(place.start, place.end).trim())).toEqual(["3", "w"]);
  });

  test("a spec's mistakes have their place in the spec file", () => {
    const text = "type: docker\nname: n\nenvironment: { include_os_env: true }\ndocker: { image: i }\n";
    const path = "/home/me/project/sub/s.yaml";
    const { problems } = enter({ spec: "./s.yaml" }, { [path]: text });
    expect(problems.map(({ related }) => text.slice(related[0]!.place.start, related[0]!.place.end))).toEqual(["true"]);
  });
});
