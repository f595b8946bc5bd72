/** What must hold between the parts of a spec, with the place of what breaks it. */
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import { isAbsolute, isWithin, resolveContainerPath } from "./paths";
import { partAt, problem, type SpecProblem } from "./spec-readers";
import type { EnvironmentSpecFile, StaticAsset } from "./spec-types";

/** No mount lies at, under or around the work folder, which is the workspace; and no two at one place. */
export function checkMounts(
  { docker, staticAssets }: Pick<EnvironmentSpecFile, "docker" | "staticAssets">,
  value: AbstractValue,
  problems: SpecProblem[],
): void {
  if (!docker) return;
  const workdir = resolveContainerPath(docker.workdir, "/");
  const taken = new Map<string, string>(
    staticAssets.map(({ name, container }) => [container, `the static asset ${name}`]),
  );
  const written = partAt(value, "docker", "extraMounts");
  for (const { host, container } of docker.extraMounts) {
    const target = resolveContainerPath(container, "/");
    const entry = written?.kind === "object" ? written.entries.find(({ key }) => key === host) : undefined;
    const tell = (message: string) => problems.push(problem(message, entry?.value.place ?? entry?.keyPlace));
    const other = taken.get(target);
    if (isWithin(target, workdir)) tell(`'${container}' lies in the work folder ${workdir}: mount it beside it.`);
    else if (isWithin(workdir, target))
      tell(`'${container}' would hide the work folder ${workdir}: mount it beside it.`);
    else if (other !== undefined) tell(`'${container}' is taken by ${other}: give one of them another place.`);
    else taken.set(target, `the mount '${host}'`);
  }
}

/** Relative paths of a spec start at the workspace and stay in it; mounts are checked as they are read. */
export function checkHostPaths(
  { snapshot, staticAssets }: { snapshot: EnvironmentSpecFile["snapshot"] | undefined; staticAssets: StaticAsset[] },
  value: AbstractValue,
  problems: SpecProblem[],
): void {
  const check = (path: string | null | undefined, place: Place | undefined) => {
    if (path && leaves(path)) problems.push(problem(leavesText(path), place));
  };
  check(snapshot?.archiveSaveDir, partAt(value, "snapshot", "archiveSaveDir")?.place);
  const written = partAt(value, "staticAssets");
  for (const { name, host } of staticAssets) {
    const entry = written?.kind === "object" ? written.entries.find(({ key }) => key === name)?.value : undefined;
    check(host, (partAt(entry, "path") ?? entry)?.place);
  }
}

export function leavesText(path: string): string {
  return `'${path}' leaves the workspace: write an absolute path for what lies elsewhere.`;
}

const STATIC_NAME = /\{\{\s*static:([^{}]*)\}\}/g;

/** `{{static:name}}` in variables, set-up and commands must name an asset. */
export function checkStaticNames(assets: StaticAsset[], value: AbstractValue, problems: SpecProblem[]): void {
  const names = new Set(assets.map(({ name }) => name));
  const check = (text: string, place: Place | undefined): void => {
    for (const [, name] of text.matchAll(STATIC_NAME)) {
      if (!names.has(name!.trim())) problems.push(problem(unknownAsset(name!.trim(), [...names]), place));
    }
  };
  const visit = (part: AbstractValue | undefined): void => {
    if (part?.kind === "known" && typeof part.value === "string") check(part.value, part.place);
    else if (part?.kind === "array") part.items.forEach(visit);
    else if (part?.kind === "object") {
      for (const { key, keyPlace, value: inner } of part.entries) {
        check(key, keyPlace);
        visit(inner);
      }
    }
  };
  visit(partAt(value, "environment", "env"));
  visit(partAt(value, "setup"));
  visit(partAt(value, "commands", "command"));
  visit(partAt(value, "commands", "agentCommand"));
}

/** Puts the paths of static assets in a text; `tell` answers for a name that is none. */
export function withStaticPaths(
  text: string,
  paths: ReadonlyMap<string, string>,
  tell: (message: string) => never,
): string {
  return text.replace(
    STATIC_NAME,
    (_, name: string) => paths.get(name.trim()) ?? tell(unknownAsset(name.trim(), [...paths.keys()])),
  );
}

function unknownAsset(name: string, known: string[]): string {
  const there = known.length > 0 ? `the spec has ${known.join(", ")}` : "the spec has none; name it in `static_assets`";
  return `There is no static asset '${name}': ${there}.`;
}

/** What is wrong with the format of an entry; null for nothing. `{entry_file}` is its one placeholder, doubled braces are braces. */
export function entryProblem(format: string): string | null {
  const [unknown] = entryTokens(format).filter(token => !["{{", "}}", "{entry_file}"].includes(token));
  if (unknown !== undefined)
    return `'${unknown}' in \`commands.entry_file\` is no placeholder: it has one, {entry_file}; write {{ and }} for braces.`;
  return format.trim() === "" ? "`commands.entry_file` gives an empty entry: use {entry_file} in it." : null;
}

/** Braces of a format and what stands between them. */
export function entryTokens(format: string): string[] {
  return format.match(ENTRY_TOKEN) ?? [];
}

export const ENTRY_TOKEN = /\{\{|\}\}|\{[^{}]*\}|[{}]/g;

/** Whether a path of the workspace climbs out of it. An absolute path, or one of the home folder, is none. */
export function leaves(path: string): boolean {
  if (isAbsolute(path) || /^~(\/|$)/.test(path)) return false;
  let depth = 0;
  for (const segment of path.replace(/^@(base|root)(\/|$)/, "").split("/")) {
    if (segment === "..") depth--;
    else if (segment !== "" && segment !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}
