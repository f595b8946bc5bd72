/** Specs in configs: `spec: "./python.env.yaml"`, and the options of a spec written in the config itself. The config's own fields win. */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import { fieldNamed } from "./fields";
import { resolveHostPath } from "./paths";
import type { Reading } from "./reading";
import { type EnvironmentSpecFile, programProblems, readSpec, readSpecPart, type SpecProblem } from "./spec-model";
import { parseSpecText } from "./spec-text";

/** The config with the fields of its spec file and of its `docker` and `local` parts. A file that is not loaded leaves it open. */
export function withSpecOptions(config: AbstractObject, reading: Reading): AbstractObject {
  if (reading.role !== "config") return config;
  const own = withParts(config);
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
  const problems = [...read.problems, ...(read.spec ? useProblems(read.spec) : [])];
  for (const problem of problems) {
    const related = problem.place ? [{ place: problem.place, message: "the mistake in the spec file" }] : [];
    reading.report("env/spec-file", `${written}: ${problem.message}`, place, related);
  }
  return read.spec ? withDefaults(own, entriesOf(read.spec, place)) : own;
}

/** Where the file of a `spec` field lies. */
export function specPath(written: string, { paths }: Pick<Reading, "paths">): string {
  return resolveHostPath(written, paths).base;
}

/** `setup`, `environment`, `local` and `binary` in a config. Says nothing of what only the run knows. */
export function checkSpecOption(name: string, value: AbstractValue, reading: Reading): void {
  if (!isKnown(value)) return;
  if (name === "setup" || name === "environment" || name === "local") {
    const { value: part, problems } = readSpecPart(name, value);
    const programs =
      name === "local" && part ? programProblems({ shell: (part as { shell: string | null }).shell }) : [];
    for (const { message, place } of [...problems, ...programs])
      reading.report("env/field-type", message, place ?? value.place);
  }
  if (name.toLowerCase().endsWith("binary") && value.kind === "known")
    for (const { message } of programProblems({ binary: String(value.value) }))
      reading.report("env/field-type", message, value.place);
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

/** `docker: { network: … }` says the same as `network: …`. */
function withParts(config: AbstractObject): AbstractObject {
  const part = (name: string): AbstractEntry[] => {
    const value = config.entries.find(({ key }) => key === name)?.value;
    return value?.kind === "object" ? value.entries : [];
  };
  const tty = part("local").filter(({ key }) => fieldNamed(key)?.name === "requiresTty");
  const inner = [...part("docker"), ...tty];
  return inner.length === 0 ? config : withDefaults(config, inner);
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

function useProblems({ docker, local, environment, type }: EnvironmentSpecFile): SpecProblem[] {
  const problems = programProblems({ binary: docker?.binary, shell: local.shell });
  const leaving = docker?.extraMounts.filter(({ host }) => leaves(host)) ?? [];
  for (const { host } of leaving)
    problems.push(mistake(`The mount '${host}' leaves the workspace: write an absolute path for a folder elsewhere.`));
  if (type === "docker" && environment.includeOsEnv)
    problems.push(
      mistake(
        "`environment.include_os_env` would hand all variables of this machine, credentials too, to the sandbox: name the variables in `environment.env`.",
      ),
    );
  return problems;
}

function mistake(message: string): SpecProblem {
  return { code: "run/spec", severity: "error", message, related: [], fixes: [] };
}

/** Whether a relative path climbs out of the folder that it starts in. */
function leaves(path: string): boolean {
  if (path.startsWith("/")) return false;
  let depth = 0;
  for (const segment of path.split("/")) {
    if (segment === "..") depth--;
    else if (segment !== "" && segment !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}

/** The fields of mlld configs that a spec sets. A null network or user is left to the sandbox, or to the block around. */
function entriesOf(spec: EnvironmentSpecFile, place: Place | undefined): AbstractEntry[] {
  const { docker, local, environment, setup } = spec;
  const mounts = docker?.extraMounts.map(({ host, container, mode }): [string, unknown] => [
    host.startsWith("/") ? host : `@root/${host}`,
    { bind: container, mode },
  ]);
  const fields: Record<string, unknown> = {
    ...(docker && {
      provider: "@mlld/env-docker",
      image: docker.image,
      workdir: docker.workdir,
      ...(docker.mountWorkspace && { mountWorkspace: true }),
      ...(mounts && mounts.length > 0 && { extraMounts: Object.fromEntries(mounts) }),
      ...(docker.network !== null && { network: docker.network }),
      ...(docker.user && { user: docker.user }),
      ...(docker.keepContainerAfterClean && { keep: true }),
    }),
    environment,
    setup,
    local,
    ...(local.requiresTty && { requiresTty: true }),
  };
  return Object.entries(fields).map(([key, value]) => ({ key, value: literal(value, place), keyPlace: place }));
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
