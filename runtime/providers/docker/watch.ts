/** Follows the engine's events of our containers. */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "./engine";
import { LABEL } from "./labels";

/** What changes a row of the list. Exec events are not among them: they carry the argv of commands. */
const EVENTS = ["create", "start", "die", "destroy", "pause", "unpause", "rename", "stop", "oom", "commit"];
const RETRY_MS = [250, 500, 1000, 2000, 5000];

/**
 * Calls back after each event until the signal aborts. When the stream breaks it calls back, connects again, and calls back once more:
 * events in between are lost. Rejects only if the first connection fails.
 */
export async function watchEngine(
  connect: () => Promise<Engine>,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let first = true;
  while (!signal.aborted) {
    try {
      const { docker } = await connect();
      const stream = (await docker.getEvents({
        filters: { type: ["container"], event: EVENTS, label: [LABEL.owner] },
        abortSignal: signal,
      })) as unknown as Readable;
      failures = 0;
      if (!first) changed();
      first = false;
      await eachLine(stream, changed, signal);
      // The engine may be gone: whoever lists it now is told.
      if (!signal.aborted) changed();
    } catch (error) {
      if (signal.aborted) return;
      if (first) throw error;
    }
    await sleep(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, undefined, { signal }).catch(() => {});
  }
}

/** Resolves when the stream ends. An event may be cut anywhere; what it says doesn't matter, the list is read anew. */
function eachLine(stream: Readable, changed: () => void, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const stop = () => stream.destroy();
    signal.addEventListener("abort", stop, { once: true });
    stream.on("data", (chunk: Buffer) => {
      if (chunk.includes(0x0a)) changed();
    });
    const end = () => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    stream.on("end", end);
    stream.on("error", end);
    stream.on("close", end);
  });
}
