import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Provider, ProviderError } from "../providers/provider";

export interface RegistryOptions {
  local: Provider;
  /** Backends by the names under which `provider:` and `--provider` know them; loaded on first use. */
  backends: Record<string, () => Promise<Provider>>;
  /** The provider that a module written in mlld makes; `path` is absolute. */
  module?: (ref: string, path: string) => Promise<Provider>;
}

/** Which provider a reference means. */
export class ProviderRegistry {
  private readonly loaded = new Map<string, Promise<Provider>>();

  constructor(private readonly options: RegistryOptions) {}

  /** `ref` as in `provider:` (null and `""` mean none); a relative path starts at `folder`. Throws `ENV_PROVIDER_UNKNOWN`. */
  async resolve(ref: string | null, folder: string): Promise<Provider> {
    if (ref === null || ref === "" || ref === "local") return this.options.local;
    const backend = Object.hasOwn(this.options.backends, ref) ? this.options.backends[ref] : undefined;
    if (backend) return this.once(ref, backend);
    const path = modulePath(ref, folder);
    if (path !== null && this.options.module) return this.once(path, () => this.options.module!(ref, path));
    throw new ProviderError(
      "ENV_PROVIDER_UNKNOWN",
      `There is no provider '${ref}'.`,
      `Use one of ${Object.keys(this.options.backends)
        .map(name => `'${name}'`)
        .join(", ")}, or the path of a module (./my-provider.mld).`,
    );
  }

  /** All backends that list environments of their own, those that fail to load with the reason. */
  async backends(): Promise<{ ref: string; provider: Provider | null; error: unknown }[]> {
    const loads = new Map<() => Promise<Provider>, string>();
    for (const [ref, load] of Object.entries(this.options.backends)) loads.set(load, ref);
    return Promise.all(
      [...loads].map(async ([load, ref]) => {
        try {
          return { ref, provider: await this.once(ref, load), error: null };
        } catch (error) {
          return { ref, provider: null, error };
        }
      }),
    );
  }

  private once(key: string, load: () => Promise<Provider>): Promise<Provider> {
    let provider = this.loaded.get(key);
    if (!provider) {
      provider = load();
      this.loaded.set(key, provider);
      // A backend that could not be reached may be there the next time.
      provider.catch(() => this.loaded.delete(key));
    }
    return provider;
  }
}

/** The file that a reference to a module names, or null when it names none. */
function modulePath(ref: string, folder: string): string | null {
  if (ref.startsWith("file://")) return fileURLToPath(ref);
  if (isAbsolute(ref)) return ref;
  return /^\.{1,2}[\\/]/.test(ref) || (/\.mlld?(\.md)?$/.test(ref) && !ref.startsWith("@"))
    ? resolve(folder, ref)
    : null;
}
