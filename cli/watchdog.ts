import { watch } from "../runtime/environments/watchdog";
import { EXIT, type Io, UsageError } from "./io";
import { recoveryGround } from "./recovery-ground";
import type { WatchdogInput } from "./run/ground";

/** `__watchdog JOURNAL`: waits for the end of its input, then gives back what the journal lists. */
export async function watchdog(args: string[], io: Io): Promise<number> {
  const [journal, ...more] = args;
  if (journal === undefined || more.length > 0) throw new UsageError("name a journal");
  const ground = recoveryGround(io.env);
  let said = "";
  io.stdin.on("data", chunk => {
    said += String(chunk);
    const end = said.indexOf("\n");
    if (end >= 0) ground.stored = new Map(Object.entries((JSON.parse(said.slice(0, end)) as WatchdogInput).secrets));
  });
  try {
    return (await watch(io.stdin, journal, ground.registry)) ? EXIT.ok : EXIT.failed;
  } finally {
    ground.close();
  }
}
