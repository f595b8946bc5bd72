/** Config objects, read field by field. Unknown values give no problem. */
import type { Place } from "../place";
import type { AbstractArray, AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import type { ReadContext } from "./face";
import { FIELDS, fieldNamed } from "./fields";
import { ALL_NAMES, only, UNKNOWN_NAMES } from "./names";
import { LIMITED, NO_NET, normaliseNet, parseNetItems } from "./net-sets";
import { NO_FILES, normaliseFiles, UNKNOWN_FILES } from "./path-sets";
import { isAbsolute, resolveContainerPath, resolveHostPath, splitGrant } from "./paths";
import { parseLimit } from "./scalar-orders";
import { parseServer } from "./servers";
import { closest } from "./spelling";
import type {
  Capabilities,
  CapabilityName,
  ConfigOption,
  DeclaredConfig,
  EnvironmentCode,
  Field,
  FixData,
  FsSet,
  FurtherField,
  Item,
  LimitName,
  LimitSet,
  NameSet,
  NetItem,
  NetSet,
  PathItem,
  Problem,
  ProviderSet,
} from "./types";

/** Values with more possibilities are not told apart. */
const MAX_OPTIONS = 16;
const WORKDIR = "/workspace";

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

export const NO_CONFIG: DeclaredConfig = {
  label: "the config",
  capabilities: {},
  options: {},
  further: [],
  taint: only([]),
};

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

export function optionsOf(value: AbstractValue): AbstractValue[] {
  return value.kind === "oneOf" ? value.options.flatMap(optionsOf).slice(0, MAX_OPTIONS) : [value];
}

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
            history: [...mine.history, ...theirs.history],
          }
        : { ...(mine ?? theirs)!, maybeUnset: true };
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
  readonly problems: Problem[] = [];
  private readonly capabilities: Partial<Capabilities> = {};
  private readonly options: Record<string, ConfigOption> = {};
  private readonly further: FurtherField[] = [];
  private taint: NameSet = only([]);
  private targets = new Map<string, PathItem>();

  constructor(
    private readonly context: ReadContext,
    private readonly label: string,
  ) {}

  config(value: AbstractValue): { config: DeclaredConfig; problems: Problem[] } {
    if (value.kind === "unknown" || value.kind === "oneOf") this.allUnknown(value.place);
    else if (value.kind !== "object")
      this.report(
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
      problems: this.problems,
    };
  }

  private allUnknown(place: Place | undefined): void {
    for (const name of Object.keys(UNKNOWN) as CapabilityName[])
      this.set(name, {
        options: [UNKNOWN[name]],
        maybeUnset: true,
        declared: true,
        place,
        history: [{ place, note: `unknown until run time in ${this.label}` }],
      } as Field<never>);
  }

  private object(value: AbstractObject): void {
    for (const entry of value.entries) this.entry(entry);
    if (value.open) {
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
    this.checkFurther();
    this.checkProfile();
  }

  private entry(entry: AbstractEntry): void {
    const { key } = entry;
    if (key === "provider") this.capability("provider", entry, v => this.provider(v));
    else if (key === "tools") this.capability("tools", entry, v => this.tools(v));
    else if (key === "mcps") this.capability("mcps", entry, v => this.servers(v));
    else if (key === "auth") this.capability("auth", entry, v => this.auth(v));
    else if (key === "fs") this.capability("fs", entry, v => this.files(v));
    else if (key === "net" || key === "network") this.capability("net", entry, v => this.net(v));
    else if (key === "limits") this.limits(entry);
    else if (key === "memory" || key === "cpu" || key === "cpus")
      this.capability(key === "memory" ? "mem" : "cpu", entry, v => this.limit(key === "memory" ? "mem" : "cpu", v));
    else if (key === "mounts" || key === "extraMounts" || key === "extra_mounts")
      this.capability("fs", entry, v => this.mounts(v));
    else if (key === "mountWorkspace" || key === "mount_workspace") this.mountWorkspace(entry);
    else if (key === "taint") this.taint = this.labels(entry.value);
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
    const possibilities = optionsOf(entry.value);
    const before = this.problems.length;
    for (const value of possibilities) {
      const option = read(value);
      if (option === null) maybeUnset = true;
      else options.push(option);
    }
    if (possibilities.length > 1) this.problems.length = before;
    if (options.length === 0) return null;
    const replaced =
      entry.replaced && this.quietly(() => this.field<S>({ key: entry.key, value: entry.replaced! }, read));
    const place = entry.value.place;
    return {
      options,
      maybeUnset,
      declared: true,
      place,
      keyPlace: entry.keyPlace,
      ...(replaced && { replaced }),
      history: [{ place: entry.keyPlace ?? place, note: `set in ${this.label}` }],
    };
  }

  private quietly<T>(read: () => T): T {
    const before = this.problems.length;
    const result = read();
    this.problems.length = before;
    return result;
  }

  // ---------------------------------------------------------------------------------------------------------- capabilities

  private provider(value: AbstractValue): ProviderSet | null {
    if (value.kind === "unknown") return { kind: "unknown", place: value.place };
    if (value.kind === "known" && (value.value === null || value.value === ""))
      return { kind: "known", ref: null, place: value.place };
    if (value.kind === "known" && typeof value.value === "string")
      return { kind: "known", ref: value.value, place: value.place };
    this.type("provider", "a string such as '@mlld/env-docker'", value);
    return null;
  }

  private tools(value: AbstractValue): NameSet | null {
    if (value.kind === "object") {
      return {
        ...only(
          value.entries.filter(e => !e.maybe).map(e => name(e.key, e.keyPlace)),
          value.open || value.entries.some(e => e.maybe),
        ),
        place: value.place,
      };
    }
    return this.names("tools", 'a list of names such as ["Read", "Bash"]', value, name);
  }

  private auth(value: AbstractValue): NameSet | null {
    if (value.kind === "known" && typeof value.value === "string" && value.value !== "*")
      return { ...only([{ key: value.value, text: value.value, place: value.place }]), place: value.place };
    return this.names("auth", "the name of a credential, or a list of names", value, (text, place) => ({
      key: text,
      text,
      place,
    }));
  }

  private names(
    field: string,
    wanted: string,
    value: AbstractValue,
    item: (text: string, place?: Place) => Item,
  ): NameSet | null {
    const { place } = value;
    if (value.kind === "unknown") return { ...UNKNOWN_NAMES, place };
    if (value.kind === "known" && typeof value.value === "string") {
      if (value.value.trim() === "*") return this.context.role === "new" ? { ...ALL_NAMES, place } : null;
      return { ...only(words(value.value).map(text => item(text, place))), place };
    }
    if (value.kind !== "array") {
      this.type(field, wanted, value);
      return null;
    }
    return this.list(value, field, item);
  }

  private list(value: AbstractArray, field: string, item: (text: string, place?: Place) => Item): NameSet {
    const items: Item[] = [];
    let { open } = value;
    let star: Place | undefined | null = null;
    for (const element of value.items) {
      if (element.kind === "known" && typeof element.value === "string") {
        const text = element.value.trim();
        if (text === "*") star = element.place;
        else if (text !== "") items.push(item(text, element.place));
      } else if (element.kind === "unknown" || element.kind === "oneOf") open = true;
      else this.type(`an entry of ${field}`, "a string", element);
    }
    // `["*"]` is any; its place is the star, which is what a widening points at.
    return star !== null ? { ...ALL_NAMES, place: star } : { ...only(items, open), place: value.place };
  }

  private servers(value: AbstractValue): NameSet | null {
    const { place } = value;
    if (value.kind === "unknown") return { ...UNKNOWN_NAMES, place };
    if (value.kind === "known" && typeof value.value === "string") {
      if (value.value.trim() === "*") return this.context.role === "new" ? { ...ALL_NAMES, place } : null;
      return {
        ...only(
          words(value.value).flatMap(
            text => parseServer({ kind: "known", value: text, place }, this.context.paths).items,
          ),
        ),
        place,
      };
    }
    if (value.kind !== "array") {
      this.type("mcps", "a list of servers", value);
      return null;
    }
    const items: Item[] = [];
    let { open } = value;
    for (const element of value.items) {
      if (element.kind === "known" && element.value === "*") return { ...ALL_NAMES, place: element.place };
      const server = parseServer(element, this.context.paths);
      items.push(...server.items);
      open ||= server.open;
      if (server.problem) this.report("env/mcps-entry", server.problem, element.place);
    }
    return { ...only(items, open), place };
  }

  private files(value: AbstractValue): FsSet | null {
    const { place } = value;
    if (value.kind === "unknown") return { ...UNKNOWN_FILES, place };
    if (value.kind === "known" && value.value === "*") return null;
    if (value.kind !== "object") {
      this.type("fs", "an object { read: […], write: […] }", value);
      return null;
    }
    const set: FsSet = { ...NO_FILES, read: [], write: [], openRead: value.open, openWrite: value.open, place };
    for (const { key, value: list, keyPlace, maybe } of value.entries) {
      if (key !== "read" && key !== "write") {
        this.unknownKey(key, keyPlace, "fs", ["read", "write"]);
        continue;
      }
      const { items, open } = this.paths(list, key);
      set[key].push(...items);
      if (open || maybe) set[key === "read" ? "openRead" : "openWrite"] = true;
    }
    return normaliseFiles(set);
  }

  private paths(value: AbstractValue, mode: "read" | "write"): { items: PathItem[]; open: boolean } {
    const list = value.kind === "array" ? value.items : [value];
    const items: PathItem[] = [];
    let open = value.kind === "array" && value.open;
    for (const element of list) {
      if (element.kind === "unknown" || element.kind === "oneOf") open = true;
      else if (element.kind === "known" && typeof element.value === "string")
        items.push(this.grant(element.value, mode, element.place));
      else if (element.kind === "object") {
        const host = stringAt(element, "host");
        const container = stringAt(element, "container");
        if (host === undefined)
          this.type(`an entry of fs.${mode}`, "a path, or an object with `host` and `container`", element);
        else if (host === null || container === null) open = true;
        else items.push(this.path(host, container ?? null, false, element.place));
      } else this.type(`fs.${mode}`, "a list of paths", element);
    }
    return { items, open };
  }

  private grant(text: string, mode: "read" | "write", place: Place | undefined): PathItem {
    const { host, container, mode: suffix } = splitGrant(text);
    if (suffix !== null && suffix !== "ro" && suffix !== "rw")
      this.report("env/field-type", `'${suffix}' is no mode of a mount: write :ro or :rw.`, place);
    return this.path(host, container, mode === "write" && container === null && isAbsolute(host), place, text);
  }

  private path(
    host: string,
    container: string | null,
    temporary: boolean,
    place: Place | undefined,
    text = host,
  ): PathItem {
    const resolved = resolveHostPath(host, this.context.paths);
    const target = container === null ? null : resolveContainerPath(container, WORKDIR);
    const key = resolved.tail === null ? resolved.base : `${resolved.base}/${resolved.tail}`;
    const item: PathItem = { key, text, place, ...resolved, container: target, temporary };
    if (target !== null) {
      const other = this.targets.get(target);
      if (other && other.base !== item.base) {
        this.report(
          "env/fs-target",
          `'${text}' lies at ${target} in the environment, where '${other.text}' lies already: give one of them another place.`,
          place,
          other.place && [{ place: other.place, message: `'${other.text}' is put at ${target} here` }],
        );
      } else this.targets.set(target, item);
    }
    return item;
  }

  /** `["./a:/b"]`, or the spec form `{ "./a": "/b", "./c": { bind: "/d", mode: "rw" } }`; read-only unless it says otherwise. */
  private mounts(value: AbstractValue): FsSet | null {
    const { place } = value;
    if (value.kind === "unknown") return { ...UNKNOWN_FILES, place };
    const set: FsSet = { ...NO_FILES, read: [], write: [], place };
    if (value.kind === "array") {
      set.openRead = set.openWrite = value.open;
      for (const element of value.items) {
        if (element.kind !== "known" || typeof element.value !== "string") {
          if (element.kind === "unknown") set.openRead = set.openWrite = true;
          else this.type("an entry of mounts", 'a string such as "./data:/data"', element);
        } else
          (splitGrant(element.value).mode === "rw" ? set.write : set.read).push(
            this.grant(element.value, "read", element.place),
          );
      }
    } else if (value.kind === "object") {
      set.openRead = set.openWrite = value.open;
      for (const { key, value: to, keyPlace } of value.entries) {
        const bind =
          to.kind === "known" && typeof to.value === "string"
            ? to.value
            : to.kind === "object"
              ? stringAt(to, "bind")
              : null;
        if (typeof bind !== "string") {
          if (to.kind === "unknown" || bind === null) set.openRead = set.openWrite = true;
          else this.type(`the mount of '${key}'`, "a path in the environment, or { bind, mode }", to);
          continue;
        }
        const mode = to.kind === "object" ? (stringAt(to, "mode") ?? "rw") : "ro";
        (mode === "rw" ? set.write : set.read).push(this.path(key, bind, false, keyPlace));
      }
    } else {
      this.type("mounts", "a list or an object of mounts", value);
      return null;
    }
    return normaliseFiles(set);
  }

  private mountWorkspace(entry: AbstractEntry): void {
    this.option(entry);
    const on = entry.value.kind === "known" ? entry.value.value === true : null;
    if (on === false) return;
    if (entry.value.kind === "known" && typeof entry.value.value !== "boolean")
      this.type("mountWorkspace", "true or false", entry.value);
    const workspace = this.path("@root", WORKDIR, false, entry.keyPlace);
    this.capability("fs", { ...entry, maybe: on === null }, () => ({
      ...NO_FILES,
      read: [],
      write: [workspace],
      place: entry.value.place,
    }));
  }

  private net(value: AbstractValue): NetSet | null {
    const { place } = value;
    if (value.kind === "unknown") return { kind: "unknown", place };
    if (value.kind === "known" && typeof value.value === "string") {
      switch (value.value.trim()) {
        case "*":
          return null;
        case "none":
          return { ...NO_NET, place };
        case "limited":
          return { ...LIMITED, place };
        case "bridge":
        case "host":
          return { kind: value.value.trim() as "bridge" | "host", place };
        default:
          return { kind: "network", name: value.value.trim(), place };
      }
    }
    if (value.kind !== "object") {
      this.type("net", '"none", "limited", "bridge", "host", the name of a network, or { allow: […] }', value);
      return null;
    }
    const sets: Record<"allow" | "deny", NetItem[]> = { allow: [], deny: [] };
    let { open } = value;
    let named = false;
    for (const { key, value: list, keyPlace, maybe } of value.entries) {
      if (key !== "allow" && key !== "deny") {
        this.unknownKey(key, keyPlace, "net", ["allow", "deny"]);
        continue;
      }
      named ||= key === "allow";
      open ||= maybe === true;
      for (const element of list.kind === "array" ? list.items : [list]) {
        if (element.kind === "known" && typeof element.value === "string") {
          const items = parseNetItems(element.value);
          if (items) sets[key].push(...items.map(item => ({ ...item, place: element.place })));
          else
            this.report(
              "env/field-type",
              `'${element.value}' is no host: write a name, *.suffix or *, with or without :PORT.`,
              element.place,
            );
        } else if (element.kind === "unknown" || element.kind === "oneOf") open = true;
        else this.type(`net.${key}`, "a list of host names", element);
      }
      if (list.kind === "array" && list.open) open = true;
    }
    const allow = named || value.entries.length === 0 ? sets.allow : LIMITED.allow;
    return normaliseNet({ kind: "names", allow, deny: sets.deny, open, place });
  }

  private limits(entry: AbstractEntry): void {
    const names: LimitName[] = ["mem", "cpu", "pids", "timeout"];
    for (const value of optionsOf(entry.value)) {
      if (value.kind === "unknown") {
        for (const limit of names) this.capability(limit, entry, () => ({ kind: "unknown", place: value.place }));
      } else if (value.kind === "object") {
        for (const inner of value.entries) {
          const limit = fieldNamed(inner.key === "mem" ? "memory" : inner.key)?.name ?? inner.key;
          if (!names.includes(limit as LimitName)) this.unknownKey(inner.key, inner.keyPlace, "limits", names);
          else
            this.capability(
              limit as LimitName,
              {
                ...inner,
                maybe: inner.maybe || entry.value.kind === "oneOf",
                replaced: inner.replaced ?? replacedLimit(entry, inner.key),
              },
              v => this.limit(limit as LimitName, v),
            );
        }
      } else if (!(value.kind === "known" && value.value === "*"))
        this.type("limits", 'an object such as { mem: "512m", timeout: "30s" }', value);
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
    this.type(limit, LIMIT_FORMS[limit], value);
    return null;
  }

  // --------------------------------------------------------------------------------------------------------- other fields

  private labels(value: AbstractValue): NameSet {
    return this.names("taint", "a list of labels", value, (text, place) => ({ key: text, text, place })) ?? only([]);
  }

  private option(entry: AbstractEntry): void {
    const spec = fieldNamed(entry.key);
    if (spec && FIELDS.includes(spec)) {
      this.options[spec.name] = { name: spec.name, value: entry.value, keyPlace: entry.keyPlace };
      if (this.context.role !== "config" && spec.allowed === "config")
        this.further.push({
          name: entry.key,
          value: entry.value,
          keyPlace: entry.keyPlace,
          suggestion: null,
          inWith: true,
        });
      else this.optionType(spec.name, entry.value);
      return;
    }
    this.further.push({
      name: entry.key,
      value: entry.value,
      keyPlace: entry.keyPlace,
      suggestion: suggest(entry.key, this.context.role !== "config"),
      inWith: this.context.role !== "config",
    });
  }

  private optionType(field: string, value: AbstractValue): void {
    const wanted = OPTION_TYPES[field];
    if (!wanted || value.kind === "unknown" || value.kind === "oneOf") return;
    const kind = value.kind === "known" ? (value.value === null ? "null" : typeof value.value) : value.kind;
    if (!wanted.kinds.includes(kind)) this.type(field, wanted.words, value);
  }

  /** Fields of nobody. A provider written in mlld gets every one of them, so there they are its own. */
  private checkFurther(): void {
    const provider = this.capabilities.provider?.options[0];
    if (
      provider?.kind === "unknown" ||
      (provider?.kind === "known" && provider.ref !== null && providerKind(provider.ref) === "module")
    )
      return;
    for (const { name: key, keyPlace, suggestion, inWith } of this.further) {
      const accepted = !inWith || TAIL_KEYS.has(key);
      const where = inWith ? "`with` of an environment" : "an environment";
      const fixes: FixData[] =
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
          : [];
      this.problems.push({
        code: "env/unknown-field",
        severity: accepted ? "warning" : "error",
        message: `'${key}' is no field of ${where}${suggestion ? `: did you mean '${suggestion}'?` : "; it has no effect."}`,
        place: keyPlace,
        related: [],
        fixes,
      });
    }
  }

  private checkProfile(): void {
    const { profile, profiles } = this.options;
    if (profile?.value.kind !== "known" || typeof profile.value.value !== "string" || profiles?.value.kind !== "object")
      return;
    const problem = unknownProfile(profile, profiles);
    if (problem) this.problems.push(problem);
  }

  private unknownKey(key: string, place: Place | undefined, of: string, known: readonly string[]): void {
    const suggestion = closest(key, known);
    this.problems.push({
      code: "env/unknown-field",
      severity: "warning",
      message: `'${key}' is no field of ${of}${suggestion ? `: did you mean '${suggestion}'?` : `, which has ${known.join(", ")}.`}`,
      place,
      related: [],
      fixes:
        suggestion && place
          ? [{ kind: "replace", title: `Change to '${suggestion}'`, place, newText: suggestion, preferred: true }]
          : [],
    });
  }

  private type(what: string, wanted: string, value: AbstractValue): void {
    this.report("env/field-type", `${capital(what)} must be ${wanted}, not ${kindOf(value)}.`, value.place);
  }

  private report(
    code: EnvironmentCode,
    message: string,
    place: Place | undefined,
    related: Problem["related"] = [],
  ): void {
    this.problems.push({ code, severity: "error", message, place, related, fixes: [] });
  }
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
  profile: { kinds: ["string", "null"], words: "a string" },
  profiles: { kinds: ["object"], words: "an object of profiles" },
  image: { kinds: ["string"], words: "the name of an image" },
  build: { kinds: ["string"], words: "the path of a Dockerfile" },
  workdir: { kinds: ["string"], words: "an absolute path" },
  user: { kinds: ["string"], words: 'a user such as "1000:1000"' },
  from: { kinds: ["string"], words: "the name of a snapshot" },
  snapshot: { kinds: ["string", "boolean"], words: "a name" },
  spec: { kinds: ["string"], words: "the path of a spec file" },
  ports: { kinds: ["array"], words: 'a list such as ["8080:80"]' },
};

/** `env/unknown-profile`, when the name is surely not among the profiles. */
export function unknownProfile(profile: ConfigOption, profiles: ConfigOption): Problem | null {
  if (profile.value.kind !== "known" || typeof profile.value.value !== "string" || profiles.value.kind !== "object")
    return null;
  const wanted = profile.value.value.trim();
  const names = profiles.value.entries.map(entry => entry.key);
  if (wanted === "" || profiles.value.open || names.length === 0 || names.includes(wanted)) return null;
  const suggestion = closest(wanted, names);
  const place = profile.value.place;
  return {
    code: "env/unknown-profile",
    severity: "error",
    message: `There is no profile '${wanted}': the config has ${names.map(n => `'${n}'`).join(", ")}.`,
    place,
    related: profiles.value.place ? [{ place: profiles.value.place, message: "the profiles are declared here" }] : [],
    fixes:
      suggestion && place
        ? [
            {
              kind: "replace",
              title: `Change to '${suggestion}'`,
              place,
              newText: JSON.stringify(suggestion),
              preferred: true,
            },
          ]
        : [],
  };
}

export function providerKind(ref: string | null): "none" | "docker" | "sprites" | "module" | "registry" {
  if (ref === null || ref === "" || ref === "local") return "none";
  if (ref === "@mlld/env-docker" || ref === "docker") return "docker";
  if (ref === "@mlld/env-sprites" || ref === "sprites") return "sprites";
  return /^(\.{1,2}[\\/]|[\\/]|~\/|@(base|root)\/|[A-Za-z]:[\\/])/.test(ref) || /\.(mld|mlld)(\.md)?$/.test(ref)
    ? "module"
    : "registry";
}

function replacedLimit(entry: AbstractEntry, key: string): AbstractValue | undefined {
  return entry.replaced?.kind === "object" ? entry.replaced.entries.find(e => e.key === key)?.value : undefined;
}

/** A string entry; undefined when it is absent, null when it is not known. */
function stringAt(value: AbstractObject, key: string): string | null | undefined {
  const found = value.entries.find(entry => entry.key === key)?.value;
  if (!found) return undefined;
  return found.kind === "known" && typeof found.value === "string"
    ? found.value
    : found.kind === "unknown" || found.kind === "oneOf"
      ? null
      : undefined;
}

function name(text: string, place?: Place): Item {
  return { key: text.toLowerCase(), text, place };
}

function words(text: string): string[] {
  return text
    .split(",")
    .map(word => word.trim())
    .filter(word => word !== "");
}

function suggest(key: string, inWith: boolean): string | null {
  return closest(
    key,
    FIELDS.filter(spec => spec.offered && (!inWith || spec.allowed === "both")).map(spec => spec.name),
  );
}

export function kindOf(value: AbstractValue): string {
  switch (value.kind) {
    case "known":
      return value.value === null
        ? "null"
        : typeof value.value === "string"
          ? `the text ${JSON.stringify(value.value.slice(0, 40))}`
          : String(value.value);
    case "array":
      return "a list";
    case "object":
      return "an object";
    case "executable":
      return `the executable @${value.name}`;
    default:
      return "unknown";
  }
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
