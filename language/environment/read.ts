/** Config objects, read field by field. Unknown values give no problem. */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import type { ReadContext } from "./face";
import { FIELDS, fieldNamed } from "./fields";
import { only, UNKNOWN_NAMES } from "./names";
import { NO_FILES, normaliseFiles, UNKNOWN_FILES } from "./path-sets";
import { optionsOf, possibilitiesOf } from "./possibilities";
import { checkProfiles, unknownProfile } from "./profiles";
import { canonicalProvider, providerKind } from "./providers";
import { hostPath, readFiles, readMounts, WORKDIR } from "./read-files";
import { readAuth, readLabels, readServers, readTools } from "./read-names";
import { readNet } from "./read-net";
import { capital, kindOf, Reading } from "./reading";
import { parseLimit } from "./scalar-orders";
import { checkSpecOption, withSpecOptions } from "./spec-use";
import { closest } from "./spelling";
import type {
  Capabilities,
  CapabilityName,
  ConfigOption,
  DeclaredConfig,
  Field,
  FsSet,
  FurtherField,
  LimitName,
  LimitSet,
  NameSet,
  Problem,
  ProviderSet,
} from "./types";

/** Keys that mlld 2.0.4 accepts in `with` and that say nothing about the environment. */
const TAIL_KEYS = new Set([
  "pipeline",
  "stdin",
  "format",
  "description",
  "asSection",
  "using",
  "guards",
  "policy",
  "parallel",
  "delay",
  "stream",
  "streamFormat",
  "skipDirs",
]);

/** How the note of a step begins that an author wrote. */
export const SET_IN = "set in ";

const UNKNOWN: { [N in CapabilityName]: Capabilities[N]["options"][number] } = {
  provider: { kind: "unknown" },
  tools: UNKNOWN_NAMES,
  mcps: UNKNOWN_NAMES,
  fs: UNKNOWN_FILES,
  net: { kind: "unknown" },
  auth: UNKNOWN_NAMES,
  mem: { kind: "unknown" },
  cpu: { kind: "unknown" },
  pids: { kind: "unknown" },
  timeout: { kind: "unknown" },
};

export function readConfig(
  value: AbstractValue,
  context: ReadContext,
): { config: DeclaredConfig; problems: Problem[] } {
  const label = context.label ?? "the config";
  const options = optionsOf(value);
  const read = options.map(option => new Reader(context, label).config(option));
  // A branch that may not be taken is no mistake for sure.
  const problems = read.every(r => r.problems.length > 0) ? read[0]!.problems : [];
  return { config: read.map(r => r.config).reduce(either), problems };
}

/** What is set in one of two configs, or in the other. */
function either(a: DeclaredConfig, b: DeclaredConfig): DeclaredConfig {
  const capabilities: Record<string, Field<unknown>> = {};
  for (const name of new Set([...Object.keys(a.capabilities), ...Object.keys(b.capabilities)]) as Set<CapabilityName>) {
    const mine = a.capabilities[name] as Field<unknown> | undefined;
    const theirs = b.capabilities[name] as Field<unknown> | undefined;
    capabilities[name] =
      mine && theirs
        ? {
            ...mine,
            options: [...mine.options, ...theirs.options],
            maybeUnset: mine.maybeUnset || theirs.maybeUnset,
            // What one branch alone replaced is not replaced for sure.
            replaced: mine.replaced &&
              theirs.replaced && {
                ...mine.replaced,
                options: [...mine.replaced.options, ...theirs.replaced.options],
              },
            history: [{ ...mine.history[0]!, options: [...mine.options, ...theirs.options] }],
          }
        : { ...(mine ?? theirs)!, maybeUnset: true, replaced: undefined };
  }
  return {
    ...a,
    capabilities: capabilities as Partial<Capabilities>,
    options: { ...b.options, ...a.options },
    further: [...a.further, ...b.further],
    taint: only([...a.taint.items, ...b.taint.items], true),
  };
}

class Reader {
  private readonly capabilities: Partial<Capabilities> = {};
  private readonly options: Record<string, ConfigOption> = {};
  private readonly further: FurtherField[] = [];
  private taint: NameSet = only([]);

  private readonly reading: Reading;

  constructor(
    { role, paths }: ReadContext,
    private readonly label: string,
  ) {
    this.reading = new Reading(role, paths);
  }

