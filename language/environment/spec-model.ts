/**
 * Environment specs: which fields a spec file has, read with the exact place of each mistake. Names are snake_case in files and
 * camelCase in mlld configs; both are read.
 */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import { isAbsolute, resolveContainerPath } from "./paths";
import { checkHostPaths, checkMounts, checkStaticNames, entryProblem, leaves, leavesText } from "./spec-checks";
import {
  flag,
  headOf,
  isField,
  listOf,
  type Model,
  mapOf,
  model,
  oneOf,
  optional,
  problem,
  type Read,
  readModel,
  replacing,
  type SpecProblem,
  text,
  textLike,
  unknownKey,
  wrong,
} from "./spec-readers";
import type { EnvironmentSpecFile, SpecMount, StaticAsset } from "./spec-types";
import { closest } from "./spelling";

/** `HOST:CONTAINER[/udp]` or `CONTAINER`; the host side is loopback in any case. */
export const PORT = /^(?:(?:127\.0\.0\.1|localhost):)?(?:(\d{1,5}):)?(\d{1,5})(\/(?:tcp|udp))?$/;

const IGNORED = ["*.pyc", "venv/*", ".venv/*", ".evaluation_tests/*"];

const texts = listOf(text, "a list of texts");

const textMap: Read<Record<string, string>> = (value, at, problems) => {
  const entries = mapOf(variable, 'an object of texts such as { NAME: "value" }')(value, at, problems);
  return entries && Object.fromEntries(entries);
};

/** A name that a shell can set, as they are set in sandboxes; a value may hold anything but NUL. */
function variable(
  key: string,
  value: AbstractValue,
  at: string,
  problems: SpecProblem[],
  keyPlace: Place | undefined,
): string | undefined {
  // What a placeholder makes of a name is known when it is replaced.
  if (!/^[A-Za-z_]\w*$/.test(key.replace(/\{\{\s*static:[^{}]*\}\}/g, "x"))) {
    const message = `'${key}' cannot be the name of a variable: use letters, digits and '_', and no digit first.`;
    problems.push(problem(message, keyPlace ?? value.place));
    return undefined;
  }
  return textLike(read => !read.includes("\0"), "a text without NUL")(value, at, problems);
}

const nonEmpty = textLike(read => read.trim() !== "" && !/\s/.test(read.trim()), "the name of an image");
export const absolutePath = textLike(
  path => path.startsWith("/") && !path.includes("\0"),
  "an absolute path such as /workspace",
);
const user = textLike(
  name => /^(?:[^\s:]+(?::[^\s:]+)?)?$/.test(name),
  'a user, or a user and a group, such as "1000:1000"',
);
const hostPath = textLike(path => path.trim() !== "" && !path.includes("\0"), "a path of this machine");
const port = textLike(written => {
  const match = PORT.exec(written);
  return match !== null && Number(match[1] ?? 1) <= 65535 && Number(match[2]) >= 1 && Number(match[2]) <= 65535;
}, 'HOST:CONTAINER such as "8080:80"');

export const ports = listOf(port, 'a list such as ["8080:80"]');

const MOUNT: Model = { bind: { read: absolutePath }, mode: { read: oneOf("ro", "rw"), fallback: "rw" } };

/** A path mounts read-only; an object says `bind` and `mode`, which is `rw` when it is left out. */
const mounts: Read<SpecMount[]> = (value, at, problems) =>
  mapOf((host, to, here): SpecMount | undefined => {
    if (host.trim() === "" || leaves(host)) {
      const entry = value.kind === "object" ? value.entries.find(({ key }) => key === host) : undefined;
      problems.push(
        problem(
          host.trim() === "" ? `\`${at}\` has a mount without a path of this machine.` : leavesText(host),
          entry?.keyPlace ?? to.place,
        ),
      );
      return undefined;
    }
    if (to.kind !== "object") {
      const container = absolutePath(to, here, problems);
      return container === undefined ? undefined : { host, container, mode: "ro" };
    }
    const { bind, mode } = readModel(to, MOUNT, here, problems) as { bind?: string; mode?: "ro" | "rw" };
    return bind === undefined ? undefined : { host, container: bind, mode: mode ?? "rw" };
  }, "an object of mounts such as { ./data: /data }")(value, at, problems)?.map(([, mount]) => mount);

