/**
 * Environment specs: which fields a spec file has, read with the exact place of each mistake. Unknown keys are refused at every level,
 * numbers do not become strings. Names are snake_case in files and camelCase in mlld configs; both are read.
 */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import { kindOf } from "./reading";
import { closest } from "./spelling";
import type { FixData } from "./types";

/** A mistake in a spec; `place` is missing for what was given on the command line. */
export interface SpecProblem {
  code: "run/spec";
  severity: "error";
  message: string;
  place?: Place;
  related: { place: Place; message: string }[];
  fixes: FixData[];
}

export interface EnvironmentSpecFile {
  type: "local" | "docker";
  /** A title, never the environment's name. */
  name: string;
  environment: { env: Record<string, string>; includeOsEnv: boolean };
  setup: { commands: string[]; evalCommands: string[]; resumeCommands: string[] };
  commands: { entryFile: string; command: string; agentCommand: string | null };
  snapshot: {
    keepGlobs: string[] | null;
    ignoreGlobs: string[];
    compression: "gz" | "bz2" | "xz" | "none";
    archiveSaveDir: string | null;
  };
  local: { requiresTty: boolean; shell: string | null };
  /** Set for `type: docker`. */
  docker: DockerSpec | null;
}

export interface DockerSpec {
  image: string;
  binary: string;
  workdir: string;
  mountWorkspace: boolean;
  extraMounts: SpecMount[];
  network: string | null;
  user: string | null;
  keepContainerAfterClean: boolean;
}

export interface SpecMount {
  host: string;
  container: string;
  mode: "ro" | "rw";
}

type Read<T> = (value: AbstractValue, at: string, problems: SpecProblem[]) => T | undefined;

interface SpecField {
  read: Read<unknown>;
  /** undefined is required. */
  fallback?: unknown;
  aliases?: string[];
}

type Model = Record<string, SpecField>;

const IGNORED = ["*.pyc", "venv/*", ".venv/*", ".evaluation_tests/*"];

const text: Read<string> = (value, at, problems) =>
  value.kind === "known" && typeof value.value === "string" ? value.value : wrong(value, at, "a text", problems);
const flag: Read<boolean> = (value, at, problems) =>
  value.kind === "known" && typeof value.value === "boolean"
    ? value.value
    : wrong(value, at, "true or false", problems);
const optional =
  <T>(read: Read<T>): Read<T | null> =>
  (value, at, problems) =>
    value.kind === "known" && value.value === null ? null : read(value, at, problems);
const texts: Read<string[]> = (value, at, problems) => {
  if (value.kind !== "array") return wrong(value, at, "a list of texts", problems);
  return value.items.flatMap((item, index) => text(item, `${at}[${index}]`, problems) ?? []);
};
const textMap: Read<Record<string, string>> = (value, at, problems) => {
  if (value.kind !== "object") return wrong(value, at, "an object of texts", problems);
  return Object.fromEntries(
    value.entries.flatMap(entry => {
      const read = text(entry.value, `${at}.${entry.key}`, problems);
      return read === undefined ? [] : [[entry.key, read]];
    }),
  );
};
const oneOf =
  <T extends string>(...words: T[]): Read<T> =>
  (value, at, problems) => {
    if (value.kind === "known" && words.includes(value.value as T)) return value.value as T;
    return wrong(value, at, `one of ${words.join(", ")}`, problems);
  };
const model =
  (fields: Model): Read<Record<string, unknown>> =>
  (value, at, problems) =>
    value.kind === "object" ? readModel(value, fields, at, problems) : wrong(value, at, "an object", problems);

const nonEmpty: Read<string> = (value, at, problems) => {
  const read = text(value, at, problems);
  return read?.trim() === "" ? wrong(value, at, "the name of an image", problems) : read;
};
const absolutePath: Read<string> = (value, at, problems) => {
  const read = text(value, at, problems);
  return read === undefined || read.startsWith("/")
    ? read
    : wrong(value, at, "an absolute path such as /workspace", problems);
};
/** A path mounts read-only; an object says `bind` and `mode`, which is `rw` when it is left out. */
const mounts: Read<SpecMount[]> = (value, at, problems) => {
  if (value.kind !== "object") return wrong(value, at, "an object of mounts", problems);
  return value.entries.flatMap(({ key, value: to }): SpecMount[] => {
    const here = `${at}.${key}`;
    if (to.kind !== "object") {
      const container = absolutePath(to, here, problems);
      return container === undefined ? [] : [{ host: key, container, mode: "ro" }];
    }
    const { bind, mode } = readModel(to, MOUNT, here, problems) as { bind?: string; mode?: "ro" | "rw" };
    return bind === undefined ? [] : [{ host: key, container: bind, mode: mode ?? "rw" }];
  });
};

