/** When the next iteration of a loop may begin. */
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** Longest stretch in which a loop lets nothing else happen, ms: cancellation and time limits have to be heard. */
const LONGEST_STRETCH = 50;
let lastTurn = 0;

/** Called for each iteration: lets events of the process happen now and then. */
export function giveWay(signal: AbortSignal): Promise<void> | undefined {
  return Date.now() - lastTurn < LONGEST_STRETCH ? undefined : turn(signal);
}

async function turn(signal: AbortSignal): Promise<void> {
  await nextTurn();
  lastTurn = Date.now();
  signal.throwIfAborted();
}

/** Starts of iterations, at least some milliseconds apart. */
export class Pacer {
  private next = 0;

  constructor(
    private readonly gap: number,
    private readonly signal: AbortSignal,
  ) {}

  async start(): Promise<void> {
    const now = Date.now();
    const at = Math.max(now, this.next);
    this.next = at + this.gap;
    if (at > now) await pause(at - now, undefined, { signal: this.signal });
  }
}
