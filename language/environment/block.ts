/** Entering a block: read, merge, compare, apply policy. */
import { contains, type Place, samePlace } from "../place";
import type { AbstractEntry, AbstractValue } from "../values/abstract";
import { merge, NO_CONFIG } from "./chain";
import { compareCapability, compareFacts, wider } from "./compare";
import { effective, isSandbox } from "./defaults";
import type { BlockFacts, BlockRequest, EnvironmentPolicy, ReadContext } from "./face";
import { applyPolicy } from "./policy";
import { chooseProfile, unknownProfile } from "./profiles";
import { furtherProblems, readConfig } from "./read";
import type {
  CapabilityName,
  DeclaredConfig,
  EnvironmentFacts,
  Field,
  FieldComparison,
  Problem,
  ProviderSet,
} from "./types";

export function enterBlock(request: BlockRequest): BlockFacts {
  const { parent, paths, place } = request;
  const label = request.label ?? "the config";
  const base = request.config
    ? readConfig(request.config, { role: "config", paths, label })
    : { config: { ...NO_CONFIG, label }, problems: [] };
  const overlay = request.with ? readConfig(request.with, { role: "with", paths, label: "with" }) : null;
  const problems: Problem[] = [...base.problems.map(problem => atUse(problem, request)), ...(overlay?.problems ?? [])];

  const policy = request.policy as EnvironmentPolicy | undefined;
  const written = withDefaultProvider(merge(parent.declared, base.config, "nested"), parent, policy);
  const overlaid = overlay ? merge(written, overlay.config, "with") : written;
  problems.push(...leavesSandbox(overlaid, policy, place));
  const configured = withChosenProvider(written, policy);
  const declared = withChosenProvider(overlaid, policy);
  let environment: EnvironmentFacts = { ...effective(declared), label, place: base.config.place ?? place };

  const reported = new Set<CapabilityName>();
  if (overlay) {
    const before = { ...effective(configured), label: request.config ? label : around(parent).label };
    for (const { field, problems: found } of compareFacts(environment, before, place)) {
      if (found.length === 0) continue;
      reported.add(field);
      problems.push(...found);
    }
  }
  const own = ownPlaces(base.config, overlay?.config);
  const comparisons = compareFacts(environment, around(parent), place, own);
  for (const { field, problems: found } of comparisons) if (!reported.has(field)) problems.push(...found);
  // What is wider than its parent need not be told once more for the object that was spread.
  const isTold = ({ code, place: at }: Problem): boolean =>
    problems.some(problem => problem.code === code && samePlace(problem.place, at));
  for (const config of overlay ? [base.config, overlay.config] : [base.config])
    problems.push(...spreads(config, place).filter(problem => !isTold(problem)));

  const profile = declared.options.profile;
  if (overlay && profile && declared.options.profiles && overlay.config.options.profile) {
    const problem = unknownProfile(profile, declared.options.profiles);
    if (problem && !problems.some(p => p.code === problem.code)) problems.push(problem);
  }
  const { options: providers } = environment.capabilities.provider;
  problems.push(...furtherProblems(base.config, providers));
  if (overlay) problems.push(...furtherProblems(overlay.config, providers));
  problems.push(...notEnforced(environment, base.config, overlay?.config));
  if (policy) {
    const applied = applyPolicy(environment, policy);
    environment = applied.environment;
    problems.push(...applied.problems);
  }
  environment = {
    ...environment,
    profile: chooseProfile(declared, parent.profile, policy),
  };
  return {
    environment,
    problems,
    comparisons: comparisons.map(
      ({ field, answer, problem }): FieldComparison => ({ field, answer, ...(problem && { problem }) }),
    ),
  };
}

/** What a child is compared with: what policy takes away, it takes from both. */
function around(parent: EnvironmentFacts): EnvironmentFacts {
  const label =
    parent.place === undefined
      ? parent.label
      : parent.label === NO_CONFIG.label
        ? "the environment around it"
        : `the environment around it (${parent.label})`;
  return parent.removed.length > 0 ? { ...effective(parent.declared), label } : { ...parent, label };
}