  config(value: AbstractValue): { config: DeclaredConfig; problems: Problem[] } {
    if (value.kind === "unknown" || value.kind === "oneOf")
      this.allUnknown(value.place, value.kind === "unknown" ? `: ${value.reason}` : "");
    else if (value.kind !== "object")
      this.reading.report(
        "env/config-not-object",
        `${capital(this.label)} is ${kindOf(value)}: an environment is described by an object such as { tools: ["Bash"] }.`,
        value.place,
      );
    else this.object(value);
    return {
      config: {
        place: value.place,
        label: this.label,
        capabilities: this.capabilities,
        options: this.options,
        further: this.further,
        taint: this.taint,
      },
      problems: this.reading.problems,
    };
  }

  private allUnknown(place: Place | undefined, why: string): void {
    this.taint = UNKNOWN_NAMES;
    for (const name of Object.keys(UNKNOWN) as CapabilityName[])
      this.set(name, {
        options: [UNKNOWN[name]],
        maybeUnset: true,
        declared: true,
        place,
        history: [{ place, note: `unknown until run time in ${this.label}${why}` }],
      } as Field<never>);
  }

  private object(written: AbstractObject): void {
    const value = withSpecOptions(written, this.reading);
    for (const entry of value.entries) this.entry(entry, value);
    if (value.open) {
      this.taint = { ...this.taint, open: true };
      for (const name of Object.keys(UNKNOWN) as CapabilityName[]) {
        if (!this.capabilities[name])
          this.set(name, {
            options: [UNKNOWN[name]],
            maybeUnset: true,
            declared: true,
            place: value.place,
            history: [{ place: value.place, note: `may be set in ${this.label}` }],
          } as Field<never>);
      }
    }
    this.checkProfile();
  }

  private entry(entry: AbstractEntry, value: AbstractObject): void {
    const { key } = entry;
    if (key === "provider") this.capability("provider", entry, v => this.provider(v));
    else if (key === "tools") this.capability("tools", entry, v => readTools(this.reading, v));
    else if (key === "mcps") this.capability("mcps", entry, v => readServers(this.reading, v));
    else if (key === "auth") this.capability("auth", entry, v => readAuth(this.reading, v));
    else if (key === "fs") this.capability("fs", entry, v => readFiles(this.reading, v));
    else if (key === "net") this.capability("net", entry, v => readNet(this.reading, v));
    // In specs a null network is the engine's default.
    else if (key === "network") this.capability("net", entry, v => (isNull(v) ? null : readNet(this.reading, v)));
    else if (key === "limits") this.limits(entry);
    else if (key === "memory" || key === "cpu" || key === "cpus")
      this.capability(key === "memory" ? "mem" : "cpu", entry, v => this.limit(key === "memory" ? "mem" : "cpu", v));
    else if (key === "mounts" || key === "extraMounts" || key === "extra_mounts")
      this.capability("fs", entry, v => readMounts(this.reading, v));
    else if (key === "mountWorkspace" || key === "mount_workspace") this.mountWorkspace(entry, value);
    else if (key === "taint") this.taint = readLabels(this.reading, entry.value);
    else this.option(entry);
  }

  private set<N extends CapabilityName>(name: N, field: Capabilities[N]): void {
    this.capabilities[name] = field as Capabilities[N] & undefined;
  }

  private capability<N extends CapabilityName>(
    name: N,
    entry: AbstractEntry,
    read: (value: AbstractValue) => Capabilities[N]["options"][number] | null,
  ): void {
    const field = this.field(entry, read);
    const before = this.capabilities[name] as Field<unknown> | undefined;
    if (!field) return;
    // `fs` and the mount options say the same thing: together.
    if (name === "fs" && before) {
      const sum = (a: FsSet, b: FsSet): FsSet =>
        normaliseFiles({
          ...a,
          read: [...a.read, ...b.read],
          write: [...a.write, ...b.write],
          openRead: a.openRead || b.openRead,
          openWrite: a.openWrite || b.openWrite,
        });
      field.options = field.options.flatMap(option =>
        (before.options as FsSet[]).map(other => sum(other, option as FsSet)),
      ) as typeof field.options;
    }
    this.set(name, field as unknown as Capabilities[N]);
  }

  private field<S>(entry: AbstractEntry, read: (value: AbstractValue) => S | null): Field<S> | null {
    const options: S[] = [];
    let maybeUnset = entry.maybe === true;
    const { problems } = this.reading;
    const before = problems.length;
    let sound = 0;
    const possibilities = possibilitiesOf(entry.value);
    for (const value of possibilities) {
      const found = problems.length;
      const option = read(value);
      if (option === null) maybeUnset = true;
      else options.push(option);
      if (problems.length === found) sound++;
    }
    // A choice with a sound option is no mistake for sure; of several mistaken ones the first is told.
    if (possibilities.length > 1) problems.length = sound > 0 ? before : Math.min(problems.length, before + 1);
    if (options.length === 0) return null;
    const replaced =
      entry.replaced && this.reading.quietly(() => this.field<S>({ key: entry.key, value: entry.replaced! }, read));
    const place = entry.value.place;
    const why = entry.value.kind === "unknown" ? `: ${entry.value.reason}` : "";
    const setIn = entry.origin ?? this.label;
    return {
      options,
      maybeUnset,
      declared: true,
      place,
      keyPlace: entry.keyPlace,
      ...(replaced && { replaced }),
      history: [{ place: entry.keyPlace ?? place, note: `${SET_IN}${setIn}${why}`, setIn, options }],
    };
  }

