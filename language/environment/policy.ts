/** Policy: met on after comparing. What it takes away is explained, never called widened. */
import type { AbstractObject, AbstractValue } from "../values/abstract";
import { ORDERS } from "./compare";
import type { EnvironmentPolicy, Policy, ProviderRule } from "./face";
import { ALL_NAMES, NAME_ORDER, only } from "./names";
import { NET_ORDER, NO_NET } from "./net-sets";
import { meetFields, type Order } from "./order";
import { canonicalProvider } from "./providers";
import { readConfig } from "./read";
import { closest } from "./spelling";
import type {
  CapabilityName,
  EnvironmentFacts,
  Field,
  Item,
  NameSet,
  NetSet,
  PathContext,
  Problem,
  ProviderSet,
} from "./types";
import { textOf } from "./words";

const NONE: Omit<EnvironmentPolicy, "label"> = {
  defaultProvider: null,
  providers: new Map(),
  tools: ALL_NAMES,
  mcps: ALL_NAMES,
  net: null,
  denied: new Set(),
};

export function readPolicy(
  value: AbstractValue,
  label: string,
  paths: PathContext,
): { policy: EnvironmentPolicy; problems: Problem[] } {
  const policy: EnvironmentPolicy = { ...NONE, label, place: value.place };
  if (value.kind !== "object") return { policy, problems: [] };
  const capabilities = objectAt(value, "capabilities");
  const parts = [value, ...(capabilities ? [capabilities] : [])];
  const denied = new Set(parts.flatMap(part => deniedIn(entryOf(part, "deny"))));
  const env: AbstractObject = objectAt(value, "env") ?? { kind: "object", entries: [], open: false };
  const tools = restriction("tools", entryOf(env, "tools"), paths);
  return {
    policy: {
      ...policy,
      denied,
      defaultProvider: canonicalProvider(stringOf(entryOf(env, "default")) ?? ""),
      providers: providerRules(objectAt(env, "providers"), label),
      // Without any command there is nothing left of the tool Bash.
      tools: denied.has("cmd") && denied.has("sh") ? NAME_ORDER.meet(tools, NO_BASH) : tools,
      mcps: restriction("mcps", entryOf(env, "mcps"), paths),
      net: denied.has("network") ? NO_NET : netRestriction(entryOf(env, "net"), paths),
    },
    problems: slips(value, env),
  };
}

const FIELDS = [
  "allow",
  "deny",
  "danger",
  "capabilities",
  "deny_cmd",
  "labels",
  "defaults",
  "operations",
  "auth",
  "env",
  "limits",
  "keychain",
];
const ENV_FIELDS = ["default", "providers", "tools", "mcps", "net"];
const RULE_FIELDS = ["allowed", "auth", "taint"];

/** Keys that are likely misspelt: what they should forbid is not forbidden. */
function slips(policy: AbstractObject, env: AbstractObject): Problem[] {
  const rules = (objectAt(env, "providers")?.entries ?? []).flatMap(({ value }) =>
    value.kind === "object" ? [value] : [],
  );
  return [
    ...slipsIn(policy, FIELDS, "a policy"),
    ...slipsIn(env, ENV_FIELDS, "`env` of a policy"),
    ...rules.flatMap(rule => slipsIn(rule, RULE_FIELDS, "a provider's rule")),
  ];
}

function slipsIn({ entries }: AbstractObject, known: readonly string[], where: string): Problem[] {
  return entries.flatMap(({ key, keyPlace: place }): Problem[] => {
    if (known.includes(key) || !place) return [];
    const meant = closest(key, known) ?? known.find(name => key.length > 3 && name.startsWith(key));
    if (!meant) return [];
    return [
      {
        code: "env/unknown-field",
        severity: "warning",
        message: `'${key}' is no field of ${where}: did you mean '${meant}'?`,
        place,
        related: [],
        fixes: [{ kind: "replace", title: `Change to '${meant}'`, place, newText: meant, preferred: true }],
      },
    ];
  });
}

