/** Values of a run: in, as abstract values; out, as grants for a provider. */

import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import { CAPABILITY_NAMES } from "./defaults";
import type { Grants } from "./face";
import { FIELDS } from "./fields";
import { NAME_ORDER } from "./names";
import { isLimited, isNone, netTexts } from "./net-sets";
import type {
  Answer,
  EnvironmentFacts,
  Field,
  FsSet,
  LimitSet,
  NameSet,
  NetItem,
  NetSet,
  PathItem,
  Problem,
  ProcessLanguage,
  ProviderSet,
} from "./types";

export function fromValue(value: unknown, depth = 0): AbstractValue {
  if (value === undefined || value === null) return { kind: "known", value: null };
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return { kind: "known", value };
  if (typeof value === "function") return { kind: "executable", name: value.name };
  if (depth > 100 || typeof value !== "object") return { kind: "unknown", reason: "a value of another kind" };
  if (Array.isArray(value)) return { kind: "array", items: value.map(item => fromValue(item, depth + 1)), open: false };
  return {
    kind: "object",
    entries: Object.entries(value).map(([key, item]) => ({ key, value: fromValue(item, depth + 1) })),
    open: false,
  };
}

export function toValue(value: AbstractValue): unknown {
  switch (value.kind) {
    case "known":
      return value.value;
    case "executable":
      return { executable: value.name };
    case "array": {
      const items = value.items.map(toValue);
      return value.open || items.includes(undefined) ? undefined : items;
    }
    case "object": {
      const entries = value.entries.map(entry => [entry.key, entry.maybe ? undefined : toValue(entry.value)] as const);
      return value.open || entries.some(([, item]) => item === undefined) ? undefined : Object.fromEntries(entries);
    }
    default:
      return undefined;
  }
}

export function grantsOf(environment: EnvironmentFacts): { grants: Grants } | { unknown: string[] } {
  const { capabilities, declared } = environment;
  const unknown = CAPABILITY_NAMES.filter(name => !isKnown(capabilities[name] as Field<unknown>)) as string[];
  const options: Record<string, unknown> = {};
  for (const { name, value } of [...Object.values(declared.options), ...declared.further]) {
    const concrete = toValue(value);
    if (concrete === undefined) unknown.push(name);
    else options[name] = concrete;
  }
  if (unknown.length > 0) return { unknown };
  const provider = capabilities.provider.options[0] as Extract<ProviderSet, { kind: "known" }>;
  const fs = capabilities.fs.options[0]!;
  const tools = capabilities.tools.options[0]!;
  const limit = (name: "mem" | "cpu" | "pids" | "timeout"): number | undefined =>
    (capabilities[name].options[0] as Extract<LimitSet, { kind: "known" }>).value ?? undefined;
  const text = (name: string): string | undefined =>
    typeof options[name] === "string" && options[name] !== "" ? options[name] : undefined;
  const spoken = text("image");
  return {
    grants: {
      provider: provider.ref,
      fs: { mounts: mountsOf(fs), scratch: fs.scratch.map(item => item.text) },
      net: netOf(capabilities.net),
      limits: defined({
        memoryBytes: limit("mem"),
        cpus: limit("cpu"),
        pids: limit("pids"),
        timeoutMs: limit("timeout"),
      }),
      auth: capabilities.auth.declared ? capabilities.auth.options[0]!.items.map(item => item.text) : [],
      taint: declared.taint.items.map(item => item.text),
      tools: tools.all ? null : tools.items.map(item => item.key),
      deniedTools: tools.all ? tools.items.map(item => item.key) : [],
      ...defined({
        name: text("name"),
        keep: typeof options.keep === "boolean" ? options.keep : undefined,
        from: text("from"),
        image: spoken,
        build: text("build"),
        workdir: text("workdir"),
        user: text("user"),
        ports: Array.isArray(options.ports) ? options.ports.map(String) : undefined,
        tty: options.requiresTty === true ? true : undefined,
      }),
      options: { ...declaredValues(environment), ...options },
    },
  };
}

