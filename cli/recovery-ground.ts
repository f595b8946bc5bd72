import { fileURLToPath, pathToFileURL } from "node:url";
import { homeFolder } from "../runtime/environments/home";
import { createRunEnvironments } from "../runtime/environments/open-environments";
import { Redactor } from "../runtime/environments/redactor";
import { WATCHDOG_MARK } from "../runtime/providers/local";
import type { Provider } from "../runtime/providers/provider";
import { createGround } from "./backends";
import { DiskHost } from "./host";
import { readProjectConfig } from "./project-config";
import type { Ground } from "./run/ground";

/** What giving back stands on outside a run: every backend, also those written in mlld. */
export function recoveryGround({ [WATCHDOG_MARK]: _, ...env }: NodeJS.ProcessEnv): Ground {
  const ground = createGround(env);
  ground.module = (ref, path) => releasingModule(ref, path, ground, env);
  return ground;
}

/** A provider written in mlld that is asked to release: it has no credentials, and what it says goes nowhere. */
async function releasingModule(ref: string, path: string, ground: Ground, env: NodeJS.ProcessEnv): Promise<Provider> {
  const { moduleProvider } = await import("../runtime/providers/module");
  const { diskFiles } = await import("./run/disk-files");
  const { startScripts } = await import("./run/scripts");
  const root = fileURLToPath(new DiskHost().root(pathToFileURL(path).href));
  const emit = () => {};
  const environments = createRunEnvironments({
    registry: ground.registry,
    journal: () => ground.journal(),
    redactor: new Redactor(),
    emit,
  });
  return moduleProvider(ref, path, {
    emit,
    environments,
    files: diskFiles,
    scripts: startScripts,
    input: null,
    terminal: () => null,
    credentials: { find: async () => null },
    settings: {
      root,
      config: readProjectConfig(root),
      home: homeFolder(),
      variables: env,
      input: null,
      payload: {},
      image: "",
      provider: null,
      keep: false,
    },
  });
}