const MOUNT: Model = { bind: { read: absolutePath }, mode: { read: oneOf("ro", "rw"), fallback: "rw" } };

const PARTS: Model = {
  environment: {
    read: model({ env: { read: textMap, fallback: {} }, includeOsEnv: { read: flag, fallback: false } }),
    fallback: { env: {}, includeOsEnv: false },
  },
  setup: {
    read: model({
      commands: { read: texts, fallback: [] },
      evalCommands: { read: texts, fallback: [] },
      resumeCommands: { read: texts, fallback: [] },
    }),
    fallback: { commands: [], evalCommands: [], resumeCommands: [] },
  },
  commands: {
    read: model({
      entryFile: { read: text, fallback: "{entry_file}" },
      command: { read: text, fallback: "python" },
      agentCommand: { read: optional(text), fallback: null },
    }),
    fallback: { entryFile: "{entry_file}", command: "python", agentCommand: null },
  },
  snapshot: {
    read: model({
      keepGlobs: { read: optional(texts), fallback: null },
      ignoreGlobs: { read: texts, fallback: IGNORED },
      compression: { read: oneOf("gz", "bz2", "xz", "none"), fallback: "gz" },
      archiveSaveDir: { read: optional(text), fallback: null },
    }),
    fallback: { keepGlobs: null, ignoreGlobs: IGNORED, compression: "gz", archiveSaveDir: null },
  },
};

const LOCAL: SpecField = {
  read: model({ requiresTty: { read: flag, fallback: false }, shell: { read: optional(text), fallback: null } }),
  fallback: { requiresTty: false, shell: null },
};

const DOCKER: SpecField = {
  read: model({
    image: { read: nonEmpty },
    binary: { read: text, fallback: "docker", aliases: ["dockerBinary"] },
    workdir: { read: absolutePath, fallback: "/workspace" },
    mountWorkspace: { read: flag, fallback: true },
    extraMounts: { read: mounts, fallback: [] },
    network: { read: optional(text), fallback: null },
    user: { read: optional(text), fallback: null },
    keepContainerAfterClean: { read: flag, fallback: false },
  }),
};

/** Backends by their `type`: which part of a spec they read. */
const TYPES: Record<EnvironmentSpecFile["type"], Model> = {
  local: { local: LOCAL },
  docker: { docker: DOCKER, local: LOCAL },
};

/** Reads a spec; `null` when it has problems. */
export function readSpec(value: AbstractValue): { spec: EnvironmentSpecFile | null; problems: SpecProblem[] } {
  const problems: SpecProblem[] = [];
  if (value.kind !== "object") {
    wrong(value, "the spec", "an object", problems);
    return { spec: null, problems };
  }
  const types = Object.keys(TYPES);
  const type = value.entries.find(entry => entry.key === "type");
  const word = type?.value.kind === "known" ? type.value.value : undefined;
  if (!type) problems.push(problem(`The spec has no \`type\`: it is one of ${types.join(", ")}.`, value.place));
  else if (typeof word !== "string" || !Object.hasOwn(TYPES, word))
    problems.push(
      problem(
        `There is no backend ${JSON.stringify(word ?? null)}: \`type\` is one of ${types.join(", ")}.`,
        type.value.place,
      ),
    );
  const backend =
    typeof word === "string" && Object.hasOwn(TYPES, word)
      ? TYPES[word as "local" | "docker"]
      : { local: LOCAL, docker: DOCKER };
  const fields: Model = { type: { read: v => v, fallback: word }, name: { read: text }, ...PARTS, ...backend };
  const spec = {
    docker: null,
    local: LOCAL.fallback,
    ...readModel(value, fields, "", problems),
    type: word,
  } as EnvironmentSpecFile;
  if (problems.length === 0 && spec.docker) checkMounts(spec.docker, value, problems);
  return { spec: problems.length === 0 ? spec : null, problems };
}