const NO_BASH: NameSet = { all: true, items: [{ key: "bash", text: "Bash" }], open: false };

/** `{ allow, deny }`, or a plain list; unknown parts restrict nothing before the run. */
function restriction(field: "tools" | "mcps", value: AbstractValue | undefined, paths: PathContext): NameSet {
  if (!value || value.kind === "unknown" || value.kind === "oneOf") return ALL_NAMES;
  const set = (list: AbstractValue | undefined): NameSet | null => {
    if (!list) return null;
    const entry = { kind: "object" as const, entries: [{ key: field, value: list }], open: false };
    const read = readConfig(entry, { role: "config", paths }).config.capabilities[field]?.options[0];
    return read && !read.open ? read : null;
  };
  if (value.kind !== "object") return set(value) ?? ALL_NAMES;
  const allow = set(entryOf(value, "allow")) ?? ALL_NAMES;
  const deny = set(entryOf(value, "deny"));
  return deny ? NAME_ORDER.meet(allow, { all: true, items: deny.items, open: false }) : allow;
}

function netRestriction(value: AbstractValue | undefined, paths: PathContext): NetSet | null {
  if (!value || value.kind === "unknown" || value.kind === "oneOf") return null;
  const entry = { kind: "object" as const, entries: [{ key: "net", value }], open: false };
  const read = readConfig(entry, { role: "config", paths }).config.capabilities.net?.options[0];
  return read && read.kind !== "unknown" && read.kind !== "network" ? read : null;
}

function providerRules(value: AbstractObject | undefined, policy: string): Map<string, ProviderRule> {
  const rules = new Map<string, ProviderRule>();
  for (const { key, value: rule, keyPlace } of value?.entries ?? []) {
    if (rule.kind !== "object") continue;
    const allowed = entryOf(rule, "allowed");
    rules.set(canonicalProvider(key) ?? key, {
      policy,
      allowed: !(allowed?.kind === "known" && allowed.value === false),
      auth: texts(entryOf(rule, "auth")),
      taint: texts(entryOf(rule, "taint")),
      place: keyPlace,
    });
  }
  return rules;
}

/** Several policies that hold at once: default last wins, restrictions meet. `chosen` is the provider that the run asks for. */
export function unitePolicies(policies: Policy[], chosen?: string | null): EnvironmentPolicy {
  const policy = united(policies as EnvironmentPolicy[]);
  return typeof chosen === "string" ? { ...policy, chosenProvider: canonicalProvider(chosen) } : policy;
}

function united(policies: EnvironmentPolicy[]): EnvironmentPolicy {
  const [first, ...rest] = policies;
  if (!first) return { ...NONE, label: "no policy" };
  const label = [...new Set(policies.map(policy => policy.label))].join(" and ");
  return rest.reduce((a, b): EnvironmentPolicy => {
    const providers = new Map(a.providers);
    for (const [ref, rule] of b.providers) {
      const before = providers.get(ref);
      providers.set(
        ref,
        before
          ? {
              // Of two the one that denies speaks.
              ...(before.allowed ? rule : before),
              allowed: before.allowed && rule.allowed,
              auth: [...before.auth, ...rule.auth],
              taint: [...before.taint, ...rule.taint],
            }
          : rule,
      );
    }
    return {
      label,
      place: a.place,
      defaultProvider: b.defaultProvider ?? a.defaultProvider,
      providers,
      tools: NAME_ORDER.meet(a.tools, b.tools),
      mcps: NAME_ORDER.meet(a.mcps, b.mcps),
      net: a.net && b.net ? NET_ORDER.meet(a.net, b.net) : (a.net ?? b.net),
      denied: new Set([...a.denied, ...b.denied]),
    };
  }, first);
}

