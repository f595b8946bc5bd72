import { randomBytes } from "node:crypto";
import { messageOf } from "../../protocol/message-of";
import { Journal, stateFolder } from "../../runtime/environments/journal";
import type { ProviderRegistry } from "../../runtime/environments/registry";
import { startWatchdog } from "../../runtime/environments/watchdog";
import { createLocalProvider } from "../../runtime/providers/local";
import { type Provider, ProviderError } from "../../runtime/providers/provider";

type ModuleFactory = (ref: string, path: string) => Promise<Provider>;

/** The first line that a watchdog is told, if any. */
export interface WatchdogInput {
  secrets: Record<string, string>;
}

export interface GroundOptions {
  env: NodeJS.ProcessEnv;
  /** The command line of ours, for the watchdog. */
  program: string[];
  registry: (parts: {
    local: Provider;
    module: ModuleFactory;
    stored: () => ReadonlyMap<string, string>;
  }) => ProviderRegistry;
}

/** What a run stands on, and what can be there before the run is known: its providers, its journal and its watchdog. */
export class Ground {
  readonly runId = randomBytes(6).toString("hex");
  /** Where journals lie. */
  readonly folder: string;
  readonly registry: ProviderRegistry;
  /** Makes a provider that is written in mlld: it runs with the services of the run. */
  module: ModuleFactory = ref => Promise.reject(new Error(`${ref} was asked for before the run began`));
  /** Credentials from the editor's secret storage, by name. */
  stored: ReadonlyMap<string, string> = new Map();
  /** Told what does not stop the run. */
  warn: (message: string) => void = () => {};
  private open: { journal: Journal; watchdog: ReturnType<typeof startWatchdog> } | null = null;

  constructor(private readonly options: GroundOptions) {
    this.folder = stateFolder(options.env);
    // What ends after this process has closed its journal, the watchdog finds out.
    const groups = {
      started: (group: number) => this.journal().group(group),
      ended: (group: number) => this.open?.journal.groupEnded(group),
    };
    const local = createLocalProvider({ runId: this.runId, variables: options.env, groups });
    this.registry = options.registry({
      local,
      module: (ref, path) => this.module(ref, path),
      stored: () => this.stored,
    });
  }

  /** The journal of this process, made together with the watchdog when the first thing has to be written. Throws `run/no-state-folder`. */
  journal(): Journal {
    if (this.open) return this.open.journal;
    let journal: Journal;
    try {
      journal = Journal.create(this.folder, this.runId);
    } catch (error) {
      throw new ProviderError(
        "run/no-state-folder",
        `The folder '${this.folder}' cannot be written: ${messageOf(error)}.`,
        "Set MLLD_ENV_STATE_DIR to a folder that can be written: what a run makes is noted there, so that it can be given back.",
      );
    }
    const watchdog = startWatchdog(this.options.program, journal.path, error => {
      this.warn(`The watchdog of this run could not be started: ${error.message}`);
    });
    // What it gives back may need them, and nobody else could tell it later.
    if (this.stored.size > 0)
      watchdog.stdin?.write(
        `${JSON.stringify({ secrets: Object.fromEntries(this.stored) } satisfies WatchdogInput)}\n`,
      );
    this.open = { journal, watchdog };
    return journal;
  }

  /** The journal's part for temporary folders. */
  get folders() {
    return {
      folder: (path: string) => this.journal().folder(path),
      folderGone: (path: string) => this.open?.journal.folderGone(path),
    };
  }

  /** Ends journal and watchdog. What is left in the journal, the watchdog gives back. */
  close(): void {
    this.open?.journal.close();
    this.open?.watchdog.stdin?.destroy();
    this.open = null;
  }
}
