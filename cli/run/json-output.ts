import type { RunEventBody } from "../../protocol/events";
import type { OutputStream } from "./output-stream";

/** Bytes of command output that the reader still takes; the run waits when there is no credit left. */
export interface Credit {
  spend(bytes: number): void | Promise<void>;
}

/** One run event a line. */
export function jsonOutput(out: OutputStream, credit: Credit | null): (event: RunEventBody) => void | Promise<void> {
  return body => {
    const { event, ...facts } = body;
    const written = out.write(JSON.stringify({ event, time: new Date().toISOString(), ...facts }) + "\n");
    if (!credit || (event !== "stdout" && event !== "stderr")) return written;
    const allowed = credit.spend(Buffer.byteLength((body as { text: string }).text));
    return written && allowed ? Promise.all([written, allowed]).then(() => {}) : (written ?? allowed);
  };
}
