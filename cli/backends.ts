import { ProviderRegistry } from "../runtime/environments/registry";
import { createLocalProvider } from "../runtime/providers/local";
import type { Provider } from "../runtime/providers/provider";
import { Ground } from "./run/ground";

/** The image for environments whose config names none. */
export const IMAGE_VARIABLE = "MLLD_ENV_DOCKER_IMAGE";
/** The settings of the editor that name an engine: they come before what Docker's own variables say. */
const HOST_VARIABLE = "MLLD_ENV_DOCKER_HOST";
const CONTEXT_VARIABLE = "MLLD_ENV_DOCKER_CONTEXT";
const SPRITES_TOKEN_VARIABLE = "SPRITES_TOKEN";
/** Names under which the editor's secret storage may have the token. */
const SPRITES_CREDENTIALS = ["sprites", SPRITES_TOKEN_VARIABLE];
/** Another address than the service's own: from the machine's environment only, never from a program. */
const SPRITES_URL_VARIABLE = "MLLD_ENV_SPRITES_URL";
const DOCKER = "@mlld/env-docker";
const SPRITES = "@mlld/env-sprites";

interface RegistryParts {
  /** Unset where no command is run. */
  local?: Provider;
  module?: (ref: string, path: string) => Promise<Provider>;
  /** Credentials from the editor's secret storage, by name; they may come later. */
  stored?: () => ReadonlyMap<string, string>;
}

/** Every backend of the command line. The code of each is loaded when the first reference names it. */
export function createRegistry(
  env: NodeJS.ProcessEnv,
  { local, module, stored }: RegistryParts = {},
): ProviderRegistry {
  const docker = async () => {
    const { createDockerProvider } = await import("../runtime/providers/docker");
    return createDockerProvider({
      ref: DOCKER,
      defaultImage: env[IMAGE_VARIABLE],
      ...dockerEngine(env),
    });
  };
  const sprites = async () => {
    const { createSpritesProvider } = await import("../runtime/providers/sprites");
    return createSpritesProvider({
      baseUrl: env[SPRITES_URL_VARIABLE] || "https://api.sprites.dev",
      token: async () => spritesToken(env, stored?.()),
    });
  };
  const none = { started: () => {}, ended: () => {} };
  return new ProviderRegistry({
    local: local ?? createLocalProvider({ runId: "none", variables: env, groups: none }),
    backends: { [DOCKER]: docker, docker, [SPRITES]: sprites, sprites },
    module,
  });
}

/** The token of Sprites: from the editor's secret storage, else from the environment; null for none. */
export function spritesToken(env: NodeJS.ProcessEnv, stored?: ReadonlyMap<string, string>): string | null {
  const name = SPRITES_CREDENTIALS.find(one => stored?.get(one));
  return (name && stored!.get(name)) || env[SPRITES_TOKEN_VARIABLE] || null;
}

/** Where the Docker engine is looked for. */
export function dockerEngine(env: NodeJS.ProcessEnv) {
  return { host: env[HOST_VARIABLE], context: env[CONTEXT_VARIABLE], env };
}

/** Who says where the Docker engine is, in the order in which it is looked for. */
export function engineNamedBy(env: NodeJS.ProcessEnv): "setting" | "variable" | "context" {
  if (env[HOST_VARIABLE] || env[CONTEXT_VARIABLE]) return "setting";
  return env.DOCKER_HOST || env.DOCKER_CONTEXT ? "variable" : "context";
}

/** What the next run of this process stands on. */
export function createGround(env: NodeJS.ProcessEnv): Ground {
  return new Ground({
    env,
    program: [process.execPath, process.argv[1]!],
    registry: parts => createRegistry(env, parts),
  });
}
