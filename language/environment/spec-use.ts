/** Specs in configs: `spec: "./python.env.yaml"`, and the options of a spec written in the config itself. The config's own fields win. */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import { fieldNamed } from "./fields";
import { isAbsolute, isWithin, resolveContainerPath, resolveHostPath } from "./paths";
import { providerKind } from "./providers";
import { WORKDIR } from "./read-files";
import type { Reading } from "./reading";
import { checkStaticNames } from "./spec-checks";
import {
  absolutePath,
  engineProgram,
  ports,
  readSpec,
  readSpecPart,
  SPEC_TYPES,
  unknownDockerKeys,
} from "./spec-model";
import { partAt, problem, type Read, type SpecProblem } from "./spec-readers";
import { parseSpecText } from "./spec-text";
import type { EnvironmentSpecFile } from "./spec-types";

/** The config with the fields of its spec file and of its `docker` and `local` parts. A file that is not loaded leaves it open. */
export function withSpecOptions(config: AbstractObject, reading: Reading): AbstractObject {
  if (reading.role !== "config") return config;
  const whole = withSpecFile(withParts(config, reading), reading);
  checkNested(whole, reading);
  return withAssets(whole, reading);
}

function withSpecFile(own: AbstractObject, reading: Reading): AbstractObject {
  const spec = own.entries.find(({ key }) => key === "spec");
  if (!spec || (spec.value.kind === "known" && typeof spec.value.value !== "string")) return own;
  const written = spec.value.kind === "known" ? String(spec.value.value) : null;
  const path = written === null ? null : specPath(written, reading);
  const file = path === null ? undefined : reading.paths.specFile?.(path);
  if (file === undefined) return { ...own, open: true };
  const { place } = spec.value;
  if (file === null) {
    reading.report("env/spec-file", `There is no spec file '${written}': it would be ${path}.`, place);
    return own;
  }
  const parsed = parseSpecText(file.text, file.uri);
  const read = parsed.problems.length > 0 ? { spec: null, problems: parsed.problems } : readSpec(parsed.value);
  const problems = [...read.problems, ...(read.spec ? useProblems(read.spec, parsed.value) : [])];
  const [first, ...further] = problems;
  if (first) {
    const more =
      further.length === 0 ? "" : ` (And ${further.length} more ${further.length === 1 ? "mistake" : "mistakes"}.)`;
    const related = problems.flatMap((one, at) =>
      one.place ? [{ place: one.place, message: at === 0 ? "the mistake in the spec file" : one.message }] : [],
    );
    reading.report("env/spec-file", `${written}: ${first.message}${more}`, place, related);
  }
  // What a spec with a mistake gives is not known.
  return read.spec && problems.length === 0 ? withDefaults(own, entriesOf(read.spec, place)) : { ...own, open: true };
}

/** Where the file of a `spec` field lies. */
export function specPath(written: string, { paths }: Pick<Reading, "paths">): string {
  return resolveHostPath(written, paths).base;
}

const PARTS = ["setup", "environment", "local", "commands", "snapshot", "staticAssets"] as const;

/** Options of the `docker` part that configs have too; their kinds are checked with all other fields. */
const DOCKER_OPTIONS: Record<string, Read<unknown>> = { ports, workdir: absolutePath };

/** The parts of a spec, `type` and `binary` in a config. Says nothing of what only the run knows. */
export function checkSpecOption(name: string, value: AbstractValue, reading: Reading): void {
  if (!isKnown(value) || (value.kind === "known" && value.value === null)) return;
  const tell = (problems: SpecProblem[]): void => {
    for (const { message, place } of problems) reading.report("env/field-type", message, place ?? value.place);
  };
  const part = PARTS.find(known => known === name);
  if (part && !(part === "snapshot" && value.kind === "known")) {
    tell(readSpecPart(part, value).problems);
  }
  const read = name.toLowerCase().endsWith("binary") ? engineProgram : DOCKER_OPTIONS[name];
  if (!read) return;
  const problems: SpecProblem[] = [];
  read(value, name, problems);
  tell(problems);
}

function isKnown(value: AbstractValue): boolean {
  switch (value.kind) {
    case "known":
      return true;
    case "array":
      return !value.open && value.items.every(isKnown);
    case "object":
      return !value.open && value.entries.every(entry => !entry.maybe && isKnown(entry.value));
    default:
      return false;
  }
}

