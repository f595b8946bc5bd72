/** What holds where a chain says nothing, by provider: default(P) ⊑ default(none). */
import { NO_CONFIG } from "./chain";
import { ALL_NAMES, only } from "./names";
import { ALL_FILES, NO_FILES, settleFiles, UNKNOWN_FILES } from "./path-sets";
import { providerKind } from "./providers";
import type {
  Capabilities,
  CapabilityName,
  DeclaredConfig,
  EnvironmentFacts,
  Field,
  FsSet,
  NetSet,
  ProviderSet,
} from "./types";

export const CAPABILITY_NAMES: readonly CapabilityName[] = [
  "provider",
  "tools",
  "mcps",
  "fs",
  "net",
  "auth",
  "mem",
  "cpu",
  "pids",
  "timeout",
];

function implied<S>(options: S[], note: string): Field<S> {
  return { options, maybeUnset: false, declared: false, history: [{ note }] };
}

export function isSandbox(provider: ProviderSet): boolean | null {
  return provider.kind === "unknown" ? null : providerKind(provider.ref) !== "none";
}

/** The default of a capability under each provider that is possible. */
function defaultOf(name: CapabilityName, providers: readonly ProviderSet[]): Field<unknown> {
  if (name === "fs" || name === "net") {
    const kinds = [...new Set(providers.map(isSandbox))];
    const note =
      kinds.length > 1 || kinds[0] === null
        ? "the default depends on the provider"
        : kinds[0]
          ? "the default of a sandbox"
          : "not restricted without a sandbox";
    const options: (FsSet | NetSet)[] = kinds.map(sandbox =>
      name === "fs"
        ? sandbox === null
          ? UNKNOWN_FILES
          : sandbox
            ? NO_FILES
            : ALL_FILES
        : sandbox === null
          ? { kind: "unknown" }
          : sandbox
            ? { kind: "bridge" }
            : { kind: "host" },
    );
    return implied(options as unknown[], note);
  }
  if (name === "provider") return implied([{ kind: "known", ref: null }], "no provider: this machine");
  if (name === "tools" || name === "mcps") return implied([ALL_NAMES], "not restricted");
  if (name === "auth") return implied([ALL_NAMES], "no credentials are injected");
  return implied([{ kind: "known", value: null }], "the provider's default");
}

/** `declared ?? default(provider)` for every capability. */
export function effective(declared: DeclaredConfig): EnvironmentFacts {
  const provider = complete("provider", declared, []);
  const providers = provider.options as ProviderSet[];
  const capabilities: Record<string, Field<unknown>> = { provider };
  for (const name of CAPABILITY_NAMES)
    if (name !== "provider") capabilities[name] = complete(name, declared, providers);
  const fs = capabilities.fs as Field<FsSet>;
  const sandbox = providers.every(p => isSandbox(p) !== false);
  capabilities.fs = { ...fs, options: fs.options.map(option => settleFiles(option, sandbox)) };
  return {
    label: declared.label,
    place: declared.place,
    capabilities: capabilities as unknown as Capabilities,
    declared,
    profile: undefined,
    removed: [],
  };
}

function complete(name: CapabilityName, declared: DeclaredConfig, providers: readonly ProviderSet[]): Field<unknown> {
  const field = declared.capabilities[name] as Field<unknown> | undefined;
  if (!field) return defaultOf(name, providers);
  if (!field.maybeUnset) return field;
  return { ...field, options: [...field.options, ...defaultOf(name, providers).options], maybeUnset: false };
}

export const TOP_LEVEL: EnvironmentFacts = {
  ...effective({ ...NO_CONFIG, label: "the top level", taint: only([]) }),
  profile: null,
};