export function applyPolicy(
  environment: EnvironmentFacts,
  given: Policy,
): { environment: EnvironmentFacts; problems: Problem[] } {
  const policy = given as EnvironmentPolicy;
  const capabilities = { ...environment.capabilities } as Record<string, Field<unknown>>;
  const removed = [...environment.removed];
  const bound = (name: CapabilityName, set: NameSet | NetSet): void => {
    const before = capabilities[name]!;
    const order = ORDERS[name] as Order<unknown>;
    if (before.options.every(option => order.compare(option, set).answer === "narrower")) return;
    const after = meetFields(before, set, order);
    const note = `policy ${policy.label} leaves ${textOf(name, after.options[0])}`;
    const place = set.place ?? policy.place;
    capabilities[name] = { ...after, declared: true, history: [...before.history, { place, note }] };
    removed.push({ field: name, text: note, place });
  };
  if (!policy.tools.all || policy.tools.items.length > 0) bound("tools", policy.tools);
  if (!policy.mcps.all || policy.mcps.items.length > 0) bound("mcps", policy.mcps);
  if (policy.net) bound("net", policy.net);
  const problems: Problem[] = [];
  const providers = environment.capabilities.provider.options;
  const refused = providers.filter(
    (p): p is Extract<ProviderSet, { kind: "known" }> =>
      p.kind === "known" && p.ref !== null && policy.providers.get(p.ref)?.allowed === false,
  );
  if (refused.length === providers.length && refused[0]) {
    const rule = policy.providers.get(refused[0].ref!)!;
    const place = refused[0].place ?? environment.place;
    problems.push({
      code: "env/policy-denied",
      severity: "error",
      message: `Policy ${rule.policy} denies the provider '${refused[0].ref}'. Use another provider, or change the policy.`,
      place,
      related: rule.place ? [{ place: rule.place, message: "denied here" }] : [],
      fixes: [],
    });
  }
  const only1 =
    providers.length === 1 && providers[0]!.kind === "known" && providers[0]!.ref !== null
      ? policy.providers.get(providers[0]!.ref)
      : undefined;
  const declared =
    only1 && only1.taint.length > 0
      ? { ...environment.declared, taint: only([...environment.declared.taint.items, ...only1.taint]) }
      : environment.declared;
  if (only1 && only1.auth.length > 0) {
    const before = capabilities.auth as Field<NameSet>;
    const options = before.declared
      ? before.options.map(o => (o.all ? o : only([...o.items, ...only1.auth], o.open)))
      : [only(only1.auth)];
    capabilities.auth = {
      ...before,
      options,
      declared: true,
      history: [
        ...before.history,
        { place: only1.place, note: `policy ${policy.label} adds credentials for this provider` },
      ],
    };
  }
  return {
    environment: {
      ...environment,
      declared,
      capabilities: capabilities as unknown as EnvironmentFacts["capabilities"],
      removed,
    },
    problems,
  };
}

function deniedIn(value: AbstractValue | undefined): string[] {
  if (value?.kind === "array")
    return value.items.flatMap(item =>
      item.kind === "known" && typeof item.value === "string" ? [item.value.replace(/:\*$/, "")] : [],
    );
  if (value?.kind === "object")
    return value.entries.flatMap(({ key, value: v }) =>
      v.kind === "known" && (v.value === true || v.value === "*") ? [key] : [],
    );
  return value?.kind === "known" && typeof value.value === "string" ? [value.value] : [];
}

function entryOf(value: AbstractObject, key: string): AbstractValue | undefined {
  return value.entries.find(entry => entry.key === key)?.value;
}

function objectAt(value: AbstractObject, key: string): AbstractObject | undefined {
  const found = entryOf(value, key);
  return found?.kind === "object" ? found : undefined;
}

function stringOf(value: AbstractValue | undefined): string | null {
  return value?.kind === "known" && typeof value.value === "string" && value.value.trim() !== ""
    ? value.value.trim()
    : null;
}

function texts(value: AbstractValue | undefined): Item[] {
  const list = value?.kind === "array" ? value.items : value ? [value] : [];
  return list.flatMap(item =>
    item.kind === "known" && typeof item.value === "string"
      ? [{ key: item.value, text: item.value, place: item.place }]
      : [],
  );
}
