import { rmSync, statSync } from "node:fs";
import { basename } from "node:path";
import { endProcesses } from "../providers/local/processes";
import { type JournalledGroup, type JournalState, listJournals, readJournal, TEMPORARY_FOLDER } from "./journal";
import { startTimeOf, stateOf } from "./process-identity";
import type { ProviderRegistry } from "./registry";

/** An engine may finish a creation after the one who asked for it was killed: for so long it is looked for again. Milliseconds. */
const SETTLED_MS = 10_000;
/** What no process of ours could give back for so long is left to `release --orphans`. Milliseconds. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;

/**
 * Gives back what the journal of a dead run lists. True when nothing is left, and the journal is gone; false while its run lives.
 * `justEnded`: the run ended a moment ago, so ids of its process groups cannot be in use again.
 */
export async function recover(
  path: string,
  registry: ProviderRegistry,
  signal: AbortSignal,
  justEnded: boolean,
): Promise<boolean> {
  const journal = readJournal(path);
  if (!journal) return true;
  // A process that is killed closes its pipes a moment before it is gone.
  if (stateOf(journal.owner) !== "dead") return false;
  const groups = journal.groups.filter(it => justEnded || isSameGroup(it));
  const unsettled = Date.now() - statSync(path).mtimeMs < SETTLED_MS;
  const given = await Promise.all([
    endRunProcesses(journal, groups),
    ...journal.environments.map(it => removed(it, registry, signal, unsettled)),
  ]);
  // Folders last: what ran may still have used them.
  if (!given.every(Boolean) || !journal.folders.every(folderGone)) return false;
  rmSync(path, { force: true });
  return true;
}

/** What a sweep did: journals that are done with, and those that still list something. */
export interface Swept {
  done: number;
  left: string[];
}

/** Looks for journals whose owner is dead, and gives back what they list. */
export async function sweep(folder: string, registry: ProviderRegistry, signal: AbortSignal): Promise<Swept> {
  const swept: Swept = { done: 0, left: [] };
  for (const path of listJournals(folder)) {
    if (signal.aborted) break;
    if (!isOwn(path)) continue;
    const journal = readJournal(path);
    // One whose owner was killed before its first line lists nothing.
    if (journal && stateOf(journal.owner) !== "dead") continue;
    if (journal && (await recover(path, registry, signal, false))) swept.done++;
    else if (isOld(path)) rmSync(path, { force: true });
    else if (journal) swept.left.push(path);
  }
  return swept;
}

/** In a folder that several users share, what others wrote is not acted upon: a journal may name programs that release. */
function isOwn(path: string): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts !== undefined && (!process.getuid || facts.uid === process.getuid());
}

function endRunProcesses({ runId, owner }: JournalState, groups: JournalledGroup[]): Promise<boolean> {
  return endProcesses({ groups: groups.map(it => it.group), mark: `${runId}/`, since: owner.startTime });
}

/** Only folders with the name of ours, whatever a journal says. */
function folderGone(path: string): boolean {
  if (!basename(path).startsWith(TEMPORARY_FOLDER)) return true;
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } catch {
    // A process of another user holds it, say: the next process of ours tries again.
    return false;
  }
}

/** The id of an ended group may be in use again: its leader would then have started at another time. */
function isSameGroup({ group, startTime }: JournalledGroup): boolean {
  if (startTime === null) return false;
  const now = startTimeOf(group);
  return now === null || now === startTime;
}

function isOld(path: string): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts !== undefined && Date.now() - facts.mtimeMs > MAX_AGE_MS;
}

async function removed(
  environment: JournalState["environments"][number],
  registry: ProviderRegistry,
  signal: AbortSignal,
  unsettled: boolean,
): Promise<boolean> {
  try {
    const provider = await registry.resolve(environment.provider, environment.folder);
    if (!provider.remove) return true;
    const found = await provider.remove(environment.name, signal);
    return found || environment.open || !unsettled;
  } catch {
    // The engine is away, say: the journal stays, and the next process of ours tries again.
    return false;
  }
}
