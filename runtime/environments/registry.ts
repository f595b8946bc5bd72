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
  /** By the path of a module, or by what loads a backend: it may have several names. */
  private readonly loaded = new Map<unknown, Promise<Provider>>();

  constructor(private readonly options: RegistryOptions) {}

  /** `ref` as in `provider:` (null and `""` mean none); a relative path starts at `folder`. Throws `ENV_PROVIDER_UNKNOWN`. */
  async resolve(ref: string | null, folder: string): Promise<Provider> {
    if (ref === null || ref === "" || ref === "local") return this.options.local;
    const backend = Object.hasOwn(this.options.backends, ref) ? this.options.backends[ref] : undefined;
    if (backend) return this.once(backend, backend);
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

  /** Whether a reference means anything, without loading what it means. */
  knows(ref: string, folder: string): boolean {
    return (
      ref === "" || ref === "local" || Object.hasOwn(this.options.backends, ref) || modulePath(ref, folder) !== null
    );
  }

  /** All backends: those that can list environments of their own. */
  backends(): Promise<Provider[]> {
    return Promise.all([...new Set(Object.values(this.options.backends))].map(load => this.once(load, load)));
  }

  private once(key: unknown, load: () => Promise<Provider>): Promise<Provider> {
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
  return /^\.{1,2}[\\/]/.test(ref) || (/\.mld(\.md)?$/.test(ref) && !ref.startsWith("@")) ? resolve(folder, ref) : null;
}
