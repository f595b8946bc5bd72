import { createInterface } from "node:readline";
import type { ExplorerCommand, ExplorerEngine, ExplorerEnvironment, ExplorerMessage } from "../protocol/explorer";
import type { ProviderRegistry } from "../runtime/environments/registry";
import { type Provider, ProviderError } from "../runtime/providers/provider";
import { createRegistry, engineNamedBy } from "./backends";
import { type AnswerContext, answer } from "./explorer-answers";
import { EXIT, type Io } from "./io";
import { answered, faultText, shown } from "./live";

/** The first change is shown at once; those that come so soon after a list make one together. Milliseconds. */
const SETTLE_MS = 50;
/** An engine that was not there may have been started: how often to look again. */
const RECONNECT_MS = 3_000;

/** `__explorer`: the live environments as JSON lines, again after each change, until the input ends; commands come as JSON lines. */
export async function explorer(_args: string[], io: Io): Promise<number> {
  const ended = new AbortController();
  let stored: ReadonlyMap<string, string> = new Map();
  const registry = createRegistry(io.env, { stored: () => stored });
  const say = (message: ExplorerMessage) => void io.stdout.write(`${JSON.stringify(message)}\n`);
  io.stdout.on("error", () => ended.abort());
  const lists = new Lists(registry, io.env, say);

  const context: AnswerContext = {
    registry,
    env: io.env,
    changed: () => lists.changed(),
    credentials: secrets => {
      stored = new Map(Object.entries(secrets));
    },
  };
  const lines = createInterface({ input: io.stdin });
  lines.on("line", line => {
    const command = parse(line);
    if (command) void tell(command, context, say);
  });
  lines.once("close", () => ended.abort());

  const following = (await registry.backends()).map(provider => follow(provider, lists, ended.signal));
  lists.changed();
  await Promise.all(following);
  lines.close();
  return EXIT.ok;
}

/** Sends the list after changes: one at a time, and never an older one after a newer one. */
class Lists {
  private timer: NodeJS.Timeout | undefined;
  private listing = false;
  private again = false;
  private sent = 0;

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly env: NodeJS.ProcessEnv,
    private readonly say: (message: ExplorerMessage) => void,
  ) {}

  changed(): void {
    if (this.listing) this.again = true;
    else this.timer ??= setTimeout(() => void this.send(), Math.max(0, this.sent + SETTLE_MS - Date.now()));
  }

  private async send(): Promise<void> {
    this.timer = undefined;
    this.listing = true;
    this.again = false;
    try {
      const environments: ExplorerEnvironment[] = [];
      const engines: ExplorerEngine[] = [];
      await Promise.all(
        (await this.registry.backends()).map(async provider => {
          try {
            const infos = (await answered(provider, signal => provider.list?.(signal))) ?? [];
            environments.push(...infos.map(shown));
            engines.push({ provider: provider.ref, state: "ready", detail: infos[0]?.engine ?? "" });
          } catch (error) {
            engines.push({
              provider: provider.ref,
              state: stateOf(error),
              named: engineNamedBy(this.env),
              detail: error instanceof Error ? error.message : String(error),
              ...(error instanceof ProviderError && error.mend !== undefined && { mend: error.mend }),
            });
          }
        }),
      );
      environments.sort((a, b) => a.name.localeCompare(b.name));
      this.say({ type: "list", environments, engines });
    } finally {
      this.listing = false;
      this.sent = Date.now();
      if (this.again) this.changed();
    }
  }
}

/** Follows the events of one backend; an engine that is away is looked for again. */
async function follow(provider: Provider, lists: Lists, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>(resolve => signal.addEventListener("abort", () => resolve(), { once: true }));
  while (!signal.aborted && provider.watch) {
    try {
      await provider.watch(() => lists.changed(), signal);
    } catch {
      // Why it does not answer is in the list.
    }
    if (signal.aborted) return;
    await Promise.race([stopped, new Promise(resolve => setTimeout(resolve, RECONNECT_MS).unref())]);
    lists.changed();
  }
  await stopped;
}

async function tell(
  command: ExplorerCommand,
  context: AnswerContext,
  say: (message: ExplorerMessage) => void,
): Promise<void> {
  try {
    const value = await answer(command, context);
    say({ type: "answer", id: command.id, ok: true, ...(value !== undefined && { value }) });
  } catch (error) {
    say({ type: "answer", id: command.id, ok: false, message: faultText(error) });
  }
}

/** What the codes of the backends mean for the view; every other fault is one of an engine that does not answer. */
const FAULTS: Record<string, ExplorerEngine["state"]> = {
  "run/engine-missing": "absent",
  "run/token-missing": "absent",
  "run/engine-socket-missing": "missing",
  "run/engine-denied": "denied",
  "run/engine-address": "address",
};

function stateOf(error: unknown): ExplorerEngine["state"] {
  return (error instanceof ProviderError && FAULTS[error.code]) || "unreachable";
}

function parse(line: string): ExplorerCommand | null {
  try {
    const command = JSON.parse(line) as ExplorerCommand;
    return typeof command === "object" && command !== null && typeof command.id === "number" ? command : null;
  } catch {
    return null;
  }
}