function isKnown(field: Field<unknown>): boolean {
  if (field.options.length !== 1 || field.maybeUnset) return false;
  const option = field.options[0] as { kind?: string; open?: boolean; openRead?: boolean; openWrite?: boolean };
  return option.kind !== "unknown" && !option.open && !option.openRead && !option.openWrite;
}

/** The capabilities as an author would write them, for providers written in mlld. */
function declaredValues({ capabilities }: EnvironmentFacts): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const { provider, tools, mcps, fs, net } = capabilities;
  const ref = (provider.options[0] as { ref?: string | null }).ref;
  if (ref) values.provider = ref;
  for (const [key, field] of [
    ["tools", tools],
    ["mcps", mcps],
  ] as const) {
    const set = field.options[0] as NameSet;
    if (field.declared && !set.all) values[key] = set.items.map(item => item.text);
  }
  if (fs.declared) {
    const set = fs.options[0] as FsSet;
    if (!set.all)
      values.fs = {
        read: set.read.map(item => item.text),
        write: [...set.write, ...set.scratch].map(item => item.text),
      };
  }
  if (net.declared) {
    const set = net.options[0] as NetSet;
    values.net =
      set.kind === "names"
        ? isNone(set)
          ? "none"
          : isLimited(set)
            ? "limited"
            : { allow: netTexts(set.allow), ...(set.deny.length > 0 && { deny: netTexts(set.deny) }) }
        : set.kind === "network"
          ? set.name
          : set.kind;
  }
  const limits = Object.fromEntries(
    (["mem", "cpu", "pids", "timeout"] as const).flatMap(name => {
      const set = capabilities[name].options[0] as { value?: number | null };
      return capabilities[name].declared && set.value != null ? [[name, set.value]] : [];
    }),
  );
  if (Object.keys(limits).length > 0) values.limits = limits;
  return values;
}

function mountsOf(set: FsSet): Grants["fs"]["mounts"] {
  if (set.all) return null;
  const mount =
    (mode: "ro" | "rw") =>
    ({ base, container, tail, temporary, relative }: PathItem) => ({
      host: base,
      container: container ?? (relative === null && !temporary && mode === "ro" ? base : null),
      tail,
      mode,
    });
  return [...set.read.map(mount("ro")), ...set.write.map(mount("rw"))];
}

function netOf(field: Field<NetSet>): Grants["net"] {
  if (!field.declared) return { kind: "default" };
  const set = field.options[0]!;
  if (set.kind === "bridge" || set.kind === "host") return { kind: set.kind };
  if (set.kind === "network") return { kind: "network", name: set.name };
  if (set.kind === "unknown") return { kind: "none" };
  if (isNone(set)) return { kind: "none" };
  const deny = set.deny.length > 0 && { deny: set.deny.map(({ host, port }) => ({ host, port })) };
  const anyPort = set.allow.some(item => item.port === null);
  return anyPort ? { kind: "limited", ...deny } : { kind: "allow", items: webItems(set.allow), ...deny };
}

