/** Environment specs: what a spec file may say, and what it means. Keys are snake_case in files and camelCase in mlld configs. */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import { toValue } from "./concrete";
import { isWithin, resolveContainerPath } from "./paths";
import { kindOf } from "./reading";
import { closest } from "./spelling";
import type { Problem } from "./types";

export interface SpecModel {
  type: "docker" | "local";
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
  docker: {
    image: string;
    binary: string;
    workdir: string;
    mountWorkspace: boolean;
    extraMounts: Record<string, string | { bind: string; mode?: string }>;
    network: string | null;
    user: string | null;
    keepContainerAfterClean: boolean;
  } | null;
  local: { requiresTty: boolean; shell: string | null } | null;
}

type Shape =
  | { kind: "text"; default?: string | null; check?: (text: string) => string | null }
  | { kind: "boolean"; default: boolean }
  | { kind: "texts"; default: string[] | null }
  | { kind: "textMap" }
  | { kind: "mounts" }
  | { kind: "model"; fields: Record<string, Shape>; optional?: boolean };

const oneOf =
  (...known: string[]) =>
  (text: string): string | null =>
    known.includes(text) ? null : `one of ${known.join(", ")}`;
const filled = (text: string): string | null => (text.trim() === "" ? "a text that is not empty" : null);
const absolute = (text: string): string | null => (text.startsWith("/") ? null : "an absolute path");

const SPEC: Record<string, Shape> = {
  type: { kind: "text", check: oneOf("docker", "local") },
  name: { kind: "text", check: filled },
  environment: {
    kind: "model",
    fields: { env: { kind: "textMap" }, includeOsEnv: { kind: "boolean", default: false } },
  },
  setup: {
    kind: "model",
    fields: {
      commands: { kind: "texts", default: [] },
      evalCommands: { kind: "texts", default: [] },
      resumeCommands: { kind: "texts", default: [] },
    },
  },
  commands: {
    kind: "model",
    fields: {
      entryFile: { kind: "text", default: "{entry_file}", check: entryPattern },
      command: { kind: "text", default: "python" },
      agentCommand: { kind: "text", default: null },
    },
  },
  snapshot: {
    kind: "model",
    fields: {
      keepGlobs: { kind: "texts", default: null },
      ignoreGlobs: {
        kind: "texts",
        default: ["*.pyc", "venv/*", ".venv/*", ".evaluation_tests/*", "tests/assets", "tests/assets/*"],
      },
      compression: { kind: "text", default: "gz", check: oneOf("gz", "bz2", "xz", "none") },
      archiveSaveDir: { kind: "text", default: null },
    },
  },
  docker: {
    kind: "model",
    optional: true,
    fields: {
      image: { kind: "text", check: filled },
      binary: { kind: "text", default: "docker" },
      workdir: { kind: "text", default: "/workspace", check: absolute },
      mountWorkspace: { kind: "boolean", default: true },
      extraMounts: { kind: "mounts" },
      network: { kind: "text", default: null },
      user: { kind: "text", default: null },
      keepContainerAfterClean: { kind: "boolean", default: false },
    },
  },
  local: {
    kind: "model",
    optional: true,
    fields: { requiresTty: { kind: "boolean", default: false }, shell: { kind: "text", default: null } },
  },
};

/** Other names of a field. */
const ALIASES: Record<string, string> = { docker_binary: "binary", dockerBinary: "binary" };

const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const snake = (key: string): string => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/** Reads a whole spec; null when anything in it is wrong or unknown. Every fault stands at its exact place. */
export function readSpec(value: AbstractValue): { spec: SpecModel | null; problems: Problem[] } {
  const reader = new SpecReader();
  const read = reader.model("the spec", value, SPEC) as SpecModel | null;
  if (read?.type === "docker" && read.docker === null && value.kind === "object")
    reader.report("A docker spec needs `docker`, with its `image`.", value.place);
  if (typeof read?.docker?.workdir === "string") reader.checkMounts(value as AbstractObject, read.docker.workdir);
  const sound = reader.problems.length === 0 && read !== null && toValue(value) !== undefined;
  return { spec: sound ? read : null, problems: reader.problems };
}

class SpecReader {
  readonly problems: Problem[] = [];

  report(message: string, place: Place | undefined): void {
    this.problems.push({ code: "env/field-type", severity: "error", message, place, related: [], fixes: [] });
  }

  model(what: string, value: AbstractValue, fields: Record<string, Shape>): Record<string, unknown> | null {
    if (value.kind === "unknown" || value.kind === "oneOf") return null;
    if (value.kind !== "object") {
      this.report(`${what} must be an object, not ${kindOf(value)}.`, value.place);
      return null;
    }
    const found = new Map<string, AbstractEntry>();
    for (const entry of value.entries) {
      const name = ALIASES[entry.key] ?? camel(entry.key);
      if (Object.hasOwn(fields, name)) found.set(name, entry);
      else this.unknownKey(entry, what, Object.keys(fields));
    }
    return Object.fromEntries(
      Object.entries(fields).map(([name, shape]) => [name, this.field(what, name, shape, found.get(name), value)]),
    );
  }