/** What is no config at all is wrong where it is used as one, not where it is written. */
function atUse(problem: Problem, { configPlace }: BlockRequest): Problem {
  const { place } = problem;
  if (problem.code !== "env/config-not-object" || !configPlace || (place && contains(configPlace, place)))
    return problem;
  return { ...problem, place: configPlace, related: place ? [{ place, message: "the value is written here" }] : [] };
}

/** `policy.env.default` is the provider of every environment that names none, also by `null`: but in a sandbox that means to leave it. */
function withDefaultProvider(
  declared: DeclaredConfig,
  parent: EnvironmentFacts,
  policy: EnvironmentPolicy | undefined,
): DeclaredConfig {
  const written = declared.capabilities.provider;
  const inside = parent.capabilities.provider.options.some(isSandbox);
  const names = (set: ProviderSet): boolean => inside || set.kind === "unknown" || set.ref !== null;
  if (!policy?.defaultProvider || (written && !written.maybeUnset && written.options.every(names))) return declared;
  const { place } = policy;
  const provider: Field<ProviderSet> = {
    options: [...(written?.options.filter(names) ?? []), { kind: "known", ref: policy.defaultProvider, place }],
    maybeUnset: false,
    declared: true,
    place,
    history: [...(written?.history ?? []), { place, note: `the default of policy ${policy.label}` }],
  };
  return { ...declared, capabilities: { ...declared.capabilities, provider } };
}

/** What the run asks for holds instead of what is written. */
function withChosenProvider(declared: DeclaredConfig, policy: EnvironmentPolicy | undefined): DeclaredConfig {
  const chosen = policy?.chosenProvider;
  if (chosen === undefined) return declared;
  const { provider: written, ...others } = declared.capabilities;
  if (chosen === null) return { ...declared, capabilities: others };
  const provider = {
    options: [{ kind: "known" as const, ref: chosen }],
    maybeUnset: false,
    declared: true,
    history: [...(written?.history ?? []), { note: "chosen for this run" }],
  };
  return { ...declared, capabilities: { ...others, provider } };
}

/** A block that is written for a sandbox is not run on this machine, where nothing would hold what the sandbox holds. */
function leavesSandbox(
  { capabilities: { provider } }: DeclaredConfig,
  policy: EnvironmentPolicy | undefined,
  place: Place | undefined,
): Problem[] {
  if (policy?.chosenProvider !== null || !provider) return [];
  const [option] = provider.options;
  const sandboxes = provider.options.every(candidate => isSandbox(candidate)) && !provider.maybeUnset;
  if (!sandboxes || option?.kind !== "known") return [];
  return [
    {
      code: "env/provider-weakened",
      severity: "error",
      message: `This is written for the sandbox '${option.ref}', and the run was asked to use this machine instead, where its commands would leave it. Choose another sandbox, or take \`provider\` out of the config.`,
      place: provider.place ?? place,
      related: [],
      fixes: [],
    },
  ];
}

/** Everything that a block's own config and `with` say may be pointed at; the rest came from elsewhere. */
function ownPlaces(...configs: (DeclaredConfig | undefined)[]): (place: Place) => boolean {
  const places = configs.flatMap(config => (config?.place ? [config.place] : []));
  return place => places.some(own => contains(own, place));
}

/** A field after a spread replaced the spread's: wider is a warning, where the object is used as an environment. */
function spreads(config: DeclaredConfig, place: Place | undefined): Problem[] {
  return Object.entries(config.capabilities).flatMap(([name, any]) => {
    const field = any as Field<unknown>;
    if (!field.replaced) return [];
    const compared = compareCapability(name as CapabilityName, field, field.replaced);
    return compared.answer === "wider"
      ? wider(name as CapabilityName, compared, field, field.replaced, {
          parentLabel: "the spread object",
          place,
          at: () => true,
          severity: "warning",
        })
      : [];
  });
}

