import { watch } from "../runtime/environments/watchdog";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";

/** `__watchdog JOURNAL`: waits for the end of its input, then gives back what the journal lists. */
export async function watchdog(args: string[], io: Io): Promise<number> {
  const [journal, ...more] = args;
  if (journal === undefined || more.length > 0) throw new UsageError("name a journal");
  return (await watch(io.stdin, journal, createRegistry(io.env))) ? EXIT.ok : EXIT.failed;
}