  private field(
    owner: string,
    name: string,
    shape: Shape,
    entry: AbstractEntry | undefined,
    parent: AbstractObject,
  ): unknown {
    const key = snake(name);
    if (shape.kind === "model") {
      if (!entry && shape.optional) return null;
      return this.model(`\`${key}\``, entry?.value ?? { kind: "object", entries: [], open: false }, shape.fields);
    }
    if (!entry) {
      if (shape.kind === "textMap" || shape.kind === "mounts") return {};
      if (shape.default !== undefined) return shape.default;
      if (!parent.open) this.report(`${owner} needs \`${key}\`.`, parent.place);
      return "";
    }
    const { value } = entry;
    if (value.kind === "unknown" || value.kind === "oneOf") return null;
    const data = toValue(value);
    const wrong = (wanted: string): null => {
      this.report(`\`${key}\` must be ${wanted}, not ${kindOf(value)}.`, value.place ?? entry.keyPlace);
      return null;
    };
    switch (shape.kind) {
      case "text": {
        if (data === null && shape.default === null) return null;
        if (typeof data !== "string") return wrong("a text");
        const wanted = shape.check?.(data);
        return wanted ? wrong(wanted) : data;
      }
      case "boolean":
        return typeof data === "boolean" ? data : wrong("true or false");
      case "texts":
        if (data === null && shape.default === null) return null;
        return isTexts(data) ? data : wrong("a list of texts");
      case "textMap":
        return isRecord(data) && isTexts(Object.values(data)) ? data : wrong("an object of texts");
      case "mounts":
        return isRecord(data) && Object.values(data).every(isMount)
          ? data
          : wrong("an object of mounts: a path in the environment, or { bind, mode }, by host path");
    }
  }

  private unknownKey(entry: AbstractEntry, what: string, known: string[]): void {
    const suggestion = closest(camel(entry.key), known);
    const spelt = suggestion && (entry.key.includes("_") || !/[A-Z]/.test(entry.key)) ? snake(suggestion) : suggestion;
    const place = entry.keyPlace;
    this.problems.push({
      code: "env/unknown-field",
      severity: "error",
      message: `'${entry.key}' is no field of ${what}${spelt ? `: did you mean '${spelt}'?` : `, which has ${known.map(snake).join(", ")}.`}`,
      place,
      related: [],
      fixes:
        spelt && place
          ? [{ kind: "replace", title: `Change to '${spelt}'`, place, newText: spelt, preferred: true }]
          : [],
    });
  }

  /** No mount lies at or under the work folder, by segments. */
  checkMounts(spec: AbstractObject, workdir: string): void {
    const inner = (value: AbstractValue | undefined, name: string): AbstractValue | undefined =>
      value?.kind === "object" ? value.entries.find(entry => camel(entry.key) === name)?.value : undefined;
    const mounts = inner(inner(spec, "docker"), "extraMounts");
    if (mounts?.kind !== "object") return;
    const folder = resolveContainerPath(workdir, "/");
    for (const { value } of mounts.entries) {
      const data = toValue(value);
      const bind = typeof data === "string" ? data : isMount(data) ? (data as { bind: string }).bind : null;
      if (bind === null) continue;
      if (!bind.startsWith("/"))
        this.report(`A mount needs an absolute path in the environment, not '${bind}'.`, value.place);
      else if (isWithin(resolveContainerPath(bind, "/"), folder))
        this.report(`The mount at '${bind}' lies in the work folder '${workdir}': put it beside.`, value.place);
    }
  }
}

function isTexts(data: unknown): data is string[] {
  return Array.isArray(data) && data.every(item => typeof item === "string");
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function isMount(data: unknown): boolean {
  if (typeof data === "string") return true;
  if (!isRecord(data) || typeof data.bind !== "string") return false;
  return data.mode === undefined || data.mode === "ro" || data.mode === "rw";
}

/** What is wrong with an entry pattern: one placeholder `{entry_file}`, braces doubled to stand for themselves. */
function entryPattern(pattern: string): string | null {
  return formatEntry(pattern, "x") === null ? "a pattern such as {entry_file}" : null;
}

/** The entry as the spec formats it; null for another placeholder, a lone brace or an empty result. */
export function formatEntry(pattern: string, entryFile: string): string | null {
  let sound = true;
  const text = pattern.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (match, placeholder: string | undefined) => {
    if (match === "{{" || match === "}}") return match[0]!;
    if (placeholder === "entry_file") return entryFile;
    sound = false;
    return "";
  });
  return sound && text !== "" ? text : null;
}

/** The command of a run: for an agent its own one, when there is one; an empty text counts. */
export function specCommand(spec: SpecModel, entryFile: string, agent: boolean): string {
  const { command, agentCommand, entryFile: pattern } = spec.commands;
  const program = agent && agentCommand !== null ? agentCommand : command;
  return `${program} ${formatEntry(pattern, entryFile) ?? entryFile}`.trim();
}

/** Set-up commands in order; `hidden` ones and their output are not shown to an agent. */
export function setupCommands(spec: SpecModel, evaluate: boolean): { command: string; hidden: boolean }[] {
  const { commands, evalCommands } = spec.setup;
  return [
    ...commands.map(command => ({ command, hidden: false })),
    ...(evaluate ? evalCommands.map(command => ({ command, hidden: true })) : []),
  ];
}

/** The spec as an mlld config: what it grants is read, compared and explained like any other. */
export function specConfig(spec: SpecModel): Record<string, unknown> {
  const { docker, local } = spec;
  if (spec.type === "local" || docker === null)
    return { provider: null, ...(local?.requiresTty && { requiresTty: true }), environment: spec.environment };
  return {
    provider: "@mlld/env-docker",
    image: docker.image,
    workdir: docker.workdir,
    mountWorkspace: docker.mountWorkspace,
    network: docker.network ?? "bridge",
    environment: spec.environment,
    ...(Object.keys(docker.extraMounts).length > 0 && { extraMounts: docker.extraMounts }),
    ...(docker.user && { user: docker.user }),
    ...(docker.keepContainerAfterClean && { keep: true }),
    ...(local?.requiresTty && { requiresTty: true }),
  };
}