const NOT_ENFORCED = ["fs", "net", "mem", "cpu", "pids"] as const;

/** `fs`, `net` and `limits` without a sandbox. */
function notEnforced(environment: EnvironmentFacts, ...configs: (DeclaredConfig | undefined)[]): Problem[] {
  if (!environment.capabilities.provider.options.every(p => p.kind === "known" && p.ref === null)) return [];
  const seen = new Set<string>();
  return configs.flatMap(config =>
    NOT_ENFORCED.flatMap(name => {
      const field = config?.capabilities[name] as Field<unknown> | undefined;
      const key = name === "fs" || name === "net" ? name : "limits";
      if (!field || field.maybeUnset || seen.has(key)) return [];
      seen.add(key);
      return [
        {
          code: "env/not-enforced" as const,
          severity: "warning" as const,
          message: `Without a provider \`${key}\` is not enforced: commands run on this machine. Add a provider such as '@mlld/env-docker'.`,
          place: field.keyPlace ?? field.place,
          related: [],
          fixes: [],
        },
      ];
    }),
  );
}

export function compareEnvironments(
  child: EnvironmentFacts,
  parent: EnvironmentFacts,
  place?: Place,
): FieldComparison[] {
  return compareFacts(child, parent, place, place ? () => false : undefined).map(({ field, answer, problem }) => ({
    field,
    answer,
    ...(problem && {
      problem: {
        ...problem,
        related: [
          ...(child.place ? [{ place: child.place, message: `${child.label} is entered here` }] : []),
          ...problem.related,
        ],
      },
    }),
  }));
}

export function deriveConfig(
  base: AbstractValue,
  overlay: AbstractValue,
  how: "new" | "with",
  context: Omit<ReadContext, "role">,
): { value: AbstractValue; problems: Problem[] } {
  const label = context.label ?? "the config";
  const parent = readConfig(base, { ...context, role: "config", label });
  const child = readConfig(overlay, { ...context, role: how, label: how });
  const before = effective(parent.config);
  const after = effective(merge(parent.config, child.config, "with"));
  const problems = [
    ...child.problems,
    ...furtherProblems(child.config, after.capabilities.provider.options),
    ...compareFacts(after, { ...before, label }, overlay.place).flatMap(c => c.problems),
  ];
  return { value: overlayValue(base, overlay, how, context.label), problems };
}

/** The derived object: keys of the overlay replace, `limits` merges, and `"*"` is resolved as `how` says. */
function overlayValue(
  base: AbstractValue,
  overlay: AbstractValue,
  how: "new" | "with",
  origin: string | undefined,
): AbstractValue {
  if (base.kind === "oneOf")
    return { ...base, options: base.options.map(option => overlayValue(option, overlay, how, origin)) };
  // Of an unknown base at least the fields that the overlay sets are known.
  if (base.kind === "unknown" && overlay.kind === "object") {
    const nothing: AbstractValue = { kind: "object", entries: [], open: true, place: base.place ?? overlay.place };
    return overlayValue(nothing, overlay, how, origin);
  }
  if (base.kind !== "object" || overlay.kind !== "object")
    return { kind: "unknown", reason: "derived from a config that is not known", place: overlay.place ?? base.place };
  const entries = new Map<string, AbstractEntry>(
    base.entries.map(entry => [entry.key, { ...entry, origin: entry.origin ?? origin }]),
  );
  for (const entry of overlay.entries) {
    const before = entries.get(entry.key);
    const star = entry.value.kind === "known" && entry.value.value === "*";
    if (star && how === "with") continue;
    const value: AbstractValue =
      star && (entry.key === "tools" || entry.key === "mcps")
        ? { kind: "array", items: [entry.value], open: false, place: entry.value.place }
        : entry.value;
    entries.set(entry.key, {
      ...entry,
      value: entry.key === "limits" && before ? overlayValue(before.value, value, how, before.origin) : value,
    });
  }
  return { kind: "object", entries: [...entries.values()], open: base.open || overlay.open, place: base.place };
}
