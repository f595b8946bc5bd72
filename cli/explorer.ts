import { createInterface } from "node:readline";
import type { ExplorerCommand, ExplorerMessage } from "../protocol/explorer";
import { BackendList } from "./backend-list";
import { createRegistry, engineNamedBy } from "./backends";
import { type AnswerContext, answer } from "./explorer-answers";
import { EXIT, type Io } from "./io";
import { faultText } from "./live";

/** An engine that was not there may have been started: how often to look again. */
const RECONNECT_MS = 3_000;

/** `__explorer`: the live environments as JSON lines, again after each change, until the input ends; commands come as JSON lines. */
export async function explorer(_args: string[], io: Io): Promise<number> {
  const ended = new AbortController();
  let stored: ReadonlyMap<string, string> = new Map();
  const registry = createRegistry(io.env, { stored: () => stored });
  const say = (message: ExplorerMessage) => void io.stdout.write(`${JSON.stringify(message)}\n`);
  io.stdout.on("error", () => ended.abort());
  const lists: BackendList[] = (await registry.backends()).map(
    provider => new BackendList(provider, { named: engineNamedBy(io.env), told: () => say(together(lists)) }),
  );
  const changed = () => {
    for (const list of lists) list.changed();
  };

  const context: AnswerContext = {
    registry,
    env: io.env,
    changed,
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

  const following = lists.map(list => follow(list, ended.signal));
  changed();
  await Promise.all(following);
  lines.close();
  return EXIT.ok;
}

/** What is known so far of all backends. */
function together(lists: readonly BackendList[]): ExplorerMessage {
  return {
    type: "list",
    environments: lists.flatMap(({ environments }) => environments).sort((a, b) => a.name.localeCompare(b.name)),
    engines: lists.flatMap(({ engine }) => engine ?? []),
  };
}

/** Follows the events of one backend; an engine that is away is looked for again. */
async function follow(list: BackendList, signal: AbortSignal): Promise<void> {
  const { provider } = list;
  const stopped = new Promise<void>(resolve => signal.addEventListener("abort", () => resolve(), { once: true }));
  while (!signal.aborted && provider.watch) {
    try {
      await provider.watch(() => list.changed(), signal);
    } catch {
      // Why it does not answer is in the list.
    }
    if (signal.aborted) return;
    await Promise.race([stopped, new Promise(resolve => setTimeout(resolve, RECONNECT_MS).unref())]);
    list.changed();
  }
  await stopped;
}

const CHANGING = new Set<ExplorerCommand["command"]>([
  "release",
  "stop",
  "start",
  "restore",
  "snapshot",
  "removeSnapshot",
]);

async function tell(
  command: ExplorerCommand,
  context: AnswerContext,
  say: (message: ExplorerMessage) => void,
): Promise<void> {
  try {
    const value = await answer(command, context);
    // Not every backend has events.
    if (CHANGING.has(command.command)) context.changed();
    say({ type: "answer", id: command.id, ok: true, ...(value !== undefined && { value }) });
  } catch (error) {
    say({ type: "answer", id: command.id, ok: false, message: faultText(error) });
  }
}

function parse(line: string): ExplorerCommand | null {
  try {
    const command = JSON.parse(line) as ExplorerCommand;
    return typeof command === "object" && command !== null && typeof command.id === "number" ? command : null;
  } catch {
    return null;
  }
}
