import type { ExplorerCommand, ExplorerCommands } from "../protocol/explorer";
import type { ProviderRegistry } from "../runtime/environments/registry";
import * as live from "./live";
import { shellsOf } from "./shell";
import { save } from "./snapshot";

/** What a command of the explorer needs. */
export interface AnswerContext {
  registry: ProviderRegistry;
  env: NodeJS.ProcessEnv;
  /** The list is out of date. */
  changed(): void;
  /** Credentials from the editor's secret storage, by name. */
  credentials(secrets: Record<string, string>): void;
}

/** Of a file that is shown. Bytes. */
const MOST_TEXT = 1024 * 1024;

type Answers = {
  [C in keyof ExplorerCommands]: (
    given: ExplorerCommands[C]["takes"],
    context: AnswerContext,
  ) => Promise<ExplorerCommands[C]["answer"]>;
};

const ANSWERS: Answers = {
  refresh: async (_, { changed }) => {
    changed();
  },
  credentials: async ({ secrets }, { credentials, changed }) => {
    credentials(secrets);
    changed();
  },
  release: async ({ name }, { registry, env }) => {
    if (!(await live.remove(registry, name, env))) throw live.noEnvironment(name);
  },
  stop: async ({ name }, { registry }) => {
    await live.stop(registry, name);
  },
  start: async ({ name }, { registry }) => {
    await live.start(registry, name);
  },
  inspect: ({ name }, { registry }) => live.inspect(registry, name),
  shells: async ({ name }, { registry }) => shellsOf(await attached(registry, name)),
  changes: ({ name }, { registry }) => live.changes(registry, name),
  read: async ({ name, path }, { registry }) => {
    const bytes = await live.readFile(registry, name, path, MOST_TEXT + 1);
    if (!bytes || bytes.includes(0)) return null;
    return { text: new TextDecoder().decode(bytes.subarray(0, MOST_TEXT)), cut: bytes.length > MOST_TEXT };
  },
  snapshots: ({ name }, { registry }) => live.snapshots(registry, name),
  snapshot: async ({ name, as }, { registry }) => save(await attached(registry, name), as),
  restore: async ({ name, ref }, { registry }) => {
    await live.restore(registry, name, ref);
  },
  removeSnapshot: async ({ ref }, { registry }) => {
    if (!(await live.removeSnapshot(registry, ref))) throw new Error(`There is no snapshot '${ref}'.`);
  },
};

/** Performs a command. Throws what kept it from being done. */
export async function answer(command: ExplorerCommand, context: AnswerContext): Promise<unknown> {
  const perform = Object.hasOwn(ANSWERS, command.command) ? ANSWERS[command.command] : undefined;
  if (!perform) throw new Error(`There is no command '${command.command}'.`);
  return (perform as (given: ExplorerCommand, context: AnswerContext) => Promise<unknown>)(command, context);
}

async function attached(registry: ProviderRegistry, name: string) {
  const environment = await live.attach(registry, name);
  if (!environment) throw live.noEnvironment(name);
  return environment;
}