  // ---------------------------------------------------------------------------------------------------------- capabilities

  private provider(value: AbstractValue): ProviderSet | null {
    if (value.kind === "unknown") return { kind: "unknown", place: value.place };
    if (value.kind === "known" && (value.value === null || typeof value.value === "string")) {
      const written = value.value?.trim() ?? "";
      return written === "*" ? null : { kind: "known", ref: canonicalProvider(written), place: value.place };
    }
    this.reading.type("provider", "a string such as '@mlld/env-docker'", value);
    return null;
  }

  private mountWorkspace(entry: AbstractEntry, config: AbstractObject): void {
    this.option(entry);
    const on = entry.value.kind === "known" ? entry.value.value === true : null;
    if (on === false) return;
    const workdir = config.entries.find(({ key }) => key === "workdir")?.value;
    const target = workdir?.kind === "known" && typeof workdir.value === "string" ? workdir.value : WORKDIR;
    const workspace = hostPath(this.reading, "@root", target, false, entry.keyPlace);
    this.capability("fs", { ...entry, maybe: on === null }, () => ({
      ...NO_FILES,
      read: [],
      write: [workspace],
    }));
  }

  private limits(entry: AbstractEntry): void {
    const options = optionsOf(entry.value);
    const found = new Map<LimitName, AbstractEntry[]>();
    const add = (limit: LimitName, inner: AbstractEntry): void => {
      found.set(limit, [...(found.get(limit) ?? []), inner]);
    };
    for (const value of options) {
      if (value.kind === "unknown") for (const limit of LIMITS) add(limit, { key: limit, value });
      else if (value.kind === "object") {
        const here = new Set<LimitName>();
        for (const inner of value.entries) {
          const limit = limitNamed(inner.key);
          if (limit === null) this.reading.unknownKey(inner.key, inner.keyPlace, "limits", LIMITS);
          else {
            here.add(limit);
            add(limit, { ...inner, origin: inner.origin ?? entry.origin });
          }
        }
        const rest: AbstractValue = { kind: "unknown", reason: "limits that may be set", place: value.place };
        if (value.open)
          for (const limit of LIMITS) if (!here.has(limit)) add(limit, { key: limit, value: rest, maybe: true });
      } else if (!(value.kind === "known" && value.value === "*"))
        this.reading.type("limits", 'an object such as { mem: "512m", timeout: "30s" }', value);
    }
    for (const [limit, inners] of found) {
      const [first] = inners;
      const replaced = first!.replaced ?? replacedLimit(entry, limit);
      const value: AbstractValue =
        inners.length === 1
          ? first!.value
          : { kind: "oneOf", options: inners.map(inner => inner.value), place: entry.value.place };
      const maybe = entry.maybe || inners.length < options.length || inners.some(inner => inner.maybe);
      this.capability(limit, { ...first!, value, maybe, ...(replaced && { replaced }) }, v => this.limit(limit, v));
    }
  }

  private limit(limit: LimitName, value: AbstractValue): LimitSet | null {
    const { place } = value;
    if (value.kind === "unknown") return { kind: "unknown", place };
    if (value.kind === "known" && (typeof value.value === "string" || typeof value.value === "number")) {
      if (value.value === "*") return null;
      const amount = parseLimit(limit, value.value);
      if (amount !== null) return { kind: "known", value: amount, place };
    }
    this.reading.type(limit, LIMIT_FORMS[limit], value);
    return null;
  }

  // --------------------------------------------------------------------------------------------------------- other fields

  private option(entry: AbstractEntry): void {
    const spec = fieldNamed(entry.key);
    if (spec && FIELDS.includes(spec)) {
      this.options[spec.name] = { name: spec.name, value: entry.value, keyPlace: entry.keyPlace };
      if (this.reading.role !== "config" && spec.allowed === "config")
        this.further.push({
          name: entry.key,
          value: entry.value,
          keyPlace: entry.keyPlace,
          suggestion: null,
          inWith: true,
        });
      else {
        this.optionType(spec.name, entry.value);
        checkSpecOption(spec.name, entry.value, this.reading);
      }
      return;
    }
    this.further.push({
      name: entry.key,
      value: entry.value,
      keyPlace: entry.keyPlace,
      suggestion: suggest(entry.key, this.reading.role !== "config"),
      inWith: this.reading.role !== "config",
    });
  }