/** Reads one part of a spec, as it stands in an mlld config. */
export function readSpecPart<N extends "setup" | "environment" | "local">(
  name: N,
  value: AbstractValue,
): { value: EnvironmentSpecFile[N] | null; problems: SpecProblem[] } {
  const problems: SpecProblem[] = [];
  const parts: Model = { ...PARTS, local: LOCAL };
  const read = parts[name]!.read(value, name, problems);
  return { value: problems.length === 0 ? (read as EnvironmentSpecFile[N]) : null, problems };
}

/** A program is chosen by the machine, never by a file: what a spec names must be what the machine has anyway. */
export function programProblems({ binary, shell }: { binary?: string; shell?: string | null }): SpecProblem[] {
  const problems: SpecProblem[] = [];
  if (binary !== undefined && binary !== "docker")
    problems.push(
      problem(
        `The spec names the program '${binary}'. The engine is chosen by the machine's settings: leave \`binary\` out.`,
        undefined,
      ),
    );
  if (typeof shell === "string" && !/^(\/bin\/|\/usr\/bin\/)?(sh|bash)$/.test(shell))
    problems.push(
      problem(
        `The spec names the shell '${shell}'. Set-up runs in sh or bash: another program is no matter of a spec.`,
        undefined,
      ),
    );
  return problems;
}

/** No mount may lie at or under the work folder, which is the workspace. */
function checkMounts({ extraMounts, workdir }: DockerSpec, value: AbstractObject, problems: SpecProblem[]): void {
  const entries = objectAt(objectAt(value, "docker"), "extraMounts")?.entries ?? [];
  for (const { host, container } of extraMounts) {
    if (container === workdir || container.startsWith(`${workdir.replace(/\/$/, "")}/`)) {
      const entry = entries.find(({ key }) => key === host);
      problems.push(
        problem(
          `'${container}' lies in the work folder ${workdir}: mount it beside it.`,
          entry?.value.place ?? entry?.keyPlace,
        ),
      );
    }
  }
}

function objectAt(value: AbstractObject | undefined, key: string): AbstractObject | undefined {
  const found = value?.entries.find(entry => camelCase(entry.key) === key)?.value;
  return found?.kind === "object" ? found : undefined;
}

function readModel(value: AbstractObject, fields: Model, at: string, problems: SpecProblem[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const seen = new Map<string, AbstractEntry>();
  for (const entry of value.entries) {
    const name = fieldOf(fields, entry.key);
    if (name === undefined) problems.push(unknownKey(entry, fields, at));
    else seen.set(name, entry);
  }
  for (const [name, { read, fallback }] of Object.entries(fields)) {
    const entry = seen.get(name);
    const path = at === "" ? name : `${at}.${name}`;
    if (entry) result[name] = read(entry.value, path, problems);
    else if (fallback !== undefined) result[name] = fallback;
    else problems.push(problem(`The spec has no \`${path}\`.`, value.place));
  }
  return result;
}

function fieldOf(fields: Model, key: string): string | undefined {
  const name = camelCase(key);
  return Object.keys(fields).find(field => field === name || fields[field]!.aliases?.includes(name));
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function unknownKey({ key, keyPlace }: AbstractEntry, fields: Model, at: string): SpecProblem {
  const known = Object.keys(fields).map(snakeCase);
  const suggestion = closest(key, known);
  const where = at === "" ? "a spec" : `\`${at}\``;
  return {
    ...problem(
      `'${key}' is no field of ${where}: ${suggestion ? `did you mean '${suggestion}'?` : `it has ${known.join(", ")}.`}`,
      keyPlace,
    ),
    fixes:
      suggestion && keyPlace
        ? [
            {
              kind: "replace",
              title: `Change to '${suggestion}'`,
              place: keyPlace,
              newText: suggestion,
              preferred: true,
            },
          ]
        : [],
  };
}

function wrong(value: AbstractValue, at: string, wanted: string, problems: SpecProblem[]): undefined {
  problems.push(problem(`\`${at}\` must be ${wanted}, not ${kindOf(value)}.`, value.place));
}

function problem(message: string, place: Place | undefined): SpecProblem {
  return { code: "run/spec", severity: "error", message, place, related: [], fixes: [] };
}
