import { ProviderRegistry } from "../runtime/environments/registry";
import { createLocalProvider } from "../runtime/providers/local";
import type { Provider } from "../runtime/providers/provider";

/** The image for environments whose config names none. */
export const IMAGE_VARIABLE = "MLLD_ENV_DOCKER_IMAGE";
const DOCKER = "@mlld/env-docker";

interface RegistryParts {
  /** Unset where no command is run. */
  local?: Provider;
  module?: (ref: string, path: string) => Promise<Provider>;
}

/** Every backend of the command line. The code of each is loaded when the first reference names it. */
export function createRegistry(env: NodeJS.ProcessEnv, { local, module }: RegistryParts = {}): ProviderRegistry {
  const docker = async () => {
    const { createDockerProvider } = await import("../runtime/providers/docker");
    return createDockerProvider({
      ref: DOCKER,
      defaultImage: env[IMAGE_VARIABLE],
      env,
    });
  };
  const none = { started: () => {}, ended: () => {} };
  return new ProviderRegistry({
    local: local ?? createLocalProvider({ runId: "none", variables: env, groups: none }),
    backends: { [DOCKER]: docker, docker },
    module,
  });
}