const ASSET: Model = { path: { read: hostPath }, savePath: { read: hostPath, fallback: null } };

/** A path, or an object that also says where below `/static` it lies. */
const assets: Read<StaticAsset[]> = (value, at, problems) =>
  mapOf((name, to, here): StaticAsset | undefined => {
    if (!/^[\w.-]+$/.test(name)) {
      problems.push(
        problem(`'${name}' cannot be the name of a static asset: letters, digits, '_', '-' and '.' can.`, to.place),
      );
      return undefined;
    }
    if (to.kind !== "object") {
      const host = hostPath(to, here, problems);
      return host === undefined ? undefined : { name, host, container: staticPath(host) };
    }
    const { path, savePath } = readModel(to, ASSET, here, problems) as { path?: string; savePath?: string | null };
    return path === undefined ? undefined : { name, host: path, container: staticPath(savePath ?? path) };
  }, "an object of paths")(value, at, problems)?.map(([, asset]) => asset);

/** Below `/static` whatever it says: of an absolute path the last segment, `..` climbs nowhere. */
function staticPath(path: string): string {
  const slashed = path.replaceAll("\\", "/").replace(/^(?:~|@base|@root)\//, "");
  const kept = isAbsolute(slashed) ? slashed.replace(/\/+$/, "").split("/").at(-1) : slashed;
  return `/static${resolveContainerPath(`/${kept}`, "/")}`.replace(/\/$/, "");
}

/** A program is chosen by the machine, never by a file: what a spec names must be what the machine has anyway. */
export const programName =
  (named: RegExp, mistake: (written: string) => string): Read<string> =>
  (value, at, problems) => {
    const read = text(value, at, problems);
    if (read === undefined || named.test(read)) return read;
    problems.push(problem(mistake(read), value.place));
    return undefined;
  };

export const engineProgram = programName(
  /^docker$/,
  written =>
    `The spec names the program '${written}'. The engine is chosen by the machine's settings: leave \`binary\` out.`,
);
const shell = programName(
  /^(\/bin\/|\/usr\/bin\/)?(sh|bash)$/,
  written =>
    `The spec names the shell '${written}'. Set-up runs in sh or bash: another program is no matter of a spec.`,
);

const entryFormat: Read<string> = (value, at, problems) => {
  const read = text(value, at, problems);
  const mistake = read === undefined ? null : entryProblem(read);
  if (mistake) problems.push(problem(mistake, value.place));
  return read;
};

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
      entryFile: { read: entryFormat, fallback: "{entry_file}" },
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
      archiveSaveDir: { read: optional(hostPath), fallback: null },
    }),
    fallback: { keepGlobs: null, ignoreGlobs: IGNORED, compression: "gz", archiveSaveDir: null },
  },
  staticAssets: { read: assets, fallback: [] },
  local: {
    read: model({ requiresTty: { read: flag, fallback: false }, shell: { read: optional(shell), fallback: null } }),
    fallback: { requiresTty: false, shell: null },
  },
};

const DOCKER: Model = {
  image: { read: nonEmpty },
  binary: { read: engineProgram, fallback: "docker", aliases: ["dockerBinary"] },
  workdir: { read: absolutePath, fallback: "/workspace" },
  mountWorkspace: { read: flag, fallback: true },
  extraMounts: { read: mounts, fallback: [] },
  network: { read: optional(text), fallback: null },
  user: { read: optional(user), fallback: null },
  ports: { read: ports, fallback: [] },
  keepContainerAfterClean: { read: flag, fallback: false },
};

/** Backends by their `type`: the parts of a spec that only they read. `local` says of every backend how set-up runs. */
const TYPES: Record<EnvironmentSpecFile["type"], Model> = { local: {}, docker: { docker: { read: model(DOCKER) } } };