/** `docker: { network: … }` says the same as `network: …`; a `docker` part or `type: "docker"` is the provider too. */
function withParts(config: AbstractObject, reading: Reading): AbstractObject {
  const part = (name: string): AbstractEntry[] => {
    const value = entryOf(config, name)?.value;
    return value?.kind === "object" ? value.entries : [];
  };
  const docker = entryOf(config, "docker")?.value;
  const unknown = docker?.kind === "object" ? unknownDockerKeys(docker) : [];
  for (const { entry, problem } of unknown) reading.report("env/field-type", problem.message, entry.keyPlace);
  if (docker?.kind === "known" && docker.value !== null)
    reading.type("docker", 'an object such as { image: "alpine" }', docker);
  const known = part("docker").filter(entry => !unknown.some(other => other.entry === entry));
  const tty = part("local").filter(({ key }) => fieldNamed(key)?.name === "requiresTty");
  const inner = [...known, ...tty, ...backendOf(config, reading)];
  return inner.length === 0 ? config : withDefaults(config, inner);
}

/** The provider that `type`, or a `docker` part, means where no `provider` is set. */
function backendOf(config: AbstractObject, reading: Reading): AbstractEntry[] {
  if (entryOf(config, "provider")) return [];
  const type = entryOf(config, "type");
  const docker = entryOf(config, "docker");
  if (type && type.value.kind !== "known") return [];
  const word = type?.value.kind === "known" ? type.value.value : undefined;
  if (type && !SPEC_TYPES.includes(String(word))) {
    const named = JSON.stringify(word);
    const known = SPEC_TYPES.map(name => `"${name}"`).join(", ");
    reading.report(
      "env/field-type",
      `There is no backend ${named}: \`type\` is one of ${known}. Other backends are named by \`provider\`.`,
      type.value.place,
    );
    return [];
  }
  const from = word === "docker" ? type : type ? undefined : docker;
  if (!from) return [];
  const value: AbstractValue = { kind: "known", value: "@mlld/env-docker", place: from.value.place };
  return [{ key: "provider", value, keyPlace: from.keyPlace, ...(from.maybe && { maybe: true }) }];
}

/** Beside a mounted workspace, no mount lies in the work folder. */
function checkNested(config: AbstractObject, reading: Reading): void {
  const on = entryOf(config, "mountWorkspace")?.value;
  if (on?.kind !== "known" || on.value !== true) return;
  const written = entryOf(config, "workdir")?.value;
  const workdir = written?.kind === "known" && typeof written.value === "string" ? written.value : WORKDIR;
  for (const { key, value } of config.entries) {
    if (!/^extra_?mounts$/i.test(key) || value.kind !== "object") continue;
    for (const { value: to, keyPlace } of value.entries) {
      const bind = to.kind === "object" ? partAt(to, "bind") : to;
      if (bind?.kind !== "known" || typeof bind.value !== "string" || !bind.value.startsWith("/")) continue;
      if (isWithin(resolveContainerPath(bind.value, "/"), resolveContainerPath(workdir, "/")))
        reading.report(
          "env/fs-target",
          `'${bind.value}' lies in the work folder ${workdir}, where the workspace is mounted: mount it beside it.`,
          bind.place ?? keyPlace,
        );
    }
  }
}

/** In a sandbox static assets are mounts; their names are checked wherever they lie. */
function withAssets(config: AbstractObject, reading: Reading): AbstractObject {
  const written = entryOf(config, "staticAssets");
  if (written && !isKnown(written.value)) return config;
  const assets = (written && readSpecPart("staticAssets", written.value).value) || [];
  const problems: SpecProblem[] = [];
  if (!config.open) checkStaticNames(assets, config, problems);
  for (const { message, place } of problems) reading.report("env/field-type", message, place);
  const provider = entryOf(config, "provider")?.value;
  const sandboxed =
    provider?.kind === "known" && typeof provider.value === "string" && providerKind(provider.value) !== "none";
  const inherits = sandboxed ? partAt(entryOf(config, "environment")?.value, "includeOsEnv") : undefined;
  if (inherits?.kind === "known" && inherits.value === true)
    reading.report("env/field-type", MACHINE_VARIABLES, inherits.place);
  if (assets.length === 0 || !sandboxed || config.entries.some(({ key }) => key === "fs")) return config;
  const entries = assets.map(({ host, container }): AbstractEntry => {
    const { place } = written!.value;
    return { key: host, value: { kind: "known", value: container, place }, keyPlace: place };
  });
  const mounts: AbstractEntry = {
    key: "extraMounts",
    value: { kind: "object", entries, open: false, place: written!.value.place },
    keyPlace: written!.keyPlace,
  };
  return { ...config, entries: [...config.entries, mounts] };
}