  private optionType(field: string, value: AbstractValue): void {
    const wanted = OPTION_TYPES[field];
    if (!wanted || isNull(value) || value.kind === "unknown" || value.kind === "oneOf") return;
    const kind = value.kind === "known" ? typeof value.value : value.kind;
    if (!wanted.kinds.includes(kind)) this.reading.type(field, wanted.words, value);
    else if (field === "profiles" && value.kind === "object") checkProfiles(value, this.reading);
  }

  private checkProfile(): void {
    const { profile, profiles } = this.options;
    const problem = profile && profiles && unknownProfile(profile, profiles);
    if (problem) this.reading.problems.push(problem);
  }
}

/**
 * `env/unknown-field`: keys of nobody, and fields that `with` may not set. A provider written in mlld gets every further field, so
 * nothing is said where the provider is one, or may be.
 */
export function furtherProblems(config: DeclaredConfig, providers: readonly ProviderSet[]): Problem[] {
  const builtIn = (p: ProviderSet): boolean =>
    p.kind === "known" && ["none", "docker", "sprites"].includes(providerKind(p.ref));
  return providers.every(builtIn) ? config.further.map(furtherProblem) : [];
}

function furtherProblem({ name: key, keyPlace, suggestion, inWith }: FurtherField): Problem {
  const misplaced = inWith && fieldNamed(key) !== undefined;
  const where = inWith ? "the `with` of an environment" : "an environment";
  return {
    code: "env/unknown-field",
    severity: inWith && !TAIL_KEYS.has(key) ? "error" : inWith || suggestion ? "warning" : "information",
    message: misplaced
      ? `'${key}' cannot be set in \`with\`: set it in the config object.`
      : `'${key}' is no field of ${where}${suggestion ? `: did you mean '${suggestion}'?` : "; only providers written in mlld get it."}`,
    place: keyPlace,
    related: [],
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

const LIMITS: readonly LimitName[] = ["mem", "cpu", "pids", "timeout"];

function limitNamed(key: string): LimitName | null {
  const spec = FIELDS.find(field => field.name === "limits")?.fields.find(
    field => field.name === key || field.aliases.includes(key),
  );
  return (spec?.name as LimitName | undefined) ?? null;
}

function isNull(value: AbstractValue): boolean {
  return value.kind === "known" && value.value === null;
}

const LIMIT_FORMS: Record<LimitName, string> = {
  mem: 'a size above 0 such as "512m"',
  cpu: "a number of CPUs above 0",
  pids: "a whole number of processes above 0",
  timeout: 'a duration above 0 such as "30s"',
};

const OPTION_TYPES: Record<string, { kinds: string[]; words: string }> = {
  name: { kinds: ["string"], words: "a string" },
  keep: { kinds: ["boolean"], words: "true or false" },
  mountWorkspace: { kinds: ["boolean"], words: "true or false" },
  requiresTty: { kinds: ["boolean"], words: "true or false" },
  evaluate: { kinds: ["boolean"], words: "true or false" },
  mcpConfig: { kinds: ["executable", "string"], words: "an executable, or its name" },
  profile: { kinds: ["string"], words: "a string" },
  profiles: { kinds: ["object"], words: "an object of profiles" },
  image: { kinds: ["string"], words: "the name of an image" },
  build: { kinds: ["string"], words: "the path of a Dockerfile" },
  workdir: { kinds: ["string"], words: "an absolute path" },
  user: { kinds: ["string"], words: 'a user such as "1000:1000"' },
  from: { kinds: ["string"], words: "the name of a snapshot" },
  snapshot: { kinds: ["string", "boolean", "object"], words: "a name, or { archiveSaveDir }" },
  entry: { kinds: ["string"], words: "the path of an entry" },
  spec: { kinds: ["string"], words: "the path of a spec file" },
  ports: { kinds: ["array"], words: 'a list such as ["8080:80"]' },
};

function replacedLimit(entry: AbstractEntry, limit: LimitName): AbstractValue | undefined {
  return entry.replaced?.kind === "object"
    ? entry.replaced.entries.find(e => limitNamed(e.key) === limit)?.value
    : undefined;
}

function suggest(key: string, inWith: boolean): string | null {
  return closest(
    key,
    FIELDS.filter(spec => spec.offered && (!inWith || spec.allowed === "both")).map(spec => spec.name),
  );
}