/** The names of the backends that a `type` may name. */
export const SPEC_TYPES = Object.keys(TYPES);

/** Reads a spec; `null` when it has problems. */
export function readSpec(value: AbstractValue): { spec: EnvironmentSpecFile | null; problems: SpecProblem[] } {
  const problems: SpecProblem[] = [];
  if (value.kind !== "object") {
    const found = value.kind === "known" && value.value === null ? "This spec is empty" : "This is no spec";
    problems.push(problem(`${found}: a spec is an object with \`type\`, \`name\` and more.`, value.place));
    return { spec: null, problems };
  }
  const type = value.entries.find(entry => entry.key === "type");
  const word = type?.value.kind === "known" ? type.value.value : undefined;
  const known = typeof word === "string" && Object.hasOwn(TYPES, word);
  const types = SPEC_TYPES.join(", ");
  if (!type) problems.push(problem(`The spec has no \`type\`: it is one of ${types}.`, headOf(value)));
  else if (typeof word !== "string") wrong(type.value, "type", `one of ${types}`, problems);
  else if (!known) {
    const near = closest(word, SPEC_TYPES);
    problems.push({
      ...problem(`There is no backend "${word}": \`type\` is one of ${types}.`, type.value.place),
      fixes: near ? replacing(type.value.place, near, `Change to '${near}'`) : [],
    });
  }
  // Of a backend that is not known the parts of all are read, so that only its name is a mistake.
  const backend: Model = known
    ? TYPES[word as EnvironmentSpecFile["type"]]
    : { docker: { ...TYPES.docker.docker!, fallback: null } };
  const fields: Model = { type: { read: v => v, fallback: null }, name: { read: text }, ...PARTS, ...backend };
  const spec = {
    docker: null,
    ...readModel(value, wrongKind(value, word, fields, problems), "", problems),
    type: word,
  };
  const { docker, snapshot, staticAssets = [] } = spec as Partial<EnvironmentSpecFile>;
  if (docker?.workdir && docker.extraMounts) checkMounts({ docker, staticAssets }, value, problems);
  checkHostPaths({ snapshot, staticAssets }, value, problems);
  checkStaticNames(staticAssets, value, problems);
  problems.sort((a, b) => (a.place?.start ?? 0) - (b.place?.start ?? 0));
  return { spec: problems.length === 0 ? (spec as unknown as EnvironmentSpecFile) : null, problems };
}

/** `docker` in a spec of another type: said as such, and not as a misspelt key. */
function wrongKind(value: AbstractValue, word: unknown, fields: Model, problems: SpecProblem[]): Model {
  if (value.kind !== "object" || typeof word !== "string") return fields;
  const other = value.entries.find(({ key }) => !fields[key] && Object.hasOwn(TYPES, key));
  if (!other) return fields;
  problems.push(
    problem(
      `\`${other.key}\` belongs to a spec of \`type: ${other.key}\`; this one is \`type: ${word}\`. Change the type, or leave \`${other.key}\` out.`,
      other.keyPlace,
    ),
  );
  return { ...fields, [other.key]: { read: v => v, fallback: null } };
}

/** Keys of the `docker` part of a config that are no fields of it. */
export function unknownDockerKeys(value: AbstractObject): { entry: AbstractEntry; problem: SpecProblem }[] {
  return value.entries.flatMap(entry =>
    isField(DOCKER, entry.key) ? [] : [{ entry, problem: unknownKey(entry, DOCKER, "docker") }],
  );
}

type PartName = "setup" | "environment" | "local" | "commands" | "snapshot" | "staticAssets";

/** Reads one part of a spec, as it stands in an mlld config. */
export function readSpecPart<N extends PartName>(
  name: N,
  value: AbstractValue,
): { value: EnvironmentSpecFile[N] | null; problems: SpecProblem[] } {
  const problems: SpecProblem[] = [];
  const read = PARTS[name]!.read(value, name, problems);
  return { value: problems.length === 0 ? (read as EnvironmentSpecFile[N]) : null, problems };
}