/** Both web ports of a name are the name without a port. */
function webItems(items: readonly NetItem[]): { host: string; port: number | null }[] {
  const web = new Set(
    items
      .filter(({ host, port }) => port === 443 && items.some(other => other.host === host && other.port === 80))
      .map(item => item.host),
  );
  return [
    ...[...web].map(host => ({ host, port: null })),
    ...items
      .filter(({ host, port }) => !(web.has(host) && (port === 443 || port === 80)))
      .map(({ host, port }) => ({ host, port })),
  ];
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

const CREATE_OPTIONS = FIELDS.filter(field => field.createTime).map(field => field.name);

function createTime(grants: Grants): unknown {
  const mounts =
    grants.fs.mounts && [...grants.fs.mounts].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const { timeoutMs: _, ...limits } = grants.limits;
  const options = Object.fromEntries(
    CREATE_OPTIONS.filter(
      name => !["provider", "fs", "net", "limits"].includes(name) && grants.options[name] !== undefined,
    ).map(name => [name, grants.options[name]]),
  );
  return [grants.provider, mounts, [...grants.fs.scratch].sort(), grants.net, limits, options];
}

/** FNV-1a over the canonical JSON, twice with different seeds: 64 bits are enough to tell configs apart, and no secret is in them. */
export function configHash(grants: Grants): string {
  const text = canonical(createTime(grants));
  return [0x811c9dc5, 0x9747b28c].map(seed => fnv(text, seed).toString(16).padStart(8, "0")).join("");
}

function fnv(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.keys(value)
      .sort()
      .map(key => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`)
      .join(",")}}`;
  return JSON.stringify(value) ?? "null";
}

export function sameEnvironment(child: Grants, parent: Grants): boolean {
  return child.name === undefined && child.from === undefined && configHash({ ...child }) === configHash({ ...parent });
}

export function allowsTool(environment: EnvironmentFacts, tool: string): Answer {
  const wanted: NameSet = { all: false, items: [{ key: tool.toLowerCase(), text: tool }], open: false };
  const answers = new Set(
    environment.capabilities.tools.options.map(option => NAME_ORDER.compare(wanted, option).answer),
  );
  return answers.size === 1 ? [...answers][0]! : "unknown";
}

function allowsName(tools: NameSet, tool: string): boolean {
  return NAME_ORDER.compare({ all: false, items: [{ key: tool, text: tool }], open: false }, tools).answer !== "wider";
}

/** What policy left of the tools, where the chain itself allows the tool. */
function removedByPolicy(environment: EnvironmentFacts, tool: string): EnvironmentFacts["removed"][number] | undefined {
  const before = environment.declared.capabilities.tools;
  if (before?.options.every(option => !allowsName(option, tool))) return undefined;
  return environment.removed.find(({ field }) => field === "tools");
}

/** Everything that starts a process needs the tool Bash; a `js` block is a pure function. */
const PROCESSES: Record<ProcessLanguage, string> = {
  cmd: "This command",
  sh: "This sh script",
  bash: "This bash script",
  node: "This node process",
  py: "This Python process",
};

/** What leaves a tool out: the config itself, one around it, or what narrowed it on the way here. */
function withoutTool({ label, capabilities }: EnvironmentFacts): string {
  const { history } = capabilities.tools;
  if (history.length > 1) return `the narrowed tools of ${label} leave out`;
  const source = history[0]?.setIn ?? label;
  return source === "with" ? `the tools in its \`with\` leave out` : `${source} does not allow`;
}

/** What is wrong with starting a process in an environment: `check` tells it, and a run refuses what it is told of. */
export function commandProblem(
  environment: EnvironmentFacts,
  language: ProcessLanguage,
  place?: Place,
): Problem | null {
  if (allowsTool(environment, "bash") !== "wider") return null;
  const what = PROCESSES[language];
  const { tools } = environment.capabilities;
  const list = (tools.options[0] as NameSet).place ?? tools.place;
  const removed = removedByPolicy(environment, "bash");
  // Whatever is narrowed on the way here does not allow it either: one word more would be wider.
  const steps = [
    ...tools.history.slice(0, -1).map(step => step.options as NameSet[] | undefined),
    tools.replaced?.options,
  ];
  const held = steps.some(options => options?.every(option => !allowsName(option, "bash")));
  if (removed) {
    return {
      code: "env/command-needs-bash",
      severity: "error",
      message: `${what} needs the tool Bash, which policy takes away from ${environment.label}. Change the policy, or remove the command.`,
      place,
      related: removed.place ? [{ place: removed.place, message: removed.text }] : [],
      fixes: [],
    };
  }
  return {
    code: "env/command-needs-bash",
    severity: "error",
    message: `${what} needs the tool Bash, which ${withoutTool(environment)}. ${held ? 'Allow "Bash" there and in what it narrows' : 'Add "Bash" to the tools'}, or remove the command.`,
    place,
    related: list ? [{ place: list, message: "the tools are set here" }] : [],
    fixes:
      list && !held
        ? [{ kind: "append", title: 'Add "Bash" to the tools', place: list, newText: '"Bash"', preferred: true }]
        : [],
  };
}
