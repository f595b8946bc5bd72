import type { Environment, EnvironmentSpec } from "../providers/provider";

/** The environments of one run: who opens one closes it, and `closeAll` ends what is left on every way out. */
export interface RunEnvironments {
  /**
   * Opens the environment of an env block, of a guard's choice, or (`provider` null) the local one. Journals anonymous names before
   * they are created, emits `created`. Throws `ProviderError`.
   */
  open(provider: string | null, spec: EnvironmentSpec, signal: AbortSignal): Promise<Environment>;
  /** `release` ends it and emits `released`; `keep` only detaches. Never throws for an environment that is gone already. */
  close(environment: Environment, how: "release" | "keep"): Promise<void>;
  closeAll(): Promise<void>;
}