/** An entry of a field, in whichever spelling it is written. */
function entryOf(config: AbstractObject, name: string): AbstractEntry | undefined {
  return config.entries.find(({ key }) => (fieldNamed(key)?.name ?? key) === name);
}

/** Entries for the fields that the config does not set itself; `fs` is the word for all mounts. */
function withDefaults(config: AbstractObject, entries: AbstractEntry[]): AbstractObject {
  const own = new Set(config.entries.map(({ key }) => fieldNamed(key)?.name ?? key));
  const files = config.entries.some(({ key }) => key === "fs");
  const missing = entries.filter(({ key }) => {
    const name = fieldNamed(key)?.name ?? key;
    return !own.has(name) && !(files && (name === "fs" || name === "mountWorkspace"));
  });
  return { ...config, entries: [...config.entries, ...missing] };
}

const MACHINE_VARIABLES =
  "`environment.include_os_env` would hand all variables of this machine, credentials too, to the sandbox: name the variables in `environment.env`.";

/** What a spec may say for `run --spec`, and not in a config. */
function useProblems({ environment, type }: EnvironmentSpecFile, value: AbstractValue): SpecProblem[] {
  if (type !== "docker" || !environment.includeOsEnv) return [];
  return [problem(MACHINE_VARIABLES, partAt(value, "environment", "includeOsEnv")?.place)];
}

/** The fields of mlld configs that a spec sets. A null network or user is left to the sandbox, or to the block around. */
function entriesOf(spec: EnvironmentSpecFile, place: Place | undefined): AbstractEntry[] {
  const { docker, local, environment, setup, commands, snapshot, staticAssets } = spec;
  const mounts = docker?.extraMounts.map(({ host, container, mode }): [string, unknown] => [
    ofWorkspace(host),
    { bind: container, mode },
  ]);
  const assets = staticAssets.map(({ name, host, container }): [string, unknown] => [
    name,
    { path: ofWorkspace(host), savePath: container.slice("/static/".length) },
  ]);
  const fields: Record<string, unknown> = {
    ...(docker && {
      provider: "@mlld/env-docker",
      image: docker.image,
      workdir: docker.workdir,
      ...(docker.mountWorkspace && { mountWorkspace: true }),
      ...(mounts && mounts.length > 0 && { extraMounts: Object.fromEntries(mounts) }),
      ...(docker.network && { network: docker.network }),
      ...(docker.user && { user: docker.user }),
      ...(docker.ports.length > 0 && { ports: docker.ports }),
      ...(docker.keepContainerAfterClean && { keep: true }),
    }),
    environment,
    setup,
    commands,
    ...(snapshot.archiveSaveDir !== null && {
      snapshot: { ...snapshot, archiveSaveDir: ofWorkspace(snapshot.archiveSaveDir) },
    }),
    ...(assets.length > 0 && { staticAssets: Object.fromEntries(assets) }),
    local,
    ...(local.requiresTty && { requiresTty: true }),
  };
  return Object.entries(fields).map(([key, value]) => ({ key, value: literal(value, place), keyPlace: place }));
}

/** Relative paths of a spec start at the workspace, those of a config at its file. */
function ofWorkspace(path: string): string {
  return isAbsolute(path) || /^(~|@base|@root)(\/|$)/.test(path) ? path : `@root/${path.replace(/^(?:\.\/+)+/, "")}`;
}

/** A plain value, all of it at one place. */
function literal(value: unknown, place: Place | undefined): AbstractValue {
  if (Array.isArray(value))
    return { kind: "array", items: value.map(item => literal(item, place)), open: false, place };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => ({ key, value: literal(item, place), keyPlace: place }));
    return { kind: "object", entries, open: false, place };
  }
  return { kind: "known", value: value as string | number | boolean | null, place };
}
